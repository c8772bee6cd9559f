/* Listening to an interface through a ring shared with the kernel (packet(7), TPACKET_V3). */
#ifndef TAP_H
#define TAP_H

#include <stddef.h>
#include <stdint.h>

struct tap {
    int socket;
    unsigned char *ring;
    unsigned next;
    uint64_t dropped;
};

/* Where a packet goes: to this machine or to all, from this machine, between others. */
enum tap_way { TAP_INCOMING, TAP_OUTGOING, TAP_FOREIGN };

struct tap_packet {
    /* CLOCK_REALTIME, by the kernel. */
    uint32_t seconds, nanoseconds;
    const unsigned char *bytes;
    size_t captured, original;
    int has_vlan;
    uint16_t vlan_tag, vlan_protocol;
    enum tap_way way;
};

/* Returns 0 to go on. */
typedef int tap_listener(void *context, const struct tap_packet *packet);

/* Listens to everything that comes in and goes out, `snap` bytes of it. 0, or -1 after a message on standard error. */
int tap_open(struct tap *tap, const char *interface, unsigned snap, unsigned retire_ms);
/* Hands every packet of the blocks that the kernel has filled to the listener. 0, or what the listener returned. */
int tap_drain(struct tap *tap, tap_listener *listener, void *context);
/* Packets that found no room since it was opened. */
uint64_t tap_dropped(struct tap *tap);
void tap_close(struct tap *tap);

#endif
