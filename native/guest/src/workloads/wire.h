/* The bytes that guest and peer exchange: docs/agent.md, "On the network". Little-endian, as are the machines. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* Bytes of the hello of a TCP connection, and of what every datagram begins with. */
#define HEADER 32

enum datagram_kind { HELLO, DATA, END };

struct datagram {
    uint32_t lane, kind;
    uint64_t sequence; /* of a hello: the rate in bytes per second, 0 flat out */
    int64_t clock;     /* the sender's, ns; of a hello: the datagram's size in bytes */
};

void wire_tcp_hello(uint8_t bytes[HEADER], int lane, enum direction direction, int64_t rate, uint64_t connection);
void wire_datagram(uint8_t bytes[HEADER], const struct datagram *datagram);
/* Returns false when these are no bytes of ours. */
bool wire_read_datagram(struct datagram *datagram, const uint8_t *bytes, size_t length);

/* Writes the bytes of a connection from `position` on: 64-bit words that count up from 0. */
void wire_words(uint8_t *bytes, size_t length, uint64_t position);

/* A row of words that were not what they should be. */
struct wrong_words {
    uint64_t first, count;
};

/* The receiver's side: `word` holds the beginning of a word that the network has cut. */
struct word_check {
    uint64_t position; /* bytes of the connection that came */
    uint64_t word;
    struct wrong_words wrong; /* the row that has not ended; count 0: none */
};

/*
 * Checks what came up to the end of a row of wrong words, or all of it. Returns the bytes it took; where `ended` has a
 * count, that row has ended there.
 */
size_t wire_check(struct word_check *check, const uint8_t *bytes, size_t length, struct wrong_words *ended);

#endif
