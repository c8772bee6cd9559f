#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

int address_parse(const char *text, struct address *address)
{
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->socket;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        address->family = 4;
        address->length = sizeof *v4;
        return 0;
    }
    /* getaddrinfo would do this, but drags shared libraries into a static program. */
    char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
    int length = snprintf(host, sizeof host, "%s", text);
    if (length < 0 || (size_t)length >= sizeof host)
        return -1;
    char *zone = strchr(host, '%');
    if (zone != NULL)
        *zone++ = '\0';
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->socket;
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
        return -1;
    v6->sin6_family = AF_INET6;
    if (zone != NULL && (v6->sin6_scope_id = if_nametoindex(zone)) == 0)
        return -1;
    address->family = 6;
    address->length = sizeof *v6;
    return 0;
}

int address_is(const struct address *address, const struct sockaddr_storage *source)
{
    if (source->ss_family != address->socket.ss_family)
        return 0;
    if (address->family == 4)
        return ((const struct sockaddr_in *)source)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)&address->socket)->sin_addr.s_addr;
    return memcmp(&((const struct sockaddr_in6 *)source)->sin6_addr,
                  &((const struct sockaddr_in6 *)&address->socket)->sin6_addr, sizeof(struct in6_addr)) == 0;
}
