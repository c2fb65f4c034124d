// Batched datagrams for Node: one recvmmsg and one callback into JavaScript for up to 64 datagrams, one sendmmsg for
// what is sent meanwhile. Input and output only: no byte of a datagram is looked at here. Linux, Node-API 8.
//
// JavaScript and C share five blocks of memory that never move: arenas for the bytes, and descriptors (four int32 each:
// offset or slot, length, port, IPv4 address in network order; IPv6 addresses stand in 16 bytes beside).

#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What is used of libuv, whose ABI is stable within version 1; its header is not everywhere where a compiler is.
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef void (*uv_poll_cb)(uv_handle_t *handle, int status, int events);
typedef void (*uv_timer_cb)(uv_handle_t *handle);
typedef void (*uv_close_cb)(uv_handle_t *handle);
enum { UV_POLL = 8, UV_TIMER = 13, UV_READABLE = 1, UV_WRITABLE = 2 };
extern size_t uv_handle_size(int type);
extern void uv_handle_set_data(uv_handle_t *handle, void *data);
extern void *uv_handle_get_data(const uv_handle_t *handle);
extern int uv_poll_init(uv_loop_t *loop, uv_handle_t *handle, int fd);
extern int uv_poll_start(uv_handle_t *handle, int events, uv_poll_cb callback);
extern int uv_poll_stop(uv_handle_t *handle);
extern int uv_timer_init(uv_loop_t *loop, uv_handle_t *handle);
extern int uv_timer_start(uv_handle_t *handle, uv_timer_cb callback, uint64_t timeout, uint64_t repeat);
extern int uv_timer_stop(uv_handle_t *handle);
extern void uv_close(uv_handle_t *handle, uv_close_cb callback);

enum {
  BATCH = 64,           // datagrams in one callback
  SLOT = 65536 + 192,   // bytes between receive slots; not a power of two, which would make them share cache lines
  ROUNDS = 4,           // batches before the event loop gets its turn
  BUSY = 8,             // a batch of so many means load: the next drain may wait
  NAP_MS = 1,           // for so long
  QUEUE = 2048,         // datagrams waiting to be sent
  QUEUE_BYTES = 1 << 20,
  WORDS = 4,            // of a descriptor
};
enum { AT_OFFSET, AT_LENGTH, AT_PORT, AT_ADDRESS };
// Words of the state that both sides see: the queue's bounds, how many failed, and whether a batch is being handled.
enum { HEAD, TAIL, FAILED, IN_BATCH, STATE_WORDS };

typedef struct {
  napi_env env;
  napi_async_context context;
  napi_ref self, on_batch, blocks[7];
  uv_handle_t *poll, *timer;
  int fd, family, open_handles, closed, blocked;
  uint8_t *in_bytes, *out_bytes, *in_addresses, *out_addresses;
  int32_t *in, *out, *state;
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  struct sockaddr_storage names[BATCH];
} endpoint;

static void on_poll(uv_handle_t *handle, int status, int events);

static void watch(endpoint *it) {
  uv_poll_start(it->poll, UV_READABLE | (it->blocked ? UV_WRITABLE : 0), on_poll);
}

static socklen_t name_of(endpoint *it, int slot, struct sockaddr_storage *name) {
  int32_t *words = it->out + slot * WORDS;
  memset(name, 0, sizeof *name);
  if (it->family == 4) {
    struct sockaddr_in *in = (struct sockaddr_in *)name;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)words[AT_PORT]);
    in->sin_addr.s_addr = (uint32_t)words[AT_ADDRESS];
    return sizeof *in;
  }
  struct sockaddr_in6 *in = (struct sockaddr_in6 *)name;
  in->sin6_family = AF_INET6;
  in->sin6_port = htons((uint16_t)words[AT_PORT]);
  memcpy(&in->sin6_addr, it->out_addresses + slot * 16, 16);
  return sizeof *in;
}

// Sends what is queued. A datagram that the kernel refuses is marked with the error in its length word (negative) and
// passed over; a full socket buffer leaves the rest for when it is writable.
static void flush(endpoint *it) {
  int32_t *state = it->state;
  it->blocked = 0;
  while (state[HEAD] < state[TAIL]) {
    int count = state[TAIL] - state[HEAD];
    if (count > BATCH) count = BATCH;
    for (int i = 0; i < count; i++) {
      int32_t *words = it->out + (state[HEAD] + i) * WORDS;
      it->vectors[i].iov_base = it->out_bytes + words[AT_OFFSET];
      it->vectors[i].iov_len = (size_t)words[AT_LENGTH];
      struct msghdr *header = &it->messages[i].msg_hdr;
      memset(header, 0, sizeof *header);
      header->msg_name = &it->names[i];
      header->msg_namelen = name_of(it, state[HEAD] + i, &it->names[i]);
      header->msg_iov = &it->vectors[i];
      header->msg_iovlen = 1;
    }
    int sent = sendmmsg(it->fd, it->messages, (unsigned)count, 0);
    if (sent > 0) {
      state[HEAD] += sent;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      it->blocked = 1;
      return;
    } else if (errno != EINTR) {
      it->out[state[HEAD] * WORDS + AT_LENGTH] = -errno;
      state[FAILED]++;
      state[HEAD]++;
    }
  }
}

static int receive(endpoint *it) {
  for (int i = 0; i < BATCH; i++) {
    it->vectors[i].iov_base = it->in_bytes + (size_t)i * SLOT;
    it->vectors[i].iov_len = 65536;
    struct msghdr *header = &it->messages[i].msg_hdr;
    memset(header, 0, sizeof *header);
    header->msg_name = &it->names[i];
    header->msg_namelen = sizeof it->names[i];
    header->msg_iov = &it->vectors[i];
    header->msg_iovlen = 1;
  }
  int count = recvmmsg(it->fd, it->messages, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) {
    int32_t *words = it->in + i * WORDS;
    words[AT_OFFSET] = i * SLOT;
    words[AT_LENGTH] = (int32_t)it->messages[i].msg_len;
    if (it->family == 4) {
      struct sockaddr_in *in = (struct sockaddr_in *)&it->names[i];
      words[AT_PORT] = ntohs(in->sin_port);
      words[AT_ADDRESS] = (int32_t)in->sin_addr.s_addr;
    } else {
      struct sockaddr_in6 *in = (struct sockaddr_in6 *)&it->names[i];
      words[AT_PORT] = ntohs(in->sin6_port);
      memcpy(it->in_addresses + i * 16, &in->sin6_addr, 16);
    }
  }
  return count;
}

// Calls JavaScript for a batch (or, with 0, only for failures). What it sends meanwhile leaves when it is through, with
// what its promises send, which run before make_callback returns.
static void deliver(endpoint *it, int count) {
  napi_env env = it->env;
  napi_handle_scope scope;
  napi_value callback, self, argument, result;
  napi_open_handle_scope(env, &scope);
  napi_get_reference_value(env, it->on_batch, &callback);
  napi_get_reference_value(env, it->self, &self);
  napi_create_int32(env, count, &argument);
  it->state[IN_BATCH] = count > 0;
  if (napi_make_callback(env, it->context, self, callback, 1, &argument, &result) == napi_pending_exception) {
    napi_value fault;
    napi_get_and_clear_last_exception(env, &fault);
    napi_fatal_exception(env, fault);
  }
  it->state[IN_BATCH] = 0;
  napi_close_handle_scope(env, scope);
}

static void on_nap_over(uv_handle_t *handle);

static void drain(endpoint *it) {
  int most = 0;
  for (int round = 0; round < ROUNDS && !it->closed; round++) {
    int count = receive(it);
    if (count <= 0) break;
    if (count > most) most = count;
    deliver(it, count);
    if (it->closed) return;
    flush(it);
    if (count < BATCH) break;
  }
  if (it->closed) return;
  if (it->state[FAILED] > 0) deliver(it, 0);
  if (it->closed) return;
  if (most >= BUSY && !it->blocked) {
    uv_poll_stop(it->poll);
    uv_timer_start(it->timer, on_nap_over, NAP_MS, 0);
  } else {
    watch(it);
  }
}

static void on_nap_over(uv_handle_t *handle) {
  drain(uv_handle_get_data(handle));
}

static void on_poll(uv_handle_t *handle, int status, int events) {
  endpoint *it = uv_handle_get_data(handle);
  if (it->blocked && (status < 0 || (events & UV_WRITABLE))) flush(it);
  drain(it);
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

static void *block(endpoint *it, int index, size_t bytes, napi_typedarray_type type, size_t length, napi_value object,
                   const char *name) {
  void *data = NULL;
  napi_value buffer, view;
  napi_create_arraybuffer(it->env, bytes, &data, &buffer);
  napi_create_typedarray(it->env, type, length, buffer, 0, &view);
  napi_create_reference(it->env, view, 1, &it->blocks[index]);
  napi_set_named_property(it->env, object, name, view);
  return data;
}

static int bind_socket(int family, const uint8_t *address, int port, int receive_bytes, int reuse_port) {
  int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int yes = 1;
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  memcpy(&in.sin_addr, address, 4);
  memcpy(&in6.sin6_addr, address, 16);
  if (receive_bytes > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  if (reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  if (family == 6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  int bound = family == 4 ? bind(fd, (struct sockaddr *)&in, sizeof in) : bind(fd, (struct sockaddr *)&in6, sizeof in6);
  if (bound == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static napi_value flush_now(napi_env env, napi_callback_info info) {
  endpoint *it;
  napi_get_cb_info(env, info, NULL, NULL, NULL, (void **)&it);
  if (it->closed) return NULL;
  flush(it);
  if (it->blocked) watch(it);
  return NULL;
}

static void on_closed(uv_handle_t *handle) {
  endpoint *it = uv_handle_get_data(handle);
  free(handle);
  if (--it->open_handles > 0) return;
  close(it->fd);
  napi_handle_scope scope;
  napi_open_handle_scope(it->env, &scope);
  for (int i = 0; i < 7; i++) napi_delete_reference(it->env, it->blocks[i]);
  napi_delete_reference(it->env, it->on_batch);
  napi_delete_reference(it->env, it->self);
  napi_async_destroy(it->env, it->context);
  napi_close_handle_scope(it->env, scope);
  // The functions of the object may still be called and find `closed`, so the endpoint itself stays.
}

static napi_value close_now(napi_env env, napi_callback_info info) {
  endpoint *it;
  napi_get_cb_info(env, info, NULL, NULL, NULL, (void **)&it);
  if (it->closed) return NULL;
  flush(it);
  it->closed = 1;
  uv_poll_stop(it->poll);
  uv_timer_stop(it->timer);
  uv_close(it->poll, on_closed);
  uv_close(it->timer, on_closed);
  return NULL;
}

// open(family, address bytes (16), port, receive buffer bytes, reuse port, onBatch)
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[6], object, name, port_value, function;
  size_t count = 6;
  int32_t family, port, receive_bytes;
  bool reuse_port;
  void *address;
  uv_loop_t *loop;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_int32(env, arguments[0], &family);
  napi_get_typedarray_info(env, arguments[1], NULL, NULL, &address, NULL, NULL);
  napi_get_value_int32(env, arguments[2], &port);
  napi_get_value_int32(env, arguments[3], &receive_bytes);
  napi_get_value_bool(env, arguments[4], &reuse_port);
  int fd = bind_socket(family, address, port, receive_bytes, reuse_port);
  if (fd < 0) return fail(env, "bind", errno);
  endpoint *it = calloc(1, sizeof *it);
  it->poll = malloc(uv_handle_size(UV_POLL));
  it->timer = malloc(uv_handle_size(UV_TIMER));
  it->env = env;
  it->fd = fd;
  it->family = family;
  it->open_handles = 2;
  napi_create_object(env, &object);
  it->in_bytes = block(it, 0, (size_t)BATCH * SLOT, napi_uint8_array, (size_t)BATCH * SLOT, object, "inBytes");
  it->out_bytes = block(it, 1, QUEUE_BYTES, napi_uint8_array, QUEUE_BYTES, object, "outBytes");
  it->in = block(it, 2, BATCH * WORDS * 4, napi_int32_array, BATCH * WORDS, object, "in");
  it->out = block(it, 3, QUEUE * WORDS * 4, napi_int32_array, QUEUE * WORDS, object, "out");
  it->in_addresses = block(it, 4, BATCH * 16, napi_uint8_array, BATCH * 16, object, "inAddresses");
  it->out_addresses = block(it, 5, QUEUE * 16, napi_uint8_array, QUEUE * 16, object, "outAddresses");
  it->state = block(it, 6, STATE_WORDS * 4, napi_int32_array, STATE_WORDS, object, "state");
  napi_create_reference(env, object, 1, &it->self);
  napi_create_reference(env, arguments[5], 1, &it->on_batch);
  napi_create_string_utf8(env, "viaduct:datagrams", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &it->context);
  napi_get_uv_event_loop(env, (struct uv_loop_s **)&loop);
  uv_poll_init(loop, it->poll, fd);
  uv_timer_init(loop, it->timer);
  uv_handle_set_data(it->poll, it);
  uv_handle_set_data(it->timer, it);
  struct sockaddr_storage bound;
  socklen_t length = sizeof bound;
  getsockname(fd, (struct sockaddr *)&bound, &length);
  napi_create_int32(env, ntohs(((struct sockaddr_in *)&bound)->sin_port), &port_value);
  napi_set_named_property(env, object, "port", port_value);
  napi_create_function(env, "flush", NAPI_AUTO_LENGTH, flush_now, it, &function);
  napi_set_named_property(env, object, "flush", function);
  napi_create_function(env, "close", NAPI_AUTO_LENGTH, close_now, it, &function);
  napi_set_named_property(env, object, "close", function);
  watch(it);
  return object;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_socket, NULL, &function);
  napi_set_named_property(env, exports, "open", function);
  return exports;
}
