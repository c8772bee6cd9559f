#include "report.h"

#include <string.h>
#include <sys/utsname.h>

#include "clock.h"
#include "footprint.h"
#include "supervisor.h"
#include "text.h"

static const char *const STATES[] = { "starting", "running", "stopped", "died" };
static const char *const DISCONTINUITIES[] = { "lost", "duplicate", "reordered", "corrupt", "broken", "connected" };

/* "name":{"wall":…,"mono":…} in microseconds. */
static void add_instant(struct text *text, const char *name, struct instant at)
{
    text_add(text, ",\"");
    text_add(text, name);
    text_add(text, "\":{\"wall\":");
    text_number(text, at.wall / 1000);
    text_add(text, ",\"mono\":");
    text_number(text, at.mono / 1000);
    text_add(text, "}");
}

static void add_words(struct text *text, const char *name, const char *words)
{
    text_add(text, ",\"");
    text_add(text, name);
    text_add(text, "\":");
    text_quoted(text, words);
}

/* {"record":"…" and, unless negative, the lane. */
static void open_record(struct text *text, const char *record, int lane)
{
    text_add(text, "{\"record\":\"");
    text_add(text, record);
    text_add(text, "\"");
    if (lane >= 0)
        text_field(text, "lane", lane);
}

int64_t report_own_memory(void)
{
    const struct supervisor *agent = supervisor();
    int64_t bytes = footprint(0, 0);
    for (int lane = 0; lane < agent->job->lanes; lane++)
        if (agent->process[lane] > 0)
            bytes += footprint(agent->process[lane], agent->journal[lane]->requested);
    return bytes;
}

static void add_lane_status(struct text *text, int lane)
{
    const struct journal *journal = supervisor()->journal[lane];
    text_add(text, lane == 0 ? "{\"lane\":" : ",{\"lane\":");
    text_number(text, lane);
    add_words(text, "kind", supervisor()->job->workload[lane]->kind);
    add_words(text, "state", STATES[journal->state]);
    if (journal->state == DIED)
        add_words(text, "reason", journal->why);
    text_add(text, ",\"asked\":");
    if (journal->asked_milli < 0)
        text_add(text, "null");
    else
        text_milli(text, journal->asked_milli);
    text_field(text, "done", journal->done);
    text_field(text, "unitBytes", journal->unit_bytes);
    text_field(text, "stalled", journal->stalled);
    text_field(text, "requested", journal->requested);
    text_field(text, "touched", journal->touched);
    text_add(text, "}");
}

void report_status(int file)
{
    static struct text text;
    const struct supervisor *agent = supervisor();
    text_start(&text, file);
    text_add(&text, "{\"state\":");
    text_quoted(&text, agent->stopped ? "stopped" : "running");
    add_instant(&text, "at", instant_at(mono_ns()));
    text_field(&text, "ownMemory", report_own_memory());
    text_add(&text, ",\"lanes\":[");
    for (int lane = 0; lane < agent->job->lanes; lane++)
        add_lane_status(&text, lane);
    text_add(&text, "]}\n");
    text_flush(&text);
}

static void add_agent(struct text *text)
{
    const struct supervisor *agent = supervisor();
    struct utsname machine;
    int64_t dropped = agent->dropped;
    for (int lane = 0; lane < agent->job->lanes; lane++)
        dropped += agent->journal[lane]->dropped;
    open_record(text, "agent", -1);
    text_field(text, "version", 1);
    add_words(text, "side", "guest");
    add_words(text, "machine", uname(&machine) == 0 ? machine.machine : "unknown");
    text_field(text, "pageSize", PAGE);
    text_field(text, "windowLength", agent->job->window / 1000);
    add_instant(text, "started", agent->started);
    add_instant(text, "fetched", instant_at(mono_ns()));
    /* Of a stopped agent what it took while its lanes lived: that is what the workload's guest had to give. */
    text_field(text, "ownMemory", agent->stopped ? agent->own_memory : report_own_memory());
    text_field(text, "dropped", dropped);
    text_add(text, "}\n");
}

static void add_lane(struct text *text, int lane)
{
    const struct supervisor *agent = supervisor();
    const struct journal *journal = agent->journal[lane];
    open_record(text, "lane", lane);
    add_words(text, "kind", agent->job->workload[lane]->kind);
    add_words(text, "unit", agent->job->workload[lane]->unit);
    text_field(text, "unitBytes", journal->unit_bytes);
    text_field(text, "operation", journal->operation);
    text_field(text, "requested", journal->requested);
    text_field(text, "touched", journal->touched);
    add_words(text, "distinct", journal->counts_distinct ? "exact" : "unknown");
    text_add(text, "}\n");
}

static void add_latencies(struct text *text, const struct window *window)
{
    text_add(text, ",\"latency\":");
    if (window->operations == 0) {
        text_add(text, "null");
        return;
    }
    text_add(text, "{\"p50\":");
    text_number(text, (int64_t)window->p50);
    text_field(text, "p90", (int64_t)window->p90);
    text_field(text, "p99", (int64_t)window->p99);
    text_field(text, "max", window->max);
    text_add(text, "}");
}

static void add_delays(struct text *text, const struct window *window, int64_t base)
{
    static const char *const NAMES[] = { "low", "median", "high" };
    if (window->delays == 0)
        return;
    text_add(text, ",\"oneWayDelay\":{");
    for (int i = 0; i < 3; i++) {
        text_add(text, i == 0 ? "\"" : ",\"");
        text_add(text, NAMES[i]);
        text_add(text, "\":");
        text_number(text, base + window->delay[i] * 1000LL);
    }
    text_add(text, "}");
}

static void add_window(struct text *text, int lane, const struct window *window)
{
    const struct journal *journal = supervisor()->journal[lane];
    open_record(text, "window", lane);
    add_instant(text, "start", window->start);
    text_field(text, "length", window->length);
    text_add(text, ",\"asked\":");
    if (window->asked_milli < 0)
        text_add(text, "null");
    else
        text_milli(text, window->asked_milli);
    text_field(text, "done", window->done);
    text_field(text, "operations", window->operations);
    add_latencies(text, window);
    text_field(text, "pause", window->pause);
    text_field(text, "stalled", window->stalled);
    if (journal->counts_distinct)
        text_field(text, "distinct", window->distinct);
    if (window->stale > 0)
        text_field(text, "stale", window->stale);
    add_delays(text, window, journal->delay_base);
    text_field(text, "merged", window->merged);
    text_add(text, "}\n");
}

/* A lane that was stopped in the middle of moving its windows is not waited for for ever. */
static void add_windows(struct text *text, int lane)
{
    struct journal *journal = supervisor()->journal[lane];
    for (int patience = 1000; !journal_hold(journal) && patience > 0; patience--)
        sleep_until(mono_ns() + NS_PER_MS);
    int settled = journal_settled(journal);
    for (int i = 0; i < settled; i++)
        add_window(text, lane, &journal->window[i]);
    journal_release(journal);
}

static void add_discontinuity(struct text *text, int lane, const struct discontinuity *found)
{
    open_record(text, "discontinuity", lane);
    add_words(text, "kind", DISCONTINUITIES[found->kind]);
    add_instant(text, "at", found->at);
    if (found->since.mono != 0)
        add_instant(text, "since", found->since);
    text_field(text, "sequence", found->sequence);
    text_field(text, "count", found->count);
    text_add(text, "}\n");
}

static void add_end(struct text *text, int lane)
{
    const struct journal *journal = supervisor()->journal[lane];
    bool running = journal->state == RUNNING || journal->state == STARTING;
    open_record(text, "end", lane);
    add_instant(text, "at", running ? instant_at(mono_ns()) : journal->ended);
    add_words(text, "how", running ? "running" : STATES[journal->state]);
    if (journal->state == DIED)
        add_words(text, "reason", journal->why);
    text_field(text, "done", journal->done);
    text_field(text, "operations", journal->operations);
    text_field(text, "stale", journal->stale);
    text_field(text, "user", journal->user);
    text_field(text, "system", journal->system);
    text_add(text, "}\n");
}

static void add_sample(struct text *text, const struct memory_sample *sample)
{
    open_record(text, "memory", -1);
    add_instant(text, "at", sample->at);
    text_field(text, "total", sample->total);
    text_field(text, "available", sample->available);
    text_field(text, "swapTotal", sample->swap_total);
    text_field(text, "swapFree", sample->swap_free);
    text_field(text, "committed", sample->committed);
    text_add(text, "}\n");
}

void report_records(int file)
{
    static struct text text;
    const struct supervisor *agent = supervisor();
    text_start(&text, file);
    add_agent(&text);
    for (int lane = 0; lane < agent->job->lanes; lane++) {
        const struct journal *journal = agent->journal[lane];
        add_lane(&text, lane);
        add_windows(&text, lane);
        for (int i = 0; i < journal->stalls; i++) {
            open_record(&text, "stall", lane);
            add_instant(&text, "start", journal->stall[i].start);
            text_field(&text, "length", journal->stall[i].length);
            text_add(&text, "}\n");
        }
        for (int i = 0; i < journal->discontinuities; i++)
            add_discontinuity(&text, lane, &journal->discontinuity[i]);
        add_end(&text, lane);
    }
    for (int i = 0; i < agent->samples; i++)
        add_sample(&text, &agent->sample[i]);
    text_flush(&text);
}
