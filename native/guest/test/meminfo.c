#include "meminfo.h"

#include "expect.h"

#define REAL                                  \
    "MemTotal:        8033220 kB\n"           \
    "MemFree:          201344 kB\n"           \
    "MemAvailable:    5302312 kB\n"           \
    "Buffers:            2104 kB\n"           \
    "SwapCached:          124 kB\n"           \
    "SwapTotal:       2097148 kB\n"           \
    "SwapFree:        2096380 kB\n"           \
    "Dirty:               512 kB\n"           \
    "CommitLimit:     6113756 kB\n"

static struct meminfo memory;

static void the_file_is_read_in_bytes(void)
{
    EXPECT(meminfo_parse(&memory, REAL "Committed_AS:    4405040 kB\nHugePages_Total:       0\n"));
    EXPECT_EQUAL(memory.total, 8033220LL * 1024);
    EXPECT_EQUAL(memory.available, 5302312LL * 1024);
    EXPECT_EQUAL(memory.swap_total, 2097148LL * 1024);
    EXPECT_EQUAL(memory.swap_free, 2096380LL * 1024);
    EXPECT_EQUAL(memory.committed, 4405040LL * 1024);
}

static void a_file_that_lacks_a_line_is_not_guessed_at(void)
{
    EXPECT(!meminfo_parse(&memory, REAL));
    EXPECT(!meminfo_parse(&memory, ""));
    EXPECT(!meminfo_parse(&memory, REAL "Committed_AS:\n"));
    EXPECT(!meminfo_parse(&memory, REAL "NotCommitted_AS: 4405040 kB\n"));
}

static void this_machine_has_memory(void)
{
    EXPECT(meminfo_read(&memory));
    EXPECT(memory.total > 0 && memory.available > 0 && memory.available <= memory.total);
    EXPECT(memory.swap_free <= memory.swap_total);
}

int main(void)
{
    the_file_is_read_in_bytes();
    a_file_that_lacks_a_line_is_not_guessed_at();
    this_machine_has_memory();
    PASSED("meminfo");
}
