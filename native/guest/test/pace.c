#include "pace.h"

#include "expect.h"
#include "order.h"

#define MS 1000000LL
#define S  1000000000LL
/* What may be served at once: a quarter more than a quantum. */
#define SERVING (QUANTUM * 5 / 4)

static struct pace pace;
static struct options options;
static int64_t now, done;
static uint64_t dice;
/* Each so many-th wake-up is late, by up to 9 ms; 0: none. */
static uint64_t late_each, wake_ups;

static void start(int64_t rate, int64_t unit_bytes)
{
    options = (struct options){ .rate = rate };
    now = 123 * S;
    done = 0;
    dice = 1;
    late_each = 0;
    pace_start(&pace, &options, unit_bytes, now);
}

static void follow_trace(int steps, const struct trace_step *trace, int64_t unit_bytes)
{
    start(0, unit_bytes);
    options.trace_steps = steps;
    for (int i = 0; i < steps; i++)
        options.trace[i] = trace[i];
    pace_start(&pace, &options, unit_bytes, now);
}

/* A worker whose units take `cost` ns each, until a moment. Returns the units that it did. */
static int64_t work(int64_t until, int64_t cost)
{
    int64_t before = done;
    while (now < until) {
        int64_t due = pace_due(&pace, now);
        if (due > 0) {
            /* As lanes do: at most an operation at a time. */
            int64_t units = due < 16 || cost == 0 ? due : 16;
            pace_done(&pace, units);
            done += units;
            now += units * cost;
            continue;
        }
        int64_t next = pace_next(&pace, now);
        EXPECT(next > now);
        if (late_each > 0 && ++wake_ups % late_each == 0)
            next += (int64_t)random_below(&dice, 9 * MS);
        now = next < until ? next : until;
    }
    return done - before;
}

/* Units of a rate in a time, rounded down. */
static int64_t units(int64_t rate, int64_t unit_bytes, int64_t length)
{
    return (int64_t)((__int128)rate * length / ((__int128)unit_bytes * S));
}

#define EXPECT_WITHIN(actual, least, most) \
    do {                                   \
        EXPECT((actual) >= (least));       \
        EXPECT((actual) <= (most));        \
    } while (0)

static const int64_t RATES[] = { 1000, 1000000, 20000000, 999999937, 12345678901 };
static const int64_t UNITS[] = { 4096, 1, 1024 };

static void any_span_holds_what_the_rate_asks_for(void)
{
    for (int r = 0; r < 5; r++)
        for (int u = 0; u < 3; u++) {
            start(RATES[r], UNITS[u]);
            int64_t begin = now, quantum = units(RATES[r], UNITS[u], QUANTUM);
            for (int second = 1; second <= 60; second++) {
                int64_t before = done;
                work(begin + second * S, 0);
                EXPECT_WITHIN(done, units(RATES[r], UNITS[u], now - begin) - quantum - 2, units(RATES[r], UNITS[u], now - begin));
                int64_t one = units(RATES[r], UNITS[u], S);
                EXPECT_WITHIN(done - before, one - quantum - 2, one + quantum + 2);
            }
        }
}

static void late_wake_ups_change_no_second_by_more_than_a_hundredth(void)
{
    for (int r = 0; r < 5; r++) {
        start(RATES[r], 4096);
        late_each = 100;
        int64_t begin = now, one = units(RATES[r], 4096, S);
        for (int second = 1; second <= 60; second++) {
            int64_t did = work(begin + second * S, 0);
            EXPECT_WITHIN(did, one - one / 100 - 1, one + one / 100 + 1);
        }
        EXPECT_WITHIN(done, units(RATES[r], 4096, 60 * S - 12 * MS) - 1, units(RATES[r], 4096, 60 * S));
    }
}

/* A wake-up that is late by LATE, then what is done in every stretch from it on. */
static void a_late_wake_up_is_made_up_for_without_a_burst(void)
{
    const int64_t rate = 100000000;
    start(rate, 1);
    work(now + S, 0);
    int64_t missed = units(rate, 1, now - pace.start) - done;
    now += LATE - MS;
    int64_t woke = now, before = done;
    for (int ms = 1; ms <= 30; ms++) {
        work(woke + ms * MS, 0);
        EXPECT(done - before <= units(rate, 1, (ms - 1) * SERVING + SERVING) + 1);
    }
    /* A quarter of 9 ms a millisecond: 36 ms, and all is made up for. */
    work(woke + 50 * MS, 0);
    EXPECT_WITHIN(done, units(rate, 1, now - pace.start - QUANTUM) - missed, units(rate, 1, now - pace.start));
}

static void a_stall_is_forgiven_and_not_made_up_for(void)
{
    const int64_t rate = 20000000;
    start(rate, 4096);
    work(now + S, 0);
    now += 500 * MS;
    pace_forgive(&pace, 500 * MS, now);
    int64_t woke = now, before = done;
    for (int ms = 1; ms <= 1000; ms++) {
        work(woke + ms * MS, 0);
        EXPECT(done - before <= units(rate, 4096, ms * MS + SERVING) + 1);
    }
    EXPECT_WITHIN(done, units(rate, 4096, now - pace.start - 500 * MS - QUANTUM) - 1, units(rate, 4096, now - pace.start - 500 * MS) + 1);
}

/* Whoever sleeps for long until the next unit owes it all the same after a stall. */
static void a_stall_takes_nothing_from_a_slow_rate_but_itself(void)
{
    start(1000, 4096);
    int64_t begin = now;
    for (int i = 1; i <= 10; i++) {
        work(now + S, 0);
        /* Asleep until its unit is due, it wakes two seconds late. */
        now = pace_next(&pace, now) + 2 * S;
        pace_forgive(&pace, 2 * S, now);
        work(now + S, 0);
    }
    EXPECT_WITHIN(done, units(1000, 4096, now - begin - 20 * S - 10 * MS) - 1, units(1000, 4096, now - begin - 20 * S));
}

static void nothing_is_forgiven_beyond_now(void)
{
    start(1000000, 1);
    work(now + 100 * MS, 0);
    pace_forgive(&pace, 50 * MS, now);
    EXPECT(pace.served <= now);
    work(now + 100 * MS, 0);
    EXPECT_WITHIN(done, 198000, 200000);
}

static void a_trace_is_followed_again_and_again(void)
{
    static const struct trace_step TRACE[] = { { 250 * MS, 8000000 }, { 100 * MS, 0 }, { 3 * MS, 40000000 }, { 647 * MS, 1000 } };
    const int64_t cycle = 2000000 + 120000 + 647;
    follow_trace(4, TRACE, 1);
    int64_t begin = now;
    for (int second = 0; second < 20; second++) {
        EXPECT_EQUAL(pace_asked(&pace, begin + second * S, begin + second * S + S), cycle * 1000);
        EXPECT_EQUAL(pace_asked(&pace, begin + second * S + 260 * MS, begin + second * S + 340 * MS), 0);
        work(begin + second * S + 255 * MS, 0);
        EXPECT_WITHIN(done, second * cycle + 2000000 - 1, second * cycle + 2000000);
        EXPECT_EQUAL(work(begin + second * S + 349 * MS, 0), 0);
        work(begin + second * S + S, 0);
        EXPECT_WITHIN(done, (second + 1) * cycle - 2, (second + 1) * cycle);
    }
}

static void who_cannot_keep_up_carries_no_debt(void)
{
    const int64_t rate = 100000000;
    start(rate, 4096);
    int64_t slow = 2 * S * 4096 / rate;
    int64_t did = work(now + 5 * S, slow);
    EXPECT_WITHIN(did, 5 * S / slow - 1000, 5 * S / slow + 16);
    int64_t quick = now, before = done;
    work(quick + 100 * MS, 0);
    EXPECT(done - before <= units(rate, 4096, 100 * MS + LATE + SERVING) + 1);
    work(quick + S, 0);
    before = done;
    work(quick + 2 * S, 0);
    EXPECT_WITHIN(done - before, units(rate, 4096, S - QUANTUM) - 1, units(rate, 4096, S + QUANTUM) + 1);
}

static void asked_adds_up_however_it_is_cut(void)
{
    start(20000000, 4096);
    int64_t sum = 0, at = now;
    for (int i = 0; i < 10000; i++) {
        int64_t next = at + 1 + (int64_t)random_below(&dice, 3 * MS);
        sum += pace_asked(&pace, at, next);
        at = next;
    }
    EXPECT_EQUAL(sum, pace_asked(&pace, now, at));
    EXPECT_EQUAL(pace_asked(&pace, now, now + S), 20000000LL * 1000 / 4096);
}

static void flat_out_everything_is_due(void)
{
    start(0, 4096);
    EXPECT(pace_flat_out(&pace));
    EXPECT_EQUAL(pace_due(&pace, now), INT64_MAX);
    pace_done(&pace, 1000);
    EXPECT_EQUAL(pace_due(&pace, now), INT64_MAX);
    static const struct trace_step IDLE = { S, 0 };
    follow_trace(1, &IDLE, 4096);
    EXPECT(!pace_flat_out(&pace));
    EXPECT_EQUAL(work(now + 10 * S, 0), 0);
}

int main(void)
{
    any_span_holds_what_the_rate_asks_for();
    late_wake_ups_change_no_second_by_more_than_a_hundredth();
    a_late_wake_up_is_made_up_for_without_a_burst();
    a_stall_is_forgiven_and_not_made_up_for();
    a_stall_takes_nothing_from_a_slow_rate_but_itself();
    nothing_is_forgiven_beyond_now();
    a_trace_is_followed_again_and_again();
    who_cannot_keep_up_carries_no_debt();
    asked_adds_up_however_it_is_cut();
    flat_out_everything_is_due();
    PASSED("pace");
}
