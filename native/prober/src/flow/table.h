/* What each flow has had so far. */
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "frame.h"

/* A migration has a dozen flows. What comes beyond this many is counted as `FLOW_OTHER`. */
#define MOST_FLOWS 2048u
/* A power of two, so that a slot is found by a mask; half of it stays empty, so that the search for one is short. */
#define SLOTS 4096u

struct flow {
    struct flow_key key;
    uint64_t bytes, packets;
};

struct table {
    /* Flows in the order in which they were first seen, and each slot's place among them, from 1. */
    struct flow flows[MOST_FLOWS + 2];
    unsigned count;
    uint16_t slots[SLOTS];
};

void table_init(struct table *table);
void table_count(struct table *table, struct flow_key key, uint64_t bytes);
/* One line of JSON with all flows. `dropped`: packets that were not counted; `end`: the last line. 0, or -1. */
int table_print(const struct table *table, FILE *output, uint64_t dropped, int end);

#endif
