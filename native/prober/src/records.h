/* The format of probes.bin; ARCHITECTURE.md says what each field means. */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdint.h>

#define HEADER_LENGTH 64
#define RECORD_LENGTH 40

enum record_kind {
    RECORD_SENT = 1,
    RECORD_DEPARTED = 2,
    RECORD_REPLY = 3,
    RECORD_MISSED = 4,
    RECORD_SEND_ERROR = 5,
    RECORD_LOST = 6,
    RECORD_END = 7,
};

#define FLAG_NO_KERNEL_TIME 1   /* reply: the kernel gave no timestamp, wall is our own */
#define FLAG_OTHER_ADDRESS 2    /* reply: it came from another address than the target's */
#define FLAG_KERNEL_DROPPED 1   /* lost: the kernel's receive buffer had no room, replies may be among them */

struct record {
    uint8_t kind;
    uint8_t flags;
    uint16_t error; /* errno */
    uint32_t count;
    uint64_t sequence;
    int64_t mono_ns;
    int64_t wall_ns;
    int64_t scheduled_ns;
};

struct header {
    int64_t interval_ns;
    uint64_t nonce;
    int64_t start_mono_ns;
    int64_t start_wall_ns;
    uint8_t family; /* 4 or 6 */
};

void header_encode(uint8_t out[HEADER_LENGTH], const struct header *header);
void record_encode(uint8_t out[RECORD_LENGTH], const struct record *record);

#endif
