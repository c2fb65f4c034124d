// Refuses INVITEs and drops the ACKs of such answers before anything else sees them, while there is more to do than can be
// done. Plain C: what it decides by lies in memory that JavaScript writes (src/net/refusals.ts).
#ifndef VIADUCT_REFUSE_H
#define VIADUCT_REFUSE_H
#include <stddef.h>
#include <stdint.h>

// Words of `words`; the first five are JavaScript's to write, the others count, and wrap.
enum { ACTIVE, MOST_LET_IN, SALT, TAG_BYTES, REFUSALS_MADE = 5, ACKS_ABSORBED, ANSWERS_UNSENT, REFUSAL_WORDS };
enum { REMEMBERED = 65536, KNOWN = 1 << 20, SOURCES = 1024, KEY_SALTS = 256 };

typedef struct {
  uint32_t *words;
  const uint8_t *tag;       // `;tag=` and the To tag of all such answers
  const uint8_t *scanners;  // names of User-Agents in lower case, each with a 0 behind it; an empty one is the end
  const uint32_t *key_salt; // of the hashes in `known`
  const uint8_t *known;     // how many INVITE transactions have that hash
  uint32_t *sources;        // two words each: IPv4 address, how many INVITEs of it may be answered; UINT32_MAX: all
  uint32_t *refused;        // hashes of INVITEs that were refused
} refusals;

enum { PASSED_ON = -1, ABSORBED = 0, MORE_THAN_COPIED = 256 };

// The length of the answer that was written to `out`, or one of the above.
// `out` has room for `length` and MORE_THAN_COPIED bytes. The address is in network order.
int refuse(const refusals *by, const uint8_t *bytes, size_t length, uint32_t address, int port, uint8_t *out);

#endif
