/* Status and records as lines of JSON: src/model/agent.ts is their schema. */
#ifndef REPORT_H
#define REPORT_H

void report_status(int file);
void report_records(int file);

#endif
