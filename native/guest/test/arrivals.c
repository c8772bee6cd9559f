#include "workloads/arrivals.h"

#include <string.h>

#include "expect.h"

static struct arrivals arrivals;
static struct discontinuity found;

static void expect_found(uint64_t sequence, enum discontinuity_kind kind, int64_t first, int64_t count)
{
    EXPECT(arrivals_take(&arrivals, sequence, &found));
    EXPECT_EQUAL(found.kind, kind);
    EXPECT_EQUAL(found.sequence, first);
    EXPECT_EQUAL(found.count, count);
}

static void start(uint64_t in_order)
{
    memset(&arrivals, 0, sizeof arrivals);
    for (uint64_t sequence = 0; sequence < in_order; sequence++)
        EXPECT(!arrivals_take(&arrivals, sequence, &found));
}

static void a_gap_is_lost_until_what_is_in_it_comes(void)
{
    start(3);
    expect_found(7, LOST, 3, 4);
    expect_found(5, REORDERED, 5, 1);
    expect_found(5, DUPLICATE, 5, 1);
    expect_found(7, DUPLICATE, 7, 1);
    expect_found(3, REORDERED, 3, 1);
    EXPECT(!arrivals_take(&arrivals, 8, &found));
}

static void the_first_may_be_lost_too(void)
{
    start(0);
    expect_found(2, LOST, 0, 2);
    expect_found(0, REORDERED, 0, 1);
}

static void what_is_older_than_the_memory_takes_no_loss_back(void)
{
    start(1);
    expect_found(2, LOST, 1, 1);
    for (uint64_t sequence = 3; sequence <= REMEMBERED; sequence++)
        EXPECT(!arrivals_take(&arrivals, sequence, &found));
    /* In the memory, number 1 has the place of this one, which has not come either. */
    expect_found(REMEMBERED + 2, LOST, REMEMBERED + 1, 1);
    expect_found(1, DUPLICATE, 1, 1);
    expect_found(REMEMBERED + 1, REORDERED, REMEMBERED + 1, 1);
}

static void a_gap_beyond_the_memory_forgets_all(void)
{
    start(10);
    expect_found(10 * REMEMBERED, LOST, 10, 10LL * REMEMBERED - 10);
    expect_found(10 * REMEMBERED - 1, REORDERED, 10LL * REMEMBERED - 1, 1);
    expect_found(9 * REMEMBERED + 5, REORDERED, 9LL * REMEMBERED + 5, 1);
    expect_found(5, DUPLICATE, 5, 1);
}

int main(void)
{
    a_gap_is_lost_until_what_is_in_it_comes();
    the_first_may_be_lost_too();
    what_is_older_than_the_memory_takes_no_loss_back();
    a_gap_beyond_the_memory_forgets_all();
    PASSED("arrivals");
}
