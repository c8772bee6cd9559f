#include "text.h"

#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"

static struct text text;
static char got[100000];

/* What was written since the last call, by way of a file without a name. */
static const char *written(FILE *file)
{
    text_flush(&text);
    EXPECT(!text.failed);
    rewind(file);
    size_t length = fread(got, 1, sizeof got - 1, file);
    got[length] = '\0';
    fclose(file);
    return got;
}

static FILE *start(void)
{
    FILE *file = tmpfile();
    EXPECT(file != NULL);
    text_start(&text, fileno(file));
    return file;
}

#define EXPECT_WRITTEN(file, words)                                                    \
    do {                                                                               \
        const char *written_ = written(file);                                          \
        if (strcmp(written_, words) != 0)                                              \
            fprintf(stderr, "got %s\n", written_);                                     \
        EXPECT(strcmp(written_, words) == 0);                                          \
    } while (0)

static void numbers_are_written_whole(void)
{
    FILE *file = start();
    text_number(&text, 0);
    text_field(&text, "a", INT64_MIN);
    text_field(&text, "b", INT64_MAX);
    text_field(&text, "c", -10);
    EXPECT_WRITTEN(file, "0,\"a\":-9223372036854775808,\"b\":9223372036854775807,\"c\":-10");
}

static void thousandths_are_decimals_without_zeros_at_the_end(void)
{
    static const int64_t NUMBERS[] = { 0, 1, 10, 100, 999, 1000, 1001, 1010, 1500, 9223372036854775807 };
    FILE *file = start();
    for (int i = 0; i < 10; i++) {
        text_milli(&text, NUMBERS[i]);
        text_add(&text, " ");
    }
    EXPECT_WRITTEN(file, "0 0.001 0.01 0.1 0.999 1 1.001 1.01 1.5 9223372036854775.807 ");
}

static void quoted_words_are_json(void)
{
    FILE *file = start();
    text_quoted(&text, "a\"b\\c\n\t\x01\x1f/\xc3\xa4");
    EXPECT_WRITTEN(file, "\"a\\\"b\\\\c\\u000a\\u0009\\u0001\\u001f/\xc3\xa4\"");
}

static void more_than_the_buffer_comes_in_order(void)
{
    static char expected[60000];
    size_t length = 0;
    FILE *file = start();
    for (int i = 0; i < 10000; i++) {
        text_number(&text, i);
        length += (size_t)sprintf(expected + length, "%d", i);
    }
    EXPECT_WRITTEN(file, expected);
}

static void a_reader_that_has_gone_is_no_signal(void)
{
    int ends[2];
    EXPECT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[1]);
    text_start(&text, ends[0]);
    text_add(&text, "words");
    text_flush(&text);
    EXPECT(text.failed);
    close(ends[0]);
}

static void what_does_not_fit_is_cut_off(void)
{
    char words[8] = "ab";
    words_append(words, sizeof words, "cde");
    EXPECT(strcmp(words, "abcde") == 0);
    words_append_number(words, sizeof words, -12345);
    EXPECT(strcmp(words, "abcde-1") == 0);
    words_append(words, sizeof words, "x");
    EXPECT(strcmp(words, "abcde-1") == 0);
}

static void only_whole_numbers_are_read(void)
{
    EXPECT_EQUAL(number_read("0"), 0);
    EXPECT_EQUAL(number_read("007"), 7);
    EXPECT_EQUAL(number_read("1000000000000"), 1000000000000);
    static const char *const BAD[] = { "", " 1", "1 ", "-1", "+1", "1e6", "0x10", "1.5", "9223372036854775808", "99999999999999999999" };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        EXPECT_EQUAL(number_read(BAD[i]), -1);
}

int main(void)
{
    numbers_are_written_whole();
    thousandths_are_decimals_without_zeros_at_the_end();
    quoted_words_are_json();
    more_than_the_buffer_comes_in_order();
    a_reader_that_has_gone_is_no_signal();
    what_does_not_fit_is_cut_off();
    only_whole_numbers_are_read();
    PASSED("text");
}
