// plain-relay: what a relay costs that does nothing else. One thread, one loop: wait for a socket, take a packet, send
// it on by the other socket of its call. It learns where to from the first packet of each side, and never again.
//
//   plain-relay CONTROL_ADDRESS CONTROL_PORT MEDIA_ADDRESS FIRST_PORT
//
// Of rtpproxy's control protocol it understands what the bench says: U, L and D over UDP, one medium a call.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CALLS = 8192, EVENTS = 256, NAME = 128 };

struct side {
  int socket, port, latched;
  struct sockaddr_in party; // who sends to this port, and gets what comes in on the other one
  struct side *other;
};

struct call {
  char name[NAME];
  struct side sides[2];
};

static struct call *calls[MAX_CALLS];
static struct sockaddr_in media;
static int next_port, poll_fd, control;

static struct call **find(const char *name) {
  unsigned hash = 5381;
  for (const char *c = name; *c; c++) hash = hash * 33 + (unsigned char)*c;
  for (int i = 0; i < MAX_CALLS; i++) {
    struct call **place = &calls[(hash + (unsigned)i) % MAX_CALLS];
    if (!*place || !strcmp((*place)->name, name)) return place;
  }
  return NULL;
}

static void open_side(struct side *it) {
  struct sockaddr_in name = media;
  it->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  do {
    it->port = next_port;
    next_port += 2;
    name.sin_port = htons((uint16_t)it->port);
  } while (bind(it->socket, (struct sockaddr *)&name, sizeof name) < 0 && next_port < 65534);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = it};
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, it->socket, &event);
}

static void set_up(struct call *call, const char *name) {
  snprintf(call->name, NAME, "%s", name);
  for (int i = 0; i < 2; i++) {
    call->sides[i].other = &call->sides[1 - i];
    open_side(&call->sides[i]);
  }
}

static void obey(void) {
  char text[1024], answer[256], cookie[64], verb[64], name[NAME];
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  ssize_t count = recvfrom(control, text, sizeof text - 1, 0, (struct sockaddr *)&from, &length);
  if (count < 0) return;
  text[count] = 0;
  if (sscanf(text, "%63s %63s %127s", cookie, verb, name) != 3) return;
  struct call **place = find(name);
  int answered = snprintf(answer, sizeof answer, "%s E8\n", cookie);
  if (place && verb[0] == 'D' && *place) {
    // The bench ends every call, then the relay: no hole in the table is met again.
    for (int i = 0; i < 2; i++) close((*place)->sides[i].socket);
    answered = snprintf(answer, sizeof answer, "%s 0\n", cookie);
  } else if (place && (verb[0] == 'U' || verb[0] == 'L')) {
    if (!*place) set_up(*place = calloc(1, sizeof **place), name);
    answered = snprintf(answer, sizeof answer, "%s %d %s\n", cookie, (*place)->sides[verb[0] == 'U'].port,
                        inet_ntoa(media.sin_addr));
  }
  sendto(control, answer, (size_t)answered, 0, (struct sockaddr *)&from, length);
}

static void relay(struct side *it) {
  char bytes[2048];
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  ssize_t count = recvfrom(it->socket, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
  if (count < 0) return;
  if (!it->latched) {
    it->latched = 1;
    it->party = from;
  } else if (from.sin_addr.s_addr != it->party.sin_addr.s_addr || from.sin_port != it->party.sin_port) {
    return;
  }
  if (!it->other->latched) return;
  sendto(it->other->socket, bytes, (size_t)count, 0, (struct sockaddr *)&it->other->party, sizeof it->other->party);
}

int main(int count, char **words) {
  if (count != 5) return 2;
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[2]))};
  inet_pton(AF_INET, words[1], &name.sin_addr);
  media.sin_family = AF_INET;
  inet_pton(AF_INET, words[3], &media.sin_addr);
  next_port = atoi(words[4]);
  poll_fd = epoll_create1(0);
  control = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(control, (struct sockaddr *)&name, sizeof name) < 0) return 1;
  struct epoll_event event = {.events = EPOLLIN}, events[EVENTS];
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, control, &event);
  for (;;) {
    int ready = epoll_wait(poll_fd, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr) relay(events[i].data.ptr);
      else obey();
    }
  }
}
