#include "ring.h"

#include <pthread.h>

#include "expect.h"

static struct record numbered(uint64_t sequence)
{
    return (struct record){ .kind = RECORD_SENT, .count = 1, .sequence = sequence };
}

static void records_come_out_in_order_across_the_wrap(void)
{
    struct ring ring;
    struct record out[3];
    EXPECT_EQUAL(ring_create(&ring, 3), 0);
    for (uint64_t i = 0; i < 100; i += 3) {
        for (uint64_t k = 0; k < 3; k++) {
            struct record record = numbered(i + k);
            EXPECT(ring_push(&ring, &record));
        }
        EXPECT_EQUAL(ring_pop(&ring, out, 3), 3);
        for (uint64_t k = 0; k < 3; k++)
            EXPECT_EQUAL(out[k].sequence, i + k);
    }
    EXPECT_EQUAL(ring_pop(&ring, out, 3), 0);
    ring_destroy(&ring);
}

static void a_full_ring_counts_its_losses_and_reports_them_in_their_place(void)
{
    struct ring ring;
    struct record out[8];
    EXPECT_EQUAL(ring_create(&ring, 4), 0);
    for (uint64_t i = 0; i < 10; i++) {
        struct record record = numbered(i);
        EXPECT_EQUAL(ring_push(&ring, &record), i < 4);
    }
    EXPECT_EQUAL(ring_pop(&ring, out, 1), 1);
    struct record record = numbered(10);
    EXPECT(!ring_push(&ring, &record)); /* the report of the loss needs a place too */
    EXPECT_EQUAL(ring_pop(&ring, out, 1), 1);
    record = numbered(11);
    EXPECT(ring_push(&ring, &record));
    EXPECT_EQUAL(ring_pop(&ring, out, 8), 4);
    EXPECT_EQUAL(out[1].sequence, 3);
    EXPECT_EQUAL(out[2].kind, RECORD_LOST);
    EXPECT_EQUAL(out[2].count, 7);
    EXPECT_EQUAL(out[2].sequence, 4);
    EXPECT_EQUAL(out[3].sequence, 11);
    EXPECT_EQUAL(ring.lost_total, 7);
    EXPECT(!ring_unreported(&ring, out));
    ring_destroy(&ring);
}

static void losses_at_the_very_end_are_reported_too(void)
{
    struct ring ring;
    struct record out;
    EXPECT_EQUAL(ring_create(&ring, 2), 0);
    for (uint64_t i = 0; i < 5; i++) {
        struct record record = numbered(i);
        ring_push(&ring, &record);
    }
    EXPECT(ring_unreported(&ring, &out));
    EXPECT_EQUAL(out.count, 3);
    EXPECT(!ring_unreported(&ring, &out));
    ring_destroy(&ring);
}

#define MANY 200000

static void *produce(void *ring)
{
    for (uint64_t i = 0; i < MANY; i++) {
        struct record record = numbered(i);
        ring_push(ring, &record);
    }
    return NULL;
}

static void between_two_threads_every_record_arrives_or_is_counted(void)
{
    static struct ring ring;
    struct record out[16];
    pthread_t producer;
    EXPECT_EQUAL(ring_create(&ring, 64), 0);
    EXPECT_EQUAL(pthread_create(&producer, NULL, produce, &ring), 0);
    uint64_t expected = 0, count;
    int ended = 0;
    do {
        /* Asked before emptying the ring: what was pushed before the end is then taken for certain. */
        ended = pthread_tryjoin_np(producer, NULL) == 0;
        while ((count = ring_pop(&ring, out, 16)) > 0) {
            for (uint64_t k = 0; k < count; k++) {
                EXPECT_EQUAL(out[k].sequence, expected); /* a loss names the first one lost */
                expected += out[k].count;
            }
        }
    } while (!ended);
    if (ring_unreported(&ring, out))
        expected += out[0].count;
    EXPECT_EQUAL(expected, MANY);
    ring_destroy(&ring);
}

int main(void)
{
    records_come_out_in_order_across_the_wrap();
    a_full_ring_counts_its_losses_and_reports_them_in_their_place();
    losses_at_the_very_end_are_reported_too();
    between_two_threads_every_record_arrives_or_is_counted();
    PASSED("ring");
}
