/* The command line of the prober. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdint.h>

#include "address.h"

struct options {
    int check;
    struct address target;
    int64_t interval_ns;
    uint64_t count;     /* 0: until told to stop */
    const char *output; /* NULL: standard output */
    int64_t linger_ns;
};

/* Returns 0; or prints what is wrong and returns -1. `--help` prints the usage and ends the program. */
int options_parse(int argc, char **argv, struct options *options);

/* A decimal number between `low` and `high`, with nothing around it. Returns 0, or -1. */
int number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *value);

#endif
