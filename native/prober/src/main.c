/* prober: parse, prepare everything, start the three threads, watch until told to stop, end cleanly. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "options.h"
#include "privileges.h"
#include "prober.h"

#define EXIT_USAGE 2
#define STATUS_NS (200 * NS_PER_MS)
#define START_DELAY_NS (20 * NS_PER_MS)
#define STACK_BYTES (128 << 10)
/* A reader may stall for this long before records are lost. */
#define RING_NS (20 * NS_PER_S)

enum { SENDER, RECEIVER, WRITER, THREADS };

static struct prober prober;
static sigset_t stop_signals;

static int fail(const char *what, int error)
{
    fprintf(stderr, "prober: %s: %s\n", what, strerror(error));
    return EXIT_FAILURE;
}

static const char *yes(int value) { return value ? "true" : "false"; }

/* `--check`: everything is tried, nothing is sent. */
static int check(void)
{
    struct sockets sockets[2];
    int opened[2], timestamps = 1;
    for (int i = 0; i < 2; i++) {
        opened[i] = sockets_open(&sockets[i], i == 0 ? 4 : 6, 0) == 0;
        if (opened[i]) {
            timestamps &= sockets[i].timestamps;
            sockets_close(&sockets[i]);
        }
    }
    int may = opened[0] || opened[1];
    printf("{\"ipv4\":%s,\"ipv6\":%s,\"realtime\":%s,\"locked\":%s,\"timestamps\":\"%s\"}\n", yes(opened[0]),
           yes(opened[1]), yes(realtime_try(pthread_self(), 0)), yes(memory_lock_try()),
           may && timestamps ? "kernel" : "none");
    return may ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* One line for whoever watches. Skipped when standard error takes none: watching must not hold anything up. */
static void print_status(void)
{
    struct pollfd sink = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (poll(&sink, 1, 0) != 1)
        return;
    uint64_t lost = atomic_load(&prober.from_sender.lost_total) + atomic_load(&prober.from_receiver.lost_total) +
                    atomic_load(&prober.kernel_dropped);
    int length = dprintf(STDERR_FILENO,
                         "{\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"refused\":%" PRIu64
                         ",\"lost\":%" PRIu64 "}\n",
                         atomic_load(&prober.sent), atomic_load(&prober.answered), atomic_load(&prober.missed),
                         atomic_load(&prober.refused), lost);
    /* Whoever started us is gone: nobody is left to stop us, so we stop. */
    if (length < 0 && errno == EPIPE)
        atomic_store(&prober.stop_sending, 1);
}

static uint64_t ring_records(uint64_t per_tick)
{
    uint64_t ticks = (uint64_t)(RING_NS / prober.schedule.interval_ns);
    return (ticks < 1024 ? 1024 : ticks) * per_tick;
}

/* Everything that can fail before the first probe. Returns 0, or the exit code after saying what is wrong. */
static int prepare(const struct options *options)
{
    prober.target = options->target;
    prober.schedule = (struct schedule){ .interval_ns = options->interval_ns, .count = options->count };
    if (getrandom(&prober.who.nonce, sizeof prober.who.nonce, 0) != sizeof prober.who.nonce ||
        getrandom(&prober.who.identifier, sizeof prober.who.identifier, 0) != sizeof prober.who.identifier)
        return fail("no random numbers", errno);
    if (sockets_open(&prober.sockets, prober.target.family, prober.who.identifier) != 0)
        return fail(errno == EPERM ? "cannot open a raw socket (CAP_NET_RAW is needed)" : "cannot open a raw socket",
                    errno);
    prober.output = STDOUT_FILENO;
    prober.output_name = "standard output";
    if (options->output != NULL) {
        prober.output_name = options->output;
        prober.output = open(options->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (prober.output < 0)
            return fail(options->output, errno);
    } else if (isatty(STDOUT_FILENO)) {
        fputs("prober: records are not for a terminal: name a file with --output\n", stderr);
        return EXIT_USAGE;
    }
    if (ring_create(&prober.from_sender, ring_records(1)) != 0 ||
        ring_create(&prober.from_receiver, ring_records(2)) != 0)
        return fail("no memory for the rings", ENOMEM);
    return 0;
}

/* Starts the threads; they wait for each other and for us at `go`. */
static int start_threads(pthread_t threads[THREADS])
{
    static void *(*const bodies[THREADS])(void *) = { sender_run, receiver_run, writer_run };
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_barrier_init(&prober.go, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        int error = pthread_create(&threads[i], &attributes, bodies[i], &prober);
        if (error != 0)
            return fail("cannot start a thread", error);
    }
    pthread_attr_destroy(&attributes);
    int realtime = realtime_try(threads[SENDER], 1) && realtime_try(threads[RECEIVER], 0);
    int locked = memory_lock_try();
    dprintf(STDERR_FILENO, "{\"ready\":true,\"realtime\":%s,\"locked\":%s,\"timestamps\":\"%s\"}\n", yes(realtime),
            yes(locked), prober.sockets.timestamps ? "kernel" : "none");
    return 0;
}

/* Waits until `until` (CLOCK_MONOTONIC), a signal, the end of sending if asked for, or a broken output. */
static int watch(int64_t until, int sending)
{
    int64_t next_status = mono_ns() + STATUS_NS;
    while (mono_ns() < until && atomic_load(&prober.output_error) == 0) {
        if (sending && (atomic_load(&prober.sender_ended) || atomic_load(&prober.stop_sending)))
            return 0;
        struct timespec pause = ns_timespec(10 * NS_PER_MS);
        if (sigtimedwait(&stop_signals, NULL, &pause) > 0)
            return 1;
        if (mono_ns() >= next_status) {
            print_status();
            next_status += STATUS_NS;
        }
    }
    return 0;
}

/* The writer has what there is; a second signal while it waits for its reader makes it give up. */
static void await_writer(pthread_t writer)
{
    for (;;) {
        struct timespec limit = ns_timespec(wall_ns() + 10 * NS_PER_MS);
        if (pthread_timedjoin_np(writer, NULL, &limit) == 0)
            return;
        struct timespec now = { 0 };
        if (sigtimedwait(&stop_signals, NULL, &now) > 0)
            atomic_store(&prober.abandon_output, 1);
    }
}

int main(int argc, char **argv)
{
    struct options options;
    if (options_parse(argc, argv, &options) != 0)
        return EXIT_USAGE;
    if (options.check)
        return check();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    sigaddset(&stop_signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &stop_signals, NULL); /* the threads inherit it: only main listens */
    timer_slack_none();

    int code = prepare(&options);
    pthread_t threads[THREADS];
    if (code != 0 || (code = start_threads(threads)) != 0)
        return code;
    prober.schedule.start_ns = mono_ns() + START_DELAY_NS;
    prober.start_wall_ns = wall_at(prober.schedule.start_ns);
    pthread_barrier_wait(&prober.go);

    watch(INT64_MAX, 1);
    atomic_store(&prober.stop_sending, 1);
    pthread_join(threads[SENDER], NULL);
    watch(mono_ns() + options.linger_ns, 0); /* a second signal ends the lingering */
    atomic_store(&prober.stop_receiving, 1);
    pthread_join(threads[RECEIVER], NULL);
    atomic_store(&prober.producers_ended, 1);
    await_writer(threads[WRITER]);
    print_status();

    sockets_close(&prober.sockets);
    ring_destroy(&prober.from_sender);
    ring_destroy(&prober.from_receiver);
    int error = atomic_load(&prober.output_error);
    if (error == 0 && close(prober.output) != 0)
        error = errno;
    if (error == ETIMEDOUT)
        fprintf(stderr, "prober: nobody reads %s: the records are incomplete\n", prober.output_name);
    else if (error != 0)
        fprintf(stderr, "prober: cannot write to %s: %s\n", prober.output_name, strerror(error));
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
