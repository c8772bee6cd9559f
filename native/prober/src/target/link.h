/* An interface, frame by frame. Needs CAP_NET_RAW. */
#ifndef LINK_H
#define LINK_H

#include <stddef.h>
#include <stdint.h>

/* Opens a packet socket on an interface and reads its MAC. Returns the descriptor, or -1 with errno set. */
int link_open(const char *interface, uint8_t mac[6]);

/*
 * Reads one received frame without waiting. `arrived_ns` is the kernel's receive timestamp (wall clock), 0 when it gave
 * none. `dropped` is set to how many frames the kernel ever had no room for, if it tells. Returns the length, -1: none.
 */
long link_receive(int fd, uint8_t *frame, size_t space, int64_t *arrived_ns, uint32_t *dropped);

#endif
