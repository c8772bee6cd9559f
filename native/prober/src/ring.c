#include "ring.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

int ring_create(struct ring *ring, uint64_t records)
{
    uint64_t capacity = 2;
    while (capacity < records)
        capacity *= 2;
    memset(ring, 0, sizeof *ring);
    ring->slots = malloc(capacity * sizeof *ring->slots);
    if (ring->slots == NULL)
        return -1;
    memset(ring->slots, 0, capacity * sizeof *ring->slots);
    ring->mask = capacity - 1;
    return 0;
}

void ring_destroy(struct ring *ring)
{
    free(ring->slots);
    ring->slots = NULL;
}

static void count_loss(struct ring *ring, const struct record *record)
{
    if (ring->lost.count == 0)
        ring->lost = (struct record){
            .kind = RECORD_LOST, .sequence = record->sequence, .mono_ns = mono_ns(), .wall_ns = wall_ns() };
    if (ring->lost.count < UINT32_MAX)
        ring->lost.count++;
    atomic_fetch_add_explicit(&ring->lost_total, 1, memory_order_relaxed);
}

int ring_push(struct ring *ring, const struct record *record)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    uint64_t room = ring->mask + 1 - (head - tail);
    uint64_t needed = ring->lost.count > 0 ? 2 : 1;
    if (room < needed) {
        count_loss(ring, record);
        return 0;
    }
    if (needed == 2) {
        ring->slots[head++ & ring->mask] = ring->lost;
        ring->lost.count = 0;
    }
    ring->slots[head++ & ring->mask] = *record;
    atomic_store_explicit(&ring->head, head, memory_order_release);
    return 1;
}

uint64_t ring_pop(struct ring *ring, struct record *out, uint64_t max)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint64_t taken = 0;
    while (taken < max && tail != head)
        out[taken++] = ring->slots[tail++ & ring->mask];
    atomic_store_explicit(&ring->tail, tail, memory_order_release);
    return taken;
}

int ring_unreported(struct ring *ring, struct record *out)
{
    if (ring->lost.count == 0)
        return 0;
    *out = ring->lost;
    ring->lost.count = 0;
    return 1;
}
