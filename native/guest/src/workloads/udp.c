/* Numbered datagrams, to the peer or from it. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "lane.h"
#include "text.h"
#include "workloads/address.h"
#include "workloads/arrivals.h"
#include "workloads/wire.h"

#define ROOM 65536L
/* Datagrams that are taken at once. */
#define RECEIVED 32
#define ANSWER_WITHIN (10 * NS_PER_S)
#define HELLO_EVERY (200 * NS_PER_MS)
/* A kernel's receive time that lies further back is none of ours: the wall clock was set. ns */
#define OLDEST NS_PER_S
/* Bytes of arrivals that may wait while the lane does not run; taken only while they wait. What finds no room is lost here. */
#define WAITING (4 << 20)
/* The end is said again and again until the peer says it too, or this time is over. ns */
#define END_EVERY (20 * NS_PER_MS)
#define END_WITHIN (1000 * NS_PER_MS)

static struct udp {
    int file;
    bool answered; /* the peer is there */
    int64_t hello; /* when the last one was sent, ns */
    uint64_t sent;
    int64_t early; /* datagrams that came before the work began */
    struct instant last; /* when a datagram last came in order; mono 0: never */
    struct arrivals *arrivals;
    uint8_t *buffer;
} udp;

static void say(const struct lane *lane, enum datagram_kind kind)
{
    uint8_t bytes[HEADER];
    struct datagram datagram = { .lane = (uint32_t)lane->number, .kind = kind };
    if (kind == HELLO) {
        datagram.sequence = (uint64_t)lane->options->rate;
        datagram.clock = lane->options->datagram;
        udp.hello = mono_ns();
    } else {
        datagram.sequence = udp.sent;
        datagram.clock = mono_ns();
    }
    wire_datagram(bytes, &datagram);
    send(udp.file, bytes, HEADER, MSG_DONTWAIT);
}

static void wait_for(short events)
{
    struct pollfd file = { .fd = udp.file, .events = events };
    poll(&file, 1, events == POLLIN ? RECEIVE_WAIT : SEND_WAIT);
}

/* When it arrived, on our monotonic clock: when the kernel had it, not when we came to read it. */
static int64_t arrival(struct msghdr *message)
{
    int64_t now = mono_ns(), wall = wall_ns();
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    if (control == NULL || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SO_TIMESTAMPNS)
        return now;
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
    int64_t waited = wall - (stamp.tv_sec * NS_PER_S + stamp.tv_nsec);
    return waited >= 0 && waited < OLDEST ? now - waited : now;
}

static void take(const struct lane *lane, const struct datagram *datagram, int64_t arrived)
{
    int64_t now = mono_ns();
    struct instant at = instant_at(now);
    at.mono -= now - arrived;
    at.wall -= now - arrived;
    struct discontinuity found = { .at = at, .since = udp.last };
    if (arrivals_take(udp.arrivals, datagram->sequence, &found))
        journal_discontinuity(lane->journal, &found);
    if (udp.arrivals->next == datagram->sequence + 1)
        udp.last = at;
    journal_delay(lane->journal, arrived - datagram->clock);
}

/* Takes one datagram that has come. Returns 1 when it was data of this lane, 0 when it was not, -1 when there was none. */
static int take_one(const struct lane *lane)
{
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec into = { .iov_base = udp.buffer, .iov_len = ROOM };
    struct msghdr message = { .msg_iov = &into,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control };
    ssize_t length = recvmsg(udp.file, &message, MSG_DONTWAIT);
    struct datagram datagram;
    /* An error is the network's complaint about an earlier datagram of ours; it does not mean that none has come. */
    if (length < 0)
        return errno == EAGAIN ? -1 : 0;
    if (!wire_read_datagram(&datagram, udp.buffer, (size_t)length) || datagram.lane != (uint32_t)lane->number)
        return 0;
    udp.answered = true;
    if (datagram.kind != DATA)
        return 0;
    take(lane, &datagram, arrival(&message));
    return 1;
}

/* The peer answers a hello with a hello. That there is nobody is no workload. */
static bool find_peer(struct lane *lane)
{
    for (int64_t begun = mono_ns(); mono_ns() - begun < ANSWER_WITHIN && lane->journal->told == 0;) {
        if (udp.hello == 0 || mono_ns() - udp.hello >= HELLO_EVERY)
            say(lane, HELLO);
        int took = take_one(lane);
        if (took < 0)
            wait_for(POLLIN);
        else
            udp.early += took;
        if (udp.answered)
            return true;
    }
    lane_cannot(lane, "no answer from ", 0);
    words_append(lane->why, sizeof lane->why, lane->options->peer);
    words_append(lane->why, sizeof lane->why, " port ");
    words_append_number(lane->why, sizeof lane->why, lane->options->port);
    words_append(lane->why, sizeof lane->why, " within 10 s");
    return false;
}

static bool prepare(struct lane *lane)
{
    const struct options *options = lane->options;
    struct address peer;
    int on = 1, waiting = WAITING;
    udp = (struct udp){ .file = -1 };
    lane->unit_bytes = options->datagram;
    lane->operation = options->direction == SEND ? 1 : RECEIVED;
    lane->follows = options->direction == RECEIVE;
    lane->requested = ROOM + (int64_t)sizeof *udp.arrivals;
    if (!address_read(&peer, options->peer, options->port))
        return lane_cannot(lane, "the peer's address is no IPv4 or IPv6 address", 0);
    udp.buffer = mmap(NULL, (size_t)lane->requested, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (udp.buffer == MAP_FAILED)
        return lane_cannot(lane, "no memory for a buffer", errno);
    udp.arrivals = (void *)(udp.buffer + ROOM);
    udp.file = socket(peer.socket.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp.file < 0 || connect(udp.file, &peer.socket.any, peer.length) < 0)
        return lane_cannot(lane, "no socket to the peer", errno);
    setsockopt(udp.file, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    /* Beyond the system's limit where permitted, else as much as the limit gives. */
    if (setsockopt(udp.file, SOL_SOCKET, SO_RCVBUFFORCE, &waiting, sizeof waiting) < 0)
        setsockopt(udp.file, SOL_SOCKET, SO_RCVBUF, &waiting, sizeof waiting);
    if (!find_peer(lane))
        return false;
    for (int64_t at = HEADER; options->direction == SEND && at < options->datagram; at++)
        udp.buffer[at] = (uint8_t)at;
    return true;
}

static int64_t send_one(const struct lane *lane)
{
    struct datagram datagram = { .lane = (uint32_t)lane->number, .kind = DATA, .sequence = udp.sent };
    /* A second time because the first may only have heard the network's complaint about an earlier one. */
    for (int attempt = 0; attempt < 2; attempt++) {
        datagram.clock = mono_ns();
        wire_datagram(udp.buffer, &datagram);
        if (send(udp.file, udp.buffer, (size_t)lane->options->datagram, MSG_DONTWAIT) >= 0) {
            udp.sent++;
            return 1;
        }
        if (errno == EAGAIN)
            wait_for(POLLOUT);
    }
    /* Too large for the way, no route, nobody there: as may be while the VM moves. Its number is that of the next one. */
    sleep_until(mono_ns() + SEND_WAIT * NS_PER_MS);
    return 0;
}

static int64_t receive_some(const struct lane *lane, int64_t units)
{
    if (mono_ns() - udp.hello >= HELLO_EVERY)
        say(lane, HELLO);
    int64_t done = udp.early;
    int took = 0;
    udp.early = 0;
    for (int i = 0; i < RECEIVED && done < units && (took = take_one(lane)) >= 0; i++)
        done += took;
    if (done > 0 || took >= 0)
        return done;
    wait_for(POLLIN);
    return take_one(lane) > 0 ? 1 : 0;
}

static int64_t step(struct lane *lane, int64_t units)
{
    return lane->options->direction == SEND ? send_one(lane) : receive_some(lane, units);
}

/* Whether one of the datagrams that wait is the peer's end. Data that still comes is past the end and not looked at. */
static bool heard_end(const struct lane *lane)
{
    struct datagram datagram;
    ssize_t length;
    while ((length = recv(udp.file, udp.buffer, ROOM, MSG_DONTWAIT)) >= 0)
        if (wire_read_datagram(&datagram, udp.buffer, (size_t)length) && datagram.kind == END &&
            datagram.lane == (uint32_t)lane->number)
            return true;
    return false;
}

static void part(const struct lane *lane)
{
    int64_t begun = mono_ns(), said = 0;
    for (int64_t now = begun; now - begun < END_WITHIN && !heard_end(lane); now = mono_ns()) {
        if (now - said >= END_EVERY) {
            say(lane, END);
            said = now;
        }
        wait_for(POLLIN);
    }
}

static void finish(struct lane *lane)
{
    if (udp.file < 0)
        return;
    if (udp.answered)
        part(lane);
    close(udp.file);
}

const struct workload UDP = { "udp", "datagram", prepare, step, finish };
