/* Numeric addresses as people write them. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } socket;
    socklen_t length;
};

/*
 * Reads an IPv4 or IPv6 address (RFC 4291, 2.2). Returns false when `text` is neither; names and zones are neither, since
 * looking them up would need a library.
 */
bool address_read(struct address *address, const char *text, int port);

#endif
