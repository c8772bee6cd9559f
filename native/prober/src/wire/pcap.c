#include "pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Written in the machine's own byte order, from which readers learn it. */
#define MAGIC_NANOSECONDS 0xa1b23c4dU
#define LINKTYPE_ETHERNET 1

struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t reserved[2];
    uint32_t snap;
    uint32_t link;
};
struct packet_header {
    uint32_t seconds, nanoseconds;
    uint32_t captured, original;
};

static int append(struct pcap *pcap, const void *bytes, size_t length)
{
    if (pcap->used + length > sizeof pcap->buffer && pcap_flush(pcap) != 0)
        return -1;
    memcpy(pcap->buffer + pcap->used, bytes, length);
    pcap->used += length;
    return 0;
}

int pcap_create(struct pcap *pcap, const char *path, unsigned snap)
{
    pcap->path = path;
    pcap->packets = 0;
    pcap->used = 0;
    pcap->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (pcap->file < 0) {
        fprintf(stderr, "capture: %s: %s\n", path, strerror(errno));
        return -1;
    }
    struct file_header header = { MAGIC_NANOSECONDS, 2, 4, { 0, 0 }, snap, LINKTYPE_ETHERNET };
    return append(pcap, &header, sizeof header) != 0 ? -1 : pcap_flush(pcap);
}

int pcap_packet(void *context, const struct tap_packet *packet)
{
    struct pcap *pcap = context;
    /* The kernel takes a VLAN tag out of the packet; on the wire it stood behind the two addresses. */
    const size_t addresses = 12;
    size_t tag = packet->has_vlan && packet->captured >= addresses ? 4 : 0;
    struct packet_header header = { packet->seconds, packet->nanoseconds, (uint32_t)(packet->captured + tag),
                                    (uint32_t)(packet->original + tag) };
    unsigned char vlan[4] = { (unsigned char)(packet->vlan_protocol >> 8), (unsigned char)packet->vlan_protocol,
                              (unsigned char)(packet->vlan_tag >> 8), (unsigned char)packet->vlan_tag };
    size_t before = tag ? addresses : 0;
    if (append(pcap, &header, sizeof header) != 0 || append(pcap, packet->bytes, before) != 0 ||
        append(pcap, vlan, tag) != 0 || append(pcap, packet->bytes + before, packet->captured - before) != 0)
        return -1;
    pcap->packets++;
    return 0;
}

int pcap_flush(struct pcap *pcap)
{
    for (size_t written = 0; written < pcap->used;) {
        ssize_t count = write(pcap->file, pcap->buffer + written, pcap->used - written);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            fprintf(stderr, "capture: %s: %s\n", pcap->path, strerror(errno));
            return -1;
        }
        written += (size_t)count;
    }
    pcap->used = 0;
    return 0;
}

int pcap_close(struct pcap *pcap)
{
    int flushed = pcap_flush(pcap);
    if (close(pcap->file) != 0 && flushed == 0) {
        fprintf(stderr, "capture: %s: %s\n", pcap->path, strerror(errno));
        return -1;
    }
    return flushed;
}
