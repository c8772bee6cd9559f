#include "arrivals.h"

#include <string.h>

static uint64_t bit(uint64_t sequence) { return 1ULL << sequence % 64; }

static uint64_t *place(struct arrivals *arrivals, uint64_t sequence)
{
    return &arrivals->came[sequence % REMEMBERED / 64];
}

/* None of those before `end` has come; their places were those of older ones. */
static void forget(struct arrivals *arrivals, uint64_t first, uint64_t end)
{
    if (end - first >= REMEMBERED) {
        memset(arrivals->came, 0, sizeof arrivals->came);
        return;
    }
    for (uint64_t sequence = first; sequence < end; sequence++)
        *place(arrivals, sequence) &= ~bit(sequence);
}

bool arrivals_take(struct arrivals *arrivals, uint64_t sequence, struct discontinuity *found)
{
    uint64_t next = arrivals->next;
    found->sequence = (int64_t)sequence;
    found->count = 1;
    if (sequence >= next) {
        forget(arrivals, next, sequence);
        *place(arrivals, sequence) |= bit(sequence);
        arrivals->next = sequence + 1;
        found->kind = LOST;
        found->sequence = (int64_t)next;
        found->count = (int64_t)(sequence - next);
        return found->count > 0;
    }
    bool forgotten = next - sequence > REMEMBERED;
    found->kind = forgotten || (*place(arrivals, sequence) & bit(sequence)) ? DUPLICATE : REORDERED;
    *place(arrivals, sequence) |= forgotten ? 0 : bit(sequence);
    return true;
}
