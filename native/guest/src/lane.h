/* A lane: one workload at work in a process of its own. */
#ifndef LANE_H
#define LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"
#include "options.h"

#define PAGE 4096L
#define WHY_LENGTH 160
#define MOST_LANES 8

/*
 * Milliseconds that a step may wait for what it cannot hurry: for room to send a moment, since the next quantum comes; for
 * what a sender sends longer, since whoever asks a thousand times a second keeps a slow guest busy with asking.
 */
#define SEND_WAIT    1
#define RECEIVE_WAIT 20

struct lane;

/* What a kind of workload is. One file in workloads/ defines each. */
struct workload {
    const char *kind;
    const char *unit; /* "page", "byte", "datagram" or "slice": what rates and counts are of */
    /*
     * Gets everything that it needs; runs in the lane's own process. Fills in the lane's unit_bytes, operation,
     * requested and touched. Returns false with a sentence in lane->why when it cannot.
     */
    bool (*prepare)(struct lane *lane);
    /*
     * Does up to `units` units, at most one operation. Returns the units done: 0 where nothing could be done just now
     * (after waiting for it for at most a millisecond or so), -1 with lane->why when it can do no more for ever.
     */
    int64_t (*step)(struct lane *lane, int64_t units);
    /* Gives back what the end of its process would not. May be NULL. */
    void (*finish)(struct lane *lane);
};

struct lane {
    const struct workload *workload;
    const struct options *options;
    struct journal *journal; /* where it records; shared with the supervisor */
    int number;
    int64_t unit_bytes; /* 0: a unit is no data */
    int64_t operation;  /* units of an operation, at most */
    int64_t requested;  /* bytes of memory asked of the system */
    int64_t touched;    /* bytes of memory in the set that it touches */
    bool counts_distinct;
    bool follows; /* another sets its pace: it takes what comes, and rates only tell what is expected */
    uint32_t window; /* number of the window that is being recorded */
    int64_t distinct, stale; /* pages in that window; whoever closes it sets them back to 0 */
    char why[WHY_LENGTH];
    void *state; /* the workload's own */
};

extern const struct workload CPU, MEMORY_WRITE, MEMORY_READ, DISK_WRITE, DISK_READ, TCP, UDP;

/* By its kind; NULL when there is none of that name. */
const struct workload *workload_named(const char *kind);

/* Writes "words: the error's name" into lane->why and returns false. */
bool lane_cannot(struct lane *lane, const char *words, int error);

/* The life of a lane in its process: prepare, work and record until told to stop. `window`: ns. Does not return. */
_Noreturn void lane_live(struct lane *lane, int64_t window);

#endif
