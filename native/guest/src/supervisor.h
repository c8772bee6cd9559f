/*
 * The agent's first process: starts the lanes, watches the guest's memory, keeps the records, and answers whoever asks. It
 * hears on a socket that has no file, so that nothing is left behind however it ends.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "lane.h"

struct job {
    int64_t window; /* ns */
    int lanes;
    const struct workload *workload[MOST_LANES];
    struct options options[MOST_LANES];
};

/*
 * Starts the lanes of a job and waits until all are at work. Returns NULL on success, else the sentence of the one that
 * could not, after all have been ended.
 */
const char *supervisor_start(const struct job *job);
/* Serves requests on a listening socket (-1: none) until told to quit or, with `until` > 0, until that moment (ns). */
void supervisor_serve(int listening, int64_t until);
/* Tells the lanes to stop and waits until they have; what does not listen is killed. */
void supervisor_stop(void);

/* What the supervisor knows, for those who write it down. */
struct memory_sample {
    struct instant at;
    int64_t total, available, swap_total, swap_free, committed;
};

struct supervisor {
    const struct job *job;
    struct journal *journal[MOST_LANES];
    int process[MOST_LANES]; /* 0: it has ended */
    struct instant started;
    bool stopped;
    int64_t own_memory; /* when it was stopped, bytes */
    int64_t dropped;
    int samples;
    struct memory_sample *sample;
};

const struct supervisor *supervisor(void);

#endif
