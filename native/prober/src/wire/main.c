/*
 * Copies the headers of every packet on an Ethernet interface into a pcap file with nanosecond timestamps, until SIGTERM or
 * SIGINT. Then everything that had been seen by that moment is written: no packet is left in an unfinished block.
 *
 * Needs CAP_NET_RAW and nothing else, also as the only user of a user namespace, where programs that insist on changing
 * their user cannot run.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "endings.h"
#include "pcap.h"
#include "tap.h"

static const char USAGE[] = "usage: capture --interface NAME --output FILE [--snap BYTES]\n";
/* Enough for Ethernet, VLAN, IPv6, ICMP and the probe's nonce and sequence; of a client's payload next to nothing. */
#define DEFAULT_SNAP 128
#define LARGEST_SNAP 65535
/* The kernel hands over a block that is not full after this long at the latest. */
#define RETIRE_MS 20

struct arguments {
    const char *interface;
    const char *output;
    unsigned snap;
};

static int arguments_parse(int argc, char **argv, struct arguments *arguments)
{
    static const struct option known[] = {
        { "interface", required_argument, NULL, 'i' }, { "output", required_argument, NULL, 'o' },
        { "snap", required_argument, NULL, 's' },      { NULL, 0, NULL, 0 },
    };
    *arguments = (struct arguments){ .snap = DEFAULT_SNAP };
    int choice;
    while ((choice = getopt_long(argc, argv, "", known, NULL)) != -1) {
        char *end = "";
        if (choice == 'i')
            arguments->interface = optarg;
        else if (choice == 'o')
            arguments->output = optarg;
        else if (choice == 's')
            arguments->snap = (unsigned)strtoul(optarg, &end, 10);
        else
            return -1;
        if (*end != '\0')
            return -1;
    }
    int usable = arguments->interface && arguments->output && arguments->snap >= 14 && arguments->snap <= LARGEST_SNAP;
    return usable && optind == argc ? 0 : -1;
}

/* 0, or -1 after a message. */
static int copy_until_told(struct tap *tap, struct pcap *pcap, int signals)
{
    struct pollfd waiting[] = { { .fd = tap->socket, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
    for (;;) {
        if (poll(waiting, 2, -1) < 0 && errno != EINTR) {
            perror("capture: poll");
            return -1;
        }
        if (tap_drain(tap, pcap_packet, pcap) != 0 || pcap_flush(pcap) != 0)
            return -1;
        if (waiting[0].revents & (POLLERR | POLLHUP)) {
            fprintf(stderr, "capture: the interface has gone\n");
            return -1;
        }
        if (waiting[1].revents & POLLIN) {
            /* What came before the signal is in a block that the kernel has not handed over yet. */
            usleep(3 * RETIRE_MS * 1000);
            return tap_drain(tap, pcap_packet, pcap) != 0 || pcap_flush(pcap) != 0 ? -1 : 0;
        }
    }
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (arguments_parse(argc, argv, &arguments) != 0) {
        fputs(USAGE, stderr);
        return 2;
    }
    int signals = endings_open();

    struct tap tap;
    struct pcap pcap;
    if (pcap_create(&pcap, arguments.output, arguments.snap) != 0)
        return 1;
    if (tap_open(&tap, arguments.interface, arguments.snap, RETIRE_MS) != 0)
        return 1;
    fprintf(stderr, "{\"ready\":true}\n");

    int result = copy_until_told(&tap, &pcap, signals);
    uint64_t dropped = tap_dropped(&tap);
    tap_close(&tap);
    if (pcap_close(&pcap) != 0)
        result = -1;
    fprintf(stderr, "{\"captured\":%llu,\"dropped\":%llu}\n", (unsigned long long)pcap.packets,
            (unsigned long long)dropped);
    return result == 0 ? 0 : 1;
}
