/*
 * echo-target: answers ARP, neighbour discovery and ICMP echo for one address that no kernel owns, and makes outages
 * of known length. What a request meets is decided by when the kernel received it, so the truth that is printed does
 * not depend on when this program was scheduled; where it does after all, that is printed too (hold, stall).
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "frames.h"
#include "link.h"
#include "privileges.h"
#include "script.h"

/* As much as two seconds of probes at the shortest interval need. */
#define HELD_MAX 20000
#define STALL_DEFAULT_NS (NS_PER_MS / 5)

static const char USAGE[] =
    "usage: echo-target --interface NAME --address ADDRESS [--script FILE] [--stall-ns N]\n"
    "\n"
    "Answers for ADDRESS (IPv4 or IPv6) on the interface and plays the script: lines \"KIND BEGIN LENGTH\", kind loss,\n"
    "hold or replies, BEGIN and LENGTH in ns, BEGIN counted from the arrival of the first echo request. FILE - is the\n"
    "standard input. The truth goes to standard output as JSON lines; times are wall clock, ns. Ends on SIGTERM.\n"
    "Answers later than N ns (default 200000) after the arrival of their request are told as stalls.\n";

struct held {
    uint8_t *frame;
    size_t length;
};

static struct {
    int fd;
    struct station station;
    struct script script;
    size_t open; /* the first outage that is not over */
    int64_t origin_ns;
    struct held held[HELD_MAX];
    size_t held_length;
    int64_t drained_ns;  /* the last release had sent everything */
    int64_t prompt_ns;   /* arrival of the last request that was answered at once, or the end of a release */
    int64_t stall_ns;    /* an answer later than this is a stall of ours: a client may see it as an outage */
    struct {
        int64_t begin_ns; /* arrival of the first request answered late; 0: there is no stall */
        int64_t first_ns, last_ns; /* when late answers were given */
        int64_t since_ns; /* `prompt_ns` when it began */
    } stall;
    uint64_t requests, answered, refused, in_outage;
    uint32_t dropped;
} target;

static volatile sig_atomic_t stopped;
static void stop(int signal) { (void)signal, stopped = 1; }

static void say(const char *line)
{
    fputs(line, stdout);
    /* Nobody reads the truth any more: then nobody needs it. */
    if (fflush(stdout) != 0)
        stopped = 1;
}

static void send_answer(const uint8_t *answer, size_t length)
{
    if (send(target.fd, answer, length, 0) < 0)
        target.refused++;
    else
        target.answered++;
}

static void print_stall(void)
{
    if (target.stall.begin_ns == 0)
        return;
    char line[256];
    snprintf(line, sizeof line,
             "{\"kind\":\"stall\",\"begin\":\"%" PRId64 "\",\"first\":\"%" PRId64 "\",\"end\":\"%" PRId64
             "\",\"since\":\"%" PRId64 "\"}\n",
             target.stall.begin_ns, target.stall.first_ns, target.stall.last_ns, target.stall.since_ns);
    target.stall.begin_ns = 0;
    say(line);
}

/* Keeps the book of answers that were late through no script: a stall goes on until a request is answered at once. */
static void note_answer(int64_t arrived_ns, int64_t answered_ns)
{
    if (answered_ns - arrived_ns <= target.stall_ns) {
        print_stall();
        target.prompt_ns = arrived_ns;
    } else if (arrived_ns >= target.drained_ns) {
        if (target.stall.begin_ns == 0) {
            target.stall.begin_ns = arrived_ns;
            target.stall.first_ns = answered_ns;
            target.stall.since_ns = target.prompt_ns;
        }
        target.stall.last_ns = answered_ns;
    }
}

static void hold(const uint8_t *answer, size_t length)
{
    uint8_t *copy = target.held_length < HELD_MAX ? malloc(length) : NULL;
    if (copy == NULL) { /* as every queue: what finds no room is lost */
        target.refused++;
        return;
    }
    memcpy(copy, answer, length);
    target.held[target.held_length++] = (struct held){ copy, length };
}

/* The first outage is over: answers what it held and prints the truth. */
static void close_outage(void)
{
    const struct outage *outage = &target.script.outages[target.open++];
    int64_t end = outage->end_ns;
    if (outage->kind == OUTAGE_HOLD) {
        end = wall_ns();
        for (size_t i = 0; i < target.held_length; i++) {
            send_answer(target.held[i].frame, target.held[i].length);
            free(target.held[i].frame);
        }
        target.drained_ns = target.prompt_ns = wall_ns();
    }
    char line[256];
    snprintf(line, sizeof line,
             "{\"kind\":\"%s\",\"begin\":\"%" PRId64 "\",\"due\":\"%" PRId64 "\",\"end\":\"%" PRId64
             "\",\"requests\":%" PRIu64 ",\"held\":%zu}\n",
             outage_kind_name(outage->kind), outage->begin_ns, outage->end_ns, end, target.in_outage, target.held_length);
    target.held_length = 0;
    target.in_outage = 0;
    say(line);
}

static int over(int64_t now_ns)
{
    return target.origin_ns != 0 && target.open < target.script.length &&
           now_ns >= target.script.outages[target.open].end_ns;
}

static void take_request(const uint8_t *answer, size_t length, int64_t arrived_ns)
{
    if (target.origin_ns == 0) {
        target.origin_ns = arrived_ns;
        script_begin(&target.script, arrived_ns);
    }
    target.requests++;
    while (over(arrived_ns))
        close_outage();
    const struct outage *outage = script_outage(&target.script, target.open, arrived_ns);
    if (outage == NULL) {
        int64_t now = wall_ns();
        send_answer(answer, length);
        note_answer(arrived_ns, now);
        return;
    }
    target.in_outage++;
    int released = outage < &target.script.outages[target.open];
    if (outage->kind == OUTAGE_HOLD && released)
        send_answer(answer, length);
    else if (outage->kind == OUTAGE_HOLD)
        hold(answer, length);
}

static void read_frames(void)
{
    static uint8_t frame[FRAME_SPACE], answer[FRAME_SPACE];
    int64_t arrived;
    long length;
    while (!stopped && (length = link_receive(target.fd, frame, sizeof frame, &arrived, &target.dropped)) >= 0) {
        size_t answer_length;
        enum frame_kind kind = frame_answer(&target.station, frame, (size_t)length, answer, &answer_length);
        if (kind == FRAME_ECHO)
            take_request(answer, answer_length, arrived != 0 ? arrived : wall_ns());
        else if (kind == FRAME_RESOLVE) /* always answered: outages are of the service, not of the link */
            (void)!send(target.fd, answer, answer_length, 0);
    }
}

/* Waits for a frame, or for the end of the outage that is open. */
static void wait_for_work(const sigset_t *during)
{
    int64_t wait = 100 * NS_PER_MS;
    if (target.origin_ns != 0 && target.open < target.script.length) {
        int64_t left = target.script.outages[target.open].end_ns - wall_ns();
        wait = left < 0 ? 0 : left < wait ? left : wait;
    }
    struct timespec timeout = ns_timespec(wait);
    struct pollfd fds[] = { { .fd = target.fd, .events = POLLIN }, { .fd = STDOUT_FILENO, .events = 0 } };
    if (ppoll(fds, 2, &timeout, during) > 0 && (fds[1].revents & (POLLERR | POLLHUP)) != 0)
        stopped = 1;
}

static int parse(int argc, char **argv, const char **interface, const char **script)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1];
        if (value != NULL && strcmp(argv[i], "--interface") == 0)
            *interface = value;
        else if (value != NULL && strcmp(argv[i], "--script") == 0)
            *script = value;
        else if (value != NULL && strcmp(argv[i], "--stall-ns") == 0)
            target.stall_ns = atoll(value);
        else if (value == NULL || strcmp(argv[i], "--address") != 0 || address_parse(value, &target.station.address) != 0)
            return -1;
    }
    return *interface != NULL && target.station.address.family != 0 && target.stall_ns > 0 ? 0 : -1;
}

static int read_script(const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "echo-target: %s: %s\n", path, strerror(errno));
        return -1;
    }
    int result = script_read(file, &target.script);
    if (file != stdin)
        fclose(file);
    return result;
}

int main(int argc, char **argv)
{
    const char *interface = NULL, *script = NULL;
    target.stall_ns = STALL_DEFAULT_NS;
    if (parse(argc, argv, &interface, &script) != 0) {
        fputs(USAGE, stderr);
        return 2;
    }
    if (script != NULL && read_script(script) != 0)
        return 2;
    target.fd = link_open(interface, target.station.mac);
    if (target.fd < 0) {
        fprintf(stderr, "echo-target: %s: %s\n", interface, strerror(errno));
        return EXIT_FAILURE;
    }
    struct sigaction action = { .sa_handler = stop };
    sigset_t signals, during;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, &during); /* they arrive only while waiting */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    timer_slack_none();
    int realtime = realtime_try(pthread_self(), 2);
    memory_lock_try();
    say(realtime ? "{\"ready\":true,\"realtime\":true}\n" : "{\"ready\":true,\"realtime\":false}\n");

    while (!stopped) {
        /* Read before the frames: those that had arrived by then are taken before the outage is closed. */
        int64_t now = wall_ns();
        read_frames();
        while (over(now))
            close_outage();
        wait_for_work(&during);
    }
    print_stall();
    char line[192];
    snprintf(line, sizeof line,
             "{\"kind\":\"end\",\"requests\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"dropped\":%" PRIu32 "}\n",
             target.requests, target.answered, target.refused, target.dropped);
    say(line);
    script_free(&target.script);
    return EXIT_SUCCESS;
}
