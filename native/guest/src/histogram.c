#include "histogram.h"

#include <string.h>

/* Values below SUBCLASSES have a class of their own; from there the four bits below the highest one tell the class. */
static int class_of(int64_t value)
{
    if (value < SUBCLASSES)
        return value < 0 ? 0 : (int)value;
    int doubling = 63 - __builtin_clzll((uint64_t)value);
    int class = (doubling - 3) * SUBCLASSES + (int)(value >> (doubling - 4) & (SUBCLASSES - 1));
    return class < CLASSES ? class : CLASSES - 1;
}

/* The largest value of a class. */
static int64_t top_of(int class)
{
    if (class < SUBCLASSES)
        return class;
    int doubling = class / SUBCLASSES + 3;
    int64_t width = 1LL << (doubling - 4);
    return (1LL << doubling) + (class % SUBCLASSES + 1) * width - 1;
}

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void histogram_add(struct histogram *histogram, int64_t value)
{
    histogram->of[class_of(value)]++;
    histogram->count++;
    if (value > histogram->max)
        histogram->max = value;
}

int64_t histogram_quantile(const struct histogram *histogram, int thousandths)
{
    if (histogram->count == 0)
        return 0;
    int64_t rank = (histogram->count * thousandths + 999) / 1000, below = 0;
    for (int class = 0; class < CLASSES; class++) {
        below += histogram->of[class];
        if (below >= rank && below > 0) {
            int64_t top = top_of(class);
            return top < histogram->max && class < CLASSES - 1 ? top : histogram->max;
        }
    }
    return histogram->max;
}
