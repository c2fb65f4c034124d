// Digest authentication of a client (RFC 7616 with MD5 and qop=auth), with an MD5 of its own (RFC 1321).
#pragma once

#include "messages.h"
#include <math.h>
#include <stdint.h>

static void md5_block(uint32_t state[4], const unsigned char *block) {
  static const unsigned char turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  static uint32_t sines[64];
  if (!sines[0])
    for (int i = 0; i < 64; i++) sines[i] = (uint32_t)floor(fabs(sin(i + 1)) * 4294967296.0);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], words[16];
  memcpy(words, block, sizeof words); // little endian, as the machines are that this runs on
  for (int i = 0; i < 64; i++) {
    uint32_t mixed;
    int word;
    switch (i / 16) {
      case 0: mixed = (b & c) | (~b & d), word = i; break;
      case 1: mixed = (d & b) | (~d & c), word = (5 * i + 1) % 16; break;
      case 2: mixed = b ^ c ^ d, word = (3 * i + 5) % 16; break;
      default: mixed = c ^ (b | ~d), word = 7 * i % 16;
    }
    uint32_t sum = a + mixed + sines[i] + words[word];
    int turn = turns[i / 16][i % 4];
    a = d, d = c, c = b;
    b += sum << turn | sum >> (32 - turn);
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

// Writes the hash of a text of at most 1000 bytes as 32 hexadecimal digits and a 0.
static void md5_hex(const char *text, char hex[33]) {
  unsigned char padded[1088] = {0};
  size_t length = strlen(text), blocks = (length + 8) / 64 + 1;
  uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  uint64_t bits = (uint64_t)length * 8;
  if (length > 1000) exit(1);
  memcpy(padded, text, length);
  padded[length] = 0x80;
  memcpy(padded + blocks * 64 - 8, &bits, 8);
  for (size_t i = 0; i < blocks; i++) md5_block(state, padded + i * 64);
  const unsigned char *bytes = (const unsigned char *)state;
  for (int i = 0; i < 16; i++) sprintf(hex + 2 * i, "%02x", bytes[i]);
}

// Copies the quoted parameter of a challenge; '' where there is none.
static void challenge_param(const char *line, const char *name, char *value, int size) {
  char key[32];
  snprintf(key, sizeof key, "%s=\"", name);
  const char *found = memmem(line, line_length(line), key, strlen(key));
  snprintf(value, size, "%.*s", found ? (int)strcspn(found + strlen(key), "\"") : 0, found ? found + strlen(key) : "");
}

// Appends the credentials that a challenge (401, 407) asks for; a nonce is used once.
static void append_credentials(struct batch *b, const char *answer, const char *method, const char *uri,
                               const char *user, const char *password) {
  const char *line = next_header(answer, "Proxy-Authenticate"), *header = "Proxy-Authorization";
  if (!line) line = next_header(answer, "WWW-Authenticate"), header = "Authorization";
  if (!line) return;
  char realm[128], nonce[256], text[1001], own[33], asked[33], response[33];
  challenge_param(line, "realm", realm, sizeof realm);
  challenge_param(line, "nonce", nonce, sizeof nonce);
  int qop = memmem(line, line_length(line), "qop=", 4) != NULL;
  snprintf(text, sizeof text, "%s:%s:%s", user, realm, password);
  md5_hex(text, own);
  snprintf(text, sizeof text, "%s:%s", method, uri);
  md5_hex(text, asked);
  snprintf(text, sizeof text, "%s:%s:%s%s", own, nonce, qop ? "00000001:0a4f113b:auth:" : "", asked);
  md5_hex(text, response);
  append(b, "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=MD5%s\r\n",
         header, user, realm, nonce, uri, response, qop ? ", qop=auth, nc=00000001, cnonce=\"0a4f113b\"" : "");
}
