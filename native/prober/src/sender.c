/* The sender: one probe per tick of the absolute schedule, whatever comes back. */
#include <errno.h>
#include <sys/socket.h>

#include "clock.h"
#include "prober.h"

/* Long sleeps are taken in pieces, so that a request to stop is seen soon. */
#define LONGEST_SLEEP_NS (20 * NS_PER_MS)

/* Sleeps until a tick is due. Returns 0 when sending is to stop. */
static int wait_until(struct prober *prober, int64_t due)
{
    int64_t now;
    while (!atomic_load_explicit(&prober->stop_sending, memory_order_relaxed)) {
        if ((now = mono_ns()) >= due)
            return 1;
        sleep_until(due - now > LONGEST_SLEEP_NS ? now + LONGEST_SLEEP_NS : due);
    }
    return 0;
}

static uint64_t skip_missed(struct prober *prober, uint64_t tick)
{
    int64_t now = mono_ns();
    uint64_t missed = schedule_missed(&prober->schedule, tick, now);
    while (missed > 0) { /* one record holds 32 bits of them */
        uint32_t count = missed > UINT32_MAX ? UINT32_MAX : (uint32_t)missed;
        struct record record = { .kind = RECORD_MISSED, .count = count, .sequence = tick, .mono_ns = now,
                                 .wall_ns = wall_ns(), .scheduled_ns = schedule_due(&prober->schedule, tick) };
        ring_push(&prober->from_sender, &record);
        atomic_fetch_add_explicit(&prober->missed, count, memory_order_relaxed);
        tick += count;
        missed -= count;
    }
    return tick;
}

static void send_probe(struct prober *prober, uint64_t tick)
{
    int64_t due = schedule_due(&prober->schedule, tick);
    uint8_t message[PROBE_LENGTH];
    probe_build(message, prober->target.family, prober->who, tick, due);

    struct record record = { .kind = RECORD_SENT, .count = 1, .sequence = tick, .scheduled_ns = due };
    record.wall_ns = wall_ns();
    record.mono_ns = mono_ns();
    ssize_t result = sendto(prober->sockets.transmit, message, sizeof message, MSG_DONTWAIT,
                            (const struct sockaddr *)&prober->target.socket, prober->target.length);
    if (result < 0) {
        record.kind = RECORD_SEND_ERROR;
        record.error = (uint16_t)errno;
        atomic_fetch_add_explicit(&prober->refused, 1, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(&prober->sent, 1, memory_order_relaxed);
    }
    ring_push(&prober->from_sender, &record);
}

void *sender_run(void *argument)
{
    struct prober *prober = argument;
    pthread_barrier_wait(&prober->go);
    uint64_t tick = 0;
    while (!schedule_over(&prober->schedule, tick) && wait_until(prober, schedule_due(&prober->schedule, tick))) {
        tick = skip_missed(prober, tick);
        if (!schedule_over(&prober->schedule, tick))
            send_probe(prober, tick++);
        atomic_store_explicit(&prober->next_tick, tick, memory_order_relaxed);
    }
    atomic_store(&prober->sender_ended, 1);
    return NULL;
}
