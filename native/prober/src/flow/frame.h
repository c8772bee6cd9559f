/* Which flow a frame belongs to. Pure. */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>
#include <stdint.h>

enum flow_protocol { FLOW_TCP, FLOW_UDP, FLOW_OTHER };

struct flow_key {
    enum flow_protocol protocol;
    /* In the host's byte order; 0 where there are none. */
    uint16_t source_port, destination_port;
    /* Sent by the machine that listens. */
    int outgoing;
};

/*
 * Reads the headers of an Ethernet frame, of which `captured` bytes are there: IPv4 and IPv6, with or without VLAN tags and
 * extension headers. What is neither TCP nor UDP, what is cut before its ports, and every fragment is `FLOW_OTHER`: of a
 * datagram in several frames only the first has ports.
 */
struct flow_key flow_of_frame(const unsigned char *bytes, size_t captured, int outgoing);

#endif
