// What the scans of messages have in common.
#ifndef VIADUCT_BYTES_H
#define VIADUCT_BYTES_H
#include <stdint.h>

static inline uint8_t lower(uint8_t c) {
  return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

// FNV-1a.
static inline uint32_t hash_byte(uint32_t hash, uint8_t byte) {
  return (hash ^ byte) * 0x01000193u;
}

// The end of MurmurHash3: each bit tells on all others.
static inline uint32_t mixed(uint32_t hash) {
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
  return hash ^ (hash >> 16);
}

#endif
