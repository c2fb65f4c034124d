// The light scan that tells whose a message is. It reads no further than to the headers that it needs, judges nothing, and
// never reads outside of the bytes. src/wire/sip/owner.ts does the same byte for byte: change both or none.

#include "owner.h"

#include <stdbool.h>
#include <string.h>

#include "bytes.h"

enum { INDEX_LENGTH = 5, COOKIE_LENGTH = 8 }; // of a branch: src/transaction/branch.ts

typedef const uint8_t *at;
typedef struct {
  at start, end;
} span;

static bool is_blank(uint8_t c) {
  return c == ' ' || c == '\t';
}

static bool is_break(uint8_t c) {
  return c == '\r' || c == '\n';
}

static bool begins(at here, at end, const char *word) {
  for (; *word; word++, here++) {
    if (here >= end || *here != (uint8_t)*word) return false;
  }
  return true;
}

// Behind the word, in any case, that `here` begins with; NULL where it does not.
static at behind(at here, at end, const char *word) {
  for (; *word; word++, here++) {
    if (here >= end || lower(*here) != (uint8_t)*word) return NULL;
  }
  return here;
}

// Blanks, and line breaks that a blank follows (RFC 3261 §7.3.1).
static at skip_space(at here, at end) {
  while (here < end) {
    if (is_blank(*here)) {
      here++;
      continue;
    }
    if (!is_break(*here)) break;
    at next = here + 1;
    if (*here == '\r' && next < end && *next == '\n') next++;
    if (next >= end || !is_blank(*next)) break;
    here = next + 1;
  }
  return here;
}

static at line_end(at here, at end) {
  at found = memchr(here, '\n', (size_t)(end - here));
  return found ? found + 1 : end;
}

static at header_end(at here, at end) {
  do here = line_end(here, end);
  while (here < end && is_blank(*here));
  return here;
}

// Where the value of the header `name` begins, or NULL where the line at `here` is another.
static at value_of(at here, at end, const char *name) {
  at next = behind(here, end, name);
  while (next && next < end && is_blank(*next)) next++;
  return next && next < end && *next == ':' ? next + 1 : NULL;
}

static int hex(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint32_t hash_call(span it) {
  uint32_t hash = 0x811c9dc5u;
  for (at here = it.start; here < it.end; here++) hash = hash_byte(hash, *here);
  return mixed(hash);
}

// Escapes count as what they stand for.
static uint32_t hash_user(span it) {
  uint32_t hash = 0x811c9dc5u;
  for (at here = it.start; here < it.end; here++) {
    uint8_t byte = *here;
    if (byte == '%' && it.end - here > 2 && hex(here[1]) >= 0 && hex(here[2]) >= 0) {
      byte = (uint8_t)(hex(here[1]) * 16 + hex(here[2]));
      here += 2;
    }
    hash = hash_byte(hash, byte);
  }
  return mixed(hash);
}

static span call_in(at here, at end) {
  here = skip_space(here, end);
  at stop = here;
  while (stop < end && !is_blank(*stop) && !is_break(*stop)) stop++;
  return (span){here, stop};
}

static at skip_quoted(at here, at end) {
  for (here++; here < end; here++) {
    if (*here == '\\') here++;
    else if (*here == '"') return here + 1;
  }
  return end;
}

// The user of the URI in a To, without its password; the host where it has none.
static span user_in(at here, at header, at end) {
  at stop = header_end(header, end);
  here = skip_space(here, stop);
  if (here < stop && *here == '"') here = skip_quoted(here, stop);
  at angle = here;
  while (angle < stop && *angle != '<') angle++;
  if (angle < stop) here = angle + 1;
  while (here < stop && *here != ':') here++;
  if (here >= stop) return (span){stop, stop};
  at start = ++here;
  at last = NULL;
  for (; here < stop && *here != '>' && !is_blank(*here) && !is_break(*here); here++) {
    if (*here == '@') {
      last = here;
      break;
    }
  }
  if (!last) {
    for (last = start; last < here && *last != ';' && *last != '?'; last++) continue;
  }
  at colon = memchr(start, ':', (size_t)(last - start));
  return (span){start, colon ? colon : last};
}

static int base36(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
}

static bool ends_branch(uint8_t c) {
  return c == '.' || c == ';' || c == ',' || is_blank(c) || is_break(c);
}

// The worker in a branch of ours; -1 in any other.
static int branch_worker(at here, at end) {
  if (!begins(here, end, "z9hG4bK")) return -1;
  here += 7;
  if (end - here < INDEX_LENGTH + COOKIE_LENGTH) return -1;
  for (int i = 0; i < INDEX_LENGTH; i++) {
    if (base36(here[i]) < 0) return -1;
  }
  for (int i = INDEX_LENGTH; i < INDEX_LENGTH + COOKIE_LENGTH; i++) {
    if (ends_branch(here[i])) return -1;
  }
  at next = here + INDEX_LENGTH + COOKIE_LENGTH;
  return next == end || ends_branch(*next) ? base36(*here) : -1;
}

static int via_worker(at here, at header, at end) {
  at stop = header_end(header, end);
  while (here < stop && *here != ',') {
    if (*here == '"') {
      here = skip_quoted(here, stop);
      continue;
    }
    if (*here++ != ';') continue;
    at name = skip_space(here, stop);
    at next = behind(name, stop, "branch");
    if (!next) continue;
    next = skip_space(next, stop);
    if (next < stop && *next == '=') return branch_worker(skip_space(next + 1, stop), stop);
  }
  return -1;
}

int message_owner(const uint8_t *bytes, size_t length, int count) {
  at end = bytes + length;
  at here = bytes;
  while (here < end && is_break(*here)) here++;
  bool response = behind(here, end, "sip/") != NULL;
  bool registers = begins(here, end, "REGISTER ");
  bool via_read = !response;
  span call = {NULL, NULL};
  for (here = line_end(here, end); here < end && !is_break(*here); here = line_end(here, end)) {
    at value = NULL;
    switch (lower(*here)) {
    case 'c':
    case 'i':
      if (call.start != call.end) break;
      value = value_of(here, end, lower(*here) == 'c' ? "call-id" : "i");
      if (value) call = call_in(value, end);
      break;
    case 'v':
      if (via_read) break;
      value = value_of(here, end, "via");
      if (!value) value = value_of(here, end, "v");
      if (!value) break;
      via_read = true;
      int worker = via_worker(value, here, end);
      if (worker >= 0 && worker < count) return worker;
      break;
    case 't':
      if (!registers) break;
      value = value_of(here, end, "to");
      if (!value) value = value_of(here, end, "t");
      if (!value) break;
      span user = user_in(value, here, end);
      if (user.start != user.end) return (int)(hash_user(user) % (uint32_t)count);
      registers = false;
      break;
    }
    if (!registers && via_read && call.start != call.end) break;
  }
  return call.start == call.end ? -1 : (int)(hash_call(call) % (uint32_t)count);
}
