/* Ethernet frames that the echo target understands, and the answers to them. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "address.h"

#define FRAME_SPACE 2048

/* The station that the target pretends to be. */
struct station {
    struct address address;
    uint8_t mac[6];
};

enum frame_kind { FRAME_OTHER, FRAME_RESOLVE, FRAME_ECHO };

/*
 * Writes the answer to a frame into `out` (FRAME_SPACE bytes): to an ARP request or neighbour solicitation for the
 * station's address (FRAME_RESOLVE), or to an ICMP echo request to it (FRAME_ECHO). Sets `answer_length`.
 * FRAME_OTHER: it is none of these, is cut short or fragmented, or the answer would not fit.
 */
enum frame_kind frame_answer(const struct station *station, const uint8_t *frame, size_t length, uint8_t *out,
                             size_t *answer_length);

#endif
