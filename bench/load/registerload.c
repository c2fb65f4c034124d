// registerload: phones that register, from one thread, which also reads what the server under test costs.
//
//   registerload --pids P1,P2 [--port 5060] [--cps 2000] [--window 64] [--users 10000] [--from 0] [--warm 1] [--secs 2] [--reps 3] [--digest]
//
// Users FROM to USERS register for the first time, WINDOW at a time, which is the first line printed; then all of them
// again and again, in an order of chance, as a Poisson process at CPS: WARM seconds, then REPS stretches of SECS seconds.
// With DIGEST each comes without credentials first and answers the challenge (401). One JSON object a line, as sipload
// has them; the delay is that from the last REGISTER to its 200.
#include "messages.h"
#include "accounting.h"
#include "delays.h"
#include "register.h"
#include <getopt.h>

enum { PHONES_PORT = 5070 };
static const double T1 = 0.5;

// One user's registration under way.
struct turn {
  int cseq; // of the last REGISTER sent
  int open;
  double sent;
};

static struct turn *turns;
static struct batch phones;
static struct delays answers;
static struct sockaddr_in server;
static int digest, run_id;
static long started, finished, refused, late;

static void send_register(int user, double time, const char *challenge) {
  struct turn *turn = &turns[user];
  turn->cseq++;
  turn->sent = time;
  if (!challenge) {
    turn->open = 1;
    started++;
  }
  write_register(&phones, user, PHONES_PORT, run_id, turn->cseq, challenge);
  finish(&phones, &server);
}

static void hear(const char *message, const struct sockaddr_in *from) {
  int cseq, user, status;
  (void)from;
  if (strncmp(message, "SIP/2.0 ", 8)) return; // what keeps the way to a phone open
  user = registered_user(message, run_id, &cseq);
  if (user < 0 || !turns[user].open || turns[user].cseq != cseq) return;
  status = atoi(message + 8);
  if (status == 401 && digest) {
    send_register(user, now(), message);
  } else if (status == 200) {
    double took = now() - turns[user].sent;
    turns[user].open = 0;
    finished++;
    add_delay(&answers, took);
    if (took > T1) late++;
  } else if (status >= 300) {
    turns[user].open = 0;
    refused++;
  }
}

static int turn_once(void) {
  int active = receive(&phones, hear);
  flush(&phones);
  return active;
}

// A server that has slept is not woken by a burst.
static long slow_start(long window, long answered) {
  long few = 8 + answered / 4;
  return few < window ? few : window;
}

// For the first time, and again those whose datagrams were lost.
static void enter(int first, int end, int window) {
  for (int next = first, attempt = 0; attempt < 3; attempt++, next = first) {
    double heard = now();
    long before = finished;
    int sent = 0;
    while (now() - heard < 1 && (next < end || finished - before < sent)) {
      for (; next < end && sent - (finished - before) < slow_start(window, finished - before); next++) {
        if (attempt > 0 && !turns[next].open) continue;
        send_register(next, now(), NULL);
        sent++;
      }
      flush(&phones);
      if (turn_once()) heard = now();
    }
    if (finished + refused >= end - first) return;
  }
}

static void refresh(double seconds, double cps, int users) {
  static double next_start;
  double end = now() + seconds;
  next_start = now();
  for (double time; (time = now()) < end;) {
    for (int count = 0; next_start <= time && count < BATCH; count++) {
      int user = (int)(drand48() * users);
      if (!turns[user].open || time - turns[user].sent > 2) send_register(user, time, NULL);
      next_start += -log(1 - drand48()) / cps;
    }
    flush(&phones);
    turn_once();
  }
}

static void settle(double seconds) {
  for (double end = now() + seconds; now() < end;) turn_once();
}

struct mark {
  struct cost cost;
  double at;
  long started, finished, late;
};

static struct mark mark_now(void) {
  answers.count = 0;
  return (struct mark){cost_now(), now(), started, finished, late};
}

static void print_since(const struct mark *mark) {
  struct cost cost = cost_now();
  sort_delays(&answers);
  printf("{\"started\":%ld,\"done\":%ld,\"late\":%ld,\"seconds\":%.3f,\"cpuUs\":%.0f,\"userUs\":%.0f,\"systemUs\":%.0f,"
         "\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n",
         started - mark->started, finished - mark->finished, late - mark->late, now() - mark->at,
         cost.cpu - mark->cost.cpu, cost.user - mark->cost.user, cost.system - mark->cost.system,
         delay_ms(&answers, 0.5), delay_ms(&answers, 0.99));
  fflush(stdout);
}

int main(int argc, char **argv) {
  double cps = 2000, warm = 1, seconds = 2;
  int stretches = 3, port = 5060, window = 64, users = 10000, first = 0;
  static const struct option options[] = {{"pids", 1, 0, 'p'}, {"port", 1, 0, 'P'},   {"cps", 1, 0, 'c'},
                                          {"warm", 1, 0, 'w'}, {"secs", 1, 0, 's'},   {"reps", 1, 0, 'r'},
                                          {"from", 1, 0, 'f'}, {"users", 1, 0, 'u'},  {"window", 1, 0, 'W'},
                                          {"digest", 0, 0, 'd'}, {0}};
  for (int option; (option = getopt_long(argc, argv, "", options, 0)) != -1;) {
    switch (option) {
      case 'p': parse_processes(optarg); break;
      case 'P': port = atoi(optarg); break;
      case 'c': cps = atof(optarg); break;
      case 'w': warm = atof(optarg); break;
      case 's': seconds = atof(optarg); break;
      case 'r': stretches = atoi(optarg); break;
      case 'f': first = atoi(optarg); break;
      case 'u': users = atoi(optarg); break;
      case 'W': window = atoi(optarg); break;
      case 'd': digest = 1; break;
      default: return 2;
    }
  }
  turns = calloc(users, sizeof *turns);
  if (!turns) return 1;
  // Each run is a newer one of the same phones: their Call-IDs differ, and so their CSeqs may begin anew.
  run_id = getpid();
  srand48(1);
  open_socket(&phones, PHONES_PORT);
  server = loopback(port);
  struct mark mark = mark_now();
  enter(first, users, window);
  print_since(&mark);
  refresh(warm, cps, users);
  for (int i = 0; i < stretches; i++) {
    mark = mark_now();
    refresh(seconds, cps, users);
    print_since(&mark);
  }
  settle(0.3);
  printf("{\"calls\":%ld,\"lost\":%ld,\"refused\":%ld,\"late\":%ld,\"rssKb\":%ld,\"pssKb\":%ld}\n", started,
         started - finished - refused, refused, late, memory_kb("Rss:"), memory_kb("Pss:"));
  return 0;
}
