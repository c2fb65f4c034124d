// Batched datagrams for Node: one recvmmsg and one callback into JavaScript for up to 64 datagrams, one sendmmsg for
// what is sent meanwhile. Input and output only: no byte of a datagram is looked at here; while there is too much to do, what
// is refused anyway is taken out of a batch before (refuse.h). Where several workers share a socket, its datagrams come
// from an inbox (dispatch.h) instead. Linux, Node-API 8.
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

#include "dispatch.h"
#include "owner.h"
#include "refuse-batch.h"

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
extern uint64_t uv_now(const uv_loop_t *loop);
extern void uv_close(uv_handle_t *handle, uv_close_cb callback);

enum {
  BATCH = 64,           // datagrams in one callback
  SLOT = 65536 + 192,   // bytes between receive slots; not a power of two, which would make them share cache lines
  ROUNDS = 4,           // batches before the event loop gets its turn
  WINDOW_MS = 10,       // over which the load is judged
  BUSY = 20,            // datagrams in a window that mean load: from then on the kernel gathers them while we nap
  NAP_MS = 1,
  QUEUE = 2048,         // datagrams waiting to be sent
  QUEUE_BYTES = 1 << 20,
  WORDS = 4,            // of a descriptor
};
enum { AT_OFFSET, AT_LENGTH, AT_PORT, AT_ADDRESS };
// Words of the state that both sides see: the queue's bounds, how many failed, whether the queue is flushed soon without
// being asked (a batch is being handled, or a nap ends), how many datagrams a full inbox or the kernel has dropped, and
// how long the first of the batch had waited (µs; -1 where nobody knows).
enum { HEAD, TAIL, FAILED, FLUSHED_SOON, DROPPED, WAITED, STATE_WORDS };

typedef struct {
  napi_env env;
  napi_async_context context;
  napi_ref self, on_batch, blocks[7];
  napi_async_cleanup_hook_handle hook;
  uv_loop_t *loop;
  uv_handle_t *poll, *timer, *writable; // the last where there is an inbox
  inbox *inbox;
  refuser *refuser; // or NULL
  int fd, family, open_handles, closed, blocked, torn_down;
  uint8_t *in_bytes, *out_bytes, *in_addresses, *out_addresses;
  int32_t *in, *out, *state;
  uint64_t window_at;
  int in_window, busy, napping;
  struct mmsghdr messages[BATCH], received[BATCH];
  struct iovec vectors[BATCH], slots[BATCH];
  struct sockaddr_storage names[BATCH], sources[BATCH];
  _Alignas(struct cmsghdr) uint8_t control[BACKLOG_BYTES];
  backlog behind;
} endpoint;

static void on_poll(uv_handle_t *handle, int status, int events);
static void on_writable(uv_handle_t *handle, int status, int events);

static void watch(endpoint *it) {
  if (!it->inbox) uv_poll_start(it->poll, UV_READABLE | (it->blocked ? UV_WRITABLE : 0), on_poll);
  else if (it->blocked) uv_poll_start(it->writable, UV_WRITABLE, on_writable);
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

static int take(endpoint *it) {
  it->state[DROPPED] = (int32_t)inbox_dropped(it->inbox);
  int count = inbox_take(it->inbox, BATCH, it->in_bytes, (size_t)BATCH * SLOT, (letter *)it->in, it->in_addresses);
  if (count > 0) it->state[WAITED] = inbox_waited_us(it->inbox);
  return count;
}

// What stays the same for every batch.
static void lay_out(endpoint *it) {
  for (int i = 0; i < BATCH; i++) {
    it->slots[i] = (struct iovec){.iov_base = it->in_bytes + (size_t)i * SLOT, .iov_len = 65536};
    it->received[i].msg_hdr = (struct msghdr){.msg_name = &it->sources[i], .msg_namelen = sizeof it->sources[i],
                                              .msg_iov = &it->slots[i], .msg_iovlen = 1};
  }
  it->received[0].msg_hdr.msg_control = it->control;
}

static int receive(endpoint *it) {
  it->received[0].msg_hdr.msg_controllen = sizeof it->control;
  int count = recvmmsg(it->fd, it->received, BATCH, MSG_DONTWAIT, NULL);
  if (count > 0) {
    read_backlog(&it->received[0].msg_hdr, &it->behind);
    it->state[DROPPED] = (int32_t)it->behind.lost;
    it->state[WAITED] = waited_us(it->behind.came_us);
  }
  for (int i = 0; i < count; i++) {
    int32_t *words = it->in + i * WORDS;
    words[AT_OFFSET] = i * SLOT;
    words[AT_LENGTH] = (int32_t)it->received[i].msg_len;
    // The kernel has written the true length of the name over the room for it.
    it->received[i].msg_hdr.msg_namelen = sizeof it->sources[i];
    if (it->family == 4) {
      struct sockaddr_in *in = (struct sockaddr_in *)&it->sources[i];
      words[AT_PORT] = ntohs(in->sin_port);
      words[AT_ADDRESS] = (int32_t)in->sin_addr.s_addr;
    } else {
      struct sockaddr_in6 *in = (struct sockaddr_in6 *)&it->sources[i];
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
  it->state[FLUSHED_SOON] = count > 0;
  if (napi_make_callback(env, it->context, self, callback, 1, &argument, &result) == napi_pending_exception) {
    napi_value fault;
    napi_get_and_clear_last_exception(env, &fault);
    napi_fatal_exception(env, fault);
  }
  it->state[FLUSHED_SOON] = 0;
  napi_close_handle_scope(env, scope);
}

static void on_nap_over(uv_handle_t *handle);

static void judge_load(endpoint *it, int count) {
  uint64_t now = uv_now(it->loop), passed = now - it->window_at;
  it->in_window += count;
  if (passed < WINDOW_MS) return;
  it->busy = (uint64_t)it->in_window * WINDOW_MS >= BUSY * passed;
  it->in_window = 0;
  it->window_at = now;
}

// Under load the kernel, or the inbox, is asked once a nap, whether anything has come or not: to be woken for each datagram
// costs more than the datagram.
static void rest(endpoint *it, int more) {
  if (!it->busy || it->blocked) {
    it->napping = 0;
    watch(it);
    // What has come to an inbox meanwhile is taken after the others' turn.
    if (it->inbox && !inbox_sleep(it->inbox)) uv_timer_start(it->timer, on_nap_over, 0, 0);
    return;
  }
  if (!it->inbox && !it->napping) uv_poll_stop(it->poll);
  it->napping = 1;
  it->state[FLUSHED_SOON] = 1;
  uv_timer_start(it->timer, on_nap_over, more ? 0 : NAP_MS, 0);
}

static void drain(endpoint *it) {
  int total = 0, count = 0;
  for (int round = 0; round < ROUNDS; round++) {
    count = it->inbox ? take(it) : receive(it);
    if (count <= 0) break;
    total += count;
    int left = it->refuser ? refuse_batch(it->refuser, it->fd, it->in_bytes, (letter *)it->in, count) : count;
    if (left > 0) deliver(it, left);
    if (it->closed) return;
    flush(it);
    if (count < BATCH) break;
  }
  if (it->state[FAILED] > 0) deliver(it, 0);
  if (it->closed) return;
  judge_load(it, total);
  rest(it, count == BATCH);
}

static void on_nap_over(uv_handle_t *handle) {
  endpoint *it = uv_handle_get_data(handle);
  if (it->napping) {
    it->state[FLUSHED_SOON] = 0;
    flush(it);
  }
  drain(it);
}

static void on_poll(uv_handle_t *handle, int status, int events) {
  endpoint *it = uv_handle_get_data(handle);
  if (it->inbox) {
    inbox_woken(it->inbox);
    // The end of a nap sends what waits, and looks.
    if (it->napping) return;
  } else if (it->blocked && (status < 0 || (events & UV_WRITABLE))) {
    flush(it);
  }
  drain(it);
}

static void on_writable(uv_handle_t *handle, int status, int events) {
  endpoint *it = uv_handle_get_data(handle);
  flush(it);
  if (!it->blocked) uv_poll_stop(handle);
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

static napi_value flush_now(napi_env env, napi_callback_info info) {
  endpoint *it;
  napi_get_cb_info(env, info, NULL, NULL, NULL, (void **)&it);
  if (it->closed) return NULL;
  flush(it);
  // The end of a nap tries again anyway.
  if (it->blocked && !it->napping) watch(it);
  return NULL;
}

static void forget(endpoint *it) {
  napi_remove_async_cleanup_hook(it->hook);
  free(it);
}

static void on_closed(uv_handle_t *handle) {
  endpoint *it = uv_handle_get_data(handle);
  free(handle);
  if (--it->open_handles > 0) return;
  if (!it->inbox) close(it->fd);
  napi_handle_scope scope;
  napi_open_handle_scope(it->env, &scope);
  for (int i = 0; i < 7; i++) napi_delete_reference(it->env, it->blocks[i]);
  napi_delete_reference(it->env, it->on_batch);
  napi_delete_reference(it->env, it->self);
  napi_async_destroy(it->env, it->context);
  free_refuser(it->env, it->refuser);
  napi_close_handle_scope(it->env, scope);
  // The functions of the object may still be called and find `closed`, so the endpoint itself stays until the thread ends.
  if (it->torn_down) forget(it);
}

static void close_endpoint(endpoint *it, bool for_good) {
  it->closed = 1;
  uv_poll_stop(it->poll);
  uv_timer_stop(it->timer);
  uv_close(it->poll, on_closed);
  uv_close(it->timer, on_closed);
  if (!it->inbox) return;
  uv_poll_stop(it->writable);
  uv_close(it->writable, on_closed);
  inbox_leave(it->inbox, for_good);
}

static napi_value close_now(napi_env env, napi_callback_info info) {
  endpoint *it;
  napi_get_cb_info(env, info, NULL, NULL, NULL, (void **)&it);
  if (it->closed) return NULL;
  flush(it);
  close_endpoint(it, true);
  return NULL;
}

// The thread ends, perhaps in the middle of everything.
static void on_teardown(napi_async_cleanup_hook_handle hook, void *data) {
  endpoint *it = data;
  it->torn_down = 1;
  if (!it->closed) close_endpoint(it, false);
  else if (it->open_handles == 0) forget(it);
}

static uv_handle_t *handle_of(endpoint *it, int type) {
  uv_handle_t *handle = malloc(uv_handle_size(type));
  uv_handle_set_data(handle, it);
  it->open_handles++;
  return handle;
}

// open(family, address bytes (16), port, receive buffer bytes, reuse port, onBatch, index of the worker, how many,
//   memory of refusals or undefined)
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[9], object, name, port_value, function;
  size_t argument_count = 9;
  int32_t index, count;
  bool reuse_port;
  void *address;
  uv_loop_t *loop;
  socket_place place;
  napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL);
  napi_get_value_int32(env, arguments[0], &place.family);
  napi_get_typedarray_info(env, arguments[1], NULL, NULL, &address, NULL, NULL);
  napi_get_value_int32(env, arguments[2], &place.port);
  napi_get_value_int32(env, arguments[3], &place.receive_bytes);
  napi_get_value_bool(env, arguments[4], &reuse_port);
  napi_get_value_int32(env, arguments[6], &index);
  napi_get_value_int32(env, arguments[7], &count);
  place.address = address;
  place.reuse_port = reuse_port;
  inbox *inbox = count > 0 ? inbox_join(&place, index, count) : NULL;
  if (count > 0 && !inbox) return fail(env, "bind", errno);
  int fd = inbox ? inbox_socket(inbox) : bind_datagrams(&place);
  if (fd < 0) return fail(env, "bind", errno);
  endpoint *it = calloc(1, sizeof *it);
  it->env = env;
  it->inbox = inbox;
  it->fd = fd;
  it->family = place.family;
  if (it->family == 4) it->refuser = make_refuser(env, arguments[8]);
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
  it->loop = loop;
  lay_out(it);
  it->poll = handle_of(it, UV_POLL);
  it->timer = handle_of(it, UV_TIMER);
  uv_poll_init(loop, it->poll, inbox ? inbox_wake_fd(inbox) : fd);
  uv_timer_init(loop, it->timer);
  if (inbox) {
    it->writable = handle_of(it, UV_POLL);
    uv_poll_init(loop, it->writable, fd);
  }
  napi_add_async_cleanup_hook(env, on_teardown, it, &it->hook);
  struct sockaddr_storage bound;
  socklen_t length = sizeof bound;
  getsockname(fd, (struct sockaddr *)&bound, &length);
  napi_create_int32(env, ntohs(((struct sockaddr_in *)&bound)->sin_port), &port_value);
  napi_set_named_property(env, object, "port", port_value);
  napi_create_function(env, "flush", NAPI_AUTO_LENGTH, flush_now, it, &function);
  napi_set_named_property(env, object, "flush", function);
  napi_create_function(env, "close", NAPI_AUTO_LENGTH, close_now, it, &function);
  napi_set_named_property(env, object, "close", function);
  if (inbox) uv_poll_start(it->poll, UV_READABLE, on_poll);
  else watch(it);
  return object;
}

static napi_value close_abandoned_now(napi_env env, napi_callback_info info) {
  close_abandoned();
  return NULL;
}

// ownerOf(bytes, how many workers)
static napi_value owner_of(napi_env env, napi_callback_info info) {
  napi_value arguments[2], owner;
  size_t argument_count = 2, length;
  int32_t count;
  void *bytes;
  napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL);
  napi_get_typedarray_info(env, arguments[0], NULL, &length, &bytes, NULL, NULL);
  napi_get_value_int32(env, arguments[1], &count);
  napi_create_int32(env, message_owner(bytes, length, count), &owner);
  return owner;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_socket, NULL, &function);
  napi_set_named_property(env, exports, "open", function);
  napi_create_function(env, "closeAbandoned", NAPI_AUTO_LENGTH, close_abandoned_now, NULL, &function);
  napi_set_named_property(env, exports, "closeAbandoned", function);
  napi_create_function(env, "ownerOf", NAPI_AUTO_LENGTH, owner_of, NULL, &function);
  napi_set_named_property(env, exports, "ownerOf", function);
  napi_create_function(env, "refuse", NAPI_AUTO_LENGTH, refuse_one, NULL, &function);
  napi_set_named_property(env, exports, "refuse", function);
  return exports;
}
