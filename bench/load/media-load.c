// media-load: drives two-way calls of RTP through a relay and reads what the relay costs.
//
//   media-load --calls 100 --left NETNS,ADDRESS --right NETNS,ADDRESS (--control HOST:PORT | --direct)
//              [--pids P1,P2] [--softirq FOLDER] [--core 0] [--warm 3] [--secs 5] [--reps 3]
//
// Each call is 172 bytes of G.711 every 20 ms from a socket in the network namespace (a path) of the left side to the
// right side and back. Calls are set up by rtpproxy's control protocol over UDP, which is spoken from the left side, and
// never ended: whoever started the relay stops it. With --direct the sides send to each other: the floor. After WARM
// seconds come REPS measured stretches of SECS seconds.
//
// CPU time is the scheduler's own: schedstat of all threads of the given processes, and what their children took. With
// FOLDER, where softirq.bpf.c is loaded, the kernel's work on packets on the relay's CORE is counted too, as far as it
// did not interrupt those processes and so is in their time already; without it, the ticks of /proc/stat stand for it.
// Delay is from just before the system call that sends to the kernel's time stamp of receipt. Prints one JSON object for
// each stretch.
#include "schedstat.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 4, MAX_CALLS = 8192, MAX_REPS = 32, BATCH = 32, RECEIVE = 128, PTIME_US = 20000, TICK_US = 250,
       SLOTS = PTIME_US / TICK_US, SIZE = 172, MAX_CORES = 256 };
// Delays by their logarithm: 32 steps to each power of two of nanoseconds.
enum { STEPS = 32, BUCKETS = 64 * STEPS };

// Behind the RTP header of 12 bytes.
struct mark {
  uint32_t magic, flow, sequence, stretch;
  int64_t sent_at;
} __attribute__((packed));

struct stretch {
  long sent, received, wrong_source, late_ticks;
  double cpu_ns, softirq_ns, from, to;
  long histogram[BUCKETS];
};

static const uint32_t MAGIC = 0x52545031;
static int sockets[2][SOCKETS];
static struct sockaddr_in own[2][SOCKETS], *to[2]; // where each side sends, by call
static int calls = 100, reps = 3, core, direct, process_count, processes[256], softirq_map = -1;
static double warm = 3, secs = 5;
static struct stretch stretches[MAX_REPS + 2]; // the first is the warm-up, the last what comes after all
static volatile int over;
static int control = -1;

static void die(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vfprintf(stderr, format, list);
  fputc('\n', stderr);
  exit(2);
}

static int64_t now_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// ---- what the relay costs ----

// Of children that have ended: the kernel path has some.
static double children_ns(int process) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/stat", process);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  char *after_name = strrchr(text, ')');
  long user = 0, system = 0;
  if (after_name) sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld", &user, &system);
  return (user + system) * 1e9 / sysconf(_SC_CLK_TCK);
}

static double cpu_ns(void) {
  double total = 0;
  for (int i = 0; i < process_count; i++) total += schedstat_ns(processes[i]) + children_ns(processes[i]);
  return total;
}

static int bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static int pinned(const char *folder, const char *name) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  union bpf_attr get = {.pathname = (uintptr_t)path};
  int fd = bpf(BPF_OBJ_GET, &get);
  if (fd < 0) die("%s: %s", path, strerror(errno));
  return fd;
}

// For as long as this process lives.
static void count_softirqs(const char *folder) {
  static const char *names[2][2] = {{"on_entry", "softirq_entry"}, {"on_exit", "softirq_exit"}};
  softirq_map = pinned(folder, "spent");
  for (int i = 0; i < 2; i++) {
    union bpf_attr attach = {.raw_tracepoint = {(uintptr_t)names[i][1], (uint32_t)pinned(folder, names[i][0])}};
    if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attach) < 0) die("%s: %s", names[i][1], strerror(errno));
  }
}

static int is_measured(uint32_t process) {
  for (int i = 0; i < process_count; i++)
    if (processes[i] == (int)process) return 1;
  return 0;
}

static double softirq_ticks_ns(void) {
  char line[512], name[16];
  FILE *file = fopen("/proc/stat", "r");
  double ticks = 0;
  snprintf(name, sizeof name, "cpu%d ", core);
  while (file && fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name))) sscanf(line + strlen(name), "%*f %*f %*f %*f %*f %*f %lf", &ticks);
  if (file) fclose(file);
  return ticks * 1e9 / sysconf(_SC_CLK_TCK);
}

// By the process that was interrupted; the idle one is 0.
static double softirq_ns(void) {
  if (softirq_map < 0) return softirq_ticks_ns();
  double total = 0;
  uint32_t process = 0, next;
  uint64_t times[MAX_CORES];
  for (int first = 1;; first = 0) {
    union bpf_attr step = {.map_fd = (uint32_t)softirq_map, .key = first ? 0 : (uintptr_t)&process};
    step.next_key = (uintptr_t)&next;
    if (bpf(BPF_MAP_GET_NEXT_KEY, &step) < 0) return total;
    union bpf_attr look = {.map_fd = (uint32_t)softirq_map, .key = (uintptr_t)&next};
    look.value = (uintptr_t)times;
    if (bpf(BPF_MAP_LOOKUP_ELEM, &look) == 0 && !is_measured(next)) total += (double)times[core];
    process = next;
  }
}

// ---- namespaces and the control protocol ----

static void enter(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) die("%s: %s", path, strerror(errno));
  close(fd);
}

static void open_side(int side, char *where) {
  char *address = strchr(where, ',');
  if (!address) die("--left and --right are NETNS,ADDRESS");
  *address++ = 0;
  enter(where);
  for (int i = 0; i < SOCKETS; i++) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 16 << 20, yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
    struct sockaddr_in *name = &own[side][i];
    *name = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)(20000 + 2 * i))};
    if (inet_pton(AF_INET, address, &name->sin_addr) != 1) die("no address: %s", address);
    if (bind(fd, (struct sockaddr *)name, sizeof *name) < 0) die("bind %s: %s", address, strerror(errno));
    sockets[side][i] = fd;
  }
}

static void open_control(const char *text) {
  char host[64];
  int port;
  if (sscanf(text, "%63[^:]:%d", host, &port) != 2) die("--control is HOST:PORT");
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, host, &name.sin_addr);
  control = socket(AF_INET, SOCK_DGRAM, 0);
  if (connect(control, (struct sockaddr *)&name, sizeof name) < 0) die("connect %s: %s", text, strerror(errno));
}

static void command(char *answer, size_t size, const char *format, ...) {
  static int number;
  char text[512], cookie[32];
  va_list list;
  va_start(list, format);
  int start = snprintf(cookie, sizeof cookie, "%d_%d ", getpid(), ++number);
  memcpy(text, cookie, (size_t)start);
  int length = start + vsnprintf(text + start, sizeof text - (size_t)start, format, list);
  for (int attempt = 0; attempt < 5; attempt++) {
    struct pollfd waiting = {.fd = control, .events = POLLIN};
    if (send(control, text, (size_t)length, 0) < 0) usleep(100000);
    while (poll(&waiting, 1, 1000) > 0) {
      ssize_t count = recv(control, answer, size - 1, 0);
      if (count < 0) break;
      answer[count] = 0;
      if (strncmp(answer, cookie, (size_t)start)) continue;
      memmove(answer, answer + start, (size_t)(count - start + 1));
      return;
    }
  }
  die("the relay does not answer: %s", text);
}

static struct sockaddr_in answered(const char *answer, const struct sockaddr_in *relay) {
  int port = 0;
  char host[64] = "";
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = relay->sin_addr};
  if (sscanf(answer, "%d %63s", &port, host) < 1 || port <= 0) die("the relay refused: %s", answer);
  if (host[0]) inet_pton(AF_INET, host, &name.sin_addr);
  name.sin_port = htons((uint16_t)port);
  return name;
}

static void set_up(void) {
  char answer[512], address[2][INET_ADDRSTRLEN];
  struct sockaddr_in relay;
  socklen_t length = sizeof relay;
  if (!direct) getpeername(control, (struct sockaddr *)&relay, &length);
  for (int side = 0; side < 2; side++) inet_ntop(AF_INET, &own[side][0].sin_addr, address[side], INET_ADDRSTRLEN);
  for (int call = 0; call < calls; call++) {
    const struct sockaddr_in *left = &own[0][call % SOCKETS], *right = &own[1][call % SOCKETS];
    if (direct) {
      to[0][call] = *right;
      to[1][call] = *left;
      continue;
    }
    command(answer, sizeof answer, "U load%d-%d %s %d f%d;1", getpid(), call, address[0], ntohs(left->sin_port), call);
    to[1][call] = answered(answer, &relay);
    command(answer, sizeof answer, "L load%d-%d %s %d f%d;1 t%d;1", getpid(), call, address[1], ntohs(right->sin_port),
            call, call);
    to[0][call] = answered(answer, &relay);
  }
}

// ---- packets ----

static int bucket_of(int64_t delay) {
  if (delay < STEPS) return delay < 0 ? 0 : (int)delay;
  int power = 63 - __builtin_clzll((uint64_t)delay);
  return (power - 4) * STEPS + (int)((delay >> (power - 5)) & (STEPS - 1));
}

static double percentile_us(const long *histogram, double share) {
  long total = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) total += histogram[i];
  for (int i = 0; i < BUCKETS; i++) {
    seen += histogram[i];
    if (total > 0 && seen > share * (double)total)
      return (i < STEPS ? i : (double)(STEPS + i % STEPS) * (double)(1LL << (i / STEPS - 1))) / 1e3;
  }
  return 0;
}

static void take(int side, const uint8_t *bytes, unsigned length, const struct sockaddr_in *source, int64_t at) {
  struct mark mark;
  if (length != SIZE) return;
  memcpy(&mark, bytes + 12, sizeof mark);
  if (mark.magic != MAGIC || mark.flow >= 2u * (unsigned)calls || (int)(mark.flow & 1) == side) return;
  struct stretch *stretch = &stretches[mark.stretch];
  const struct sockaddr_in *expected = &to[side][mark.flow >> 1];
  if (source->sin_port != expected->sin_port || source->sin_addr.s_addr != expected->sin_addr.s_addr)
    stretch->wrong_source++;
  stretch->received++;
  stretch->histogram[bucket_of(at - mark.sent_at)]++;
}

static void receive(int side, int fd) {
  static uint8_t bytes[RECEIVE][256], controls[RECEIVE][64];
  static struct sockaddr_in names[RECEIVE];
  struct mmsghdr messages[RECEIVE];
  struct iovec vectors[RECEIVE];
  for (int count = RECEIVE; count == RECEIVE;) {
    for (int i = 0; i < RECEIVE; i++) {
      vectors[i] = (struct iovec){bytes[i], sizeof bytes[i]};
      messages[i].msg_hdr = (struct msghdr){.msg_name = &names[i], .msg_namelen = sizeof names[i],
                                            .msg_iov = &vectors[i], .msg_iovlen = 1,
                                            .msg_control = controls[i], .msg_controllen = sizeof controls[i]};
    }
    count = recvmmsg(fd, messages, RECEIVE, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
      struct cmsghdr *stamp = CMSG_FIRSTHDR(&messages[i].msg_hdr);
      struct timespec at = {0, 0};
      if (stamp && stamp->cmsg_type == SCM_TIMESTAMPNS) memcpy(&at, CMSG_DATA(stamp), sizeof at);
      take(side, bytes[i], messages[i].msg_len, &names[i], at.tv_sec * 1000000000LL + at.tv_nsec);
    }
  }
}

static void *receive_all(void *unused) {
  (void)unused;
  for (;;) {
    int last = over;
    for (int side = 0; side < 2; side++)
      for (int i = 0; i < SOCKETS; i++) receive(side, sockets[side][i]);
    if (last) return NULL;
    usleep(1000);
  }
}

static uint32_t *sequences;

// The flows of one tick, which share a socket, in batches. Flow 2n is the left side's of call n, 2n + 1 the right's.
static void send_slot(const uint32_t *flows, int count, uint32_t number) {
  static uint8_t bytes[BATCH][SIZE];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  for (int i = 0; i < count;) {
    int side = flows[i] & 1, at = (flows[i] >> 1) % SOCKETS, filled = 0;
    int64_t now = now_ns(CLOCK_REALTIME);
    for (; i < count && filled < BATCH && (int)(flows[i] & 1) == side && (int)(flows[i] >> 1) % SOCKETS == at; i++) {
      uint32_t flow = flows[i], sequence = sequences[flow]++;
      uint8_t *packet = bytes[filled];
      uint32_t words[3] = {htonl(0x80000000u | (sequence & 0xffff)), htonl(sequence * 160), htonl(0x10000 + flow)};
      struct mark mark = {MAGIC, flow, sequence, number, now};
      memcpy(packet, words, sizeof words);
      memcpy(packet + 12, &mark, sizeof mark);
      vectors[filled] = (struct iovec){packet, SIZE};
      messages[filled].msg_hdr = (struct msghdr){.msg_name = &to[side][flow >> 1], .msg_namelen = sizeof **to,
                                                 .msg_iov = &vectors[filled], .msg_iovlen = 1};
      filled++;
    }
    stretches[number].sent += filled;
    for (int done = 0; done < filled;) {
      int sent = sendmmsg(sockets[side][at], messages + done, (unsigned)(filled - done), MSG_DONTWAIT);
      done += sent > 0 ? sent : 1;
    }
  }
}

static int by_socket(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  int kx = (int)(x & 1) * SOCKETS + (int)(x >> 1) % SOCKETS, ky = (int)(y & 1) * SOCKETS + (int)(y >> 1) % SOCKETS;
  return kx != ky ? kx - ky : (x > y) - (x < y);
}

// Flows in an order of no meaning, cut into the ticks of one packet time, and within a tick by socket.
static uint32_t *schedule(int *starts) {
  int count = 2 * calls;
  uint32_t *flows = malloc((size_t)count * sizeof *flows);
  for (int i = 0; i < count; i++) flows[i] = (uint32_t)i;
  srand(1);
  for (int i = count - 1; i > 0; i--) {
    int j = rand() % (i + 1);
    uint32_t other = flows[i];
    flows[i] = flows[j];
    flows[j] = other;
  }
  for (int slot = 0; slot <= SLOTS; slot++) starts[slot] = (int)((long)count * slot / SLOTS);
  for (int slot = 0; slot < SLOTS; slot++)
    qsort(flows + starts[slot], (size_t)(starts[slot + 1] - starts[slot]), sizeof *flows, by_socket);
  return flows;
}

static void switch_stretch(int before, int after) {
  double cpu = cpu_ns(), softirq = softirq_ns(), now = (double)now_ns(CLOCK_MONOTONIC) / 1e9;
  struct stretch *ended = &stretches[before], *begun = &stretches[after];
  ended->cpu_ns = cpu - ended->cpu_ns;
  ended->softirq_ns = softirq - ended->softirq_ns;
  ended->to = now;
  begun->cpu_ns = cpu;
  begun->softirq_ns = softirq;
  begun->from = now;
}

static void drive(void) {
  int starts[SLOTS + 1], number = 0;
  uint32_t *flows = schedule(starts);
  sequences = calloc(2 * (size_t)calls, sizeof *sequences);
  int64_t begin = now_ns(CLOCK_MONOTONIC) + 1000000, next = begin;
  for (long tick = 0;; tick++, next += TICK_US * 1000) {
    double at = (double)(next - begin) / 1e9 - warm;
    int now_in = at < 0 ? 0 : 1 + (int)(at / secs);
    if (now_in > reps) now_in = reps + 1;
    if (now_in != number) switch_stretch(number, now_in);
    number = now_in;
    if (number > reps) break;
    if (now_ns(CLOCK_MONOTONIC) > next + 1000000) stretches[number].late_ticks++;
    struct timespec until = {next / 1000000000, next % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    int slot = (int)(tick % SLOTS);
    send_slot(flows + starts[slot], starts[slot + 1] - starts[slot], (uint32_t)number);
  }
}

static void print(const struct stretch *it) {
  printf("{\"calls\":%d,\"seconds\":%.3f,\"sent\":%ld,\"received\":%ld,\"wrongSource\":%ld,\"lateTicks\":%ld,"
         "\"cpuUs\":%.1f,\"softirqUs\":%.1f,\"delayUs\":{\"p50\":%.1f,\"p99\":%.1f}}\n",
         calls, it->to - it->from, it->sent, it->received, it->wrong_source, it->late_ticks, it->cpu_ns / 1e3,
         it->softirq_ns / 1e3, percentile_us(it->histogram, 0.5), percentile_us(it->histogram, 0.99));
}

int main(int count, char **words) {
  static struct option options[] = {
      {"calls", 1, 0, 'n'},   {"left", 1, 0, 'l'}, {"right", 1, 0, 'r'}, {"control", 1, 0, 'c'}, {"direct", 0, 0, 'd'},
      {"pids", 1, 0, 'p'},    {"core", 1, 0, 'k'}, {"warm", 1, 0, 'w'},  {"secs", 1, 0, 's'},    {"reps", 1, 0, 'x'},
      {"softirq", 1, 0, 'q'}, {0, 0, 0, 0}};
  char *left = NULL, *right = NULL, *relay = NULL, *rest;
  for (int option; (option = getopt_long(count, words, "", options, NULL)) != -1;) {
    if (option == 'n') calls = atoi(optarg);
    else if (option == 'l') left = optarg;
    else if (option == 'r') right = optarg;
    else if (option == 'c') relay = optarg;
    else if (option == 'd') direct = 1;
    else if (option == 'k') core = atoi(optarg);
    else if (option == 'w') warm = atof(optarg);
    else if (option == 's') secs = atof(optarg);
    else if (option == 'x') reps = atoi(optarg);
    else if (option == 'q') count_softirqs(optarg);
    else if (option == 'p') {
      for (char *pid = strtok_r(optarg, ",", &rest); pid && process_count < 256; pid = strtok_r(NULL, ",", &rest))
        processes[process_count++] = atoi(pid);
    } else return 2;
  }
  if (!left || !right || !(relay || direct) || calls < 1 || calls > MAX_CALLS || reps < 1 || reps > MAX_REPS ||
      core >= MAX_CORES)
    die("see the head of media-load.c for the options");
  for (int side = 0; side < 2; side++) to[side] = calloc((size_t)calls, sizeof **to);
  open_side(1, right);
  open_side(0, left);
  if (relay) open_control(relay);
  set_up();
  pthread_t receiver;
  pthread_create(&receiver, NULL, receive_all, NULL);
  switch_stretch(reps + 1, 0);
  drive();
  usleep(500000); // for what is still on its way
  over = 1;
  pthread_join(receiver, NULL);
  for (int i = 1; i <= reps; i++) print(&stretches[i]);
  return 0;
}
