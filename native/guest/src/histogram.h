/* Latencies by size: 16 classes per doubling, so that a percentile is at most 1/16 above the truth. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define SUBCLASSES 16
#define CLASSES    (SUBCLASSES * 41)

struct histogram {
    int64_t count, max;
    uint32_t of[CLASSES];
};

void histogram_clear(struct histogram *histogram);
/* `value` in ns; beyond 2^44, almost five hours, all are one class, but `max` is exact. */
void histogram_add(struct histogram *histogram, int64_t value);
/* The upper end of the class in which the quantile lies, at most `max`; 0 when empty. `thousandths`: 500 is the median. */
int64_t histogram_quantile(const struct histogram *histogram, int thousandths);

#endif
