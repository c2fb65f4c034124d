// SIP messages as texts: many sent by one system call, and read as far as this program writes them. Header names are
// spelled as here, and a server keeps them so.
#pragma once

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, TEXT = 4096 };

// Messages waiting for one sendmmsg.
struct batch {
  int socket, count, length[BATCH];
  char text[BATCH][TEXT];
  struct sockaddr_in to[BATCH];
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void open_socket(struct batch *b, int port) {
  int size = 8 << 20;
  struct sockaddr_in own = loopback(port);
  b->socket = socket(AF_INET, SOCK_DGRAM, 0);
  if (setsockopt(b->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
    setsockopt(b->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (bind(b->socket, (struct sockaddr *)&own, sizeof own)) {
    perror("bind");
    exit(1);
  }
}

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

__attribute__((format(printf, 2, 3))) static void append(struct batch *b, const char *format, ...) {
  int *length = &b->length[b->count];
  va_list arguments;
  va_start(arguments, format);
  int wanted = vsnprintf(b->text[b->count] + *length, TEXT - *length, format, arguments);
  va_end(arguments);
  *length = *length + wanted < TEXT ? *length + wanted : TEXT - 1;
}

static void finish(struct batch *b, const struct sockaddr_in *to) { b->to[b->count++] = *to; }

// Reads what has come, and tells `hear` of each message. @returns how many there were
static int receive(struct batch *b, void (*hear)(const char *message, const struct sockaddr_in *from)) {
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
    hear(text[i], &from[i]);
  }
  return count > 0 ? count : 0;
}

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
