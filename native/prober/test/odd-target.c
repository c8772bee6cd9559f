/*
 * A target for tests that answers in every way that a prober must not be fooled by. By the sequence number modulo 8:
 *   0 answered twice          1 answered after 2            2, 6, 7 answered once
 *   3 not answered, but replies come that are not ours: other identifier, other nonce, cut short
 *   4 answered from another address                         5 answered only after 7
 * IPv4 only. Usage: odd-target INTERFACE ADDRESS; prints one line when it listens; ends on SIGTERM.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bytes.h"
#include "packet.h"
#include "target/frames.h"
#include "target/link.h"

#define IP_AT 14
#define ICMP_AT 34

struct kept {
    uint8_t frame[FRAME_SPACE];
    size_t length;
};

static int fd;

static void send_frame(const uint8_t *frame, size_t length) { (void)!send(fd, frame, length, 0); }

static void keep(struct kept *kept, const uint8_t *frame, size_t length)
{
    memcpy(kept->frame, frame, length);
    kept->length = length;
}

static void release(struct kept *kept)
{
    if (kept->length > 0)
        send_frame(kept->frame, kept->length);
    kept->length = 0;
}

/* Sends a changed copy of a reply: `length` bytes of ICMP, one byte of it flipped (0: none), another source if asked. */
static void send_changed(const uint8_t *reply, size_t icmp_length, size_t flip, int other_source)
{
    uint8_t frame[FRAME_SPACE];
    memcpy(frame, reply, ICMP_AT + icmp_length);
    if (flip != 0)
        frame[ICMP_AT + flip] ^= 0x01;
    if (other_source)
        frame[IP_AT + 15] ^= 0x40;
    put_be16(frame + IP_AT + 2, (uint16_t)(20 + icmp_length));
    put_be16(frame + IP_AT + 10, 0);
    put_be16(frame + IP_AT + 10, internet_checksum(frame + IP_AT, 20, 0));
    put_be16(frame + ICMP_AT + 2, 0);
    put_be16(frame + ICMP_AT + 2, internet_checksum(frame + ICMP_AT, icmp_length, 0));
    send_frame(frame, ICMP_AT + icmp_length);
}

static void answer_oddly(const uint8_t *reply, size_t length)
{
    static struct kept reordered, late;
    size_t icmp_length = length - ICMP_AT;
    switch (get_be16(reply + ICMP_AT + 6) % 8) {
    case 0:
        send_frame(reply, length);
        send_frame(reply, length);
        break;
    case 1:
        keep(&reordered, reply, length);
        break;
    case 2:
        send_frame(reply, length);
        release(&reordered);
        break;
    case 3:
        send_changed(reply, icmp_length, 4, 0);
        send_changed(reply, icmp_length, 8, 0);
        send_changed(reply, PROBE_LENGTH - 1, 0, 0);
        break;
    case 4:
        send_changed(reply, icmp_length, 0, 1);
        break;
    case 5:
        keep(&late, reply, length);
        break;
    case 7:
        send_frame(reply, length);
        release(&late);
        break;
    default:
        send_frame(reply, length);
    }
}

int main(int argc, char **argv)
{
    struct station station;
    if (argc != 3 || address_parse(argv[2], &station.address) != 0 || (fd = link_open(argv[1], station.mac)) < 0) {
        perror("odd-target");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd sources[] = { { .fd = fd, .events = POLLIN }, { .fd = 1, .events = 0 } };
        if (poll(sources, 2, -1) < 0 || (sources[1].revents & (POLLERR | POLLHUP)) != 0)
            return 0;
        static uint8_t frame[FRAME_SPACE], answer[FRAME_SPACE];
        int64_t arrived;
        uint32_t dropped;
        size_t answer_length;
        long length;
        while ((length = link_receive(fd, frame, sizeof frame, &arrived, &dropped)) >= 0) {
            enum frame_kind kind = frame_answer(&station, frame, (size_t)length, answer, &answer_length);
            if (kind == FRAME_ECHO)
                answer_oddly(answer, answer_length);
            else if (kind == FRAME_RESOLVE)
                send_frame(answer, answer_length);
        }
    }
}
