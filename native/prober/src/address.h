/* The target's address. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

struct address {
    int family; /* 4 or 6 */
    struct sockaddr_storage socket;
    socklen_t length;
};

/* Parses a numeric IPv4 or IPv6 address, the latter with `%interface` when it is link-local. Returns 0, or -1. */
int address_parse(const char *text, struct address *address);

/* Whether a packet's source is this address. */
int address_is(const struct address *address, const struct sockaddr_storage *source);

#endif
