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

/* As small as it can be: how many fit decides for how long the full resolution lasts. */
struct window {
    struct instant start;
    int64_t length;         /* ns */
    int64_t asked_milli;    /* thousandths of a unit; -1: flat out */
    int64_t done;           /* units */
    int64_t max;            /* longest operation, ns */
    int64_t pause, stalled; /* ns */
    float p50, p90, p99;    /* of the operations, ns: classes of 6 % need no more digits */
    uint32_t operations;
    uint32_t distinct, stale; /* pages */
    int32_t delay[3];         /* one-way, microseconds above the journal's base: lowest, median, highest */
    uint32_t delays;          /* how many they are of */
    uint32_t merged;          /* windows in this one */
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

/* Delays of one window that are kept to find their median: of more, every second one, then every fourth… */
#define DELAY_SAMPLE 128

struct journal {
    /* What the supervisor shows at any time; written by the lane. */
    volatile int state; /* enum lane_state */
    volatile int told;  /* by the supervisor: 1 stop */
    int held;           /* by the supervisor while it reads windows: none are moved then */
    int moving;         /* by the lane while it moves them */
    int64_t asked_milli; /* so far, thousandths of a unit; -1: flat out */
    int64_t done, operations, stale, stalled;
    int64_t unit_bytes, operation, requested, touched;
    int counts_distinct;
    struct instant ended;
    int64_t user, system; /* ns of CPU */
    char why[160];

    int64_t delay_base;    /* ns; the first delay of all */
    int delay_based;
    int32_t delay_low, delay_high, delay_sample[DELAY_SAMPLE];
    uint32_t delays, delay_stride;

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
/* Appends, with the delays taken since the last one; when there is no room, pairs of neighbouring windows are merged first. */
void journal_window(struct journal *journal, struct window window);
/*
 * Holds the windows where they are, for a reader in another process, until `journal_release`. False while the lane is just
 * moving them: ask again. While they are held and there is no room, the lane merges what is new into its last window.
 */
int journal_hold(struct journal *journal);
void journal_release(struct journal *journal);
/* Windows that will not change any more while they are held. */
int journal_settled(const struct journal *journal);
void journal_stall(struct journal *journal, struct instant start, int64_t length);
/* What finds no room is counted in `dropped`; a connection's breaks always find some. */
void journal_discontinuity(struct journal *journal, const struct discontinuity *found);
/* Takes a one-way delay (ns, may be negative) into the window that is being recorded. */
void journal_delay(struct journal *journal, int64_t delay);

#endif
