#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "schedule.h"

static const char USAGE[] =
    "usage: prober --target ADDRESS [--interval-ns N] [--count N] [--output FILE] [--linger-ms N]\n"
    "       prober --check\n"
    "\n"
    "Sends ICMP echo requests on an absolute schedule and records everything about them (see ARCHITECTURE.md,\n"
    "probes.bin) until SIGTERM, SIGINT or the end of the count.\n"
    "\n"
    "  --target ADDRESS   IPv4 or IPv6, link-local ones with %interface\n"
    "  --interval-ns N    100000 (100 us) to 10000000000 (10 s); default 1000000\n"
    "  --count N          this many ticks; default: until told to stop\n"
    "  --output FILE      default: standard output\n"
    "  --linger-ms N      how long to wait for late replies after the last probe; default 500\n"
    "  --check            say as JSON what this process may do, and end\n";

int number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    if (!isdigit((unsigned char)text[0]))
        return -1;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < low || number > high)
        return -1;
    *value = number;
    return 0;
}

static int number_option(const char *name, uint64_t low, uint64_t high, uint64_t *value)
{
    if (number_parse(optarg, low, high, value) == 0)
        return 0;
    fprintf(stderr, "prober: --%s wants a whole number from %" PRIu64 " to %" PRIu64 ", not \"%s\"\n", name, low, high,
            optarg);
    return -1;
}

int options_parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        { "target", required_argument, NULL, 't' },  { "interval-ns", required_argument, NULL, 'i' },
        { "count", required_argument, NULL, 'c' },   { "output", required_argument, NULL, 'o' },
        { "linger-ms", required_argument, NULL, 'l' }, { "check", no_argument, NULL, 'k' },
        { "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
    };
    *options = (struct options){ .interval_ns = NS_PER_MS, .linger_ns = 500 * NS_PER_MS };
    uint64_t number;
    int choice;
    while ((choice = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (choice) {
        case 't':
            if (address_parse(optarg, &options->target) != 0) {
                fprintf(stderr, "prober: --target wants a numeric IPv4 or IPv6 address, not \"%s\"\n", optarg);
                return -1;
            }
            break;
        case 'i':
            if (number_option("interval-ns", INTERVAL_MIN_NS, INTERVAL_MAX_NS, &number) != 0)
                return -1;
            options->interval_ns = (int64_t)number;
            break;
        case 'c':
            if (number_option("count", 1, INT64_MAX / INTERVAL_MAX_NS, &options->count) != 0)
                return -1;
            break;
        case 'l':
            if (number_option("linger-ms", 0, 3600000, &number) != 0)
                return -1;
            options->linger_ns = (int64_t)number * NS_PER_MS;
            break;
        case 'o':
            options->output = optarg;
            break;
        case 'k':
            options->check = 1;
            break;
        case 'h':
            fputs(USAGE, stdout);
            exit(0);
        default:
            fputs(USAGE, stderr); /* getopt has said what is wrong */
            return -1;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "prober: \"%s\" is not an option\n", argv[optind]);
        return -1;
    }
    if (!options->check && options->target.family == 0) {
        fputs("prober: --target is missing\n", stderr);
        return -1;
    }
    return 0;
}
