/* Numbered datagrams as they arrive: what is missing, what came twice, what came late. */
#ifndef ARRIVALS_H
#define ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"

/* So many of the latest numbers are remembered, a bit each. At 100,000 datagrams per second that is over a second. */
#define REMEMBERED (1 << 17)

struct arrivals {
    uint64_t next; /* one above the highest number that came */
    uint64_t came[REMEMBERED / 64];
};

/*
 * A number beyond the next one means that those between are lost, which is said at once: whether they will still come
 * cannot be known. When one of them does, it is REORDERED, which takes back its loss: lost for good is what was said to
 * be lost, less what was reordered. A number that came before is a DUPLICATE. What is older than the memory counts as a
 * duplicate too, since that takes nothing back.
 */

/* Takes the datagram of that number. Returns false when it was the next one, else what was found: kind, sequence, count. */
bool arrivals_take(struct arrivals *arrivals, uint64_t sequence, struct discontinuity *found);

#endif
