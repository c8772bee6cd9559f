#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "meminfo.h"
#include "report.h"
#include "text.h"

/* Room of all journals together. The agent adds less than 1 MiB to a guest, and this is most of it. Bytes. */
#define JOURNAL_ROOM (640 * 1024)
#define SAMPLE_EVERY NS_PER_S
#define SAMPLES      600
/* Milliseconds that a lane gets to see that it is to stop. */
#define STOP_PATIENCE 5000

static struct supervisor self;

const struct supervisor *supervisor(void) { return &self; }

static void *shared(int64_t length)
{
    void *memory = mmap(NULL, (size_t)length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* The lanes are what may be killed when the guest runs out of memory; the records shall survive. */
static void set_oom_score(const char *score)
{
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    (void)!write(file, score, strlen(score));
    close(file);
}

static void begin_lane(int number, int64_t window)
{
    static struct lane lane;
    lane = (struct lane){ .workload = self.job->workload[number],
                          .options = &self.job->options[number],
                          .journal = self.journal[number],
                          .number = number };
    set_oom_score("500");
    lane_live(&lane, window);
}

/* A lane that ended without saying so was killed. */
static void bury(int number, int status)
{
    struct journal *journal = self.journal[number];
    self.process[number] = 0;
    if (journal->state == STOPPED || journal->state == DIED)
        return;
    if (WIFSIGNALED(status)) {
        words_append(journal->why, sizeof journal->why, "killed by signal ");
        words_append_number(journal->why, sizeof journal->why, WTERMSIG(status));
        if (WTERMSIG(status) == SIGKILL && !self.stopped)
            words_append(journal->why, sizeof journal->why, ": perhaps the guest ran out of memory");
    } else {
        words_append(journal->why, sizeof journal->why, "ended without a word");
    }
    journal->ended = instant_at(mono_ns());
    journal->state = DIED;
}

static void look_after(void)
{
    for (int lane = 0; lane < self.job->lanes; lane++) {
        int status;
        if (self.process[lane] > 0 && wait4(self.process[lane], &status, WNOHANG, NULL) == self.process[lane])
            bury(lane, status);
    }
}

static void take_sample(void)
{
    struct meminfo memory;
    if (!meminfo_read(&memory))
        return;
    /* Full: every second one goes, as with windows the beginning is as good as the end. */
    if (self.samples == SAMPLES) {
        for (int i = 0; i < SAMPLES / 2; i++)
            self.sample[i] = self.sample[2 * i];
        self.samples = SAMPLES / 2;
    }
    self.sample[self.samples++] = (struct memory_sample){ instant_at(mono_ns()), memory.total, memory.available,
                                                          memory.swap_total, memory.swap_free, memory.committed };
}

static bool any(enum lane_state state)
{
    for (int lane = 0; lane < self.job->lanes; lane++)
        if (self.journal[lane]->state == (int)state)
            return true;
    return false;
}

static const char *first_reason(void)
{
    static char words[240];
    for (int lane = 0; lane < self.job->lanes; lane++) {
        if (self.journal[lane]->state != DIED)
            continue;
        words[0] = '\0';
        words_append(words, sizeof words, self.job->workload[lane]->kind);
        words_append(words, sizeof words, ": ");
        words_append(words, sizeof words, self.journal[lane]->why);
        return words;
    }
    return "a workload did not start";
}

const char *supervisor_start(const struct job *job)
{
    int64_t room = JOURNAL_ROOM / job->lanes / 64 * 64;
    char *journals = shared(JOURNAL_ROOM);
    self = (struct supervisor){ .job = job, .started = instant_at(mono_ns()) };
    self.sample = shared(SAMPLES * (int64_t)sizeof *self.sample);
    if (journals == NULL || self.sample == NULL)
        return "the guest gives no memory for the records";
    set_oom_score("-500");
    take_sample();
    for (int lane = 0; lane < job->lanes; lane++) {
        self.journal[lane] = journal_make(journals + lane * room, room);
        int process = fork();
        if (process == 0)
            begin_lane(lane, job->window);
        if (process < 0)
            self.journal[lane]->state = DIED;
        self.process[lane] = process < 0 ? 0 : process;
    }
    while (any(STARTING)) {
        look_after();
        sleep_until(mono_ns() + 5 * NS_PER_MS);
    }
    if (!any(DIED))
        return NULL;
    supervisor_stop();
    return first_reason();
}

void supervisor_stop(void)
{
    if (!self.stopped)
        self.own_memory = report_own_memory();
    self.stopped = true;
    for (int lane = 0; lane < self.job->lanes; lane++)
        self.journal[lane]->told = 1;
    for (int waited = 0; waited < STOP_PATIENCE; waited += 5) {
        look_after();
        int left = 0;
        for (int lane = 0; lane < self.job->lanes; lane++)
            left += self.process[lane] > 0;
        if (left == 0)
            return;
        sleep_until(mono_ns() + 5 * NS_PER_MS);
    }
    for (int lane = 0; lane < self.job->lanes; lane++) {
        int status;
        if (self.process[lane] > 0 && kill(self.process[lane], SIGKILL) == 0) {
            words_append(self.journal[lane]->why, sizeof self.journal[lane]->why, "it did not stop when told to: ");
            wait4(self.process[lane], &status, 0, NULL);
            bury(lane, status);
        }
    }
}

/* One request: a word and a newline; the answer is what the asking command prints. Returns false to quit. */
static bool answer(int client)
{
    char word[16];
    size_t length = 0;
    struct pollfd ready = { .fd = client, .events = POLLIN };
    while (length < sizeof word - 1) {
        if (poll(&ready, 1, 1000) <= 0)
            return true;
        ssize_t got = recv(client, word + length, 1, 0);
        if (got <= 0 || word[length] == '\n')
            break;
        length += (size_t)got;
    }
    word[length] = '\0';
    if (strcmp(word, "stop") == 0)
        supervisor_stop();
    if (strcmp(word, "fetch") == 0)
        report_records(client);
    else
        report_status(client);
    return strcmp(word, "quit") != 0;
}

void supervisor_serve(int listening, int64_t until)
{
    int64_t next = mono_ns() + SAMPLE_EVERY;
    for (;;) {
        int64_t now = mono_ns(), wake = until > 0 && until < next ? until : next;
        struct pollfd ready = { .fd = listening, .events = POLLIN };
        int64_t wait = (wake - now + NS_PER_MS - 1) / NS_PER_MS;
        int got = poll(&ready, 1, wait > 0 ? (int)wait : 0);
        now = mono_ns();
        look_after();
        if (now >= next) {
            if (!self.stopped)
                take_sample();
            next = now + SAMPLE_EVERY;
        }
        if (until > 0 && now >= until)
            return;
        if (got <= 0)
            continue;
        int client = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            continue;
        bool more = answer(client);
        close(client);
        if (!more)
            return;
    }
}
