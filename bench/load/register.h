// REGISTERs of made-up users u0, u1, … of example.com, who all have one password.
#pragma once

#include "digest.h"

#define DOMAIN "example.com"
#define PASSWORD "correct-horse"

// Appends the REGISTER of a user; after an answer that challenged it, with credentials.
static void write_register(struct batch *b, int user, int port, int run, int cseq, const char *challenge) {
  char name[16];
  snprintf(name, sizeof name, "u%d", user);
  begin(b);
  append(b, "REGISTER sip:" DOMAIN " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKr%d-%d-%d\r\n", port, run,
         user, cseq);
  append(b, "From: <sip:%s@" DOMAIN ">;tag=%dr%d\r\nTo: <sip:%s@" DOMAIN ">\r\n", name, run, user, name);
  append(b, "Call-ID: r%d-%d@127.0.0.1\r\nCSeq: %d REGISTER\r\n", user, run, cseq);
  append(b, "Contact: <sip:%s@127.0.0.1:%d>\r\nMax-Forwards: 70\r\nExpires: 3600\r\n", name, port);
  if (challenge) append_credentials(b, challenge, "REGISTER", "sip:" DOMAIN, name, PASSWORD);
  append(b, "User-Agent: load\r\nContent-Length: 0\r\n\r\n");
}

// The user whose REGISTER of this run a message answers; -1 for another message. Writes its CSeq.
static int registered_user(const char *message, int run, int *cseq) {
  const char *id = next_header(message, "Call-ID"), *sequence = next_header(message, "CSeq");
  int user, of_run;
  if (!id || !sequence || sscanf(id, "Call-ID: r%d-%d@", &user, &of_run) != 2 || of_run != run) return -1;
  return sscanf(sequence, "CSeq: %d", cseq) == 1 ? user : -1;
}
