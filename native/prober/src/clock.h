/* Clocks, in whole nanoseconds. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000LL
#define NS_PER_MS 1000000LL

static inline int64_t timespec_ns(const struct timespec *time)
{
    return (int64_t)time->tv_sec * NS_PER_S + time->tv_nsec;
}

static inline struct timespec ns_timespec(int64_t ns)
{
    return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
}

static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return timespec_ns(&time);
}

static inline int64_t mono_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
static inline int64_t wall_ns(void) { return clock_ns(CLOCK_REALTIME); }

/* Sleeps until CLOCK_MONOTONIC shows `ns`; may return early when a signal arrives. */
static inline void sleep_until(int64_t ns)
{
    struct timespec deadline = ns_timespec(ns);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
}

/*
 * The wall clock at the moment when the monotonic clock shows `mono`, both read as close together as a few attempts
 * allow: the attempt with the shortest time around it wins, so that being scheduled out in between does not count.
 */
static inline int64_t wall_at(int64_t mono)
{
    int64_t best_width = INT64_MAX, wall = 0;
    for (int attempt = 0; attempt < 8; attempt++) {
        int64_t before = mono_ns(), now = wall_ns(), after = mono_ns();
        if (after - before < best_width) {
            best_width = after - before;
            wall = now + (mono - (before + (after - before) / 2));
        }
    }
    return wall;
}

#endif
