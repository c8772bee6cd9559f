/* The two raw sockets of the prober. Needs CAP_NET_RAW and nothing else. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdint.h>

/*
 * Sending and receiving are separate sockets: looped transmit timestamps use up receive buffer, and must not crowd out
 * replies. Neither is connected, so that an ICMP error from somewhere cannot make the kernel refuse the next probe.
 */
struct sockets {
    int transmit; /* receives nothing; its error queue holds the transmit timestamps */
    int receive;  /* only echo replies with our identifier get in */
    int timestamps; /* whether the kernel accepted to give timestamps on both */
};

/* `family` is 4 or 6. Returns 0, or -1 with errno set. */
int sockets_open(struct sockets *sockets, int family, uint16_t identifier);
void sockets_close(struct sockets *sockets);

#endif
