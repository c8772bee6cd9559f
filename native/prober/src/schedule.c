#include "schedule.h"

int64_t schedule_due(const struct schedule *schedule, uint64_t tick)
{
    return schedule->start_ns + (int64_t)tick * schedule->interval_ns;
}

uint64_t schedule_missed(const struct schedule *schedule, uint64_t next, int64_t now_ns)
{
    int64_t late = now_ns - schedule_due(schedule, next);
    if (late < schedule->interval_ns)
        return 0;
    uint64_t missed = (uint64_t)(late / schedule->interval_ns);
    if (schedule->count != 0 && missed > schedule->count - next)
        missed = schedule->count - next;
    return missed;
}

int schedule_over(const struct schedule *schedule, uint64_t tick)
{
    return schedule->count != 0 && tick >= schedule->count;
}
