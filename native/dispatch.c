// The receiving thread of `workers: N`: one recvmmsg brings up to 64 datagrams, a light scan (owner.c) tells whose each is,
// and it is copied into the inbox of its worker, a ring of bytes with one writer and one reader. A full ring drops and
// counts. A worker that sleeps is woken once, however many come; under load the thread waits a little between
// its turns, so that a turn brings many. Sockets and rings belong to the process: a worker that dies loses what it had
// taken, and its successor finds the rest. Linux.
//
// The lock guards the list of sockets; the thread holds it for a turn. The gate lets one worker at a time come or go, and
// is held while the thread is started or ends. Rings need neither.

#define _GNU_SOURCE
#include "dispatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "owner.h"

enum {
  BATCH = 64,         // datagrams of one system call
  SLOT = 65536 + 192, // bytes between receive slots; not a power of two, which would make them share cache lines
  ROUNDS = 4,         // batches before the next socket gets its turn
  WINDOW_MS = 10,     // over which the load is judged
  BUSY = 20,          // datagrams in a window that mean load: from then on the kernel gathers them while the thread naps
  NAP_NS = 1000000,
  EVENTS = 64,
  MOST_WORKERS = 36,
  RING_BYTES = 4 << 20, // a power of two; the pages of a ring are only taken as they are first used
  LINE = 64,            // of the cache
};
static const uint32_t SKIP = UINT32_MAX; // instead of a length: the rest of the ring is left out

typedef struct {
  uint32_t length;
  uint16_t port, unused;
  uint8_t address[16];
  uint32_t came_us, unused_too;
} record;

typedef struct shared shared;

struct inbox {
  // The reader's line, the writer's, and what both read.
  _Alignas(LINE) atomic_size_t taken;
  uint32_t came_us;
  _Alignas(LINE) atomic_size_t laid;
  size_t laying; // what was laid and not yet shown
  atomic_uint dropped;
  _Alignas(LINE) atomic_int sleeping;
  uint8_t *ring;
  int wake, joined;
  shared *socket;
};

struct shared {
  shared *next;
  uint64_t id;
  int fd, family, port, count, joined;
  uint8_t address[16];
  inbox inboxes[];
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER, lock = PTHREAD_MUTEX_INITIALIZER;
static shared *sockets;
static pthread_t thread;
static bool running, stopping;
static int ready = -1, bell = -1; // epoll, and what ends its wait
static uint64_t last_id;

// The thread's own.
static uint8_t bytes_of[BATCH][SLOT];
static struct mmsghdr messages[BATCH];
static struct iovec vectors[BATCH];
static struct sockaddr_storage names[BATCH];
static _Alignas(struct cmsghdr) uint8_t control[BACKLOG_BYTES];

int bind_datagrams(const socket_place *place) {
  int family = place->family;
  int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int yes = 1;
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)place->port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)place->port)};
  memcpy(&in.sin_addr, place->address, 4);
  memcpy(&in6.sin6_addr, place->address, 16);
  int receive_bytes = place->receive_bytes;
  // Beyond what the system allows everybody, where this process may.
  if (receive_bytes > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes);
  if (place->reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  if (family == 6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  int bound = family == 4 ? bind(fd, (struct sockaddr *)&in, sizeof in) : bind(fd, (struct sockaddr *)&in6, sizeof in6);
  if (bound == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static uint32_t us_of(const struct timespec *time) {
  return (uint32_t)((uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_nsec / 1000);
}

void read_backlog(struct msghdr *header, backlog *found) {
  found->came_us = 0;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec came;
      memcpy(&came, CMSG_DATA(part), sizeof came);
      found->came_us = us_of(&came);
    } else if (part->cmsg_type == SO_RXQ_OVFL) {
      memcpy(&found->lost, CMSG_DATA(part), sizeof found->lost);
    }
  }
}

int32_t waited_us(uint32_t came_us) {
  if (came_us == 0) return -1;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int32_t us = (int32_t)(us_of(&now) - came_us);
  return us < 0 ? 0 : us;
}

static void ring_bell(int fd) {
  uint64_t one = 1;
  if (write(fd, &one, sizeof one) < 0) return; // it rings already
}

static void silence(int fd) {
  uint64_t count;
  if (read(fd, &count, sizeof count) < 0) return; // it does not ring
}

static size_t size_of(size_t length) {
  return (sizeof(record) + length + 7) & ~(size_t)7;
}

static void lay(inbox *it, const uint8_t *bytes, size_t length, const record *head) {
  size_t size = size_of(length);
  size_t offset = it->laying & (RING_BYTES - 1);
  size_t skip = offset + size > RING_BYTES ? RING_BYTES - offset : 0;
  size_t taken = atomic_load_explicit(&it->taken, memory_order_acquire);
  if (it->laying + skip + size - taken > RING_BYTES) {
    atomic_fetch_add_explicit(&it->dropped, 1, memory_order_relaxed);
    return;
  }
  if (skip > 0) {
    memcpy(it->ring + offset, &SKIP, sizeof SKIP);
    it->laying += skip;
    offset = 0;
  }
  memcpy(it->ring + offset, head, sizeof *head);
  memcpy(it->ring + offset + sizeof *head, bytes, length);
  it->laying += size;
}

// Shows the reader what was laid, and wakes it where it sleeps. Both sides write first and look then, in one order for
// all threads, so that no sleep is overlooked.
static void show(inbox *it) {
  if (it->laying == atomic_load_explicit(&it->laid, memory_order_relaxed)) return;
  atomic_store(&it->laid, it->laying);
  if (atomic_exchange(&it->sleeping, 0)) ring_bell(it->wake);
}

static int receive(shared *it) {
  messages[0].msg_hdr.msg_controllen = sizeof control;
  int count = recvmmsg(it->fd, messages, BATCH, MSG_DONTWAIT, NULL);
  backlog behind = {0};
  if (count > 0) read_backlog(&messages[0].msg_hdr, &behind);
  for (int i = 0; i < count; i++) {
    size_t length = messages[i].msg_len;
    record head = {.length = (uint32_t)length, .came_us = behind.came_us};
    // The kernel has written the true length of the name over the room for it.
    messages[i].msg_hdr.msg_namelen = sizeof names[i];
    if (it->family == 4) {
      struct sockaddr_in *in = (struct sockaddr_in *)&names[i];
      head.port = ntohs(in->sin_port);
      memcpy(head.address, &in->sin_addr, 4);
    } else {
      struct sockaddr_in6 *in = (struct sockaddr_in6 *)&names[i];
      head.port = ntohs(in->sin6_port);
      memcpy(head.address, &in->sin6_addr, 16);
    }
    int owner = message_owner(bytes_of[i], length, it->count);
    // Keep-alives and what is broken: any worker will do, and the port spreads them.
    lay(&it->inboxes[owner < 0 ? head.port % it->count : owner], bytes_of[i], length, &head);
  }
  for (int i = 0; i < it->count; i++) show(&it->inboxes[i]);
  return count;
}

// How many came; `more` where there are more.
static int serve(shared *it, bool *more) {
  int total = 0, count = BATCH;
  for (int round = 0; round < ROUNDS && count == BATCH; round++) {
    count = receive(it);
    if (count > 0) total += count;
  }
  if (count == BATCH) *more = true;
  return total;
}

// What stays the same for every batch.
static void lay_out(void) {
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){.iov_base = bytes_of[i], .iov_len = 65536};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &names[i], .msg_namelen = sizeof names[i],
                                          .msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  messages[0].msg_hdr.msg_control = control;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Under load the kernel is asked once a nap, whether anything has come or not: to be woken for each datagram costs more
// than the datagram.
static void *receive_all(void *unused) {
  struct epoll_event events[EVENTS];
  int64_t window_at = now_ms(), in_window = 0;
  bool busy = false;
  lay_out();
  for (;;) {
    int count = epoll_wait(ready, events, EVENTS, busy ? 0 : -1);
    bool more = false;
    pthread_mutex_lock(&lock);
    if (stopping) {
      pthread_mutex_unlock(&lock);
      return NULL;
    }
    for (int i = 0; i < count; i++) {
      shared *it = sockets;
      while (it && it->id != events[i].data.u64) it = it->next;
      if (it) in_window += serve(it, &more);
    }
    pthread_mutex_unlock(&lock);
    int64_t now = now_ms(), passed = now - window_at;
    if (passed >= WINDOW_MS) {
      busy = in_window * WINDOW_MS >= BUSY * passed;
      in_window = 0;
      window_at = now;
    }
    if (busy && !more) nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
  }
}

static bool start(void) {
  if (running) return true;
  ready = epoll_create1(EPOLL_CLOEXEC);
  bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  stopping = false;
  struct epoll_event event = {.events = EPOLLIN};
  if (ready >= 0 && bell >= 0 && epoll_ctl(ready, EPOLL_CTL_ADD, bell, &event) == 0) {
    // Signals are the main thread's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, receive_all, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    running = error == 0;
    if (running) pthread_setname_np(thread, "datagrams"); // for whoever looks with top -H
    errno = error;
  }
  if (running) return true;
  int error = errno;
  if (ready >= 0) close(ready);
  if (bell >= 0) close(bell);
  errno = error;
  return false;
}

static void stop(void) {
  pthread_mutex_lock(&lock);
  stopping = true;
  pthread_mutex_unlock(&lock);
  ring_bell(bell);
  pthread_join(thread, NULL);
  close(ready);
  close(bell);
  running = false;
}

static void free_socket(shared *it) {
  for (int i = 0; i < it->count; i++) {
    if (it->inboxes[i].ring) munmap(it->inboxes[i].ring, RING_BYTES);
    if (it->inboxes[i].wake >= 0) close(it->inboxes[i].wake);
  }
  if (it->fd >= 0) close(it->fd);
  free(it);
}

static shared *open_socket(const socket_place *place, int count) {
  size_t size = (sizeof(shared) + (size_t)count * sizeof(inbox) + LINE - 1) / LINE * LINE;
  shared *it = aligned_alloc(LINE, size);
  if (!it) return NULL;
  memset(it, 0, size);
  it->id = ++last_id;
  it->family = place->family;
  it->count = count;
  memcpy(it->address, place->address, 16);
  bool whole = true;
  for (int i = 0; i < count; i++) {
    inbox *box = &it->inboxes[i];
    box->socket = it;
    box->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    void *ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    box->ring = ring == MAP_FAILED ? NULL : ring;
    whole = whole && box->wake >= 0 && box->ring;
  }
  it->fd = whole ? bind_datagrams(place) : -1;
  struct sockaddr_storage bound;
  socklen_t length = sizeof bound;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = it->id};
  if (it->fd >= 0 && getsockname(it->fd, (struct sockaddr *)&bound, &length) == 0 && start() &&
      epoll_ctl(ready, EPOLL_CTL_ADD, it->fd, &event) == 0) {
    it->port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
    pthread_mutex_lock(&lock);
    it->next = sockets;
    sockets = it;
    pthread_mutex_unlock(&lock);
    return it;
  }
  int error = errno;
  free_socket(it);
  if (running && !sockets) stop();
  errno = error;
  return NULL;
}

static void close_socket(shared *it) {
  pthread_mutex_lock(&lock);
  shared **link = &sockets;
  while (*link != it) link = &(*link)->next;
  *link = it->next;
  pthread_mutex_unlock(&lock);
  free_socket(it);
}

static shared *find_socket(const socket_place *place) {
  for (shared *it = sockets; it; it = it->next) {
    if (place->port == it->port && place->family == it->family &&
        memcmp(place->address, it->address, place->family == 4 ? 4 : 16) == 0)
      return it;
  }
  return NULL;
}

inbox *inbox_join(const socket_place *place, int index, int count) {
  if (count < 1 || count > MOST_WORKERS || index < 0 || index >= count) {
    errno = EINVAL;
    return NULL;
  }
  pthread_mutex_lock(&gate);
  shared *known = find_socket(place);
  shared *it = known ? known : open_socket(place, count);
  inbox *box = it && it->count == count ? &it->inboxes[index] : NULL;
  if (it && !box) errno = EINVAL;
  if (box && box->joined) {
    errno = EADDRINUSE;
    box = NULL;
  }
  if (box) {
    box->joined = 1;
    it->joined++;
    atomic_store(&box->sleeping, 0);
    ring_bell(box->wake); // for what its predecessor left
  }
  int error = errno;
  pthread_mutex_unlock(&gate);
  errno = error;
  return box;
}

int inbox_socket(const inbox *it) {
  return it->socket->fd;
}

int inbox_wake_fd(const inbox *it) {
  return it->wake;
}

int inbox_take(inbox *it, int most, uint8_t *bytes, size_t room, letter *letters, uint8_t *addresses) {
  size_t taken = atomic_load_explicit(&it->taken, memory_order_relaxed);
  size_t laid = atomic_load_explicit(&it->laid, memory_order_acquire);
  size_t used = 0;
  int count = 0;
  while (taken != laid && count < most) {
    const uint8_t *place = it->ring + (taken & (RING_BYTES - 1));
    record head;
    memcpy(&head.length, place, sizeof head.length);
    if (head.length == SKIP) {
      taken = (taken | (RING_BYTES - 1)) + 1;
      continue;
    }
    if (used + head.length > room) break;
    memcpy(&head, place, sizeof head);
    if (count == 0) it->came_us = head.came_us;
    memcpy(bytes + used, place + sizeof head, head.length);
    letters[count] = (letter){.offset = (int32_t)used, .length = (int32_t)head.length, .port = head.port};
    memcpy(&letters[count].address4, head.address, 4);
    memcpy(addresses + count * 16, head.address, 16);
    used += head.length;
    taken += size_of(head.length);
    count++;
  }
  atomic_store_explicit(&it->taken, taken, memory_order_release);
  return count;
}

bool inbox_sleep(inbox *it) {
  atomic_store(&it->sleeping, 1);
  if (atomic_load(&it->laid) == atomic_load_explicit(&it->taken, memory_order_relaxed)) return true;
  atomic_store(&it->sleeping, 0);
  return false;
}

void inbox_woken(inbox *it) {
  silence(it->wake);
}

int32_t inbox_waited_us(const inbox *it) {
  return waited_us(it->came_us);
}

uint32_t inbox_dropped(const inbox *it) {
  return atomic_load_explicit(&it->dropped, memory_order_relaxed);
}

void inbox_leave(inbox *box, bool for_good) {
  pthread_mutex_lock(&gate);
  shared *it = box->socket;
  box->joined = 0;
  it->joined--;
  if (for_good && it->joined == 0) close_socket(it);
  if (running && !sockets) stop();
  pthread_mutex_unlock(&gate);
}

void close_abandoned(void) {
  pthread_mutex_lock(&gate);
  for (shared *it = sockets, *next; it; it = next) {
    next = it->next;
    if (it->joined == 0) close_socket(it);
  }
  if (running && !sockets) stop();
  pthread_mutex_unlock(&gate);
}
