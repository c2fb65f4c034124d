#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "refuse-batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "refuse.h"

enum { BATCH = 64, ROOM = 1 << 17 };

struct refuser {
  napi_ref memory;
  refusals by;
  int waiting;
  size_t used;
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  struct sockaddr_in names[BATCH];
  uint8_t answers[ROOM];
};

static void *array_of(napi_env env, napi_value memory, const char *name) {
  napi_value array;
  void *data = NULL;
  napi_get_named_property(env, memory, name, &array);
  napi_get_typedarray_info(env, array, NULL, NULL, &data, NULL, NULL);
  return data;
}

static refusals memory_of(napi_env env, napi_value memory) {
  return (refusals){
      .words = array_of(env, memory, "words"),
      .tag = array_of(env, memory, "tag"),
      .scanners = array_of(env, memory, "scanners"),
      .key_salt = array_of(env, memory, "keySalt"),
      .known = array_of(env, memory, "known"),
      .sources = array_of(env, memory, "sources"),
      .refused = array_of(env, memory, "refused"),
  };
}

refuser *make_refuser(napi_env env, napi_value memory) {
  napi_valuetype type;
  napi_typeof(env, memory, &type);
  if (type != napi_object) return NULL;
  refuser *it = calloc(1, sizeof *it);
  it->by = memory_of(env, memory);
  napi_create_reference(env, memory, 1, &it->memory);
  return it;
}

void free_refuser(napi_env env, refuser *it) {
  if (!it) return;
  napi_delete_reference(env, it->memory);
  free(it);
}

static void queue_answer(refuser *it, const letter *to, int length) {
  int slot = it->waiting++;
  it->names[slot] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)to->port),
                                         .sin_addr.s_addr = (uint32_t)to->address4};
  it->vectors[slot] = (struct iovec){.iov_base = it->answers + it->used, .iov_len = (size_t)length};
  it->messages[slot].msg_hdr = (struct msghdr){.msg_name = &it->names[slot], .msg_namelen = sizeof it->names[slot],
                                               .msg_iov = &it->vectors[slot], .msg_iovlen = 1};
  it->used += (size_t)length;
}

// Nothing is kept of an answer that cannot leave: the INVITE comes again, and is refused again.
static void send_answers(refuser *it, int fd) {
  int sent = 0;
  while (sent < it->waiting) {
    int count = sendmmsg(fd, it->messages + sent, (unsigned)(it->waiting - sent), 0);
    if (count > 0) {
      sent += count;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      it->by.words[ANSWERS_UNSENT] += (uint32_t)(it->waiting - sent);
      break;
    } else if (errno != EINTR) {
      it->by.words[ANSWERS_UNSENT]++;
      sent++;
    }
  }
  it->waiting = 0;
  it->used = 0;
}

int refuse_batch(refuser *it, int fd, const uint8_t *bytes, letter *letters, int count) {
  if (!it->by.words[ACTIVE]) return count;
  int left = 0;
  for (int i = 0; i < count; i++) {
    const letter *next = &letters[i];
    size_t length = (size_t)next->length;
    int made = PASSED_ON;
    if (it->used + length + MORE_THAN_COPIED <= ROOM) {
      made = refuse(&it->by, bytes + next->offset, length, (uint32_t)next->address4, next->port,
                    it->answers + it->used);
    }
    if (made > 0) queue_answer(it, next, made);
    if (made == PASSED_ON) letters[left++] = *next;
  }
  if (it->waiting > 0) send_answers(it, fd);
  return left;
}

napi_value refuse_one(napi_env env, napi_callback_info info) {
  napi_value arguments[4], result = NULL;
  size_t argument_count = 4, length;
  int32_t address, port;
  void *bytes;
  napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL);
  napi_get_typedarray_info(env, arguments[1], NULL, &length, &bytes, NULL, NULL);
  napi_get_value_int32(env, arguments[2], &address);
  napi_get_value_int32(env, arguments[3], &port);
  refusals by = memory_of(env, arguments[0]);
  uint8_t *out = malloc(length + MORE_THAN_COPIED);
  int made = refuse(&by, bytes, length, (uint32_t)address, port, out);
  if (made > 0) napi_create_buffer_copy(env, (size_t)made, out, NULL, &result);
  else if (made == ABSORBED) napi_get_null(env, &result);
  free(out);
  return result;
}
