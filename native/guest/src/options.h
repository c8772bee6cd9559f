/* The command line of a lane. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_STEPS 64
#define ADDRESS_LENGTH 64
#define PATH_LENGTH 256

enum pattern { SEQUENTIAL, RANDOM_ORDER, SKEWED };
enum content { ZERO, TEXT, NOISE };
enum direction { SEND, RECEIVE };

struct trace_step {
    int64_t length; /* ns */
    int64_t rate;   /* bytes per second; 0: idle */
};

struct options {
    int64_t rate; /* bytes per second; 0: flat out */
    struct trace_step trace[TRACE_STEPS];
    int trace_steps; /* 0: `rate` counts */
    uint64_t seed;
    int64_t size, touched, bytes;
    int level;
    enum pattern pattern;
    enum content content;
    enum direction direction;
    bool direct;
    int port;
    int64_t datagram;
    char directory[PATH_LENGTH];
    char peer[ADDRESS_LENGTH];
};

/*
 * Reads `count` words after the workload's kind. Returns false with a sentence in `why` (of `why_length` bytes) when a
 * word is unknown, a value wrong, or something is missing that this kind needs.
 */
bool options_read(struct options *options, const char *kind, int count, char **words, char *why, int why_length);

#endif
