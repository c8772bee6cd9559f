/* The probe: an ICMP or ICMPv6 echo request that carries its own identity. */
#ifndef PACKET_H
#define PACKET_H

#include <stddef.h>
#include <stdint.h>

#define ICMP_HEADER_LENGTH 8
/* Payload: nonce u64, sequence u64, scheduled CLOCK_MONOTONIC ns i64; little-endian. */
#define PROBE_LENGTH (ICMP_HEADER_LENGTH + 24)

#define ICMP4_ECHO_REQUEST 8
#define ICMP4_ECHO_REPLY 0
#define ICMP6_ECHO_REQUEST_TYPE 128
#define ICMP6_ECHO_REPLY_TYPE 129

/* Who we are: replies to anybody else differ in at least one of the two. */
struct identity {
    uint16_t identifier;
    uint64_t nonce;
};

/* The Internet checksum (RFC 1071) of `length` bytes, continuing from `sum`; ready to be stored with put_be16. */
uint16_t internet_checksum(const uint8_t *bytes, size_t length, uint32_t sum);

/*
 * Writes the echo request of a tick into `out` (PROBE_LENGTH bytes). `family` is 4 or 6; the checksum of ICMPv6 covers
 * addresses and is left to the kernel. The ICMP sequence number is the low 16 bits of `sequence`.
 */
void probe_build(uint8_t *out, int family, struct identity who, uint64_t sequence, int64_t scheduled_ns);

/*
 * Whether an ICMP message is an echo reply to one of our probes; then `sequence` is set. A message that is too short,
 * of another type, of another identifier or nonce, or with contradicting sequence numbers is not.
 */
int reply_parse(const uint8_t *message, size_t length, int family, struct identity who, uint64_t *sequence);

/*
 * Finds our probe at the end of a frame that the kernel looped back with its transmit timestamp: in front of it are
 * whatever link and network headers the interface has. Sets `sequence` and returns 1 if it is there.
 */
int looped_parse(const uint8_t *frame, size_t length, int family, struct identity who, uint64_t *sequence);

/* The ICMP message of a received packet: raw IPv4 sockets deliver the IP header as well. NULL when it is malformed. */
const uint8_t *icmp_of_packet(const uint8_t *packet, size_t length, int family, size_t *icmp_length);

#endif
