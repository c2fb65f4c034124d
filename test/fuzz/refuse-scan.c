// Says of each input, a length (four bytes, little-endian) and so many bytes, how long the answer is by which it is refused, 0
// for an ACK that is absorbed, -1 for what is passed on: a line for each. To be built with sanitizers; the bytes, and the
// room for the answer, lie in memory of exactly their size.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refuse.h"

static uint32_t words[REFUSAL_WORDS] = {[ACTIVE] = 1, [TAG_BYTES] = 8}, salts[KEY_SALTS], sources[2 * SOURCES];
static uint32_t refused[REMEMBERED];
static uint8_t known[KNOWN];
static const uint8_t tag[] = ";tag=abc", scanners[] = "scanner\0";

int main(void) {
  uint8_t head[4];
  uint32_t address = inet_addr("192.0.2.9");
  refusals by = {.words = words, .tag = tag, .scanners = scanners, .key_salt = salts, .known = known,
                 .sources = sources, .refused = refused};
  for (int i = 0; i < SOURCES; i++) {
    sources[2 * i] = address;
    sources[2 * i + 1] = UINT32_MAX;
  }
  while (fread(head, 1, sizeof head, stdin) == sizeof head) {
    size_t length = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;
    uint8_t *bytes = malloc(length), *out = malloc(length + MORE_THAN_COPIED);
    if (!out || (length > 0 && (!bytes || fread(bytes, 1, length, stdin) != length))) return 1;
    printf("%d\n", refuse(&by, bytes, length, address, 5060, out));
    free(bytes);
    free(out);
  }
  return 0;
}
