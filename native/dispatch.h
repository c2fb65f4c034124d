// UDP sockets that the workers of one process share: a thread receives, and lays each datagram into the inbox of the worker
// that owns it. No JavaScript here.
#ifndef VIADUCT_DISPATCH_H
#define VIADUCT_DISPATCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct inbox inbox;

// One datagram as it is taken: where its bytes lie, and whence it came.
typedef struct {
  int32_t offset, length, port, address4; // the IPv4 address in network order
} letter;

typedef struct {
  int family, port, receive_bytes, reuse_port;
  const uint8_t *address; // 16 bytes, of which IPv4 takes the first 4
} socket_place;

// A bound datagram socket, whose kernel tells the backlog; -1 with errno.
int bind_datagrams(const socket_place *place);

// What the kernel says beside a datagram: when it came, and how many were dropped before it for want of room, from the
// opening of the socket on.
typedef struct {
  uint32_t came_us; // of the clock of day; it wraps; 0 where the kernel does not say
  uint32_t lost;
} backlog;
enum { BACKLOG_BYTES = 64 }; // of control data

struct msghdr;
// Keeps the loss where the kernel does not say: it says it only once there was one.
void read_backlog(struct msghdr *header, backlog *found);

// How long ago that was; 0 where the clock was set back, -1 where it is not known.
int32_t waited_us(uint32_t came_us);

// The inbox of worker `index` of `count` at a socket, which is opened by the first one who joins it and kept while workers
// end and come back. NULL with errno: that of the system, EADDRINUSE where the worker has joined it already, EINVAL
// where others have joined it as another number of workers.
inbox *inbox_join(const socket_place *place, int index, int count);

// The socket, to send by; it stays open as long as the inbox is joined.
int inbox_socket(const inbox *it);

// Readable when something came while the worker slept.
int inbox_wake_fd(const inbox *it);

// Takes up to `most` datagrams whose bytes fit into `room`, which is 64 KiB or more. Addresses of IPv6 go to `addresses`,
// 16 bytes each.
int inbox_take(inbox *it, int most, uint8_t *bytes, size_t room, letter *letters, uint8_t *addresses);

// From now on the descriptor wakes the worker. False where something has come meanwhile: the worker takes that first.
bool inbox_sleep(inbox *it);

// The worker was woken.
void inbox_woken(inbox *it);

// How many datagrams were dropped because the inbox was full, from its beginning on; it wraps.
uint32_t inbox_dropped(const inbox *it);

// How long the first of the datagrams that were taken last had waited, since the kernel had it.
int32_t inbox_waited_us(const inbox *it);

// The worker ends. What comes for it is kept for its successor, as far as the inbox holds it; but the last one who leaves
// `for_good` closes the socket.
void inbox_leave(inbox *it, bool for_good);

// Closes the sockets that no worker has joined.
void close_abandoned(void);

#endif
