#include "privileges.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Above ordinary real-time work, below the kernel's own threads that deliver packets (50). */
#define PRIORITY_BASE 20

void timer_slack_none(void) { prctl(PR_SET_TIMERSLACK, 1); }

int realtime_try(pthread_t thread, int rank)
{
    struct sched_param parameters = { .sched_priority = PRIORITY_BASE + rank };
    if (pthread_setschedparam(thread, SCHED_FIFO, &parameters) == 0)
        return 1;
    /* Without CAP_SYS_NICE, RLIMIT_RTPRIO may still permit a lower one. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_RTPRIO, &limit) != 0 || limit.rlim_cur == 0)
        return 0;
    parameters.sched_priority = (int)(limit.rlim_cur < PRIORITY_BASE ? limit.rlim_cur : PRIORITY_BASE);
    return pthread_setschedparam(thread, SCHED_FIFO, &parameters) == 0;
}

int memory_lock_try(void) { return mlockall(MCL_CURRENT) == 0; }
