/*
 * When how much is due. The rate is a function of real time from the start; it is served in quanta of a millisecond on an
 * absolute schedule. Being late by up to LATE is made up for, no faster than a quarter above the rate; what is later was a
 * stall of the machine, and is forgiven: after a blackout nothing bursts.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

#define QUANTUM 1000000LL   /* ns */
#define LATE    10000000LL  /* ns: 1 % of a second, so that each second is right to that even if it ends late */

struct pace {
    const struct options *options;
    int64_t unit_bytes;
    int64_t start;   /* of the schedule, ns */
    int64_t served;  /* the moment up to which the schedule has been served or forgiven */
    int64_t tick;    /* the moment of the last quantum */
    int64_t planned; /* what pace_next said last, when nothing was late: up to then nothing is made up for */
    int64_t credit;  /* thousandths of a unit that are due */
};

void pace_start(struct pace *pace, const struct options *options, int64_t unit_bytes, int64_t now);
/* Whether nothing is asked for but all that goes. */
bool pace_flat_out(const struct pace *pace);
/* Units that may be done now; 0: not yet. Done units are taken off by pace_done. */
int64_t pace_due(struct pace *pace, int64_t now);
void pace_done(struct pace *pace, int64_t units);
/* When to ask again, if nothing is due now. */
int64_t pace_next(struct pace *pace, int64_t now);
/* The machine stood still for `length` until now: nobody makes up for that. */
void pace_forgive(struct pace *pace, int64_t length, int64_t now);
/* Thousandths of a unit that the rate asks for between two moments. */
int64_t pace_asked(const struct pace *pace, int64_t from, int64_t to);

#endif
