/* Status and records as lines of JSON: src/model/agent.ts is their schema. */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

/* Bytes that the agent takes now, all processes together, without what its workloads asked for. */
int64_t report_own_memory(void);
void report_status(int file);
void report_records(int file);

#endif
