/* The guest's memory as its kernel accounts for it: /proc/meminfo, bytes. */
#ifndef MEMINFO_H
#define MEMINFO_H

#include <stdbool.h>
#include <stdint.h>

struct meminfo {
    int64_t total, available, swap_total, swap_free, committed;
};

/* False when the file cannot be read or lacks a line. */
bool meminfo_read(struct meminfo *memory);
/* As the file's text says. */
bool meminfo_parse(struct meminfo *memory, const char *text);

#endif
