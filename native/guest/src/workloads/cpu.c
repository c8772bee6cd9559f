/*
 * Processor time: transforms of numbers in user mode, random numbers of the kernel's in system mode, and rest, in the
 * proportions that the level says: level 1 is busy for 75 % of the time, all of it in user mode; level 10 all of the time,
 * all of it in the kernel; the levels between lie on a straight line. Next to no memory and no input or output.
 */
#include <sys/random.h>
#include <time.h>

#include "../clock.h"
#include "../lane.h"
#include "transform.h"

#define KERNEL_BYTES 4096
#define REST         500000LL /* ns, one stretch of doing nothing */

enum way { USER, SYSTEM, IDLE, WAYS };

static int64_t spent[WAYS];   /* ns so far */
static int64_t share[WAYS];   /* of 81 */
static int64_t last;          /* the moment until which time is accounted for */
static struct complex field[TRANSFORM_LENGTH];
static struct complex roots[TRANSFORM_LENGTH / 2];

static bool prepare(struct lane *lane)
{
    int64_t step = lane->options->level - 1; /* 0 to 9 */
    int64_t busy = 27 + step;                /* of 36: 75 % at level 1, 100 % at level 10 */
    share[SYSTEM] = busy * step;             /* of 36 × 9 */
    share[USER] = busy * (9 - step);
    share[IDLE] = (36 - busy) * 9;
    transform_roots(roots);
    for (int i = 0; i < TRANSFORM_LENGTH; i++)
        field[i] = (struct complex){ .real = (double)(i * 37 % 101) / 101 - 0.5 };
    lane->operation = 1;
    lane->requested = sizeof field + sizeof roots;
    last = mono_ns();
    return true;
}

/* The way that is furthest behind its share. */
static enum way next_way(void)
{
    int64_t all = spent[USER] + spent[SYSTEM] + spent[IDLE];
    enum way next = USER;
    int64_t most = INT64_MIN;
    for (enum way way = USER; way < WAYS; way++) {
        /* Microseconds, so that hours of them times the share do not overflow. */
        int64_t behind = share[way] == 0 ? INT64_MIN : all / 1000 * share[way] - spent[way] / 1000 * (36 * 9);
        if (behind > most) {
            most = behind;
            next = way;
        }
    }
    return next;
}

static int64_t step(struct lane *lane, int64_t units)
{
    (void)lane;
    (void)units;
    char numbers[KERNEL_BYTES];
    enum way way = next_way();
    if (way == USER)
        transform(field, roots);
    else if (way == SYSTEM)
        (void)!getrandom(numbers, sizeof numbers, 0);
    else
        sleep_until(last + REST);
    int64_t now = mono_ns(), took = now - last;
    /* What was longer than a stall was not ours: nobody makes up for it. */
    spent[way] += took < 10 * NS_PER_MS ? took : 0;
    last = now;
    return way == IDLE ? 0 : 1;
}

const struct workload CPU = { "cpu", "slice", prepare, step, NULL };
