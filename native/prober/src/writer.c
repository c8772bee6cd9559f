/* The writer: moves records from the rings to the output, as fast or as slowly as that takes them. */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "prober.h"

/* A pipe that polls as writable takes this much at once, so the writer can always be told to give up. */
#define CHUNK_RECORDS (4096 / RECORD_LENGTH)
#define IDLE_NS (5 * NS_PER_MS)
/* How long, after everything has been measured, a reader may take without accepting a single byte. */
#define PATIENCE_NS (10 * NS_PER_S)

struct output {
    struct prober *prober;
    int regular_file;
};

static int fail(struct output *output, int error)
{
    atomic_store(&output->prober->output_error, error);
    return -1;
}

/* Waits for room. Fails when nobody has read anything for too long after the measurement, or on request. */
static int wait_for_room(struct output *output)
{
    struct prober *prober = output->prober;
    struct pollfd sink = { .fd = prober->output, .events = POLLOUT };
    int64_t since = 0;
    for (;;) {
        if (atomic_load(&prober->abandon_output))
            return fail(output, ETIMEDOUT);
        if (poll(&sink, 1, 20) > 0)
            return 0; /* writable, or broken: the write will tell */
        if (!atomic_load(&prober->producers_ended))
            continue;
        if (since == 0)
            since = mono_ns();
        else if (mono_ns() - since > PATIENCE_NS)
            return fail(output, ETIMEDOUT);
    }
}

static int write_all(struct output *output, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        if (!output->regular_file && wait_for_room(output) < 0)
            return -1;
        ssize_t written = write(output->prober->output, bytes, length);
        if (written < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (written < 0)
            return fail(output, errno);
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

static int write_records(struct output *output, const struct record *records, uint64_t count)
{
    uint8_t bytes[CHUNK_RECORDS * RECORD_LENGTH];
    for (uint64_t i = 0; i < count; i++)
        record_encode(bytes + i * RECORD_LENGTH, &records[i]);
    return write_all(output, bytes, count * RECORD_LENGTH);
}

/* Returns how many records were moved, -1 on failure. */
static int64_t drain(struct output *output, struct ring *ring)
{
    struct record records[CHUNK_RECORDS];
    int64_t moved = 0;
    uint64_t count;
    while ((count = ring_pop(ring, records, CHUNK_RECORDS)) > 0) {
        if (write_records(output, records, count) < 0)
            return -1;
        moved += (int64_t)count;
    }
    return moved;
}

static int write_end(struct output *output)
{
    struct prober *prober = output->prober;
    struct record record;
    struct ring *rings[] = { &prober->from_sender, &prober->from_receiver };
    for (int i = 0; i < 2; i++)
        if (ring_unreported(rings[i], &record) && write_records(output, &record, 1) < 0)
            return -1;
    record = (struct record){ .kind = RECORD_END, .sequence = atomic_load(&prober->next_tick),
                              .mono_ns = mono_ns(), .wall_ns = wall_ns() };
    if (write_records(output, &record, 1) < 0)
        return -1;
    /* Some file systems find out late that there is no room. */
    if (output->regular_file && fsync(prober->output) < 0 && errno != EINVAL && errno != EROFS)
        return fail(output, errno);
    return 0;
}

void *writer_run(void *argument)
{
    struct prober *prober = argument;
    struct stat status;
    struct output output = { .prober = prober };
    output.regular_file = fstat(prober->output, &status) == 0 && S_ISREG(status.st_mode);
    pthread_barrier_wait(&prober->go);

    struct header header = { .interval_ns = prober->schedule.interval_ns, .nonce = prober->who.nonce,
                             .start_mono_ns = prober->schedule.start_ns, .start_wall_ns = prober->start_wall_ns,
                             .family = (uint8_t)prober->target.family };
    uint8_t bytes[HEADER_LENGTH];
    header_encode(bytes, &header);
    if (write_all(&output, bytes, sizeof bytes) < 0)
        return NULL;
    for (;;) {
        /* Read before draining: what was produced before it was set is then drained for certain. */
        int last = atomic_load(&prober->producers_ended);
        int64_t sent = drain(&output, &prober->from_sender);
        int64_t received = sent < 0 ? -1 : drain(&output, &prober->from_receiver);
        if (received < 0)
            return NULL;
        if (last)
            break;
        if (sent + received == 0)
            sleep_until(mono_ns() + IDLE_NS);
    }
    write_end(&output);
    return NULL;
}
