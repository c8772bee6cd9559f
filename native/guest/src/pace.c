#include "pace.h"

#include <limits.h>

#define NS_PER_S 1000000000LL
/* At most this is served at once: a quarter more than a quantum, so that a delay is made up for without a burst. */
#define SERVING (QUANTUM + QUANTUM / 4)

/* Thousandths of a unit in `length` ns at `rate` bytes per second. */
static int64_t units_in(const struct pace *pace, int64_t rate, int64_t length)
{
    return (int64_t)((__int128)length * rate * 1000 / ((__int128)pace->unit_bytes * NS_PER_S));
}

static int64_t cycle_length(const struct options *options)
{
    int64_t length = 0;
    for (int i = 0; i < options->trace_steps; i++)
        length += options->trace[i].length;
    return length;
}

/* Thousandths of a unit from the start of the schedule to `elapsed` ns after it. */
static int64_t asked_until(const struct pace *pace, int64_t elapsed)
{
    const struct options *options = pace->options;
    if (options->trace_steps == 0)
        return units_in(pace, options->rate, elapsed);
    int64_t cycle = cycle_length(options), cycles = elapsed / cycle, left = elapsed % cycle, asked = 0;
    for (int i = 0; i < options->trace_steps; i++) {
        const struct trace_step *step = &options->trace[i];
        int64_t within = left < step->length ? left : step->length;
        asked += cycles * units_in(pace, step->rate, step->length) + units_in(pace, step->rate, within);
        left -= within;
    }
    return asked;
}

/* The rate at a moment, and when the trace's step ends. */
static int64_t rate_at(const struct pace *pace, int64_t elapsed, int64_t *until)
{
    const struct options *options = pace->options;
    *until = INT64_MAX;
    if (options->trace_steps == 0)
        return options->rate;
    int64_t cycle = cycle_length(options), end = elapsed - elapsed % cycle;
    for (int i = 0; i < options->trace_steps; i++) {
        end += options->trace[i].length;
        *until = end;
        if (elapsed < end)
            return options->trace[i].rate;
    }
    return 0;
}

void pace_start(struct pace *pace, const struct options *options, int64_t unit_bytes, int64_t now)
{
    *pace = (struct pace){ .options = options, .unit_bytes = unit_bytes, .start = now, .served = now, .tick = now,
                           .planned = now };
}

bool pace_flat_out(const struct pace *pace)
{
    return pace->options->rate == 0 && pace->options->trace_steps == 0;
}

int64_t pace_asked(const struct pace *pace, int64_t from, int64_t to)
{
    return asked_until(pace, to - pace->start) - asked_until(pace, from - pace->start);
}

int64_t pace_due(struct pace *pace, int64_t now)
{
    if (pace_flat_out(pace))
        return INT64_MAX;
    if (pace->credit >= 1000)
        return pace->credit / 1000;
    /* One serving in a quantum: another one right behind it would be the burst that the quarter is there to avoid. */
    if (now <= pace->served || now < pace->tick + QUANTUM)
        return 0;
    int64_t to = pace->served + SERVING;
    if (to < pace->planned)
        to = pace->planned;
    if (to > now)
        to = now;
    pace->credit += pace_asked(pace, pace->served, to);
    pace->served = to;
    /* A workload that cannot keep up must not carry an ever longer debt: it would burst when it could. */
    if (now - pace->served > LATE - SERVING)
        pace->served = now - (LATE - SERVING);
    pace->tick = now;
    return pace->credit / 1000;
}

void pace_done(struct pace *pace, int64_t units)
{
    if (!pace_flat_out(pace))
        pace->credit -= units * 1000;
}

/* When the next unit is due, or the next step of the trace begins. */
static int64_t next_unit(const struct pace *pace)
{
    int64_t until, rate = rate_at(pace, pace->served - pace->start, &until);
    int64_t step_end = until == INT64_MAX ? INT64_MAX : pace->start + until;
    if (rate == 0)
        return step_end;
    int64_t missing = 1000 - pace->credit;
    int64_t due = pace->served
        + (int64_t)((__int128)missing * pace->unit_bytes * NS_PER_S / ((__int128)rate * 1000)) + 1;
    return due < step_end ? due : step_end;
}

int64_t pace_next(struct pace *pace, int64_t now)
{
    int64_t next = pace->tick + QUANTUM;
    /* Late: the next quantum, a quarter larger, and no pause for what is due later. */
    if (now - pace->served > QUANTUM / 4)
        return next;
    int64_t due = next_unit(pace);
    pace->planned = due > next ? due : next;
    return pace->planned;
}

void pace_forgive(struct pace *pace, int64_t length, int64_t now)
{
    pace->served += length;
    if (pace->served > now)
        pace->served = now;
    pace->planned += length;
}
