// Adds up the time that the kernel spends on network packets in soft interrupts, by processor core and by the process that
// is interrupted, which pays for it in its own account (0: nobody, the core was idle). See media-load.c.
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define FIELD(name, value) int (*name)[value]
enum { PERCPU_HASH = 5, PERCPU_ARRAY = 6, NET_TX = 2, NET_RX = 3 };

static void *(*const lookup)(void *map, const void *key) = (void *)1;
static long (*const update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static u64 (*const now)(void) = (void *)5;
static u64 (*const current)(void) = (void *)14;

struct {
  FIELD(type, PERCPU_ARRAY);
  FIELD(max_entries, 1);
  u32 *key;
  u64 *value;
} began SEC(".maps");

struct {
  FIELD(type, PERCPU_HASH);
  FIELD(max_entries, 4096);
  u32 *key;
  u64 *value;
} spent SEC(".maps");

struct event {
  u64 number;
};

SEC("raw_tp/softirq_entry")
int on_entry(struct event *event) {
  u32 zero = 0;
  u64 *at = lookup(&began, &zero);
  if (at) *at = now();
  return 0;
}

SEC("raw_tp/softirq_exit")
int on_exit(struct event *event) {
  u32 zero = 0, process = current() >> 32;
  u64 *at = lookup(&began, &zero);
  if ((event->number != NET_RX && event->number != NET_TX) || !at || !*at) return 0;
  u64 time = now() - *at, *sum = lookup(&spent, &process);
  if (sum) *sum += time;
  else update(&spent, &process, &time, 0);
  return 0;
}

char gpl[] SEC("license") = "GPL";
