#include "schedule.h"

#include "expect.h"

static void ticks_are_due_at_whole_intervals_from_the_start(void)
{
    struct schedule schedule = { .start_ns = 1000, .interval_ns = 100000 };
    EXPECT_EQUAL(schedule_due(&schedule, 0), 1000);
    EXPECT_EQUAL(schedule_due(&schedule, 7), 701000);
    /* Years at the shortest interval do not overflow. */
    EXPECT_EQUAL(schedule_due(&schedule, 1000000000000ULL), 100000000000001000LL);
}

static void a_tick_less_than_an_interval_late_is_not_missed(void)
{
    struct schedule schedule = { .interval_ns = 1000000 };
    EXPECT_EQUAL(schedule_missed(&schedule, 5, 4000000), 0); /* early */
    EXPECT_EQUAL(schedule_missed(&schedule, 5, 5000000), 0);
    EXPECT_EQUAL(schedule_missed(&schedule, 5, 5999999), 0);
}

static void ticks_an_interval_or_more_late_are_missed(void)
{
    struct schedule schedule = { .interval_ns = 1000000 };
    EXPECT_EQUAL(schedule_missed(&schedule, 5, 6000000), 1);
    EXPECT_EQUAL(schedule_missed(&schedule, 5, 6999999), 1);
    EXPECT_EQUAL(schedule_missed(&schedule, 5, 15500000), 10);
}

/* Whatever is not missed is less than an interval late. */
static void the_tick_after_the_missed_ones_is_still_in_time(void)
{
    struct schedule schedule = { .start_ns = 17, .interval_ns = 123457 };
    for (int64_t now = 0; now < 3000000; now += 777) {
        uint64_t next = schedule_missed(&schedule, 0, now);
        EXPECT(now - schedule_due(&schedule, next) < schedule.interval_ns);
    }
}

static void missed_ticks_end_with_the_count(void)
{
    struct schedule schedule = { .interval_ns = 1000000, .count = 8 };
    EXPECT_EQUAL(schedule_missed(&schedule, 5, 500000000), 3);
    EXPECT(!schedule_over(&schedule, 7));
    EXPECT(schedule_over(&schedule, 8));
    schedule.count = 0;
    EXPECT(!schedule_over(&schedule, UINT64_MAX));
}

int main(void)
{
    ticks_are_due_at_whole_intervals_from_the_start();
    a_tick_less_than_an_interval_late_is_not_missed();
    ticks_an_interval_or_more_late_are_missed();
    the_tick_after_the_missed_ones_is_still_in_time();
    missed_ticks_end_with_the_count();
    PASSED("schedule");
}
