/* Random numbers, and a random order of 0 … count − 1 that needs no memory. */
#ifndef ORDER_H
#define ORDER_H

#include <stdint.h>

/* splitmix64 (Steele, Lea and Flood, OOPSLA 2014): every state gives a good 64-bit number. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number below `limit`, with a bias of at most limit / 2^64. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)random_next(state) * limit) >> 64);
}

struct order {
    uint64_t count, mask, position;
    uint64_t multiply[2], add;
    int shift;
};

void order_make(struct order *order, uint64_t count, uint64_t seed);

/*
 * The next number; after `count` calls each has come once and the order begins again, so that any `count` calls in a row
 * give different numbers. Steps that can be taken back, on the next power of two (the multiplications are by odd numbers,
 * the shifts go down), numbers beyond `count` left out.
 */
static inline uint64_t order_next(struct order *order)
{
    for (;;) {
        uint64_t x = order->position++ & order->mask;
        x = (x + order->add) & order->mask;
        x ^= x >> order->shift;
        x = (x * order->multiply[0]) & order->mask;
        x ^= x >> order->shift;
        x = (x * order->multiply[1]) & order->mask;
        x ^= x >> order->shift;
        if (x < order->count)
            return x;
    }
}

#endif
