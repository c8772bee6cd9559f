#include "order.h"

void order_make(struct order *order, uint64_t count, uint64_t seed)
{
    int bits = 0;
    while (bits < 63 && (1ULL << bits) < count)
        bits++;
    *order = (struct order){ .count = count, .mask = (1ULL << bits) - 1, .shift = bits / 2 + 1 };
    order->multiply[0] = random_next(&seed) | 1;
    order->multiply[1] = random_next(&seed) | 1;
    order->add = random_next(&seed);
}
