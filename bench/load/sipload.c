// sipload: a light SIP caller and callee in one thread, which also reads what the server under test costs.
//
//   sipload --pids P1,P2 [--port 5060] [--cps 1000 | --window N] [--warm 4] [--secs 4] [--reps 3] [--hold MS] [--tick US]
//           [--users N] [--open N] [--again] [--check]
//
// Caller (127.0.0.1:5070) and callee (127.0.0.1:5080) talk through a proxy on 127.0.0.1:PORT that record-routes. One
// call is INVITE, 100, 180, 200, ACK, BYE, 200, to the callee's own address; with USERS, who are registered first, it
// goes from one of them to another, by names of the proxy's domain, and INVITEs answer challenges (407).
//
// Calls arrive as a Poisson process at CPS, or so that WINDOW are always open. After WARM seconds come REPS measured
// stretches of SECS seconds, then up to two seconds for calls to finish; those that stand for longer are left so. HOLD
// keeps a call up before its BYE. OPEN opens so many calls instead, says so, and holds them until it is ended. TICK
// sleeps when idle instead of spinning; CHECK looks into every message.
//
// With AGAIN, an INVITE that hears nothing is sent again after T1, three and seven T1, and a refusal other than for want of
// time (503 that names a Retry-After) counts as bad; ACK and BYE are sent once.
//
// Else nothing is sent twice: a call that lost a message counts as lost; one whose INVITE or whose end took half a second
// (T1 of RFC 3261) counts as late, for a phone would have sent again. A refused call is neither done nor lost. Prints one
// JSON object a line: one for each stretch, then a summary. The delay is that of the INVITE from caller to callee.
#include "messages.h"
#include "accounting.h"
#include "delays.h"
#include "register.h"
#include <getopt.h>

enum { MAX_CALLS = 1 << 22, MAX_HELD = 1 << 16, CALLER_PORT = 5070, CALLEE_PORT = 5080 };
enum { REPEATS = 3 };
enum call_state { FREE, INVITED, HEARD, ANSWERED, DONE, REFUSED };
static const double T1 = 0.5, PATIENCE = 2, HOLD_LIMIT = 120, FOREVER = 1e9;

struct call {
  enum call_state state;
  int cseq; // of its INVITE
  double began, sent; // the call, and its last INVITE
};

// A BYE that waits for the end of its call.
struct held {
  double due;
  int length;
  char text[TEXT];
};

static struct call *calls; // by call number, modulo MAX_CALLS
static struct held *held;
static unsigned held_first, held_end;
static struct batch caller, callee;
static struct delays passage;
static struct sockaddr_in proxy;
static int call_count, users, registered, check, again, tick_us;
static double hold, latency;
static long finished, refused, repeated, broken, late, bad, acks;

static int header_count(const char *message, const char *name) {
  int count = 0;
  for (const char *at = message; (at = next_header(at, name)); at++) count++;
  return count;
}

static void copy_headers(struct batch *b, const char *message, const char *name) {
  for (const char *at = message; (at = next_header(at, name)); at++) append(b, "%.*s\r\n", line_length(at), at);
}

// The number of the call that a message belongs to; -1 for another run's.
static int call_of(const char *message) {
  const char *line = next_header(message, "Call-ID");
  int number, process;
  if (!line || sscanf(line, "Call-ID: %d-%d@", &number, &process) != 2 || process != getpid()) return -1;
  return number;
}

static int is_invite_response(const char *message) {
  const char *line = next_header(message, "CSeq");
  return line && memmem(line, line_length(line), " INVITE", 7);
}

// ---- the caller ----

static const char SDP[] =
    "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

struct parties {
  char caller[16], from[64], to[64];
};

static struct parties parties_of(int number) {
  struct parties it;
  if (users > 0) {
    snprintf(it.caller, sizeof it.caller, "u%d", number % users);
    snprintf(it.from, sizeof it.from, "sip:%s@" DOMAIN, it.caller);
    snprintf(it.to, sizeof it.to, "sip:u%d@" DOMAIN, (int)((number * 7L + 1) % users));
  } else {
    snprintf(it.caller, sizeof it.caller, "load");
    snprintf(it.from, sizeof it.from, "sip:load@127.0.0.1:%d", CALLER_PORT);
    snprintf(it.to, sizeof it.to, "sip:service@127.0.0.1:%d", CALLEE_PORT);
  }
  return it;
}

static void append_head(const char *method, const char *uri, int number, int cseq) {
  append(&caller, "%s %s SIP/2.0\r\n", method, uri);
  append(&caller, "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK-%d-%d-%d%.1s\r\n", CALLER_PORT, getpid(), number, cseq,
         strcmp(method, "ACK") ? method : "I");
}

static void append_call(int number, const char *method, int cseq, const struct parties *parties) {
  append(&caller, "From: load <%s>;tag=%dc%d\r\nCall-ID: %d-%d@127.0.0.1\r\nCSeq: %d %s\r\n", parties->from, getpid(),
         number, number, getpid(), cseq, method);
  append(&caller, "Contact: sip:%s@127.0.0.1:%d\r\nMax-Forwards: 70\r\nSubject: Performance Test\r\n", parties->caller,
         CALLER_PORT);
}

static void write_invite(int number, const char *challenge) {
  struct call *call = &calls[number % MAX_CALLS];
  struct parties parties = parties_of(number);
  begin(&caller);
  append_head("INVITE", parties.to, number, call->cseq);
  append(&caller, "To: service <%s>\r\n", parties.to);
  append_call(number, "INVITE", call->cseq, &parties);
  if (challenge) append_credentials(&caller, challenge, "INVITE", parties.to, parties.caller, PASSWORD);
  append(&caller, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", (int)strlen(SDP), SDP);
  finish(&caller, &proxy);
}

static void send_invite(int number, double time, const char *challenge) {
  struct call *call = &calls[number % MAX_CALLS];
  if (!challenge) *call = (struct call){.state = INVITED, .began = time};
  call->cseq++;
  call->sent = time;
  write_invite(number, challenge);
}

// Timer A of RFC 3261: each repetition has a place of its own in the list of calls.
static int repeat_invites(double time) {
  static int next[REPEATS];
  int count = 0;
  for (int i = 0; i < REPEATS; i++) {
    double wait = T1 * ((2 << i) - 1);
    for (; next[i] < call_count && calls[next[i] % MAX_CALLS].sent + wait <= time && count < BATCH; next[i]++) {
      if (calls[next[i] % MAX_CALLS].state != INVITED) continue;
      write_invite(next[i], NULL);
      repeated++;
      count++;
    }
  }
  return count;
}

// The ACK of a refusal belongs to the INVITE's transaction (RFC 3261 §17.1.1.3).
static void acknowledge_refusal(const char *answer, int number) {
  struct parties parties = parties_of(number);
  const char *to = next_header(answer, "To");
  int cseq = calls[number % MAX_CALLS].cseq;
  begin(&caller);
  append_head("ACK", parties.to, number, cseq);
  if (to) append(&caller, "%.*s\r\n", line_length(to), to);
  append_call(number, "ACK", cseq, &parties);
  append(&caller, "Content-Length: 0\r\n\r\n");
  finish(&caller, &proxy);
}

// Writes the ACK or BYE that answers the 200 OK `answer`, along its route set (RFC 3261 §12.2.1.1).
static void write_in_dialog(const char *answer, int number, const char *method, int cseq) {
  const char *contact = next_header(answer, "Contact"), *uri = contact ? strchr(contact, '<') : NULL;
  const char *to = next_header(answer, "To"), *routes[16], *at = answer;
  struct parties parties = parties_of(number);
  char target[256];
  int route_count = 0;
  snprintf(target, sizeof target, "%.*s", uri ? (int)strcspn(uri + 1, ">") : 0, uri ? uri + 1 : "");
  begin(&caller);
  append(&caller, "%s %s SIP/2.0\r\n", method, target);
  append(&caller, "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK-%d-%d-%s\r\n", CALLER_PORT, getpid(), number, method);
  while (route_count < 16 && (at = next_header(at, "Record-Route"))) routes[route_count++] = at++;
  while (route_count-- > 0) {
    int name = strlen("Record-Route:");
    append(&caller, "Route:%.*s\r\n", line_length(routes[route_count]) - name, routes[route_count] + name);
  }
  if (to) append(&caller, "%.*s\r\n", line_length(to), to);
  append_call(number, method, cseq, &parties);
  append(&caller, "Content-Length: 0\r\n\r\n");
}

static void hang_up(const char *answer, int number) {
  write_in_dialog(answer, number, "BYE", calls[number % MAX_CALLS].cseq + 1);
  if (hold <= 0 || held_end - held_first == MAX_HELD) {
    finish(&caller, &proxy);
    return;
  }
  struct held *bye = &held[held_end++ % MAX_HELD];
  bye->due = now() + hold;
  bye->length = caller.length[caller.count];
  memcpy(bye->text, caller.text[caller.count], bye->length);
}

static int send_due_byes(double time, int most) {
  int count = 0;
  for (; held_first != held_end && held[held_first % MAX_HELD].due <= time && count < most; held_first++, count++) {
    struct held *bye = &held[held_first % MAX_HELD];
    memcpy(begin(&caller), bye->text, bye->length);
    caller.length[caller.count] = bye->length;
    finish(&caller, &proxy);
  }
  return count;
}

static void end_call(struct call *call) {
  double took = now() - call->began;
  call->state = DONE;
  broken--;
  finished++;
  latency += took;
  if (took > T1 + hold) late++;
}

static void caller_receives(const char *message, const struct sockaddr_in *from) {
  (void)from;
  int number = call_of(message);
  if (strncmp(message, "SIP/2.0 ", 8) || number < 0) {
    bad++;
    return;
  }
  int status = atoi(message + 8);
  struct call *call = &calls[number % MAX_CALLS];
  if (check && header_count(message, "Via") != 1) bad++;
  if (is_invite_response(message)) {
    if (status == 407 && users > 0 && call->cseq == 1) {
      acknowledge_refusal(message, number);
      send_invite(number, now(), message);
      return;
    }
    if (call->state == INVITED) call->state = HEARD;
    if (status >= 300) {
      acknowledge_refusal(message, number);
      if (again && (status != 503 || !next_header(message, "Retry-After"))) bad++;
      if (call->state != HEARD) return;
      call->state = REFUSED;
      refused++;
    }
    if (status != 200) return;
    write_in_dialog(message, number, "ACK", call->cseq);
    finish(&caller, &proxy);
    if (call->state != HEARD) return;
    call->state = ANSWERED;
    broken++;
    hang_up(message, number);
  } else if (status == 200 && call->state == ANSWERED) {
    end_call(call);
  } else if (status >= 300) {
    bad++;
  }
}

// ---- the callee ----

static void respond(const char *request, const struct sockaddr_in *to, const char *status, int sdp) {
  const char *callee_line = next_header(request, "To");
  int tagged = callee_line && memmem(callee_line, line_length(callee_line), ";tag=", 5);
  begin(&callee);
  append(&callee, "SIP/2.0 %s\r\n", status);
  copy_headers(&callee, request, "Via");
  copy_headers(&callee, request, "Record-Route");
  copy_headers(&callee, request, "From");
  if (callee_line) {
    append(&callee, "%.*s", line_length(callee_line), callee_line);
    if (!tagged) append(&callee, ";tag=%du%d", getpid(), call_of(request));
    append(&callee, "\r\n");
  }
  copy_headers(&callee, request, "Call-ID");
  copy_headers(&callee, request, "CSeq");
  append(&callee, "Contact: <sip:127.0.0.1:%d;transport=UDP>\r\n", CALLEE_PORT);
  if (sdp) append(&callee, "Content-Type: application/sdp\r\n");
  append(&callee, "Content-Length: %d\r\n\r\n%s", sdp ? (int)strlen(SDP) : 0, sdp ? SDP : "");
  finish(&callee, to);
}

static void hear_registrar(const char *answer) {
  int cseq, user = registered_user(answer, getpid(), &cseq);
  int status = atoi(answer + 8);
  if (user < 0) return;
  if (status == 200) {
    registered++;
  } else if (status == 401 && cseq == 1) {
    write_register(&callee, user, CALLEE_PORT, getpid(), 2, answer);
    finish(&callee, &proxy);
  }
}

static void time_invite(const char *message) {
  int number = call_of(message);
  if (number < 0) return;
  double took = now() - calls[number % MAX_CALLS].sent;
  add_delay(&passage, took);
  if (took > T1) late++;
}

static void callee_receives(const char *message, const struct sockaddr_in *from) {
  int invite = !strncmp(message, "INVITE ", 7);
  if (!strncmp(message, "SIP/2.0 ", 8)) {
    hear_registrar(message);
    return;
  }
  if (check) {
    const char *hops = next_header(message, "Max-Forwards");
    if (header_count(message, "Via") != 2 || !hops || atoi(hops + 13) != 69) bad++;
    if (invite ? !next_header(message, "Record-Route") : !!next_header(message, "Route")) bad++;
  }
  if (invite) {
    time_invite(message);
    respond(message, from, "180 Ringing", 0);
    respond(message, from, "200 OK", 1);
  } else if (!strncmp(message, "BYE ", 4)) {
    respond(message, from, "200 OK", 0);
  } else if (!strncmp(message, "ACK ", 4)) {
    acks++;
  } else {
    // What keeps a registered phone's way open is none of the load's messages.
    if (strncmp(message, "OPTIONS ", 8)) bad++;
  }
}

// ---- the loop ----

static int turn(void) {
  int active = receive(&caller, caller_receives) + receive(&callee, callee_receives);
  flush(&caller);
  flush(&callee);
  return active;
}

static void rest(void) {
  if (tick_us) nanosleep(&(struct timespec){0, tick_us * 1000}, NULL);
}

// Calls that count as open: those that have had their time are given up.
static int open_count(double time) {
  static int oldest;
  static long given_up;
  for (; oldest < call_count; oldest++) {
    struct call *call = &calls[oldest % MAX_CALLS];
    if (call->state >= DONE) continue;
    if (time - call->began < PATIENCE) break;
    given_up++;
  }
  return (int)(call_count - finished - refused - given_up);
}

// Runs for `seconds`; starts calls at `cps` where that is above 0, or so that `window` are open, else ends as soon as
// none is open.
static int run(double seconds, double cps, int window) {
  static double next_start;
  int started = 0;
  double end = now() + seconds;
  if (next_start == 0) next_start = now();
  for (double time; (time = now()) < end;) {
    int active = 0;
    if (window > 0) {
      for (int more = window - open_count(time); active < more && active < BATCH; active++, started++)
        send_invite(call_count++, time, NULL);
    } else {
      for (; cps > 0 && next_start <= time && active < BATCH; active++, started++) {
        send_invite(call_count++, time, NULL);
        next_start += -log(1 - drand48()) / cps;
      }
    }
    flush(&caller);
    active += turn() + send_due_byes(time, BATCH) + (again ? repeat_invites(time) : 0);
    flush(&caller);
    if (cps <= 0 && window <= 0 && finished + refused == call_count) break;
    if (!active) rest();
  }
  if (cps <= 0) next_start = 0;
  return started;
}

// A few at a time, and again those whose datagrams were lost.
static void register_users(void) {
  for (int attempt = 0; attempt < 3 && registered < users; attempt++) {
    registered = 0;
    for (int next = 0; next < users;) {
      double limit = now() + 1;
      for (int i = 0; i < 32 && next < users; i++, next++) {
        write_register(&callee, next, CALLEE_PORT, getpid(), 1, NULL);
        finish(&callee, &proxy);
      }
      flush(&callee);
      while (registered < next && now() < limit) turn();
    }
  }
  if (registered < users) {
    fprintf(stderr, "only %d of %d users could be registered\n", registered, users);
    exit(1);
  }
}

// Opens calls and holds them, while whoever asked reads the server's memory, until it is ended.
static void hold_open(int count, double cps) {
  int first = call_count;
  double limit = now() + count / cps + 2;
  hold = FOREVER;
  while (call_count - first < count && now() < limit) run(1e-3, cps, 0);
  run(1, 0, 0);
  printf("{\"open\":%u}\n", held_end - held_first);
  fflush(stdout);
  for (limit = now() + HOLD_LIMIT; now() < limit; usleep(1000)) turn();
}

// Calls that have had their time and did not end.
static long lost_count(double time) {
  long count = 0;
  for (int i = call_count > MAX_CALLS ? call_count - MAX_CALLS : 0; i < call_count; i++) {
    const struct call *call = &calls[i % MAX_CALLS];
    if (call->state < DONE && (call->state < ANSWERED || time - call->began > hold + PATIENCE)) count++;
  }
  return count;
}

static void measure(double seconds, double cps, int window) {
  struct cost before = cost_now();
  double began = now(), latency_before = latency;
  long finished_before = finished, late_before = late, refused_before = refused;
  passage.count = 0;
  int started = run(seconds, cps, window);
  struct cost after = cost_now();
  long done = finished - finished_before;
  double took = now() - began;
  sort_delays(&passage);
  printf("{\"started\":%d,\"done\":%ld,\"refused\":%ld,\"late\":%ld,\"seconds\":%.3f,\"cpuUs\":%.0f,\"userUs\":%.0f,\"systemUs\":%.0f,"
         "\"latencyMs\":%.3f,\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n",
         started, done, refused - refused_before, late - late_before, took, after.cpu - before.cpu, after.user - before.user,
         after.system - before.system, done ? (latency - latency_before) / done * 1e3 : 0, delay_ms(&passage, 0.5),
         delay_ms(&passage, 0.99));
  fflush(stdout);
}

int main(int argc, char **argv) {
  double cps = 1000, warm = 4, seconds = 4;
  int stretches = 3, port = 5060, window = 0, open_calls = 0;
  static const struct option options[] = {
      {"pids", 1, 0, 'p'}, {"port", 1, 0, 'P'}, {"cps", 1, 0, 'c'},  {"warm", 1, 0, 'w'},  {"secs", 1, 0, 's'},
      {"reps", 1, 0, 'r'}, {"tick", 1, 0, 't'}, {"hold", 1, 0, 'h'}, {"check", 0, 0, 'C'}, {"again", 0, 0, 'a'}, {"users", 1, 0, 'u'},
      {"open", 1, 0, 'o'}, {"window", 1, 0, 'W'}, {0}};
  for (int option; (option = getopt_long(argc, argv, "", options, 0)) != -1;) {
    switch (option) {
      case 'p': parse_processes(optarg); break;
      case 'P': port = atoi(optarg); break;
      case 'c': cps = atof(optarg); break;
      case 'w': warm = atof(optarg); break;
      case 's': seconds = atof(optarg); break;
      case 'r': stretches = atoi(optarg); break;
      case 't': tick_us = atoi(optarg); break;
      case 'h': hold = atof(optarg) / 1e3; break;
      case 'C': check = 1; break;
      case 'a': again = 1; break;
      case 'u': users = atoi(optarg); break;
      case 'o': open_calls = atoi(optarg); break;
      case 'W': window = atoi(optarg); break;
      default: return 2;
    }
  }
  if (open_calls > MAX_HELD) open_calls = MAX_HELD;
  calls = calloc(MAX_CALLS, sizeof *calls);
  held = hold > 0 || open_calls > 0 ? calloc(MAX_HELD, sizeof *held) : NULL;
  if (!calls || ((hold > 0 || open_calls > 0) && !held)) return 1;
  srand48(1);
  open_socket(&caller, CALLER_PORT);
  open_socket(&callee, CALLEE_PORT);
  proxy = loopback(port);
  register_users();
  run(warm, cps, window);
  if (open_calls > 0) {
    hold_open(open_calls, cps);
    return 0;
  }
  for (int i = 0; i < stretches; i++) measure(seconds, cps, window);
  run(PATIENCE, 0, 0);
  printf("{\"calls\":%d,\"lost\":%ld,\"refused\":%ld,\"repeated\":%ld,\"broken\":%ld,\"late\":%ld,\"bad\":%ld,"
         "\"acks\":%ld,\"rssKb\":%ld,\"pssKb\":%ld}\n",
         call_count, lost_count(now()), refused, repeated, broken, late, bad, acks, memory_kb("Rss:"), memory_kb("Pss:"));
  return 0;
}
