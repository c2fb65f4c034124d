// Refuses what is to be refused of a batch of received datagrams, and sends the answers.
#ifndef VIADUCT_REFUSE_BATCH_H
#define VIADUCT_REFUSE_BATCH_H
#include <node_api.h>
#include <stdint.h>

#include "dispatch.h"

typedef struct refuser refuser;

// By the memory of src/net/refusals.ts; NULL where `memory` is undefined.
refuser *make_refuser(napi_env env, napi_value memory);
void free_refuser(napi_env env, refuser *it);

// How many of `count` datagrams, all of IPv4, are left: their letters move up.
int refuse_batch(refuser *it, int fd, const uint8_t *bytes, letter *letters, int count);

// refuse(memory, bytes, IPv4 address in network order, port): the answer, null for one that is absorbed, undefined for one that is passed on
napi_value refuse_one(napi_env env, napi_callback_info info);

#endif
