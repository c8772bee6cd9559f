/* The absolute schedule: tick n is due at start + n * interval, whatever happened before. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdint.h>

#define INTERVAL_MIN_NS 100000LL
#define INTERVAL_MAX_NS 10000000000LL

struct schedule {
    int64_t start_ns;    /* CLOCK_MONOTONIC of tick 0 */
    int64_t interval_ns; /* between INTERVAL_MIN_NS and INTERVAL_MAX_NS */
    uint64_t count;      /* ticks in all; 0: no end */
};

/* CLOCK_MONOTONIC at which `tick` is due. */
int64_t schedule_due(const struct schedule *schedule, uint64_t tick);

/*
 * How many ticks from `next` on are over at `now`: late by one interval or more. They must not be sent any more, or
 * they would pretend a regularity that was not there. Never reaches past the last tick.
 */
uint64_t schedule_missed(const struct schedule *schedule, uint64_t next, int64_t now_ns);

/* Whether `tick` lies past the end. */
int schedule_over(const struct schedule *schedule, uint64_t tick);

#endif
