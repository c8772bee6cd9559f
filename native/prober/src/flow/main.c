/*
 * Counts the bytes on an Ethernet interface by flow until SIGTERM or SIGINT: a line of JSON at once, when it listens, one
 * per second, and a last one that holds everything that had been seen by then.
 *
 * Bytes are those of the frames with their Ethernet header and VLAN tag, without the check sequence, as the kernel hands
 * them over: where the network card cuts segments or puts them together, the headers of all but the first are missing.
 * Frames to other machines, which a switch floods, are not counted.
 *
 * Needs CAP_NET_RAW and nothing else.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../wire/endings.h"
#include "../wire/tap.h"
#include "frame.h"
#include "table.h"

static const char USAGE[] = "usage: flows --interface NAME\n";
/* Ethernet, two VLAN tags, IPv6 with some extension headers, and the ports. */
#define SNAP 128
/* The kernel hands over a block that is not full after this long at the latest. */
#define RETIRE_MS 50

static struct table table;

static const char *arguments_parse(int argc, char **argv)
{
    static const struct option known[] = { { "interface", required_argument, NULL, 'i' }, { NULL, 0, NULL, 0 } };
    const char *interface = NULL;
    int choice;
    while ((choice = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (choice != 'i')
            return NULL;
        interface = optarg;
    }
    return optind == argc ? interface : NULL;
}

static int count(void *context, const struct tap_packet *packet)
{
    if (packet->way == TAP_FOREIGN)
        return 0;
    /* The kernel takes a VLAN tag out of the packet; on the wire it was part of it. */
    uint64_t bytes = packet->original + (packet->has_vlan ? 4 : 0);
    table_count(context, flow_of_frame(packet->bytes, packet->captured, packet->way == TAP_OUTGOING), bytes);
    return 0;
}

static int tell(struct tap *tap, int end)
{
    if (tap_drain(tap, count, &table) == 0 && table_print(&table, stdout, tap_dropped(tap), end) == 0)
        return 0;
    perror("flows: writing");
    return -1;
}

/* 0, or -1 after a message. */
static int count_until_told(struct tap *tap, int signals, int seconds)
{
    struct pollfd waiting[] = {
        { .fd = tap->socket, .events = POLLIN },
        { .fd = signals, .events = POLLIN },
        { .fd = seconds, .events = POLLIN },
    };
    for (;;) {
        if (poll(waiting, 3, -1) < 0 && errno != EINTR) {
            perror("flows: poll");
            return -1;
        }
        if (waiting[0].revents & (POLLERR | POLLHUP)) {
            fprintf(stderr, "flows: the interface has gone\n");
            return -1;
        }
        tap_drain(tap, count, &table);
        if (waiting[1].revents & POLLIN) {
            /* What came before the signal is in a block that the kernel has not handed over yet. */
            usleep(3 * RETIRE_MS * 1000);
            return tell(tap, 1);
        }
        uint64_t passed;
        if (waiting[2].revents & POLLIN && read(seconds, &passed, sizeof passed) > 0 && tell(tap, 0) != 0)
            return -1;
    }
}

int main(int argc, char **argv)
{
    const char *interface = arguments_parse(argc, argv);
    if (!interface) {
        fputs(USAGE, stderr);
        return 2;
    }
    int signals = endings_open();
    int seconds = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec every = { .it_interval = { .tv_sec = 1 }, .it_value = { .tv_sec = 1 } };
    if (signals < 0 || seconds < 0 || timerfd_settime(seconds, 0, &every, NULL) != 0) {
        perror("flows: its timer");
        return 1;
    }
    table_init(&table);
    struct tap tap;
    if (tap_open(&tap, interface, SNAP, RETIRE_MS) != 0)
        return 1;
    int result = tell(&tap, 0) == 0 ? count_until_told(&tap, signals, seconds) : -1;
    tap_close(&tap);
    return result == 0 ? 0 : 1;
}
