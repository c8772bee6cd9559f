/* The agent that runs inside the VM: docs/agent.md. */
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "report.h"
#include "supervisor.h"
#include "text.h"

enum { DONE, FAILED, USAGE };

#define WINDOW       (100 * NS_PER_MS)
#define MOST_SECONDS (365 * 86400LL)

static void say(const char *words, const char *more)
{
    static struct text text;
    text_start(&text, STDERR_FILENO);
    text_add(&text, "migrascope-agent: ");
    text_add(&text, words);
    text_add(&text, more);
    text_add(&text, "\n");
    text_flush(&text);
}

struct invocation {
    const char *name;
    int64_t seconds; /* run: for so long */
    struct job job;
};

static struct invocation given = { .name = "default", .job = { .window = WINDOW } };

/* Options that stand before the workloads. Returns the number of words that they took, -1 when one is wrong. */
static int read_common(int count, char **words)
{
    int at = 0;
    for (; at + 1 < count && strncmp(words[at], "--", 2) == 0; at += 2) {
        int64_t number = number_read(words[at + 1]);
        if (strcmp(words[at], "--name") == 0 && strlen(words[at + 1]) < 64)
            given.name = words[at + 1];
        else if (strcmp(words[at], "--window-us") == 0 && number >= 1000 && number <= 60000000)
            given.job.window = number * 1000;
        else if (strcmp(words[at], "--seconds") == 0 && number >= 1 && number <= MOST_SECONDS)
            given.seconds = number;
        else
            return -1;
    }
    return at;
}

/* Workloads with their options, `+` between them. */
static bool read_workloads(int count, char **words)
{
    static char why[WHY_LENGTH];
    struct job *job = &given.job;
    for (int at = 0; at < count; at++) {
        int end = at;
        while (end < count && strcmp(words[end], "+") != 0)
            end++;
        const struct workload *workload = end > at ? workload_named(words[at]) : NULL;
        if (workload == NULL || job->lanes == MOST_LANES) {
            say(workload == NULL ? "no such workload: " : "too many workloads: ", words[at]);
            return false;
        }
        if (!options_read(&job->options[job->lanes], words[at], end - at - 1, words + at + 1, why, sizeof why)) {
            say(words[at], "");
            say(why, "");
            return false;
        }
        job->workload[job->lanes++] = workload;
        at = end;
        if (end + 1 == count) {
            say("no such workload: nothing stands behind the last ", words[end]);
            return false;
        }
    }
    if (job->lanes == 0)
        say("name a workload", "");
    return job->lanes > 0;
}

/* Whoever started us may go: standard input and output belong to them. */
static void let_go(void)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int file = STDIN_FILENO; nothing >= 0 && file <= STDERR_FILENO; file++)
        dup2(nothing, file);
    if (nothing > STDERR_FILENO)
        close(nothing);
    setsid();
    (void)!chdir("/");
}

/* In the background; this process prints the status, or the reason, and ends. */
static int start(void)
{
    int listening = control_listen(given.name), ends[2];
    if (listening < 0) {
        say("an agent of this name runs already: ", given.name);
        return FAILED;
    }
    if (pipe2(ends, O_CLOEXEC) != 0)
        return FAILED;
    int child = fork();
    if (child == 0) {
        let_go();
        const char *why = supervisor_start(&given.job);
        /* With its end: the lanes hold the pipe too, so that its reader cannot wait for it to be closed. */
        (void)!write(ends[1], why == NULL ? "" : why, why == NULL ? 1 : strlen(why) + 1);
        close(ends[0]);
        close(ends[1]);
        if (why == NULL)
            supervisor_serve(listening, 0);
        supervisor_stop();
        _exit(why == NULL ? DONE : FAILED);
    }
    close(listening);
    close(ends[1]);
    char why[256] = "";
    ssize_t got = child < 0 ? -1 : read(ends[0], why, sizeof why - 1);
    if (got > 0 && why[0] == '\0' && control_ask(given.name, "status"))
        return DONE;
    say(child < 0 ? "no process could be started" : why[0] == '\0' ? "the agent ended while it started" : why, "");
    return FAILED;
}

static int run(void)
{
    const char *why = supervisor_start(&given.job);
    if (why != NULL) {
        say(why, "");
        return FAILED;
    }
    supervisor_serve(-1, mono_ns() + given.seconds * NS_PER_S);
    supervisor_stop();
    report_records(STDOUT_FILENO);
    return DONE;
}

static int ask(const char *word)
{
    if (control_ask(given.name, word))
        return DONE;
    say("no agent of this name answers: ", given.name);
    return FAILED;
}

/* A line per byte, at once: whoever asks knows when it asked and when it heard. */
static int tell_clock(void)
{
    static struct text text;
    char byte;
    text_start(&text, STDOUT_FILENO);
    while (read(STDIN_FILENO, &byte, 1) == 1 && !text.failed) {
        int64_t mono = mono_ns(), wall = wall_ns();
        text_number(&text, mono);
        text_add(&text, " ");
        text_number(&text, wall);
        text_add(&text, "\n");
        text_flush(&text);
    }
    return DONE;
}

static int tell_version(void)
{
    static struct text text;
    struct utsname machine;
    text_start(&text, STDOUT_FILENO);
    text_add(&text, "1 ");
    text_add(&text, uname(&machine) == 0 ? machine.machine : "unknown");
    text_add(&text, "\n");
    text_flush(&text);
    return text.failed ? FAILED : DONE;
}

int main(int count, char **words)
{
    const char *command = count > 1 ? words[1] : "";
    bool works = strcmp(command, "start") == 0 || strcmp(command, "run") == 0;
    int common = count > 2 ? read_common(count - 2, words + 2) : 0;
    if (common >= 0 && works) {
        if (strcmp(command, "run") == 0 && given.seconds == 0)
            say("run needs --seconds", "");
        else if (read_workloads(count - 2 - common, words + 2 + common))
            return strcmp(command, "run") == 0 ? run() : start();
        return USAGE;
    }
    if (common >= 0 && common == (count > 2 ? count - 2 : 0)) {
        if (strcmp(command, "clock") == 0)
            return tell_clock();
        if (strcmp(command, "version") == 0)
            return tell_version();
        for (const char *const *word = (const char *const[]){ "status", "stop", "fetch", "quit", NULL }; *word != NULL; word++)
            if (strcmp(command, *word) == 0)
                return ask(*word);
    }
    say("start|run|status|stop|fetch|quit|clock|version; docs/agent.md tells the rest", "");
    return USAGE;
}
