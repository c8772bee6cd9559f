#include "wire.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire is little-endian, and so must this machine be"
#endif

#define WORD sizeof(uint64_t)

static const char TCP_MAGIC[] = "MSTCP001", UDP_MAGIC[] = "MSUDP001";

struct tcp_hello {
    char magic[8];
    uint32_t lane, direction;
    uint64_t rate, connection;
};

struct header {
    char magic[8];
    uint32_t lane, kind;
    uint64_t sequence;
    int64_t clock;
};

_Static_assert(sizeof(struct tcp_hello) == HEADER && sizeof(struct header) == HEADER, "no holes");

void wire_tcp_hello(uint8_t bytes[HEADER], int lane, enum direction direction, int64_t rate, uint64_t connection)
{
    struct tcp_hello hello = { .lane = (uint32_t)lane,
                               .direction = direction == SEND ? 0 : 1,
                               .rate = (uint64_t)rate,
                               .connection = connection };
    memcpy(hello.magic, TCP_MAGIC, sizeof hello.magic);
    memcpy(bytes, &hello, HEADER);
}

void wire_datagram(uint8_t bytes[HEADER], const struct datagram *datagram)
{
    struct header header = { .lane = datagram->lane,
                             .kind = datagram->kind,
                             .sequence = datagram->sequence,
                             .clock = datagram->clock };
    memcpy(header.magic, UDP_MAGIC, sizeof header.magic);
    memcpy(bytes, &header, HEADER);
}

bool wire_read_datagram(struct datagram *datagram, const uint8_t *bytes, size_t length)
{
    struct header header;
    if (length < HEADER)
        return false;
    memcpy(&header, bytes, HEADER);
    *datagram = (struct datagram){ header.lane, header.kind, header.sequence, header.clock };
    return memcmp(header.magic, UDP_MAGIC, sizeof header.magic) == 0 && header.kind <= END;
}

void wire_words(uint8_t *bytes, size_t length, uint64_t position)
{
    uint64_t word = position / WORD;
    size_t within = position % WORD;
    while (length > 0) {
        size_t part = WORD - within < length ? WORD - within : length;
        memcpy(bytes, (const uint8_t *)&word + within, part);
        bytes += part;
        length -= part;
        within = 0;
        word++;
    }
}

/* A row of wrong words ends before a right one. */
static void judge(struct word_check *check, uint64_t word, uint64_t expected, struct wrong_words *ended)
{
    if (word == expected) {
        *ended = check->wrong;
        check->wrong.count = 0;
        return;
    }
    if (check->wrong.count++ == 0)
        check->wrong.first = expected;
}

size_t wire_check(struct word_check *check, const uint8_t *bytes, size_t length, struct wrong_words *ended)
{
    size_t taken = 0;
    ended->count = 0;
    while (taken < length && ended->count == 0) {
        size_t within = check->position % WORD;
        size_t part = WORD - within < length - taken ? WORD - within : length - taken;
        uint64_t expected = check->position / WORD;
        memcpy((uint8_t *)&check->word + within, bytes + taken, part);
        taken += part;
        check->position += part;
        if (within + part == WORD)
            judge(check, check->word, expected, ended);
    }
    return taken;
}
