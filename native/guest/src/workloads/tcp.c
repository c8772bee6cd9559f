/*
 * A stream of words that count up, to the peer or from it. After a break it connects again and again until it succeeds.
 * One connection at a time, never blocking: a lane must stop when it is told to, whatever the network does.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "lane.h"
#include "text.h"
#include "workloads/address.h"
#include "workloads/wire.h"

#define OPERATION 65536L
#define CONNECT_WITHIN (10 * NS_PER_S)
/* Pause between two attempts to connect. ns */
#define AGAIN (100 * NS_PER_MS)
/* An attempt that nobody answers is given up for a new one: the kernel would wait longer from request to request. ns */
#define UNANSWERED (500 * NS_PER_MS)

static struct tcp {
    struct address peer;
    int file;             /* -1: none */
    bool connected;       /* else, if there is a file, it is connecting */
    bool broken;          /* it was connected before */
    int64_t attempt;      /* when the next attempt may begin, or when the current one began; ns */
    uint64_t connections; /* that succeeded */
    uint64_t position;    /* bytes sent on this connection */
    struct word_check check;
    struct instant last; /* when something last went through, or the connection came */
    int error;           /* of the last attempt */
    uint8_t *buffer;
} tcp;

static void drop(void)
{
    if (tcp.file >= 0)
        close(tcp.file);
    tcp.file = -1;
    tcp.connected = false;
}

static void record(const struct lane *lane, enum discontinuity_kind kind, uint64_t sequence, uint64_t count)
{
    struct discontinuity found = { .kind = kind,
                                   .at = instant_at(mono_ns()),
                                   .since = tcp.last,
                                   .sequence = (int64_t)sequence,
                                   .count = (int64_t)count };
    journal_discontinuity(lane->journal, &found);
}

static void record_wrong(const struct lane *lane, const struct wrong_words *wrong)
{
    if (wrong->count > 0)
        record(lane, CORRUPT, wrong->first, wrong->count);
}

static void break_off(struct lane *lane)
{
    record_wrong(lane, &tcp.check.wrong);
    record(lane, BROKEN, tcp.connections - 1, 1);
    drop();
    tcp.broken = true;
    tcp.attempt = mono_ns();
}

static bool wait_for(short events)
{
    struct pollfd file = { .fd = tcp.file, .events = events };
    return poll(&file, 1, events == POLLIN ? RECEIVE_WAIT : SEND_WAIT) > 0;
}

static void attempt_failed(int error, int64_t now)
{
    tcp.error = error;
    drop();
    tcp.attempt = now + AGAIN;
}

static void begin_attempt(int64_t now)
{
    int on = 1;
    tcp.attempt = now;
    tcp.file = socket(tcp.peer.socket.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (tcp.file < 0) {
        attempt_failed(errno, now);
        return;
    }
    setsockopt(tcp.file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(tcp.file, &tcp.peer.socket.any, tcp.peer.length) < 0 && errno != EINPROGRESS)
        attempt_failed(errno, now);
}

static void greet(struct lane *lane)
{
    uint8_t hello[HEADER];
    wire_tcp_hello(hello, lane->number, lane->options->direction, lane->options->rate, tcp.connections);
    /* The buffer of a new connection has room for it. */
    if (send(tcp.file, hello, HEADER, MSG_NOSIGNAL) != HEADER) {
        attempt_failed(errno, mono_ns());
        return;
    }
    tcp.connected = true;
    if (tcp.broken)
        record(lane, CONNECTED, tcp.connections, 1);
    tcp.connections++;
    tcp.position = 0;
    tcp.check = (struct word_check){ 0 };
    tcp.last = instant_at(mono_ns());
}

/* Goes on with connecting for at most a millisecond or so. */
static void go_on_connecting(struct lane *lane)
{
    int64_t now = mono_ns();
    if (tcp.file < 0 && now < tcp.attempt) {
        sleep_until(tcp.attempt < now + NS_PER_MS ? tcp.attempt : now + NS_PER_MS);
        return;
    }
    if (tcp.file < 0)
        begin_attempt(now);
    if (tcp.file < 0)
        return;
    if (!wait_for(POLLOUT)) {
        now = mono_ns();
        if (now - tcp.attempt > UNANSWERED)
            attempt_failed(ETIMEDOUT, now - AGAIN);
        return;
    }
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(tcp.file, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error != 0)
        attempt_failed(error, mono_ns());
    else
        greet(lane);
}

static bool prepare(struct lane *lane)
{
    tcp = (struct tcp){ .file = -1 };
    lane->unit_bytes = 1;
    lane->operation = OPERATION;
    lane->follows = lane->options->direction == RECEIVE;
    lane->requested = OPERATION;
    if (!address_read(&tcp.peer, lane->options->peer, lane->options->port))
        return lane_cannot(lane, "the peer's address is no IPv4 or IPv6 address", 0);
    tcp.buffer = mmap(NULL, OPERATION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (tcp.buffer == MAP_FAILED)
        return lane_cannot(lane, "no memory for a buffer", errno);
    for (int64_t begun = mono_ns(); !tcp.connected && mono_ns() - begun < CONNECT_WITHIN && lane->journal->told == 0;)
        go_on_connecting(lane);
    if (tcp.connected)
        return true;
    char words[WHY_LENGTH] = "no connection to ";
    words_append(words, sizeof words, lane->options->peer);
    words_append(words, sizeof words, " port ");
    words_append_number(words, sizeof words, lane->options->port);
    words_append(words, sizeof words, " within 10 s");
    return lane_cannot(lane, words, tcp.error);
}

/* Of what a socket call said: whether there is just nothing to do now. */
static bool not_now(ssize_t result)
{
    return result < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM);
}

static ssize_t transfer(const struct lane *lane, size_t length)
{
    if (lane->options->direction == SEND)
        return send(tcp.file, tcp.buffer, length, MSG_NOSIGNAL);
    return recv(tcp.file, tcp.buffer, length, 0);
}

static void take(const struct lane *lane, size_t length)
{
    struct wrong_words ended;
    for (size_t at = 0; at < length;) {
        at += wire_check(&tcp.check, tcp.buffer + at, length - at, &ended);
        record_wrong(lane, &ended);
    }
}

static int64_t step(struct lane *lane, int64_t units)
{
    if (!tcp.connected) {
        go_on_connecting(lane);
        return 0;
    }
    bool sends = lane->options->direction == SEND;
    size_t length = (size_t)(units < OPERATION ? units : OPERATION);
    if (sends)
        wire_words(tcp.buffer, length, tcp.position);
    ssize_t done = transfer(lane, length);
    if (not_now(done)) {
        wait_for(sends ? POLLOUT : POLLIN);
        done = transfer(lane, length);
        if (not_now(done))
            return 0;
    }
    if (done <= 0) { /* an error, or the peer's end of the stream */
        break_off(lane);
        return 0;
    }
    if (sends)
        tcp.position += (uint64_t)done;
    else
        take(lane, (size_t)done);
    tcp.last = instant_at(mono_ns());
    return done;
}

static void finish(struct lane *lane)
{
    record_wrong(lane, &tcp.check.wrong);
    tcp.check.wrong.count = 0;
    drop();
}

const struct workload TCP = { "tcp", "byte", prepare, step, finish };
