/*
 * A lock-free ring of records between one producer and one consumer.
 * The producer never waits: a record that finds no room is counted, and the count goes into the ring as a record of its
 * own as soon as there is room again, in the place where the records are missing.
 */
#ifndef RING_H
#define RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "records.h"

struct ring {
    struct record *slots;
    uint64_t mask;
    alignas(64) _Atomic uint64_t head; /* next to write; the producer's */
    alignas(64) _Atomic uint64_t tail; /* next to read; the consumer's */
    alignas(64) struct record lost;    /* the producer's; `count` of it is 0 while nothing is lost */
    _Atomic uint64_t lost_total;
};

/* Room for at least `records`, touched once so that no page fault hits the producer. Returns 0, or -1 without memory. */
int ring_create(struct ring *ring, uint64_t records);
void ring_destroy(struct ring *ring);

/* Producer only. Returns 1, or 0 when the record found no room and was counted. */
int ring_push(struct ring *ring, const struct record *record);

/* Consumer only. Moves up to `max` records to `out`; returns how many. */
uint64_t ring_pop(struct ring *ring, struct record *out, uint64_t max);

/* After the producer has ended: the losses that found no room either. Returns 1 and sets `out` if there are any. */
int ring_unreported(struct ring *ring, struct record *out);

#endif
