/* What the prober would like to have and can do without. */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <pthread.h>

/* Timers of this thread, and of threads that it starts, fire to the nanosecond instead of within 50 microseconds. */
void timer_slack_none(void);

/* Real-time priority for a thread: `rank` above the lowest. Returns 1 where permitted. */
int realtime_try(pthread_t thread, int rank);

/* Keeps all memory that is mapped now in RAM. Returns 1 where permitted. */
int memory_lock_try(void);

#endif
