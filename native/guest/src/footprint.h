/* What a process of ours takes of the guest's memory. */
#ifndef FOOTPRINT_H
#define FOOTPRINT_H

#include <stdint.h>

/*
 * Resident bytes of a process (0: this one), shared pages by its share of them (Pss in /proc/PID/smaps, proc(5)). A
 * private mapping of `requested` bytes (0: none) is a workload's own and is not counted. 0 when it cannot be read.
 */
int64_t footprint(int process, int64_t requested);

#endif
