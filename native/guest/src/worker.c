/* The work of a lane: when something is due, a step; what the steps took, window by window. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "histogram.h"
#include "lane.h"
#include "pace.h"
#include "text.h"

struct worker {
    struct lane *lane;
    struct pace pace;
    int64_t window_length, window_end;
    int64_t blocked; /* since when steps have done nothing; 0: the last one did something */
    struct window window;
    struct histogram latencies;
};

static int64_t time_ns(struct timeval time)
{
    return time.tv_sec * NS_PER_S + time.tv_usec * 1000LL;
}

/* Kept up to date: whoever is killed can no longer say it. */
static void account_for_processor(struct journal *journal)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    journal->user = time_ns(usage.ru_utime);
    journal->system = time_ns(usage.ru_stime);
}

static void end(struct worker *worker, enum lane_state how)
{
    struct lane *lane = worker->lane;
    struct journal *journal = lane->journal;
    account_for_processor(journal);
    if (how == DIED)
        words_append(journal->why, sizeof journal->why, lane->why);
    journal->ended = instant_at(mono_ns());
    if (lane->workload->finish != NULL)
        lane->workload->finish(lane);
    journal->state = (int)how;
}

static void open_window(struct worker *worker, int64_t now)
{
    worker->window = (struct window){ .start = instant_at(now) };
    worker->window_end = now + worker->window_length;
    worker->lane->window++;
    histogram_clear(&worker->latencies);
}

static void close_window(struct worker *worker, int64_t now)
{
    struct lane *lane = worker->lane;
    struct journal *journal = lane->journal;
    struct window *window = &worker->window;
    const struct histogram *latencies = &worker->latencies;
    window->length = now - window->start.mono;
    window->asked_milli =
        pace_flat_out(&worker->pace) ? -1 : pace_asked(&worker->pace, window->start.mono, now);
    window->p50 = (float)histogram_quantile(latencies, 500);
    window->p90 = (float)histogram_quantile(latencies, 900);
    window->p99 = (float)histogram_quantile(latencies, 990);
    window->max = latencies->max;
    window->distinct = (uint32_t)lane->distinct;
    window->stale = (uint32_t)lane->stale;
    journal->asked_milli = window->asked_milli < 0 ? -1 : journal->asked_milli + window->asked_milli;
    journal->done += window->done;
    journal->operations += window->operations;
    journal->stale += lane->stale;
    journal->stalled += window->stalled;
    lane->distinct = lane->stale = 0;
    account_for_processor(journal);
    journal_window(journal, *window);
    open_window(worker, now);
}

/* For `length` until `now` nothing went on that should have. */
static void paused(struct worker *worker, int64_t length, int64_t now)
{
    if (length > worker->window.pause)
        worker->window.pause = length;
    if (length <= LATE)
        return;
    struct instant start = instant_at(now);
    start.mono -= length;
    start.wall -= length;
    journal_stall(worker->lane->journal, start, length);
    worker->window.stalled += length;
    pace_forgive(&worker->pace, length, now);
}

/* How long a step may have waited, as it was meant to. ns */
static int64_t may_wait(const struct lane *lane)
{
    return (lane->follows ? RECEIVE_WAIT : SEND_WAIT) * NS_PER_MS;
}

/*
 * A step could do nothing until `after`. How long that has lasted already is a pause; a stall it becomes when something is
 * done again, or at once where we were not even allowed to wait as long as we wanted.
 */
static void nothing_done(struct worker *worker, int64_t before, int64_t after)
{
    if (worker->blocked == 0)
        worker->blocked = before;
    if (after - worker->blocked > worker->window.pause)
        worker->window.pause = after - worker->blocked;
    if (after - before - may_wait(worker->lane) > LATE) {
        paused(worker, after - before, after);
        worker->blocked = after;
    }
}

/* A lane that follows waits for its peer: what it waited for was not its own to do, and comes as it comes. */
static void unblock(struct worker *worker, int64_t now)
{
    if (worker->blocked != 0 && !worker->lane->follows)
        paused(worker, now - worker->blocked, now);
    worker->blocked = 0;
}

/* Returns the time after it; negative when the lane can do no more. */
static int64_t step(struct worker *worker, int64_t due, int64_t now)
{
    struct lane *lane = worker->lane;
    int64_t units = due < lane->operation ? due : lane->operation;
    int64_t done = lane->workload->step(lane, units);
    int64_t after = mono_ns(), took = after - now;
    if (done < 0)
        return -1;
    if (done == 0) {
        nothing_done(worker, now, after);
        return after;
    }
    unblock(worker, now);
    histogram_add(&worker->latencies, took);
    worker->window.operations++;
    worker->window.done += done;
    if (!lane->follows)
        pace_done(&worker->pace, done);
    /* A lane that follows has waited for what came. */
    paused(worker, lane->follows ? took - may_wait(lane) : took, after);
    return after;
}

/* Sleeps until something is due or the window ends. Returns the time after it. */
static int64_t wait_until_due(struct worker *worker, int64_t now)
{
    int64_t until = pace_next(&worker->pace, now);
    if (until > worker->window_end)
        until = worker->window_end;
    if (until > now)
        sleep_until(until);
    int64_t after = mono_ns();
    paused(worker, after - (until > now ? until : now), after);
    return after;
}

static void work(struct worker *worker)
{
    struct journal *journal = worker->lane->journal;
    int64_t now = mono_ns();
    pace_start(&worker->pace, worker->lane->options, worker->lane->unit_bytes, now);
    open_window(worker, now);
    journal->state = RUNNING;
    while (journal->told == 0) {
        int64_t due = worker->lane->follows ? worker->lane->operation : pace_due(&worker->pace, now);
        now = due > 0 ? step(worker, due, now) : wait_until_due(worker, now);
        if (now < 0)
            break;
        if (now >= worker->window_end)
            close_window(worker, now);
    }
    close_window(worker, mono_ns());
    end(worker, now < 0 ? DIED : STOPPED);
}

_Noreturn void lane_live(struct lane *lane, int64_t window)
{
    static struct worker worker;
    /* Nobody else's default of 50 µs: a quantum is a millisecond. And none of us outlives the supervisor. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
    worker.lane = lane;
    worker.window_length = window;
    if (!lane->workload->prepare(lane)) {
        end(&worker, DIED);
        _exit(1);
    }
    struct journal *journal = lane->journal;
    journal->unit_bytes = lane->unit_bytes;
    journal->operation = lane->operation;
    journal->requested = lane->requested;
    journal->touched = lane->touched;
    journal->counts_distinct = lane->counts_distinct;
    work(&worker);
    _exit(0);
}
