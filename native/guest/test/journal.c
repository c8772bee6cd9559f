#include "journal.h"

#include <string.h>

#include "expect.h"
#include "order.h"

#define ROOM (64 * 1024)

static _Alignas(8) char room[ROOM];
static struct journal *journal;

static void start(void)
{
    memset(room, 0x5a, sizeof room);
    journal = journal_make(room, ROOM);
}

static void everything_lies_within_the_room(void)
{
    start();
    EXPECT((char *)(journal->window + journal->window_room) <= room + ROOM);
    EXPECT((char *)journal->stall >= room + sizeof *journal);
    EXPECT((char *)(journal->stall + journal->stall_room) <= (char *)journal->discontinuity);
    EXPECT((char *)(journal->discontinuity + journal->discontinuity_room) <= (char *)journal->window);
    EXPECT(journal->window_room > 300 && journal->stall_room > 50 && journal->discontinuity_room > 50);
}

/* What windows hold together must be the same however often they were merged. */
static void merged_windows_keep_sums_and_maxima_and_leave_no_gap(void)
{
    for (int count = 1; count < 5000; count = count * 3 + 1) {
        struct window sum = { 0 }, got = { 0 };
        uint64_t state = (uint64_t)count;
        int64_t at = 1000;
        start();
        for (int i = 0; i < count; i++) {
            struct window window = { .start = { .mono = at, .wall = at + 7 },
                                     .length = 1 + (int64_t)random_below(&state, 1000000),
                                     .asked_milli = (int64_t)random_below(&state, 100000),
                                     .done = (int64_t)random_below(&state, 1000),
                                     .max = (int64_t)random_below(&state, 1000000000),
                                     .pause = (int64_t)random_below(&state, 1000000000),
                                     .stalled = (int64_t)random_below(&state, 1000),
                                     .p50 = (float)random_below(&state, 1000),
                                     .p90 = (float)random_below(&state, 10000),
                                     .p99 = (float)random_below(&state, 100000),
                                     .operations = (uint32_t)random_below(&state, 50),
                                     .distinct = (uint32_t)random_below(&state, 500),
                                     .stale = (uint32_t)random_below(&state, 3) };
            at += window.length;
            journal_window(journal, window);
            sum.asked_milli += window.asked_milli;
            sum.done += window.done;
            sum.operations += window.operations;
            sum.stalled += window.stalled;
            sum.stale += window.stale;
            sum.max = sum.max > window.max ? sum.max : window.max;
            sum.pause = sum.pause > window.pause ? sum.pause : window.pause;
            sum.p50 = sum.p50 > window.p50 ? sum.p50 : window.p50;
            sum.p99 = sum.p99 > window.p99 ? sum.p99 : window.p99;
            sum.distinct = sum.distinct > window.distinct ? sum.distinct : window.distinct;
        }
        EXPECT(journal->windows <= journal->window_room);
        EXPECT(journal->windows == count || journal->windows > journal->window_room / 2);
        int64_t next = 1000;
        for (int i = 0; i < journal->windows; i++) {
            const struct window *window = &journal->window[i];
            EXPECT_EQUAL(window->start.mono, next);
            EXPECT_EQUAL(window->start.wall, next + 7);
            next += window->length;
            got.asked_milli += window->asked_milli;
            got.done += window->done;
            got.operations += window->operations;
            got.stalled += window->stalled;
            got.stale += window->stale;
            got.merged += window->merged;
            got.max = got.max > window->max ? got.max : window->max;
            got.pause = got.pause > window->pause ? got.pause : window->pause;
            got.p50 = got.p50 > window->p50 ? got.p50 : window->p50;
            got.p99 = got.p99 > window->p99 ? got.p99 : window->p99;
            got.distinct = got.distinct > window->distinct ? got.distinct : window->distinct;
        }
        EXPECT_EQUAL(next, at);
        EXPECT_EQUAL(got.merged, count);
        EXPECT_EQUAL(got.asked_milli, sum.asked_milli);
        EXPECT_EQUAL(got.done, sum.done);
        EXPECT_EQUAL(got.operations, sum.operations);
        EXPECT_EQUAL(got.stalled, sum.stalled);
        EXPECT_EQUAL(got.stale, sum.stale);
        EXPECT_EQUAL(got.max, sum.max);
        EXPECT_EQUAL(got.pause, sum.pause);
        EXPECT_EQUAL(got.p50, sum.p50);
        EXPECT_EQUAL(got.p99, sum.p99);
        EXPECT_EQUAL(got.distinct, sum.distinct);
        EXPECT_EQUAL(journal->dropped, 0);
    }
}

/* Another process reads: nothing moves under its eyes, and nothing is lost. */
static void held_windows_stay_where_they_are(void)
{
    start();
    journal->state = RUNNING;
    for (int i = 0; i < journal->window_room - 1; i++)
        journal_window(journal, (struct window){ .start.mono = i, .length = 1, .done = 1 });
    EXPECT_EQUAL(journal_settled(journal), journal->window_room - 1);
    EXPECT(journal_hold(journal));
    for (int i = journal->window_room - 1; i < 2 * journal->window_room; i++) {
        journal_window(journal, (struct window){ .start.mono = i, .length = 1, .done = 1 });
        EXPECT_EQUAL(journal_settled(journal), journal->window_room - 1);
    }
    for (int i = 0; i < journal_settled(journal); i++) {
        EXPECT_EQUAL(journal->window[i].start.mono, i);
        EXPECT_EQUAL(journal->window[i].merged, 1);
    }
    journal->state = STOPPED;
    EXPECT_EQUAL(journal_settled(journal), journal->window_room);
    EXPECT_EQUAL(journal->window[journal->window_room - 1].done, journal->window_room + 1);
    journal_release(journal);
    journal_window(journal, (struct window){ .start.mono = 2 * journal->window_room, .done = 1 });
    EXPECT(journal->windows < journal->window_room);
    int64_t done = 0;
    for (int i = 0; i < journal->windows; i++)
        done += journal->window[i].done;
    EXPECT_EQUAL(done, 2 * journal->window_room + 1);
    journal->moving = 1;
    EXPECT(!journal_hold(journal));
}

static void merged_flat_out_windows_ask_for_nothing(void)
{
    start();
    for (int i = 0; i < 3 * journal->window_room; i++)
        journal_window(journal, (struct window){ .asked_milli = -1, .done = 1 });
    for (int i = 0; i < journal->windows; i++)
        EXPECT_EQUAL(journal->window[i].asked_milli, -1);
}

static void what_finds_no_room_is_counted(void)
{
    start();
    for (int i = 0; i < journal->stall_room + 5; i++)
        journal_stall(journal, (struct instant){ .mono = i }, 11);
    EXPECT_EQUAL(journal->stalls, journal->stall_room);
    EXPECT_EQUAL(journal->stall[journal->stall_room - 1].start.mono, journal->stall_room - 1);
    EXPECT_EQUAL(journal->dropped, 5);
}

static void a_flood_of_losses_leaves_room_for_a_break(void)
{
    start();
    struct discontinuity lost = { .kind = LOST }, broken = { .kind = BROKEN, .sequence = 4 };
    for (int i = 0; i < 2 * journal->discontinuity_room; i++)
        journal_discontinuity(journal, &lost);
    int64_t dropped = journal->dropped;
    EXPECT_EQUAL(dropped + journal->discontinuities, 2 * journal->discontinuity_room);
    journal_discontinuity(journal, &broken);
    EXPECT_EQUAL(journal->dropped, dropped);
    EXPECT_EQUAL(journal->discontinuity[journal->discontinuities - 1].kind, BROKEN);
    for (int i = 0; i < journal->discontinuity_room; i++)
        journal_discontinuity(journal, &broken);
    EXPECT_EQUAL(journal->discontinuities, journal->discontinuity_room);
    EXPECT(journal->dropped > dropped);
}

static const struct window *last(void) { return &journal->window[journal->windows - 1]; }

static void delays_are_lowest_median_and_highest_of_a_window(void)
{
    start();
    journal_window(journal, (struct window){ 0 });
    EXPECT_EQUAL(last()->delays, 0);
    journal_delay(journal, -5000000);
    journal_delay(journal, -7000000);
    journal_delay(journal, 1000000);
    journal_window(journal, (struct window){ 0 });
    EXPECT_EQUAL(journal->delay_base, -5000000);
    EXPECT_EQUAL(last()->delays, 3);
    EXPECT_EQUAL(last()->delay[0], -2000);
    EXPECT_EQUAL(last()->delay[1], 0);
    EXPECT_EQUAL(last()->delay[2], 6000);
    /* The base is of the whole journal, all else of a window. */
    journal_delay(journal, -4000000);
    journal_window(journal, (struct window){ 0 });
    EXPECT_EQUAL(last()->delays, 1);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(last()->delay[i], 1000);
}

/* However many: the extremes are exact, the median is that of a sample. */
static void more_delays_than_the_sample_holds_still_have_a_median(void)
{
    for (int count = 1; count < 100000; count = count * 2 + 1) {
        start();
        journal_delay(journal, 0);
        journal_window(journal, (struct window){ 0 });
        for (int i = 0; i < count; i++)
            journal_delay(journal, (int64_t)i * 1000);
        journal_window(journal, (struct window){ 0 });
        EXPECT_EQUAL(last()->delays, count);
        EXPECT_EQUAL(last()->delay[0], 0);
        EXPECT_EQUAL(last()->delay[2], count - 1);
        int64_t away = last()->delay[1] - count / 2;
        EXPECT(away <= count / 32 + 1 && away >= -(count / 32 + 1));
    }
}

static void merged_windows_merge_their_delays(void)
{
    start();
    for (int i = 0; i <= journal->window_room; i++) {
        if (i == 1 || i == 2) {
            journal_delay(journal, i * 1000000);
            journal_delay(journal, i * 3000000);
        }
        if (i == 3)
            journal_delay(journal, -1000000);
        journal_window(journal, (struct window){ 0 });
    }
    const struct window *first = &journal->window[0], *second = &journal->window[1];
    EXPECT_EQUAL(first->delays, 2);
    EXPECT_EQUAL(first->delay[0], 0);
    EXPECT_EQUAL(first->delay[2], 2000);
    EXPECT_EQUAL(second->delays, 3);
    EXPECT_EQUAL(second->delay[0], -2000);
    EXPECT_EQUAL(second->delay[1], 5000);
    EXPECT_EQUAL(second->delay[2], 5000);
}

int main(void)
{
    everything_lies_within_the_room();
    merged_windows_keep_sums_and_maxima_and_leave_no_gap();
    held_windows_stay_where_they_are();
    merged_flat_out_windows_ask_for_nothing();
    what_finds_no_room_is_counted();
    a_flood_of_losses_leaves_room_for_a_break();
    delays_are_lowest_median_and_highest_of_a_window();
    more_delays_than_the_sample_holds_still_have_a_median();
    merged_windows_merge_their_delays();
    PASSED("journal");
}
