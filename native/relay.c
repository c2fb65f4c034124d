// The accelerated path of media: a thread that moves packets between the ports of calls while JavaScript only says which
// may pass. A packet of a port's rule leaves by another port at once; everything else goes to JavaScript, in batches,
// through a ring that drops when it is full. Nothing is allocated per packet. Linux, Node-API 8.
//
// Who owns what: JavaScript opens ports and changes rules; the thread reads a rule under its port's lock, once for all
// that one system call brought, so that a change holds for every packet that comes after it. A closed port's socket is
// replaced by something that is no socket, under the same number, and the number is closed by the thread when none
// of its system calls can still use it.
//
// A port that has a rule gets a second socket, bound to the same place and connected to the rule's source: the kernel finds
// it sooner for what comes in, and needs no look-up of the way for what goes out. Whoever else sends still reaches
// the first one.

#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  PORTS = 65536,        // sockets that can be open at a time
  EVENTS = 256,         // ready sockets in one turn
  TURN = 256,           // datagrams that are gathered before they are sent
  BURST = 16,           // datagrams that one system call brings from a socket
  ROUNDS = 4,           // of those before the next socket gets its turn
  LARGEST = 8192,       // bytes of a datagram; longer ones are counted as failed
  SLOT = LARGEST + 64,  // not a power of two, which would make the slots share cache lines
  RING = 1024,          // packets on their way to JavaScript
  WINDOW_NS = 10000000, // over which the load is judged
  BUSY = 20,            // packets in a window that mean load: from then on turns are at least a nap apart
  NAP_NS = 1000000,
  FREQUENT_NS = 4000000,   // between packets of a port; from then on several are asked for at a time
  LARGEST_GAP = 3000,      // of sequence numbers, that is still loss
  LARGEST_DISORDER = 100,  // that is still disorder
  NONE = 65536,            // no sequence number
  TWIN = 1 << 30,          // in the tag of an event
};
// Words of a packet in the ring; an IPv6 address fills the last four.
enum { OF_PORT, OF_GENERATION, OF_KIND, OF_LENGTH, OF_SOURCE_PORT, OF_SOURCE, HEAD_WORDS = OF_SOURCE + 4 };
enum { PACKET, COPY };
// Words of the state that both sides see: how many packets went into the ring, and how many JavaScript took.
enum { HEAD, TAIL, STATE_WORDS };
enum { PACKETS_IN, OCTETS_IN, PACKETS_OUT, OCTETS_OUT, COUNT_FAILED, LAST_FAST, RECEIVED, DUPLICATES, LOST, JITTER,
       LARGEST_JITTER, JITTER_SUM, JITTER_SAMPLES, LONGEST_GAP, COUNTERS };
// Words by which JavaScript describes a rule, or the place that a packet is sent to.
enum { TO_PORT, TO_ADDRESS, FROM_PORT = TO_ADDRESS + 4, FROM_ADDRESS, VIA = FROM_ADDRESS + 4, VIA_GENERATION, HAS_SSRC,
       SSRC, COPIES, ASIDE, WORDS = ASIDE + 4 };

typedef union {
  struct sockaddr any;
  struct sockaddr_in in;
  struct sockaddr_in6 in6;
} place;

typedef struct {
  int set, via, has_ssrc, copies;
  uint32_t number, via_generation, ssrc, aside[4];
  place from, to;
} rule;

// What one source's packets say of their way (RFC 3550 §A.1, §A.8), under the rule of that number.
typedef struct {
  uint32_t rule, base, highest, bad, received, duplicates;
  int32_t transit;
  int begun;
  int64_t at;
  double clock_rate, jitter, received_before, duplicates_before, lost_before;
} reception;

typedef struct {
  pthread_mutex_t lock;
  rule rule;
  int fd, family, class, receive_bytes;
  int twin; // -1 while there is none; the thread makes it, under the lock
  // The thread's own: which rule the twin is for, what it is connected to, and when packets came last.
  uint32_t twin_rule;
  place peer;
  reception reception;
  int64_t served_at;
} port;

typedef struct {
  napi_ref blocks[6];
  napi_threadsafe_function on_strays;
  pthread_t thread;
  pthread_mutex_t lists;
  atomic_int stopping, waking, dead;
  int closed, poll, wake, free_count, dead_count, used;
  int free_ports[PORTS], dead_ports[PORTS];
  port ports[PORTS];
  // Shared with JavaScript. A generation is odd while its port is open.
  uint8_t *ring;
  int32_t *heads, *words;
  _Atomic int32_t *state;
  _Atomic uint32_t *generations;
  double *counters;
  // The thread's own.
  int64_t now;
  int strays, retried, filled, leaving, ways[TURN];
  uint8_t bytes[TURN][SLOT];
  place names[TURN], to[TURN];
  struct iovec vectors[TURN], out[TURN];
  struct mmsghdr in[TURN];
  struct epoll_event events[EVENTS];
} relay;

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static socklen_t name_of(place *name, int family, const int32_t *words) {
  memset(name, 0, sizeof *name);
  if (family == 4) {
    name->in.sin_family = AF_INET;
    name->in.sin_port = htons((uint16_t)words[0]);
    name->in.sin_addr.s_addr = (uint32_t)words[1];
    return sizeof name->in;
  }
  name->in6.sin6_family = AF_INET6;
  name->in6.sin6_port = htons((uint16_t)words[0]);
  memcpy(&name->in6.sin6_addr, words + 1, 16);
  return sizeof name->in6;
}

static socklen_t length_of(const place *name) {
  return name->any.sa_family == AF_INET ? sizeof name->in : sizeof name->in6;
}

static int same_place(const place *a, const place *b) {
  if (a->any.sa_family != b->any.sa_family) return 0;
  if (a->any.sa_family == AF_INET) {
    return a->in.sin_port == b->in.sin_port && a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
  }
  return a->in6.sin6_port == b->in6.sin6_port && !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16);
}

// By which events tell their port, and which of its sockets.
static uint64_t tag_of(int index, uint32_t generation) {
  return (uint64_t)generation << 32 | (uint32_t)index;
}

enum { NOT_MEANT, LAID_ASIDE, PASSES };

static int judge(const rule *rule, const place *source, const uint8_t *bytes, unsigned length) {
  if (!rule->set || !same_place(source, &rule->from)) return NOT_MEANT;
  if (!rule->has_ssrc) return PASSES;
  // RTP, and not RTCP that shares the port (RFC 5761 §4), of the one source.
  if (length < 12 || bytes[0] >> 6 != 2 || (bytes[1] >= 192 && bytes[1] <= 223)) return NOT_MEANT;
  uint32_t ssrc;
  memcpy(&ssrc, bytes + 8, 4);
  if (ntohl(ssrc) != rule->ssrc) return NOT_MEANT;
  int type = bytes[1] & 127;
  return rule->aside[type >> 5] >> (type & 31) & 1 ? LAID_ASIDE : PASSES;
}

static double lost(const reception *it) {
  double lost = it->received == 0 ? 0 : (double)(it->highest - it->base + 1) - it->received;
  return lost > 0 ? lost : 0;
}

// @returns 0 where the packet fits nowhere, and is not counted unless another follows it in sequence
static int follow(reception *it, uint16_t sequence) {
  uint16_t step = (uint16_t)(sequence - it->highest);
  if (it->received > 0 && step == 0) {
    it->duplicates++;
  } else if (it->received > 0 && step < LARGEST_GAP) {
    it->highest += step;
  } else if (it->received == 0 || step < 65536 - LARGEST_DISORDER) {
    if (it->received > 0 && sequence != it->bad) {
      it->bad = (uint16_t)(sequence + 1);
      return 0;
    }
    it->lost_before += lost(it);
    it->received_before += it->received;
    it->duplicates_before += it->duplicates;
    it->base = it->highest = sequence;
    it->bad = NONE;
    it->received = it->duplicates = it->begun = 0;
  }
  return 1;
}

static void observe(relay *it, int index, const rule *rule, const uint8_t *bytes) {
  reception *seen = &it->ports[index].reception;
  double *counters = it->counters + index * COUNTERS;
  if (seen->rule != rule->number) {
    reception fresh = {.rule = rule->number, .bad = NONE};
    fresh.received_before = counters[RECEIVED];
    fresh.duplicates_before = counters[DUPLICATES];
    fresh.lost_before = counters[LOST];
    // Video with a static payload type has a clock of 90 kHz (RFC 3551 §6); others are taken for narrow-band voice.
    int type = bytes[1] & 127;
    fresh.clock_rate = type == 25 || type == 26 || type == 28 || (type >= 31 && type <= 34) ? 90 : 8;
    *seen = fresh;
  }
  if (!follow(seen, (uint16_t)(bytes[2] << 8 | bytes[3]))) return;
  uint32_t timestamp;
  memcpy(&timestamp, bytes + 4, 4);
  int32_t transit = (int32_t)((uint32_t)(int64_t)((double)it->now / 1e6 * seen->clock_rate) - ntohl(timestamp));
  if (seen->begun) {
    int32_t change = (int32_t)((uint32_t)transit - (uint32_t)seen->transit);
    seen->jitter += ((change < 0 ? -(double)change : change) - seen->jitter) / 16;
    double jitter = counters[JITTER] = seen->jitter / seen->clock_rate, gap = (double)(it->now - seen->at) / 1e6;
    if (jitter > counters[LARGEST_JITTER]) counters[LARGEST_JITTER] = jitter;
    counters[JITTER_SUM] += jitter;
    counters[JITTER_SAMPLES]++;
    if (gap > counters[LONGEST_GAP]) counters[LONGEST_GAP] = gap;
  }
  seen->begun = 1;
  seen->at = it->now;
  seen->transit = transit;
  seen->received++;
  counters[RECEIVED] = seen->received_before + seen->received;
  counters[DUPLICATES] = seen->duplicates_before + seen->duplicates;
  counters[LOST] = seen->lost_before + lost(seen);
}

static void hand_over(relay *it, int index, uint32_t generation, int kind, int slot) {
  uint32_t head = (uint32_t)atomic_load_explicit(&it->state[HEAD], memory_order_relaxed);
  uint32_t tail = (uint32_t)atomic_load_explicit(&it->state[TAIL], memory_order_acquire);
  if (head - tail >= RING) {
    it->counters[index * COUNTERS + COUNT_FAILED]++;
    return;
  }
  int32_t *words = it->heads + head % RING * HEAD_WORDS;
  const place *source = &it->names[slot];
  words[OF_PORT] = index;
  words[OF_GENERATION] = (int32_t)generation;
  words[OF_KIND] = kind;
  words[OF_LENGTH] = (int32_t)it->in[slot].msg_len;
  if (source->any.sa_family == AF_INET) {
    words[OF_SOURCE_PORT] = ntohs(source->in.sin_port);
    words[OF_SOURCE] = (int32_t)source->in.sin_addr.s_addr;
  } else {
    words[OF_SOURCE_PORT] = ntohs(source->in6.sin6_port);
    memcpy(words + OF_SOURCE, &source->in6.sin6_addr, 16);
  }
  memcpy(it->ring + (size_t)(head % RING) * SLOT, it->bytes[slot], it->in[slot].msg_len);
  atomic_store_explicit(&it->state[HEAD], (int32_t)(head + 1), memory_order_release);
  it->strays = 1;
}

static int open_socket(const place *name, int class, int receive_bytes, int share) {
  int family = name->any.sa_family, yes = 1;
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  if (share) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof class);
  else setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof class);
  if (bind(fd, &name->any, length_of(name)) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

// While the second socket is bound both must allow it; at other times nobody else may have the port.
static int bind_twin(const port *of) {
  place name;
  socklen_t length = sizeof name;
  int yes = 1, no = 0, made = -1;
  if (getsockname(of->fd, &name.any, &length) < 0) return -1;
  setsockopt(of->fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  made = open_socket(&name, of->class, of->receive_bytes, 1);
  setsockopt(of->fd, SOL_SOCKET, SO_REUSEPORT, &no, sizeof no);
  if (made >= 0) setsockopt(made, SOL_SOCKET, SO_REUSEPORT, &no, sizeof no);
  return made;
}

// A socket beside the port's own, connected to the rule's source. Where it cannot be had, the port's own serves.
static void connect_twin(relay *it, int index, uint32_t generation, const rule *rule) {
  port *of = &it->ports[index];
  of->twin_rule = rule->number;
  if (!rule->set || (of->twin >= 0 && same_place(&of->peer, &rule->from))) return;
  pthread_mutex_lock(&of->lock);
  if (atomic_load(&it->generations[index]) == generation) {
    int made = of->twin >= 0 ? of->twin : bind_twin(of);
    if (made >= 0 && connect(made, &rule->from.any, length_of(&rule->from)) == 0) {
      struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag_of(index, generation) | TWIN};
      if (made != of->twin) epoll_ctl(it->poll, EPOLL_CTL_ADD, made, &event);
      of->twin = made;
      of->peer = rule->from;
    } else if (made >= 0 && made != of->twin) {
      close(made);
    }
  }
  pthread_mutex_unlock(&of->lock);
}

// Sends what the turn has gathered, one packet right after the other: then the machine's own work on them goes in batches.
static void flush(relay *it) {
  for (int i = 0; i < it->leaving;) {
    const port *via = &it->ports[it->ways[i]];
    double *counters = it->counters + it->ways[i] * COUNTERS;
    struct iovec *vector = &it->out[i];
    int connected = via->twin >= 0 && same_place(&via->peer, &it->to[i]);
    ssize_t sent = connected ? send(via->twin, vector->iov_base, vector->iov_len, MSG_DONTWAIT)
                             : sendto(via->fd, vector->iov_base, vector->iov_len, MSG_DONTWAIT, &it->to[i].any,
                                      length_of(&it->to[i]));
    // What an ICMP message says of packets before this one is told instead of sending it.
    if (sent < 0 && (errno == EINTR || (errno == ECONNREFUSED && !it->retried++))) continue;
    it->retried = 0;
    if (sent < 0) {
      counters[COUNT_FAILED]++;
    } else {
      counters[PACKETS_OUT]++;
      counters[OCTETS_OUT] += (double)sent;
    }
    i++;
  }
  it->leaving = it->filled = 0;
}

// @returns how many datagrams came into the slots from the first one on
static int receive(relay *it, port *from, int fd, int first) {
  if (it->now - from->served_at > FREQUENT_NS) {
    socklen_t length = sizeof(place);
    ssize_t size = recvfrom(fd, it->bytes[first], LARGEST, MSG_DONTWAIT | MSG_TRUNC, &it->names[first].any, &length);
    it->in[first].msg_len = size < 0 ? 0 : (unsigned)size;
    return size < 0 ? 0 : 1;
  }
  // The kernel writes over the lengths that it is given.
  for (int i = first; i < first + BURST; i++) it->in[i].msg_hdr.msg_namelen = sizeof(place);
  return recvmmsg(fd, it->in + first, BURST, MSG_DONTWAIT | MSG_TRUNC, NULL);
}

// What one socket has. @returns how many datagrams
static int serve(relay *it, int index, uint32_t generation, int twin) {
  port *from = &it->ports[index];
  double *counters = it->counters + index * COUNTERS;
  int total = 0;
  for (int round = 0, count = BURST; round < ROUNDS && count == BURST; round++) {
    if (it->filled + BURST > TURN) flush(it);
    int first = it->filled;
    count = receive(it, from, twin ? from->twin : from->fd, first);
    if (count <= 0) break;
    it->filled += count;
    pthread_mutex_lock(&from->lock);
    rule rule = from->rule;
    pthread_mutex_unlock(&from->lock);
    if (atomic_load(&it->generations[index]) != generation) break;
    if (from->twin_rule != rule.number) connect_twin(it, index, generation, &rule);
    if (rule.set && atomic_load(&it->generations[rule.via]) != rule.via_generation) rule.set = 0;
    for (int i = first; i < first + count; i++) {
      unsigned length = it->in[i].msg_len;
      counters[PACKETS_IN]++;
      counters[OCTETS_IN] += length;
      if (length > LARGEST) {
        counters[COUNT_FAILED]++;
        continue;
      }
      int verdict = judge(&rule, &it->names[i], it->bytes[i], length);
      if (rule.has_ssrc && verdict != NOT_MEANT) observe(it, index, &rule, it->bytes[i]);
      if (verdict == PASSES) {
        counters[LAST_FAST] = (double)it->now / 1e6;
        it->ways[it->leaving] = rule.via;
        it->to[it->leaving] = rule.to;
        it->out[it->leaving++] = (struct iovec){it->bytes[i], length};
        if (rule.copies) hand_over(it, index, generation, COPY, i);
      } else {
        hand_over(it, index, generation, PACKET, i);
      }
    }
    total += count;
  }
  from->served_at = it->now;
  return total;
}

// Between turns no system call of the thread uses a socket, so the numbers of closed ones can be given back.
static void bury(relay *it) {
  if (!atomic_exchange(&it->dead, 0)) return;
  pthread_mutex_lock(&it->lists);
  while (it->dead_count > 0) {
    int index = it->dead_ports[--it->dead_count];
    close(it->ports[index].fd);
    if (it->ports[index].twin >= 0) close(it->ports[index].twin);
    it->free_ports[it->free_count++] = index;
  }
  pthread_mutex_unlock(&it->lists);
}

static void *run(void *argument) {
  relay *it = argument;
  int64_t window = 0, woken = 0;
  int in_window = 0, busy = 0;
  while (!atomic_load(&it->stopping)) {
    int count = epoll_wait(it->poll, it->events, EVENTS, -1);
    int64_t now = it->now = now_ns();
    for (int i = 0; i < count; i++) {
      uint64_t tag = it->events[i].data.u64;
      int index = (int)(tag & (TWIN - 1));
      uint64_t ignored;
      if (index < PORTS) in_window += serve(it, index, (uint32_t)(tag >> 32), (tag & TWIN) != 0);
      else if (read(it->wake, &ignored, sizeof ignored) < 0) continue;
    }
    flush(it);
    bury(it);
    if (it->strays) {
      it->strays = 0;
      if (!atomic_exchange(&it->waking, 1)) {
        napi_call_threadsafe_function(it->on_strays, NULL, napi_tsfn_nonblocking);
      }
    }
    if (now - window >= WINDOW_NS) {
      busy = in_window >= BUSY;
      in_window = 0;
      window = now;
    }
    // Under load a pause lets packets gather; where a turn took longer than that, more have gathered already.
    woken = now + NAP_NS;
    if (busy && count < EVENTS && now_ns() < woken) {
      struct timespec until = {woken / 1000000000, woken % 1000000000};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
  }
  return NULL;
}

static void call_strays(napi_env env, napi_value callback, void *context, void *data) {
  relay *it = context;
  napi_value undefined;
  if (!env) return;
  atomic_store(&it->waking, 0);
  napi_get_undefined(env, &undefined);
  napi_call_function(env, undefined, callback, 0, NULL, NULL);
}

static napi_value fail(napi_env env, const char *call, int error) {
  napi_value code, text, fault;
  napi_create_int32(env, error, &code);
  napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &text);
  napi_create_error(env, NULL, text, &fault);
  napi_set_named_property(env, fault, "errno", code);
  napi_throw(env, fault);
  return NULL;
}

static relay *unwrap(napi_env env, napi_callback_info info, size_t *count, napi_value *arguments) {
  napi_value self;
  relay *it = NULL;
  napi_get_cb_info(env, info, count, arguments, &self, NULL);
  napi_unwrap(env, self, (void **)&it);
  return it && !it->closed ? it : NULL;
}

// openPort(family, traffic class, receive buffer bytes); where to bind stands in the words. @returns its index
static napi_value open_port(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  size_t count = 3;
  relay *it = unwrap(env, info, &count, arguments);
  int32_t family, class, receive_bytes;
  if (!it) return fail(env, "openPort", EBADF);
  napi_get_value_int32(env, arguments[0], &family);
  napi_get_value_int32(env, arguments[1], &class);
  napi_get_value_int32(env, arguments[2], &receive_bytes);
  place name;
  name_of(&name, family, it->words + TO_PORT);
  pthread_mutex_lock(&it->lists);
  int index = it->free_count > 0 ? it->free_ports[--it->free_count] : it->used < PORTS ? it->used++ : -1;
  pthread_mutex_unlock(&it->lists);
  if (index < 0) return fail(env, "openPort", EMFILE);
  port *opened = &it->ports[index];
  int fd = open_socket(&name, class, receive_bytes, 0), error = errno;
  if (fd >= 0) {
    pthread_mutex_init(&opened->lock, NULL);
    opened->fd = fd;
    opened->twin = -1;
    opened->family = family;
    opened->class = class;
    opened->receive_bytes = receive_bytes;
    opened->served_at = 0;
    opened->rule.set = 0;
    opened->reception.rule = opened->twin_rule = opened->rule.number;
    memset(it->counters + index * COUNTERS, 0, COUNTERS * sizeof *it->counters);
    uint32_t generation = atomic_load(&it->generations[index]) + 1;
    atomic_store(&it->generations[index], generation);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag_of(index, generation)};
    if (epoll_ctl(it->poll, EPOLL_CTL_ADD, fd, &event) == 0) {
      napi_create_int32(env, index, &result);
      return result;
    }
    error = errno;
    atomic_store(&it->generations[index], generation + 1);
    close(fd);
  }
  pthread_mutex_lock(&it->lists);
  it->free_ports[it->free_count++] = index;
  pthread_mutex_unlock(&it->lists);
  return fail(env, "bind", error);
}

static port *port_of(napi_env env, relay *it, napi_value argument, int32_t *index) {
  *index = -1;
  napi_get_value_int32(env, argument, index);
  if (*index < 0 || *index >= it->used || !(atomic_load(&it->generations[*index]) & 1)) return NULL;
  return &it->ports[*index];
}

// setRule(index, set); the rule stands in the words.
static napi_value set_rule(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  relay *it = unwrap(env, info, &count, arguments);
  int32_t index;
  bool set = false;
  port *ruled = it ? port_of(env, it, arguments[0], &index) : NULL;
  if (!ruled) return NULL;
  napi_get_value_bool(env, arguments[1], &set);
  rule rule = {.set = set, .number = ruled->rule.number + 1};
  const int32_t *words = it->words;
  if (set) {
    rule.via = words[VIA];
    rule.via_generation = (uint32_t)words[VIA_GENERATION];
    rule.has_ssrc = words[HAS_SSRC];
    rule.ssrc = (uint32_t)words[SSRC];
    rule.copies = words[COPIES];
    memcpy(rule.aside, words + ASIDE, sizeof rule.aside);
    name_of(&rule.from, ruled->family, words + FROM_PORT);
    name_of(&rule.to, it->ports[rule.via].family, words + TO_PORT);
  }
  pthread_mutex_lock(&ruled->lock);
  ruled->rule = rule;
  pthread_mutex_unlock(&ruled->lock);
  return NULL;
}

// send(index, bytes); where to stands in the words. @returns 0 or the error
static napi_value send_bytes(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  size_t count = 2, length = 0;
  relay *it = unwrap(env, info, &count, arguments);
  int32_t index;
  void *bytes = NULL;
  port *from = it ? port_of(env, it, arguments[0], &index) : NULL;
  int error = EBADF;
  if (from && napi_get_typedarray_info(env, arguments[1], NULL, &length, &bytes, NULL, NULL) == napi_ok) {
    place name;
    socklen_t name_length = name_of(&name, from->family, it->words + TO_PORT);
    error = sendto(from->fd, bytes, length, MSG_DONTWAIT, &name.any, name_length) < 0 ? errno : 0;
  }
  napi_create_int32(env, error, &result);
  return result;
}

static void wake(relay *it) {
  uint64_t one = 1;
  ssize_t ignored = write(it->wake, &one, sizeof one);
  (void)ignored;
}

static napi_value close_port(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  relay *it = unwrap(env, info, &count, &argument);
  int32_t index;
  port *closing = it ? port_of(env, it, argument, &index) : NULL;
  if (!closing) return NULL;
  pthread_mutex_lock(&closing->lock);
  atomic_fetch_add(&it->generations[index], 1);
  for (int i = 0; i < 2; i++) {
    int fd = i == 0 ? closing->fd : closing->twin;
    if (fd < 0) continue;
    epoll_ctl(it->poll, EPOLL_CTL_DEL, fd, NULL);
    dup2(it->wake, fd);
  }
  pthread_mutex_unlock(&closing->lock);
  pthread_mutex_lock(&it->lists);
  it->dead_ports[it->dead_count++] = index;
  pthread_mutex_unlock(&it->lists);
  if (!atomic_exchange(&it->dead, 1)) wake(it);
  return NULL;
}

// Stops the thread, then closes what is open. The memory shared with JavaScript may go after this.
static void stop(void *argument) {
  relay *it = argument;
  if (it->closed) return;
  it->closed = 1;
  atomic_store(&it->stopping, 1);
  wake(it);
  pthread_join(it->thread, NULL);
  atomic_store(&it->dead, 1);
  bury(it);
  for (int i = 0; i < it->used; i++) {
    if (!(atomic_load(&it->generations[i]) & 1)) continue;
    close(it->ports[i].fd);
    if (it->ports[i].twin >= 0) close(it->ports[i].twin);
  }
  close(it->wake);
  close(it->poll);
}

static napi_value close_relay(napi_env env, napi_callback_info info) {
  size_t count = 0;
  relay *it = unwrap(env, info, &count, NULL);
  if (!it) return NULL;
  napi_remove_env_cleanup_hook(env, stop, it);
  stop(it);
  for (int i = 0; i < 6; i++) napi_delete_reference(env, it->blocks[i]);
  napi_release_threadsafe_function(it->on_strays, napi_tsfn_abort);
  return NULL;
}

static void destroy(napi_env env, void *data, void *hint) {
  free(data);
}

static void *block(napi_env env, relay *it, int index, napi_typedarray_type type, size_t size, size_t length,
                   napi_value object, const char *name) {
  void *data = NULL;
  napi_value buffer, view;
  napi_create_arraybuffer(env, size * length, &data, &buffer);
  napi_create_typedarray(env, type, length, buffer, 0, &view);
  napi_create_reference(env, view, 1, &it->blocks[index]);
  napi_set_named_property(env, object, name, view);
  return data;
}

static int start_thread(relay *it) {
  it->poll = epoll_create1(EPOLL_CLOEXEC);
  it->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = PORTS};
  if (it->poll < 0 || it->wake < 0 || epoll_ctl(it->poll, EPOLL_CTL_ADD, it->wake, &event) < 0) return errno;
  for (int i = 0; i < TURN; i++) {
    it->vectors[i] = (struct iovec){it->bytes[i], LARGEST};
    it->in[i].msg_hdr = (struct msghdr){.msg_name = &it->names[i], .msg_iov = &it->vectors[i], .msg_iovlen = 1};
  }
  // Signals are for the thread that runs JavaScript.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&it->thread, NULL, run, it);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) pthread_setname_np(it->thread, "viaduct-media");
  return error;
}

// open(onStrays)
static napi_value open_relay(napi_env env, napi_callback_info info) {
  napi_value callback, object, name;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &callback, NULL, NULL);
  relay *it = calloc(1, sizeof *it);
  if (!it) return fail(env, "calloc", ENOMEM);
  pthread_mutex_init(&it->lists, NULL);
  napi_create_object(env, &object);
  napi_wrap(env, object, it, destroy, NULL, NULL);
  it->ring = block(env, it, 0, napi_uint8_array, 1, (size_t)RING * SLOT, object, "ring");
  it->heads = block(env, it, 1, napi_int32_array, 4, RING * HEAD_WORDS, object, "heads");
  it->state = block(env, it, 2, napi_int32_array, 4, STATE_WORDS, object, "state");
  it->generations = block(env, it, 3, napi_uint32_array, 4, PORTS, object, "generations");
  it->counters = block(env, it, 4, napi_float64_array, 8, PORTS * COUNTERS, object, "counters");
  it->words = block(env, it, 5, napi_int32_array, 4, WORDS, object, "words");
  napi_create_string_utf8(env, "viaduct:media", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, callback, NULL, name, 0, 1, NULL, NULL, it, call_strays, &it->on_strays);
  int error = start_thread(it);
  if (error != 0) {
    it->closed = 1;
    napi_release_threadsafe_function(it->on_strays, napi_tsfn_abort);
    return fail(env, "thread", error);
  }
  napi_add_env_cleanup_hook(env, stop, it);
  napi_property_descriptor methods[] = {
      {"openPort", NULL, open_port, NULL, NULL, NULL, napi_default, NULL},
      {"setRule", NULL, set_rule, NULL, NULL, NULL, napi_default, NULL},
      {"send", NULL, send_bytes, NULL, NULL, NULL, napi_default, NULL},
      {"closePort", NULL, close_port, NULL, NULL, NULL, napi_default, NULL},
      {"close", NULL, close_relay, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, object, sizeof methods / sizeof *methods, methods);
  return object;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_relay, NULL, &function);
  napi_set_named_property(env, exports, "open", function);
  return exports;
}
