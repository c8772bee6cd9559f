#include "order.h"

#include <stdbool.h>
#include <string.h>

#include "expect.h"

#define MOST 5000

static const uint64_t COUNTS[] = { 1, 2, 3, 5, 16, 255, 256, 4096, MOST };
static bool seen[MOST];

static void any_count_of_calls_in_a_row_gives_each_number_once(void)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (size_t c = 0; c < sizeof COUNTS / sizeof *COUNTS; c++) {
            struct order order;
            order_make(&order, COUNTS[c], seed);
            for (uint64_t skip = 0; skip < 7; skip++) {
                memset(seen, 0, sizeof seen);
                for (uint64_t i = 0; i < COUNTS[c]; i++) {
                    uint64_t next = order_next(&order);
                    EXPECT(next < COUNTS[c]);
                    EXPECT(!seen[next]);
                    seen[next] = true;
                }
                order_next(&order);
            }
        }
}

/* Of numbers in a random order hardly one follows its own predecessor, and hardly one stays in its place. */
static void the_order_is_random(void)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (uint64_t count = 255; count <= MOST; count += 949) {
            struct order order;
            order_make(&order, count, seed);
            uint64_t before = 0, in_place = 0, following = 0, steps = 0;
            for (uint64_t i = 0; i < count; i++) {
                uint64_t next = order_next(&order);
                in_place += next == i;
                following += i > 0 && next == before + 1;
                steps += i == 0 ? 0 : next > before ? next - before : before - next;
                before = next;
            }
            EXPECT(in_place < 25);
            EXPECT(following < 25);
            /* On average a third of the count. */
            EXPECT(steps / count > count / 5);
        }
}

static void another_seed_gives_another_order(void)
{
    struct order one, other, again;
    uint64_t same = 0;
    order_make(&one, 4096, 1);
    order_make(&again, 4096, 1);
    order_make(&other, 4096, 2);
    for (int i = 0; i < 4096; i++) {
        uint64_t number = order_next(&one);
        EXPECT_EQUAL(number, order_next(&again));
        same += number == order_next(&other);
    }
    EXPECT(same < 100);
}

static void numbers_below_a_limit_are_even(void)
{
    int of[10] = { 0 };
    uint64_t state = 1;
    for (int i = 0; i < 100000; i++)
        of[random_below(&state, 10)]++;
    for (int i = 0; i < 10; i++)
        EXPECT(of[i] > 9500 && of[i] < 10500);
    EXPECT_EQUAL(random_below(&state, 1), 0);
}

int main(void)
{
    any_count_of_calls_in_a_row_gives_each_number_once();
    the_order_is_random();
    another_seed_gives_another_order();
    numbers_below_a_limit_are_even();
    PASSED("order");
}
