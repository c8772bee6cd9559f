#include "journal.h"

#include <stdbool.h>
#include <string.h>

/* Shares of the room that are not for windows: an eighth for discontinuities, a sixteenth for stalls. */
struct journal *journal_make(void *memory, int64_t room)
{
    struct journal *journal = memory;
    char *at = (char *)memory + (sizeof *journal + 15) / 16 * 16;
    int64_t left = room - (at - (char *)memory);
    memset(journal, 0, sizeof *journal);
    journal->stall = (void *)at;
    journal->stall_room = (int)(left / 16 / (int64_t)sizeof *journal->stall);
    journal->discontinuity = (void *)(journal->stall + journal->stall_room);
    journal->discontinuity_room = (int)(left / 8 / (int64_t)sizeof *journal->discontinuity);
    journal->window = (void *)(journal->discontinuity + journal->discontinuity_room);
    journal->window_room = (int)(((char *)memory + room - (char *)journal->window) / (int64_t)sizeof *journal->window);
    journal->delay_stride = 1;
    return journal;
}

static float larger(float a, float b) { return a > b ? a : b; }
static int64_t longer(int64_t a, int64_t b) { return a > b ? a : b; }

/* The quantiles of two windows together lie between those of each: the larger ones are upper bounds. */
static void merge_into(struct window *a, const struct window *b)
{
    a->length += b->length;
    if (a->asked_milli >= 0)
        a->asked_milli += b->asked_milli;
    a->done += b->done;
    a->operations += b->operations;
    a->max = longer(a->max, b->max);
    a->pause = longer(a->pause, b->pause);
    a->stalled += b->stalled;
    a->p50 = larger(a->p50, b->p50);
    a->p90 = larger(a->p90, b->p90);
    a->p99 = larger(a->p99, b->p99);
    /* Pages of both may be the same ones: what is sure is the larger count. */
    a->distinct = a->distinct > b->distinct ? a->distinct : b->distinct;
    a->stale += b->stale;
    a->merged += b->merged;
    if (a->delays == 0)
        memcpy(a->delay, b->delay, sizeof a->delay);
    if (a->delays > 0 && b->delays > 0) {
        a->delay[0] = a->delay[0] < b->delay[0] ? a->delay[0] : b->delay[0];
        a->delay[1] = a->delays >= b->delays ? a->delay[1] : b->delay[1];
        a->delay[2] = a->delay[2] > b->delay[2] ? a->delay[2] : b->delay[2];
    }
    a->delays += b->delays;
}

static void halve(struct journal *journal)
{
    int half = journal->windows / 2;
    for (int i = 0; i < half; i++) {
        struct window merged = journal->window[2 * i];
        merge_into(&merged, &journal->window[2 * i + 1]);
        journal->window[i] = merged;
    }
    if (journal->windows % 2 == 1)
        journal->window[half] = journal->window[journal->windows - 1];
    journal->windows = half + journal->windows % 2;
}

static int32_t median_of(int32_t *values, int count)
{
    for (int i = 1; i < count; i++)
        for (int j = i; j > 0 && values[j - 1] > values[j]; j--) {
            int32_t swapped = values[j];
            values[j] = values[j - 1];
            values[j - 1] = swapped;
        }
    return values[count / 2];
}

static int sampled(const struct journal *journal)
{
    return (int)((journal->delays + journal->delay_stride - 1) / journal->delay_stride);
}

void journal_window(struct journal *journal, struct window window)
{
    window.merged = 1;
    window.delays = journal->delays;
    if (journal->delays > 0) {
        window.delay[0] = journal->delay_low;
        window.delay[1] = median_of(journal->delay_sample, sampled(journal));
        window.delay[2] = journal->delay_high;
    }
    journal->delays = 0;
    journal->delay_stride = 1;
    if (journal->windows == journal->window_room) {
        /* Each says first what it does, then looks what the other one does: so never both at once (Dekker). */
        __atomic_store_n(&journal->moving, 1, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&journal->held, __ATOMIC_SEQ_CST))
            halve(journal);
        __atomic_store_n(&journal->moving, 0, __ATOMIC_SEQ_CST);
    }
    if (journal->windows == journal->window_room) {
        merge_into(&journal->window[journal->windows - 1], &window);
        return;
    }
    journal->window[journal->windows] = window;
    /* Counted when it is whole: another process may be reading. */
    __atomic_store_n(&journal->windows, journal->windows + 1, __ATOMIC_RELEASE);
}

int journal_hold(struct journal *journal)
{
    __atomic_store_n(&journal->held, 1, __ATOMIC_SEQ_CST);
    return !__atomic_load_n(&journal->moving, __ATOMIC_SEQ_CST);
}

void journal_release(struct journal *journal)
{
    __atomic_store_n(&journal->held, 0, __ATOMIC_SEQ_CST);
}

int journal_settled(const struct journal *journal)
{
    int windows = __atomic_load_n(&journal->windows, __ATOMIC_ACQUIRE);
    bool ended = journal->state == STOPPED || journal->state == DIED;
    return windows == journal->window_room && !ended ? windows - 1 : windows;
}

void journal_stall(struct journal *journal, struct instant start, int64_t length)
{
    if (journal->stalls == journal->stall_room) {
        journal->dropped++;
        return;
    }
    journal->stall[journal->stalls] = (struct stall){ .start = start, .length = length };
    __atomic_store_n(&journal->stalls, journal->stalls + 1, __ATOMIC_RELEASE);
}

void journal_discontinuity(struct journal *journal, const struct discontinuity *found)
{
    /* A flood of lost datagrams must not hide that the connection broke. */
    int reserved = found->kind == BROKEN || found->kind == CONNECTED ? 0 : journal->discontinuity_room / 8;
    if (journal->discontinuities >= journal->discontinuity_room - reserved) {
        journal->dropped++;
        return;
    }
    journal->discontinuity[journal->discontinuities] = *found;
    __atomic_store_n(&journal->discontinuities, journal->discontinuities + 1, __ATOMIC_RELEASE);
}

static int32_t microseconds(int64_t ns)
{
    int64_t whole = ns / 1000;
    return whole > INT32_MAX ? INT32_MAX : whole < INT32_MIN ? INT32_MIN : (int32_t)whole;
}

void journal_delay(struct journal *journal, int64_t delay)
{
    if (!journal->delay_based) {
        journal->delay_base = delay;
        journal->delay_based = 1;
    }
    int32_t above = microseconds(delay - journal->delay_base);
    if (journal->delays == 0 || above < journal->delay_low)
        journal->delay_low = above;
    if (journal->delays == 0 || above > journal->delay_high)
        journal->delay_high = above;
    if (journal->delays % journal->delay_stride == 0) {
        if (sampled(journal) == DELAY_SAMPLE) {
            for (int i = 0; i < DELAY_SAMPLE / 2; i++)
                journal->delay_sample[i] = journal->delay_sample[2 * i];
            journal->delay_stride *= 2;
        }
        if (journal->delays % journal->delay_stride == 0)
            journal->delay_sample[journal->delays / journal->delay_stride] = above;
    }
    journal->delays++;
}
