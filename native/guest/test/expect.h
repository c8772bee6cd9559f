/* The smallest test harness that says where it failed. */
#ifndef EXPECT_H
#define EXPECT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPECT(condition)                                                                  \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);       \
            exit(EXIT_FAILURE);                                                            \
        }                                                                                  \
    } while (0)

#define EXPECT_EQUAL(actual, expected)                                                                        \
    do {                                                                                                      \
        int64_t actual_ = (int64_t)(actual), expected_ = (int64_t)(expected);                                 \
        if (actual_ != expected_) {                                                                           \
            fprintf(stderr, "%s:%d: %s is %" PRId64 ", expected %" PRId64 "\n", __FILE__, __LINE__, #actual,  \
                    actual_, expected_);                                                                      \
            exit(EXIT_FAILURE);                                                                               \
        }                                                                                                     \
    } while (0)

#define PASSED(name) printf("%s: passed\n", name)

#endif
