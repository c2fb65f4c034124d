// sipload: a light SIP caller and callee in one thread, which also reads what the server under test costs.
//
//   sipload --pids P1,P2 [--port 5060] [--cps 1000] [--warm 4] [--secs 4] [--reps 3] [--hold MS] [--tick US] [--check]
//
// Caller (127.0.0.1:5070) and callee (127.0.0.1:5080) talk through a proxy on 127.0.0.1:PORT that relays to the
// request URI and record-routes. One call is INVITE, 100, 180, 200, ACK, BYE, 200. Calls arrive as a Poisson process at
// CPS. After WARM seconds come REPS measured stretches of SECS seconds, then up to two seconds for calls to finish.
// HOLD keeps a call up before its BYE; TICK sleeps when idle instead of spinning; CHECK looks into every message.
//
// Nothing is sent twice: a call that lost a message counts as lost. CPU time is the scheduler's own (schedstat of all
// threads of all given processes), its user and system parts are the ticks of /proc/PID/stat. Prints one JSON object
// a line: one for each stretch, then a summary.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, TEXT = 4096, MAX_CALLS = 1 << 22, MAX_HELD = 1 << 16, CALLER_PORT = 5070, CALLEE_PORT = 5080 };
enum call_state { FREE, INVITED, ANSWERED, DONE };

struct call {
  enum call_state state;
  double began;
};

// Messages waiting for one sendmmsg.
struct batch {
  int socket, count, length[BATCH];
  char text[BATCH][TEXT];
  struct sockaddr_in to[BATCH];
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
static struct sockaddr_in proxy;
static int call_count, check, process_count, processes[256];
static double hold, latency;
static long finished, bad, acks;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

// ---- what the server costs ----

static double cpu_us(void) {
  double total = 0;
  for (int i = 0; i < process_count; i++) {
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%d/task", processes[i]);
    DIR *threads = opendir(folder);
    if (!threads) continue;
    for (struct dirent *thread; (thread = readdir(threads));) {
      char path[400];
      if (thread->d_name[0] == '.') continue;
      snprintf(path, sizeof path, "%s/%s/schedstat", folder, thread->d_name);
      FILE *file = fopen(path, "r");
      double nanoseconds;
      if (file && fscanf(file, "%lf", &nanoseconds) == 1) total += nanoseconds;
      if (file) fclose(file);
    }
    closedir(threads);
  }
  return total / 1e3;
}

static void user_and_system_us(double *user, double *system) {
  double tick_us = 1e6 / sysconf(_SC_CLK_TCK);
  *user = *system = 0;
  for (int i = 0; i < process_count; i++) {
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%d/stat", processes[i]);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    char *after_name = strrchr(text, ')');
    long u, s;
    if (after_name && sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &u, &s) == 2) {
      *user += u * tick_us;
      *system += s * tick_us;
    }
  }
}

static long memory_kb(const char *field) {
  long total = 0;
  for (int i = 0; i < process_count; i++) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", processes[i]);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    while (fgets(line, sizeof line, file))
      if (!strncmp(line, field, strlen(field))) total += atol(line + strlen(field));
    fclose(file);
  }
  return total;
}

// ---- sending ----

static void flush(struct batch *b) {
  struct mmsghdr headers[BATCH];
  struct iovec parts[BATCH];
  memset(headers, 0, sizeof headers);
  for (int i = 0; i < b->count; i++) {
    parts[i] = (struct iovec){.iov_base = b->text[i], .iov_len = b->length[i]};
    headers[i].msg_hdr = (struct msghdr){
        .msg_name = &b->to[i], .msg_namelen = sizeof b->to[i], .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  for (int sent = 0; sent < b->count;) {
    int count = sendmmsg(b->socket, headers + sent, b->count - sent, 0);
    sent += count > 0 ? count : 1; // a message that cannot be sent is a lost one
  }
  b->count = 0;
}

static char *begin(struct batch *b) {
  if (b->count == BATCH) flush(b);
  b->length[b->count] = 0;
  return b->text[b->count];
}

static void append(struct batch *b, const char *format, ...) {
  int *length = &b->length[b->count];
  va_list arguments;
  va_start(arguments, format);
  int wanted = vsnprintf(b->text[b->count] + *length, TEXT - *length, format, arguments);
  va_end(arguments);
  *length = *length + wanted < TEXT ? *length + wanted : TEXT - 1;
}

static void finish(struct batch *b, const struct sockaddr_in *to) { b->to[b->count++] = *to; }

// ---- reading: header names are spelled as this program spells them, and a proxy keeps them ----

// The next line with the header after `from`; NULL where there is none.
static const char *next_header(const char *from, const char *name) {
  char key[64];
  snprintf(key, sizeof key, "\n%s:", name);
  const char *found = strstr(from, key);
  return found ? found + 1 : NULL;
}

static int line_length(const char *line) {
  const char *end = strstr(line, "\r\n");
  return end ? (int)(end - line) : 0;
}

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

static void send_invite(int number) {
  begin(&caller);
  append(&caller, "INVITE sip:service@127.0.0.1:%d SIP/2.0\r\n", CALLEE_PORT);
  append(&caller, "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK-%d-%d-1\r\n", CALLER_PORT, getpid(), number);
  append(&caller, "From: load <sip:load@127.0.0.1:%d>;tag=%dc%d\r\n", CALLER_PORT, getpid(), number);
  append(&caller, "To: service <sip:service@127.0.0.1:%d>\r\nCall-ID: %d-%d@127.0.0.1\r\nCSeq: 1 INVITE\r\n", CALLEE_PORT,
         number, getpid());
  append(&caller, "Contact: sip:load@127.0.0.1:%d\r\nMax-Forwards: 70\r\nSubject: Performance Test\r\n", CALLER_PORT);
  append(&caller, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", (int)strlen(SDP), SDP);
  finish(&caller, &proxy);
}

// Appends the ACK or BYE that answers the 200 OK `answer`, along its route set (RFC 3261 §12.2.1.1).
static void write_in_dialog(const char *answer, int number, const char *method, int cseq) {
  const char *contact = next_header(answer, "Contact"), *uri = contact ? strchr(contact, '<') : NULL;
  const char *to = next_header(answer, "To"), *routes[16], *at = answer;
  int route_count = 0;
  begin(&caller);
  if (uri) append(&caller, "%s %.*s SIP/2.0\r\n", method, (int)strcspn(uri + 1, ">"), uri + 1);
  append(&caller, "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK-%d-%d-%s\r\n", CALLER_PORT, getpid(), number, method);
  while (route_count < 16 && (at = next_header(at, "Record-Route"))) routes[route_count++] = at++;
  while (route_count-- > 0) {
    int name = strlen("Record-Route:");
    append(&caller, "Route:%.*s\r\n", line_length(routes[route_count]) - name, routes[route_count] + name);
  }
  append(&caller, "From: load <sip:load@127.0.0.1:%d>;tag=%dc%d\r\n", CALLER_PORT, getpid(), number);
  if (to) append(&caller, "%.*s\r\n", line_length(to), to);
  append(&caller, "Call-ID: %d-%d@127.0.0.1\r\nCSeq: %d %s\r\n", number, getpid(), cseq, method);
  append(&caller, "Contact: sip:load@127.0.0.1:%d\r\nMax-Forwards: 70\r\nSubject: Performance Test\r\n", CALLER_PORT);
  append(&caller, "Content-Length: 0\r\n\r\n");
}

static void hang_up(const char *answer, int number) {
  write_in_dialog(answer, number, "BYE", 2);
  if (hold <= 0 || held_end - held_first == MAX_HELD) {
    finish(&caller, &proxy);
    return;
  }
  struct held *bye = &held[held_end++ % MAX_HELD];
  bye->due = now() + hold;
  bye->length = caller.length[caller.count];
  memcpy(bye->text, caller.text[caller.count], bye->length);
}

static int send_due_byes(double time) {
  int count = 0;
  for (; held_first != held_end && held[held_first % MAX_HELD].due <= time && count < BATCH; held_first++, count++) {
    struct held *bye = &held[held_first % MAX_HELD];
    memcpy(begin(&caller), bye->text, bye->length);
    caller.length[caller.count] = bye->length;
    finish(&caller, &proxy);
  }
  return count;
}

static void caller_receives(const char *message) {
  int number = call_of(message);
  if (strncmp(message, "SIP/2.0 ", 8) || number < 0) {
    bad++;
    return;
  }
  int status = atoi(message + 8);
  struct call *call = &calls[number % MAX_CALLS];
  if (check && header_count(message, "Via") != 1) bad++;
  if (is_invite_response(message)) {
    if (status >= 300) bad++;
    if (status != 200) return;
    write_in_dialog(message, number, "ACK", 1);
    finish(&caller, &proxy);
    if (call->state != INVITED) return;
    call->state = ANSWERED;
    hang_up(message, number);
  } else if (status == 200 && call->state == ANSWERED) {
    call->state = DONE;
    finished++;
    latency += now() - call->began;
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

static void callee_receives(const char *message, const struct sockaddr_in *from) {
  int invite = !strncmp(message, "INVITE ", 7);
  if (check) {
    const char *hops = next_header(message, "Max-Forwards");
    if (header_count(message, "Via") != 2 || !hops || atoi(hops + 13) != 69) bad++;
    if (invite ? !next_header(message, "Record-Route") : !!next_header(message, "Route")) bad++;
  }
  if (invite) {
    respond(message, from, "180 Ringing", 0);
    respond(message, from, "200 OK", 1);
  } else if (!strncmp(message, "BYE ", 4)) {
    respond(message, from, "200 OK", 0);
  } else if (!strncmp(message, "ACK ", 4)) {
    acks++;
  } else {
    bad++;
  }
}

// ---- the loop ----

static int receive_all(struct batch *b) {
  static char text[BATCH][TEXT];
  struct mmsghdr headers[BATCH];
  struct iovec parts[BATCH];
  struct sockaddr_in from[BATCH];
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){.iov_base = text[i], .iov_len = TEXT - 1};
    headers[i].msg_hdr =
        (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  int count = recvmmsg(b->socket, headers, BATCH, MSG_DONTWAIT, 0);
  for (int i = 0; i < count; i++) {
    text[i][headers[i].msg_len] = 0;
    if (b == &caller)
      caller_receives(text[i]);
    else
      callee_receives(text[i], &from[i]);
  }
  flush(&caller);
  flush(&callee);
  return count > 0;
}

// Runs for `seconds`; starts calls at `cps` where that is above 0, else ends as soon as no call is open.
static int run(double seconds, double cps, int tick_us) {
  static double next_start;
  int started = 0;
  double end = now() + seconds;
  if (next_start == 0) next_start = now();
  for (double time; (time = now()) < end;) {
    int active = 0;
    for (; cps > 0 && next_start <= time && active < BATCH; active++) {
      calls[call_count % MAX_CALLS] = (struct call){INVITED, time};
      send_invite(call_count++);
      started++;
      next_start += -log(1 - drand48()) / cps;
    }
    flush(&caller);
    active += receive_all(&caller) + receive_all(&callee) + send_due_byes(time);
    flush(&caller);
    if (cps <= 0 && finished == call_count) break;
    if (!active && tick_us) nanosleep(&(struct timespec){0, tick_us * 1000}, NULL);
  }
  return started;
}

static void open_socket(struct batch *b, int port) {
  int size = 8 << 20;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  b->socket = socket(AF_INET, SOCK_DGRAM, 0);
  if (setsockopt(b->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
    setsockopt(b->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (bind(b->socket, (struct sockaddr *)&own, sizeof own)) {
    perror("sipload: bind");
    exit(1);
  }
}

int main(int argc, char **argv) {
  double cps = 1000, warm = 4, seconds = 4;
  int stretches = 3, port = 5060, tick_us = 0;
  static const struct option options[] = {{"pids", 1, 0, 'p'}, {"port", 1, 0, 'P'}, {"cps", 1, 0, 'c'},
                                          {"warm", 1, 0, 'w'}, {"secs", 1, 0, 's'}, {"reps", 1, 0, 'r'},
                                          {"tick", 1, 0, 't'}, {"hold", 1, 0, 'h'}, {"check", 0, 0, 'C'},
                                          {0}};
  for (int option; (option = getopt_long(argc, argv, "", options, 0)) != -1;) {
    switch (option) {
      case 'p':
        for (char *id = strtok(optarg, ","); id && process_count < 256; id = strtok(0, ","))
          processes[process_count++] = atoi(id);
        break;
      case 'P': port = atoi(optarg); break;
      case 'c': cps = atof(optarg); break;
      case 'w': warm = atof(optarg); break;
      case 's': seconds = atof(optarg); break;
      case 'r': stretches = atoi(optarg); break;
      case 't': tick_us = atoi(optarg); break;
      case 'h': hold = atof(optarg) / 1e3; break;
      case 'C': check = 1; break;
      default: return 2;
    }
  }
  calls = calloc(MAX_CALLS, sizeof *calls);
  held = hold > 0 ? calloc(MAX_HELD, sizeof *held) : NULL;
  if (!calls || (hold > 0 && !held)) return 1;
  srand48(1);
  open_socket(&caller, CALLER_PORT);
  open_socket(&callee, CALLEE_PORT);
  proxy = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

  run(warm, cps, tick_us);
  for (int i = 0; i < stretches; i++) {
    double began = now(), cpu = cpu_us(), user, system, user_end, system_end, late = latency;
    long before = finished;
    user_and_system_us(&user, &system);
    int started = run(seconds, cps, tick_us);
    user_and_system_us(&user_end, &system_end);
    long done = finished - before;
    printf("{\"started\":%d,\"done\":%ld,\"seconds\":%.3f,\"cpuUs\":%.0f,\"userUs\":%.0f,\"systemUs\":%.0f,\"latencyMs\":%.3f}\n",
           started, done, now() - began, cpu_us() - cpu, user_end - user, system_end - system,
           done ? (latency - late) / done * 1e3 : 0);
    fflush(stdout);
  }
  run(2 + hold, 0, tick_us);
  printf("{\"calls\":%d,\"lost\":%ld,\"bad\":%ld,\"acks\":%ld,\"rssKb\":%ld,\"pssKb\":%ld}\n", call_count,
         call_count - finished, bad, acks, memory_kb("Rss:"), memory_kb("Pss:"));
  return 0;
}
