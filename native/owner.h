// Which of `count` workers a SIP message belongs to; -1 where the bytes do not say. The rules, and the same in
// TypeScript, are in src/wire/sip/owner.ts.
#ifndef VIADUCT_OWNER_H
#define VIADUCT_OWNER_H
#include <stddef.h>
#include <stdint.h>

int message_owner(const uint8_t *bytes, size_t length, int count);

#endif
