/* A classic pcap file with nanosecond timestamps (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html). */
#ifndef PCAP_H
#define PCAP_H

#include <stddef.h>
#include <stdint.h>

#include "tap.h"

struct pcap {
    int file;
    const char *path;
    uint64_t packets;
    size_t used;
    unsigned char buffer[256 * 1024];
};

/* All return 0, or -1 after a message on standard error. */
int pcap_create(struct pcap *pcap, const char *path, unsigned snap);
/* A `tap_listener`: `context` is the pcap. */
int pcap_packet(void *context, const struct tap_packet *packet);
/* Writes what is buffered, so that a crash loses next to nothing. */
int pcap_flush(struct pcap *pcap);
int pcap_close(struct pcap *pcap);

#endif
