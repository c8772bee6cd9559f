/* The script of outages that the echo target plays. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum outage_kind {
    OUTAGE_LOSS,    /* requests are dropped */
    OUTAGE_HOLD,    /* requests are held, and answered at the end */
    OUTAGE_REPLIES, /* one direction only: requests arrive, their replies are dropped */
};

/* A request is in the outage when begin <= its arrival < end; wall clock or offset, nanoseconds. */
struct outage {
    enum outage_kind kind;
    int64_t begin_ns;
    int64_t end_ns;
};

struct script {
    struct outage *outages; /* ascending, not overlapping */
    size_t length;
};

const char *outage_kind_name(enum outage_kind kind);

/*
 * Reads lines "KIND BEGIN LENGTH" (kind loss, hold or replies; offset and length in nanoseconds); empty lines and
 * lines from # on are skipped. Returns 0; or -1 after saying on standard error which line is wrong and why.
 */
int script_read(FILE *file, struct script *script);
void script_free(struct script *script);

/* Turns offsets into moments. */
void script_begin(struct script *script, int64_t origin_ns);

/*
 * The outage that a request arriving at `at_ns` falls into, or NULL. `open` is the index of the first outage that is
 * not over: a request can be read after the end of the outage that it arrived in, so the one before is asked as well.
 */
const struct outage *script_outage(const struct script *script, size_t open, int64_t at_ns);

#endif
