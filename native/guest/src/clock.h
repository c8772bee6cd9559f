/* Clocks, in whole nanoseconds. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#include "journal.h"

#define NS_PER_S 1000000000LL
#define NS_PER_MS 1000000LL

static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static inline int64_t mono_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
static inline int64_t wall_ns(void) { return clock_ns(CLOCK_REALTIME); }

/* The wall clock now, beside a reading of the monotonic clock that has just been taken. */
static inline struct instant instant_at(int64_t mono)
{
    return (struct instant){ .mono = mono, .wall = wall_ns() };
}

/* Sleeps until CLOCK_MONOTONIC shows `ns`. */
static inline void sleep_until(int64_t ns)
{
    struct timespec deadline = { .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
}

#endif
