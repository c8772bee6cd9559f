/*
 * The records of one lane, in memory that the lane's process writes and the supervisor reads: windows, stalls,
 * discontinuities. The room is fixed when it is made; when the windows fill it, neighbours are merged.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdint.h>

struct instant {
    int64_t wall, mono; /* ns */
};

struct delay { /* one-way, of datagrams, ns */
    int64_t low, median, high;
};

struct window {
    struct instant start;
    int64_t length;               /* ns */
    int64_t asked_milli;          /* thousandths of a unit; -1: flat out */
    int64_t done, operations;     /* units, operations */
    int64_t p50, p90, p99, max;   /* ns */
    int64_t pause, stalled;       /* ns */
    int64_t distinct, stale;      /* pages */
    struct delay delay;           /* valid when `delays` > 0 */
    int64_t delays;
    int64_t merged;
};

struct stall {
    struct instant start;
    int64_t length; /* ns */
};

enum discontinuity_kind { LOST, DUPLICATE, REORDERED, CORRUPT, BROKEN, CONNECTED };

struct discontinuity {
    enum discontinuity_kind kind;
    struct instant at;
    struct instant since; /* mono 0: not known */
    int64_t sequence, count;
};

enum lane_state { STARTING, RUNNING, STOPPED, DIED };

struct journal {
    /* What the supervisor shows at any time; written by the lane. */
    volatile int state; /* enum lane_state */
    volatile int told;  /* by the supervisor: 1 stop */
    int64_t asked_milli; /* units asked so far, thousandths; -1: flat out */
    int64_t done, operations, stale, stalled;
    int64_t unit_bytes, operation, requested, touched;
    int counts_distinct;
    struct instant ended;
    int64_t user, system; /* ns of CPU */
    char why[160];
    /* One-way delays of the window that is being recorded; set back by whoever closes it. */
    struct delay delay;
    int64_t delays;

    int windows, window_room;
    int stalls, stall_room;
    int discontinuities, discontinuity_room;
    int64_t dropped;
    struct window *window;
    struct stall *stall;
    struct discontinuity *discontinuity;
};

/* Makes a journal in `room` bytes at `memory`, which must be aligned to 8 bytes and shared with the supervisor. */
struct journal *journal_make(void *memory, int64_t room);
/* Appends; when there is no room, pairs of neighbouring windows are merged first. */
void journal_window(struct journal *journal, const struct window *window);
void journal_stall(struct journal *journal, struct instant start, int64_t length);
void journal_discontinuity(struct journal *journal, const struct discontinuity *found);
/* Takes a one-way delay into the window that is being recorded; the median is estimated (remedian-free: of a sample). */
void journal_delay(struct journal *journal, int64_t delay);

#endif
