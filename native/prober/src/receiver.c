/* The receiver: replies, and the transmit timestamps that the kernel loops back. */
#include <time.h> /* linux/errqueue.h needs struct timespec */
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "clock.h"
#include "prober.h"

#define PACKET_SPACE 512
#define ANSWERED_WINDOW 65536u

struct arrival {
    uint8_t bytes[PACKET_SPACE];
    size_t length;
    struct sockaddr_storage source;
    int64_t kernel_ns; /* 0: the kernel gave no timestamp */
    uint32_t dropped;  /* packets that the receive buffer had no room for, ever; 0: not told */
};

/* Reads one message. Returns 0 when there is none. */
static int next_arrival(int fd, int flags, struct arrival *arrival)
{
    union {
        char bytes[512];
        struct cmsghdr align;
    } control;
    struct iovec space = { .iov_base = arrival->bytes, .iov_len = sizeof arrival->bytes };
    struct msghdr message = { .msg_name = &arrival->source, .msg_namelen = sizeof arrival->source,
                              .msg_iov = &space, .msg_iovlen = 1,
                              .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
    ssize_t length = recvmsg(fd, &message, flags | MSG_DONTWAIT);
    if (length < 0)
        return 0;
    arrival->length = (size_t)length;
    arrival->kernel_ns = 0;
    arrival->dropped = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET)
            continue;
        if (part->cmsg_type == SCM_TIMESTAMPING) {
            struct scm_timestamping stamps;
            memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
            arrival->kernel_ns = timespec_ns(&stamps.ts[0]);
        } else if (part->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&arrival->dropped, CMSG_DATA(part), sizeof arrival->dropped);
        }
    }
    return 1;
}

/* Remembers which of the last ANSWERED_WINDOW probes have had a reply, so that duplicates are not counted as answers. */
struct answers {
    uint8_t seen[ANSWERED_WINDOW];
    uint64_t highest;
};

static int first_answer(struct answers *answers, uint64_t sequence)
{
    if (sequence > answers->highest) {
        uint64_t step = sequence - answers->highest;
        for (uint64_t i = 1; i <= step && i <= ANSWERED_WINDOW; i++)
            answers->seen[(answers->highest + i) % ANSWERED_WINDOW] = 0;
        answers->highest = sequence;
    } else if (answers->highest - sequence >= ANSWERED_WINDOW) {
        return 0;
    }
    uint8_t *seen = &answers->seen[sequence % ANSWERED_WINDOW];
    return *seen ? 0 : (*seen = 1);
}

static void note_dropped(struct prober *prober, uint32_t dropped)
{
    uint32_t before = (uint32_t)atomic_load_explicit(&prober->kernel_dropped, memory_order_relaxed);
    if (dropped == 0 || dropped == before)
        return;
    struct record record = { .kind = RECORD_LOST, .flags = FLAG_KERNEL_DROPPED, .count = dropped - before,
                             .mono_ns = mono_ns(), .wall_ns = wall_ns() };
    ring_push(&prober->from_receiver, &record);
    atomic_store_explicit(&prober->kernel_dropped, dropped, memory_order_relaxed);
}

static void read_replies(struct prober *prober, struct answers *answers)
{
    struct arrival arrival;
    while (next_arrival(prober->sockets.receive, 0, &arrival)) {
        struct record record = { .kind = RECORD_REPLY, .count = 1, .mono_ns = mono_ns() };
        note_dropped(prober, arrival.dropped);
        size_t length;
        const uint8_t *icmp = icmp_of_packet(arrival.bytes, arrival.length, prober->target.family, &length);
        if (icmp == NULL || !reply_parse(icmp, length, prober->target.family, prober->who, &record.sequence))
            continue;
        record.wall_ns = arrival.kernel_ns;
        if (arrival.kernel_ns == 0) {
            record.flags |= FLAG_NO_KERNEL_TIME;
            record.wall_ns = wall_ns();
        }
        if (!address_is(&prober->target, &arrival.source))
            record.flags |= FLAG_OTHER_ADDRESS;
        ring_push(&prober->from_receiver, &record);
        if (first_answer(answers, record.sequence))
            atomic_fetch_add_explicit(&prober->answered, 1, memory_order_relaxed);
    }
}

static void read_departures(struct prober *prober)
{
    struct arrival arrival;
    while (next_arrival(prober->sockets.transmit, MSG_ERRQUEUE, &arrival)) {
        struct record record = { .kind = RECORD_DEPARTED, .count = 1, .wall_ns = arrival.kernel_ns };
        if (arrival.kernel_ns != 0 &&
            looped_parse(arrival.bytes, arrival.length, prober->target.family, prober->who, &record.sequence))
            ring_push(&prober->from_receiver, &record);
    }
}

void *receiver_run(void *argument)
{
    struct prober *prober = argument;
    static struct answers answers;
    struct pollfd sources[] = {
        { .fd = prober->sockets.receive, .events = POLLIN },
        { .fd = prober->sockets.transmit, .events = 0 }, /* POLLERR comes unasked: the error queue has something */
    };
    pthread_barrier_wait(&prober->go);
    while (!atomic_load(&prober->stop_receiving)) {
        poll(sources, 2, 20);
        read_replies(prober, &answers);
        read_departures(prober);
    }
    return NULL;
}
