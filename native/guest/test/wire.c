#include "workloads/wire.h"

#include <string.h>

#include "expect.h"

static void a_hello_is_what_the_page_says(void)
{
    static const uint8_t EXPECTED[HEADER] = { 'M', 'S', 'T', 'C', 'P', '0', '0', '1', 3, 0, 0, 0, 1, 0, 0, 0,
                                              0x40, 0x42, 0x0f, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0 };
    uint8_t bytes[HEADER];
    wire_tcp_hello(bytes, 3, RECEIVE, 1000000, 7);
    EXPECT(memcmp(bytes, EXPECTED, HEADER) == 0);
    wire_tcp_hello(bytes, 3, SEND, 1000000, 7);
    EXPECT_EQUAL(bytes[12], 0);
}

static void a_datagram_is_read_as_it_was_written(void)
{
    uint8_t bytes[HEADER];
    struct datagram written = { .lane = 2, .kind = END, .sequence = 0x123456789abcULL, .clock = -5 }, read;
    wire_datagram(bytes, &written);
    EXPECT(wire_read_datagram(&read, bytes, HEADER));
    EXPECT_EQUAL(read.lane, 2);
    EXPECT_EQUAL(read.kind, END);
    EXPECT_EQUAL(read.sequence, 0x123456789abcLL);
    EXPECT_EQUAL(read.clock, -5);
    EXPECT(!wire_read_datagram(&read, bytes, HEADER - 1));
    bytes[12] = 3;
    EXPECT(!wire_read_datagram(&read, bytes, HEADER));
    bytes[12] = 1;
    bytes[0] = 'N';
    EXPECT(!wire_read_datagram(&read, bytes, HEADER));
}

#define STREAM 4099

/* Cuts of every length up to `cut`, as a network makes them. */
static void check_in_pieces(struct word_check *check, const uint8_t *stream, size_t cut, struct wrong_words *rows, int *count)
{
    size_t piece = 1;
    for (size_t at = 0; at < STREAM;) {
        size_t length = STREAM - at < piece ? STREAM - at : piece;
        for (size_t taken = 0; taken < length;) {
            struct wrong_words ended;
            taken += wire_check(check, stream + at + taken, length - taken, &ended);
            if (ended.count > 0)
                rows[(*count)++] = ended;
        }
        at += length;
        piece = piece % cut + 1;
    }
}

static void words_are_right_wherever_they_are_cut(void)
{
    for (size_t cut = 1; cut < 40; cut++) {
        uint8_t stream[STREAM];
        size_t piece = cut;
        for (size_t at = 0; at < STREAM; at += piece, piece = STREAM - at < cut ? STREAM - at : cut)
            wire_words(stream + at, piece, at);
        uint64_t third;
        memcpy(&third, stream + 16, sizeof third);
        EXPECT_EQUAL(third, 2);
        struct word_check check = { 0 };
        struct wrong_words rows[1];
        int count = 0;
        check_in_pieces(&check, stream, cut, rows, &count);
        EXPECT_EQUAL(count, 0);
        EXPECT_EQUAL(check.wrong.count, 0);
        EXPECT_EQUAL(check.position, STREAM);
    }
}

static void each_row_of_wrong_words_is_found(void)
{
    for (size_t cut = 1; cut < 40; cut++) {
        uint8_t stream[STREAM];
        wire_words(stream, STREAM, 0);
        stream[8 * 5] ^= 1;
        stream[8 * 6 + 7] ^= 0x80;
        stream[8 * 100 + 3] ^= 1;
        stream[8 * 511] ^= 1;
        struct word_check check = { 0 };
        struct wrong_words rows[4];
        int count = 0;
        check_in_pieces(&check, stream, cut, rows, &count);
        EXPECT_EQUAL(count, 2);
        EXPECT_EQUAL(rows[0].first, 5);
        EXPECT_EQUAL(rows[0].count, 2);
        EXPECT_EQUAL(rows[1].first, 100);
        EXPECT_EQUAL(rows[1].count, 1);
        /* The last one has not ended: the stream ended within it. */
        EXPECT_EQUAL(check.wrong.first, 511);
        EXPECT_EQUAL(check.wrong.count, 1);
    }
}

int main(void)
{
    a_hello_is_what_the_page_says();
    a_datagram_is_read_as_it_was_written();
    words_are_right_wherever_they_are_cut();
    each_row_of_wrong_words_is_found();
    PASSED("wire");
}
