#include "options.h"

#include <string.h>

#include "expect.h"

static struct options options;
static char why[160];

/* As a command line: words with blanks between them, the kind first. */
static bool read_line(const char *line)
{
    static char copy[4096];
    char *words[80];
    int count = 0;
    EXPECT(strlen(line) < sizeof copy);
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        words[count++] = word;
    why[0] = '\0';
    return options_read(&options, words[0], count - 1, words + 1, why, sizeof why);
}

static void each_kind_has_its_options(void)
{
    EXPECT(read_line("cpu --level 3 --seed 9"));
    EXPECT_EQUAL(options.level, 3);
    EXPECT_EQUAL(options.seed, 9);
    EXPECT(read_line("memory-write --size 1048576 --touched 8192 --bytes 64 --pattern skewed --content text --rate 4096"));
    EXPECT_EQUAL(options.size, 1048576);
    EXPECT_EQUAL(options.touched, 8192);
    EXPECT_EQUAL(options.bytes, 64);
    EXPECT_EQUAL(options.pattern, SKEWED);
    EXPECT_EQUAL(options.content, TEXT);
    EXPECT_EQUAL(options.rate, 4096);
    EXPECT(read_line("memory-read --size 4096 --pattern random --content zero"));
    EXPECT_EQUAL(options.pattern, RANDOM_ORDER);
    EXPECT_EQUAL(options.content, ZERO);
    EXPECT(read_line("disk-write --size 8192 --directory /tmp --direct --rate 1"));
    EXPECT(options.direct);
    EXPECT(strcmp(options.directory, "/tmp") == 0);
    EXPECT(read_line("disk-read --direct --size 8192 --directory /tmp"));
    EXPECT(options.direct);
    EXPECT(read_line("tcp --peer fd77:1::1 --port 65535 --direction receive"));
    EXPECT(strcmp(options.peer, "fd77:1::1") == 0);
    EXPECT_EQUAL(options.port, 65535);
    EXPECT_EQUAL(options.direction, RECEIVE);
    EXPECT(read_line("udp --peer 10.0.0.1 --port 1 --direction send --datagram 32"));
    EXPECT_EQUAL(options.direction, SEND);
    EXPECT_EQUAL(options.datagram, 32);
}

static void what_is_left_out_has_a_default(void)
{
    EXPECT(read_line("cpu"));
    EXPECT_EQUAL(options.level, 10);
    EXPECT(read_line("memory-write --size 1050000"));
    EXPECT_EQUAL(options.size, 256 * 4096);
    EXPECT_EQUAL(options.touched, 256 * 4096);
    EXPECT_EQUAL(options.bytes, 8);
    EXPECT_EQUAL(options.pattern, SEQUENTIAL);
    EXPECT_EQUAL(options.content, NOISE);
    EXPECT_EQUAL(options.rate, 0);
    EXPECT_EQUAL(options.trace_steps, 0);
    EXPECT(!options.direct);
    EXPECT(read_line("udp --peer 10.0.0.1 --port 1"));
    EXPECT_EQUAL(options.datagram, 1024);
    EXPECT(read_line("memory-write --size 1048576 --touched 9000"));
    EXPECT_EQUAL(options.touched, 8192);
}

static void a_trace_is_steps_of_milliseconds_and_rates(void)
{
    EXPECT(read_line("memory-write --size 4096 --trace 1:0,250:1000000,3600000:5"));
    EXPECT_EQUAL(options.trace_steps, 3);
    EXPECT_EQUAL(options.trace[0].length, 1000000);
    EXPECT_EQUAL(options.trace[0].rate, 0);
    EXPECT_EQUAL(options.trace[1].length, 250000000);
    EXPECT_EQUAL(options.trace[1].rate, 1000000);
    EXPECT_EQUAL(options.trace[2].rate, 5);
    char line[2000] = "memory-write --size 4096 --trace 1:1";
    for (int i = 1; i < TRACE_STEPS; i++)
        strcat(line, ",1:1");
    EXPECT(read_line(line));
    EXPECT_EQUAL(options.trace_steps, TRACE_STEPS);
    strcat(line, ",1:1");
    EXPECT(!read_line(line));
}

/* The cycle of the longest traces is a number that fits. */
static void steps_do_not_overflow(void)
{
    char line[4000] = "memory-write --size 4096 --trace 100000000000:1";
    for (int i = 1; i < TRACE_STEPS; i++)
        strcat(line, ",100000000000:1");
    EXPECT(read_line(line));
    int64_t cycle = 0;
    for (int i = 0; i < options.trace_steps; i++)
        EXPECT(!__builtin_add_overflow(cycle, options.trace[i].length, &cycle));
    EXPECT(!read_line("memory-write --size 4096 --trace 100000000001:1"));
}

static const char *const BAD[][2] = {
    { "cpu --level 0", "wrong value of --level: 0" },
    { "cpu --level 11", "wrong value of --level: 11" },
    { "cpu --rate 5", "unknown option --rate" },
    { "cpu --size 4096", "unknown option --size" },
    { "cpu --level", "a value is missing after --level" },
    { "cpu extra", "unknown option extra" },
    { "memory-write", "it needs --size of at least 4096" },
    { "memory-write --size 4095", "it needs --size of at least 4096" },
    { "memory-write --size 1e6", "wrong value of --size: 1e6" },
    { "memory-write --size -4096", "wrong value of --size: -4096" },
    { "memory-write --size 99999999999999999999", "wrong value of --size: 99999999999999999999" },
    { "memory-write --size 8192 --touched 4095", "--touched of at least 4096" },
    { "memory-write --size 8192 --touched 0", "wrong value of --touched: 0" },
    { "memory-write --size 8192 --bytes 7", "wrong value of --bytes: 7" },
    { "memory-write --size 8192 --bytes 4097", "wrong value of --bytes: 4097" },
    { "memory-write --size 8192 --pattern zigzag", "wrong value of --pattern: zigzag" },
    { "memory-write --size 8192 --content lead", "wrong value of --content: lead" },
    { "memory-write --size 8192 --rate 0", "wrong value of --rate: 0" },
    { "memory-write --size 8192 --direct", "a value is missing after --direct" },
    { "memory-write --size 8192 --level 1", "unknown option --level" },
    { "memory-write --size 8192 --rate 5 --trace 1:1", "either --rate or --trace" },
    { "memory-write --size 8192 --trace 1", "wrong value of --trace: 1" },
    { "memory-write --size 8192 --trace 1:", "wrong value of --trace: 1:" },
    { "memory-write --size 8192 --trace :1", "wrong value of --trace: :1" },
    { "memory-write --size 8192 --trace 0:1", "wrong value of --trace: 0:1" },
    { "memory-write --size 8192 --trace 1:1,", "wrong value of --trace: 1:1," },
    { "memory-write --size 8192 --trace 1:1,,1:1", "wrong value of --trace: 1:1,,1:1" },
    { "memory-write --size 8192 --trace 1:1:1", "wrong value of --trace: 1:1:1" },
    { "disk-write --size 8192", "it needs --directory" },
    { "disk-write --directory /tmp", "it needs --size of at least 4096" },
    { "disk-write --size 8192 --directory /tmp --touched 4096", "unknown option --touched" },
    { "tcp --port 1", "it needs --peer" },
    { "tcp --peer 10.0.0.1", "it needs --port" },
    { "tcp --peer 10.0.0.1 --port 0", "wrong value of --port: 0" },
    { "tcp --peer 10.0.0.1 --port 65536", "wrong value of --port: 65536" },
    { "tcp --peer 10.0.0.1 --port 1 --direction up", "wrong value of --direction: up" },
    { "tcp --peer 10.0.0.1 --port 1 --datagram 64", "unknown option --datagram" },
    { "udp --peer 10.0.0.1 --port 1 --datagram 31", "wrong value of --datagram: 31" },
};

static void what_is_wrong_is_said(void)
{
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        bool good = read_line(BAD[i][0]);
        if (good || strcmp(why, BAD[i][1]) != 0)
            fprintf(stderr, "%s: %s\n", BAD[i][0], why);
        EXPECT(!good);
        EXPECT(strcmp(why, BAD[i][1]) == 0);
    }
}

static void long_words_do_not_overflow(void)
{
    char line[1000] = "disk-write --size 4096 --directory /";
    memset(line + strlen(line), 'a', 400);
    EXPECT(!read_line(line));
    EXPECT_EQUAL(strlen(why), sizeof why - 1);
}

int main(void)
{
    each_kind_has_its_options();
    what_is_left_out_has_a_default();
    a_trace_is_steps_of_milliseconds_and_rates();
    steps_do_not_overflow();
    what_is_wrong_is_said();
    long_words_do_not_overflow();
    PASSED("options");
}
