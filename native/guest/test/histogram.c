#include "histogram.h"

#include "expect.h"
#include "order.h"

#define COUNT 5001

static struct histogram histogram;
static int64_t values[COUNT];

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Against the sorted values: never below, and at most a sixteenth above. */
static void expect_quantiles_of(int count)
{
    static const int THOUSANDTHS[] = { 1, 250, 500, 900, 990, 999, 1000 };
    qsort(values, (size_t)count, sizeof *values, by_size);
    for (int q = 0; q < 7; q++) {
        int64_t truth = values[((int64_t)count * THOUSANDTHS[q] + 999) / 1000 - 1];
        int64_t told = histogram_quantile(&histogram, THOUSANDTHS[q]);
        EXPECT(told >= truth);
        EXPECT(told <= truth + truth / 16);
    }
    EXPECT_EQUAL(histogram.max, values[count - 1]);
    EXPECT_EQUAL(histogram_quantile(&histogram, 1000), values[count - 1]);
}

static void quantiles_are_never_below_the_truth_and_little_above(void)
{
    uint64_t state = 1;
    for (int bits = 1; bits <= 43; bits++) {
        histogram_clear(&histogram);
        for (int i = 0; i < COUNT; i++) {
            values[i] = (int64_t)random_below(&state, 1ULL << random_below(&state, (uint64_t)bits + 1));
            histogram_add(&histogram, values[i]);
        }
        expect_quantiles_of(COUNT);
    }
}

static void the_borders_of_classes_are_right(void)
{
    for (int bit = 0; bit < 44; bit++)
        for (int64_t around = -1; around <= 1; around++) {
            int64_t value = (1LL << bit) + around;
            histogram_clear(&histogram);
            histogram_add(&histogram, value);
            histogram_add(&histogram, 1LL << 44);
            EXPECT(histogram_quantile(&histogram, 500) >= value);
            EXPECT(histogram_quantile(&histogram, 500) <= value + value / 16);
        }
}

static void empty_it_says_nothing(void)
{
    histogram_clear(&histogram);
    EXPECT_EQUAL(histogram_quantile(&histogram, 500), 0);
    EXPECT_EQUAL(histogram.max, 0);
}

static void huge_values_are_told_by_the_largest(void)
{
    histogram_clear(&histogram);
    histogram_add(&histogram, INT64_MAX);
    histogram_add(&histogram, 1LL << 50);
    EXPECT_EQUAL(histogram_quantile(&histogram, 500), INT64_MAX);
    EXPECT_EQUAL(histogram.max, INT64_MAX);
    histogram_add(&histogram, 100);
    histogram_add(&histogram, 100);
    EXPECT(histogram_quantile(&histogram, 500) <= 106);
}

int main(void)
{
    quantiles_are_never_below_the_truth_and_little_above();
    the_borders_of_classes_are_right();
    empty_it_says_nothing();
    huge_values_are_told_by_the_largest();
    PASSED("histogram");
}
