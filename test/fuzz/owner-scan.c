// Says of each input, a length (four bytes, little-endian) and so many bytes, which of the workers it belongs to: a line for
// each. To be built with sanitizers; the bytes lie in memory of exactly their size.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "owner.h"

int main(int count, char **words) {
  uint8_t head[4];
  int workers = count > 1 ? atoi(words[1]) : 1;
  while (fread(head, 1, sizeof head, stdin) == sizeof head) {
    size_t length = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;
    uint8_t *bytes = malloc(length);
    if (length > 0 && (!bytes || fread(bytes, 1, length, stdin) != length)) return 1;
    printf("%d\n", message_owner(bytes, length, workers));
    free(bytes);
  }
  return 0;
}
