// What src/wire/sip/plain-invite.ts, plain-refusal.ts and src/transaction/transaction-layer.ts do with an INVITE that is sent
// away unread, for IPv4 and the plainest of forms: whatever is not plain here is passed on, and judged there. It must never
// refuse what they would not, nor answer otherwise: test/fuzz/targets/refuse.ts.

#define _GNU_SOURCE
#include "refuse.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"

enum { LONGEST = 4095, MOST_LINES = 64, SIP_PORT = 5060, ADDRESS_ROOM = 16 };

typedef const uint8_t *at;
typedef struct {
  at start, value, end;
} line;
typedef struct {
  line via, from, to, call_id, cseq, contact, user_agent;
} invite;
typedef struct {
  at host, host_end, branch, branch_end, rport; // rport: where `;rport` stands, or NULL
  int port;                                     // -1 where none is written
} sent_by;

static const char BEGINNING[] = "INVITE sip:", VERSION[] = " SIP/2.0", PROTOCOL[] = "SIP/2.0/UDP ", COOKIE[] = "z9hG4bK";
static const char HEAD[] = "SIP/2.0 503 Service Unavailable\r\n";
#define LENGTH(text) (sizeof(text) - 1)

// Bytes of a host, and the others of a token (RFC 3261 §25.1).
enum { OF_HOST = 1, OF_TOKEN };
static const uint8_t kinds[256] = {
    ['0' ... '9'] = OF_HOST, ['A' ... 'Z'] = OF_HOST, ['a' ... 'z'] = OF_HOST, ['-'] = OF_HOST, ['.'] = OF_HOST,
    ['!'] = OF_TOKEN,        ['%'] = OF_TOKEN,        ['*'] = OF_TOKEN,        ['_'] = OF_TOKEN, ['+'] = OF_TOKEN,
    ['`'] = OF_TOKEN,        ['\''] = OF_TOKEN,       ['~'] = OF_TOKEN,
};

static bool is_token(uint8_t c) {
  return kinds[c] != 0;
}

static bool is_text(at start, at end, const char *text) {
  size_t length = strlen(text);
  return (size_t)(end - start) == length && memcmp(start, text, length) == 0;
}

static bool begins(at start, at end, const char *text) {
  size_t length = strlen(text);
  return (size_t)(end - start) >= length && memcmp(start, text, length) == 0;
}

// As is_text, in any case; the text in lower case.
static bool is_name(at start, at end, const char *text) {
  for (; start < end && *text; start++, text++) {
    if (lower(*start) != (uint8_t)*text) return false;
  }
  return start == end && !*text;
}

// Where the CRLF begins; NULL where a control stands before it, a blank right before it, or a folded line behind it.
static at plain_line_end(at here, at end) {
  while (here < end && *here > '\r') here++;
  if (end - here < 3 || here[0] != '\r' || here[1] != '\n' || here[-1] == ' ') return NULL;
  return here[2] == ' ' || here[2] == '\t' ? NULL : here;
}

static line *line_of(invite *it, at start, at end) {
  switch (end - start) {
  case 1:
    switch (lower(*start)) {
    case 'v': return &it->via;
    case 'f': return &it->from;
    case 't': return &it->to;
    case 'i': return &it->call_id;
    case 'm': return &it->contact;
    }
    return NULL;
  case 2: return is_name(start, end, "to") ? &it->to : NULL;
  case 3: return is_name(start, end, "via") ? &it->via : NULL;
  case 4: return is_name(start, end, "from") ? &it->from : is_name(start, end, "cseq") ? &it->cseq : NULL;
  case 7: return is_name(start, end, "call-id") ? &it->call_id : is_name(start, end, "contact") ? &it->contact : NULL;
  case 10: return is_name(start, end, "user-agent") ? &it->user_agent : NULL;
  }
  return NULL;
}

// False for a line that is none, or one that may stand only once and stands again.
static bool note_line(invite *it, at start, at end) {
  at here = start;
  while (here < end && is_token(*here)) here++;
  if (here == start || here == end || *here != ':') return false;
  line *found = line_of(it, start, here);
  if (!found) return true;
  if (found->start) return false;
  here++;
  while (here < end && *here == ' ') here++;
  *found = (line){start, here, end};
  return here < end;
}

static bool scan_invite(invite *it, at bytes, at end) {
  if (!begins(bytes, end, BEGINNING)) return false;
  at uri = bytes + LENGTH(BEGINNING), here = plain_line_end(uri, end);
  if (!here) return false;
  at blank = memchr(uri, ' ', (size_t)(here - uri));
  if (!blank || !is_text(blank, here, VERSION)) return false;
  here += 2;
  for (int count = 0; *here != '\r'; count++) {
    if (count >= MOST_LINES) return false;
    at stop = plain_line_end(here, end);
    if (!stop || !note_line(it, here, stop)) return false;
    here = stop + 2;
  }
  return end - here > 1 && here[1] == '\n' && it->via.start && it->from.start && it->to.start && it->call_id.start &&
         it->cseq.start;
}

// `name <uri>` without quotes, a comma in the name or a tag behind it.
static bool is_without_tag(line to) {
  at here = to.value;
  for (; here < to.end && *here != '<'; here++) {
    if (*here < ' ' || *here > '~' || strchr("\":;,", *here)) return false;
  }
  while (here < to.end && *here != '>') {
    if (*here++ < ' ') return false;
  }
  if (here == to.end) return false;
  here++;
  if (here < to.end && *here != ';') return false;
  for (; here < to.end; here++) {
    if (*here < ' ' || *here > '~' || *here == '"') return false;
    if (*here != ';') continue;
    at name = here + 1;
    while (name < to.end && *name == ' ') name++;
    if (to.end - name >= 3 && is_name(name, name + 3, "tag")) return false;
  }
  return true;
}

// -1 where there is none from 1 to 65535; `*here` ends behind the digits.
static int port_at(at *here, at end) {
  int port = 0, digits = 0;
  for (; *here < end && **here >= '0' && **here <= '9' && digits < 6; (*here)++, digits++) port = port * 10 + (**here - '0');
  return port < 1 || port > 65535 || digits > 5 ? -1 : port;
}

// Parameters without blanks or quotes; among them one branch, perhaps one `rport` without a value, and no `received`.
static bool read_params(sent_by *it, at here, at end) {
  while (here < end) {
    at start = here++;
    if (*start != ';') return false;
    at name = here;
    while (here < end && is_token(*here)) here++;
    at name_end = here, value = here;
    if (here < end && *here == '=') {
      value = ++here;
      while (here < end && is_token(*here)) here++;
      if (here == value) return false;
    }
    if (name == name_end) return false;
    switch (lower(*name)) {
    case 'b':
      if (it->branch || !is_text(name, name_end, "branch")) return false;
      it->branch = value;
      it->branch_end = here;
      break;
    case 'r':
      if (it->rport || !is_text(name, here, "rport")) return false;
      it->rport = start;
      break;
    }
  }
  return it->branch && (size_t)(it->branch_end - it->branch) > LENGTH(COOKIE) && begins(it->branch, it->branch_end, COOKIE);
}

static bool read_via(sent_by *it, line via) {
  at here = via.value;
  if (!begins(here, via.end, PROTOCOL)) return false;
  here += LENGTH(PROTOCOL);
  it->host = here;
  for (uint8_t before = '.'; here < via.end && kinds[*here] == OF_HOST; here++) {
    if (*here == '.' && before == '.') return false;
    before = *here;
  }
  it->host_end = here;
  if (it->host == here) return false;
  if (here < via.end && *here == ':') {
    here++;
    it->port = port_at(&here, via.end);
    if (it->port < 0) return false;
  }
  return read_params(it, here, via.end);
}

// `<sip:…@address:port>`, or without brackets, where the INVITE came from, and nobody else's behind it.
static bool is_contact_at(line contact, const char *address, int port) {
  at here = contact.value, end = contact.end;
  bool bracketed = *here == '<';
  if (bracketed) here++;
  if (!begins(here, end, "sip:")) return false;
  here += 4;
  at user = here;
  while (here < end && (is_token(*here) || strchr("&=$/()", *here)) && *here) here++;
  if (here < end && *here == '@') {
    if (here++ == user) return false;
  } else {
    here = user;
  }
  size_t length = strlen(address);
  if (!begins(here, end, address) || here + length == end || here[length] != ':') return false;
  here += length + 1;
  if (port_at(&here, end) != port) return false;
  if (bracketed) {
    if (here < end && *here == ';') {
      while (here < end && (is_token(*here) || *here == ';' || *here == '=')) here++;
    }
    if (here == end || *here++ != '>') return false;
  }
  if (here < end && *here != ';') return false;
  for (; here < end; here++) {
    if (*here <= ' ' || *here > '~' || *here == '"' || *here == ',') return false;
  }
  return true;
}

static bool is_scanner(line agent, const uint8_t *names) {
  uint8_t name[256];
  size_t length = (size_t)(agent.end - agent.value);
  if (!agent.start || !*names) return false;
  // What is longer, or beyond ASCII, is judged by those who pass for it.
  if (length > sizeof name) return true;
  for (size_t i = 0; i < length; i++) {
    if (agent.value[i] > '~') return true;
    name[i] = lower(agent.value[i]);
  }
  for (size_t of = 0; *names; names += of + 1) {
    of = strlen((const char *)names);
    if (memmem(name, length, names, of)) return true;
  }
  return false;
}

// `#hash` of src/core/front-door/overload.ts.
static uint32_t request_hash(uint32_t salt, at start, at end) {
  uint32_t hash = salt;
  for (; start < end; start++) hash = hash_byte(hash, *start);
  hash = mixed(hash);
  return hash ? hash : 1;
}

static uint32_t key_byte(const uint32_t *salt, uint32_t hash, uint8_t byte) {
  hash = (hash ^ salt[byte]) * 0x85ebca6bu;
  return hash ^ (hash >> 15);
}

// `#hashed` of src/transaction/server-index.ts.
static uint32_t key_hash(const uint32_t *salt, const sent_by *via) {
  uint32_t hash = (uint32_t)via->port;
  for (at here = via->branch; here < via->branch_end; here++) hash = key_byte(salt, hash, *here);
  for (at here = via->host; here < via->host_end; here++) hash = key_byte(salt, hash, lower(*here));
  for (const char *method = "INVITE"; *method; method++) hash = key_byte(salt, hash, (uint8_t)*method);
  return mixed(hash);
}

static uint8_t *copy(uint8_t *out, const void *from, size_t length) {
  memcpy(out, from, length);
  return out + length;
}

// With its line end.
static uint8_t *copy_line(uint8_t *out, line it) {
  return copy(out, it.start, (size_t)(it.end + 2 - it.start));
}

// RFC 3261 §18.2.1, RFC 3581 §4.
static uint8_t *write_via(uint8_t *out, line via, const sent_by *by, const char *address, int port) {
  if (!by->rport) return copy_line(out, via);
  at behind = by->rport + LENGTH(";rport");
  out = copy(out, via.start, (size_t)(by->rport - via.start));
  out = copy(out, behind, (size_t)(via.end - behind));
  return out + sprintf((char *)out, ";received=%s;rport=%d\r\n", address, port);
}

static int answer(const refusals *by, const invite *it, const sent_by *via, uint32_t hash, const char *address, int port,
                  uint8_t *out) {
  uint8_t *here = copy(out, HEAD, LENGTH(HEAD));
  here = write_via(here, it->via, via, address, port);
  here = copy_line(here, it->from);
  here = copy(here, it->to.start, (size_t)(it->to.end - it->to.start));
  here = copy(here, by->tag, by->words[TAG_BYTES]);
  here = copy(here, "\r\n", 2);
  here = copy_line(here, it->call_id);
  here = copy_line(here, it->cseq);
  here += sprintf((char *)here, "Retry-After: %u\r\nContent-Length: 0\r\n\r\n", 2 + hash % 8);
  return (int)(here - out);
}

static int refuse_invite(const refusals *by, at bytes, at end, uint32_t address, int port, uint8_t *out) {
  const uint8_t *quad = (const uint8_t *)&address;
  uint32_t *source = by->sources + 2 * ((address * 0x9e3779b1u) >> 22);
  if (source[0] != address || source[1] == 0) return PASSED_ON;
  invite it = {0};
  sent_by via = {.port = -1};
  if (!scan_invite(&it, bytes, end) || !read_via(&via, it.via) || !is_without_tag(it.to)) return PASSED_ON;
  char text[ADDRESS_ROOM];
  sprintf(text, "%d.%d.%d.%d", quad[0], quad[1], quad[2], quad[3]);
  if (!via.rport) {
    if (!is_text(via.host, via.host_end, text) || (via.port < 0 ? SIP_PORT : via.port) != port) return PASSED_ON;
    if (it.contact.start && !is_contact_at(it.contact, text, port)) return PASSED_ON;
  }
  uint32_t hash = request_hash(by->words[SALT], via.branch, via.branch_end);
  uint32_t *remembered = by->refused + hash % REMEMBERED;
  if (*remembered != hash && hash <= by->words[MOST_LET_IN]) return PASSED_ON;
  if (is_scanner(it.user_agent, by->scanners) || by->known[key_hash(by->key_salt, &via) % KNOWN] > 0) return PASSED_ON;
  *remembered = hash;
  if (source[1] != UINT32_MAX) source[1]--;
  by->words[REFUSALS_MADE]++;
  return answer(by, &it, &via, hash, text, port, out);
}

int refuse(const refusals *by, const uint8_t *bytes, size_t length, uint32_t address, int port, uint8_t *out) {
  if (!by->words[ACTIVE] || length < 2 || length > LONGEST) return PASSED_ON;
  if (bytes[0] == 'A' && bytes[1] == 'C') {
    if (port == 0 || !memmem(bytes, length, by->tag, by->words[TAG_BYTES])) return PASSED_ON;
    by->words[ACKS_ABSORBED]++;
    return ABSORBED;
  }
  return bytes[0] == 'I' && port > 0 ? refuse_invite(by, bytes, bytes + length, address, port, out) : PASSED_ON;
}
