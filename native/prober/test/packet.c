#include "packet.h"

#include <string.h>

#include "bytes.h"
#include "expect.h"

static const struct identity WHO = { .identifier = 0xbeef, .nonce = 0x1122334455667788 };

static void reply_to(uint8_t *message, int family, uint64_t sequence)
{
    probe_build(message, family, WHO, sequence, 42);
    message[0] = family == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY_TYPE;
}

static void the_checksum_is_that_of_rfc_1071(void)
{
    const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    EXPECT_EQUAL(internet_checksum(example, sizeof example, 0), 0x220d);
    const uint8_t odd[] = { 0x01 };
    EXPECT_EQUAL(internet_checksum(odd, 1, 0), 0xfeff);
}

static void a_probe_has_a_valid_checksum_and_the_documented_payload(void)
{
    uint8_t message[PROBE_LENGTH];
    probe_build(message, 4, WHO, 0x123456789, 77);
    EXPECT_EQUAL(message[0], ICMP4_ECHO_REQUEST);
    EXPECT_EQUAL(internet_checksum(message, sizeof message, 0), 0);
    EXPECT_EQUAL(get_be16(message + 4), 0xbeef);
    EXPECT_EQUAL(get_be16(message + 6), 0x6789);
    EXPECT(get_le64(message + 8) == WHO.nonce);
    EXPECT(get_le64(message + 16) == 0x123456789);
    EXPECT_EQUAL(get_le64(message + 24), 77);
}

static void our_replies_are_recognised_beyond_16_bits_of_sequence(void)
{
    uint8_t message[PROBE_LENGTH];
    for (int family = 4; family <= 6; family += 2) {
        uint64_t sequence = 0;
        reply_to(message, family, 0xfedcba9876543210);
        EXPECT(reply_parse(message, sizeof message, family, WHO, &sequence));
        EXPECT(sequence == 0xfedcba9876543210);
    }
}

static void whatever_differs_is_not_ours(void)
{
    uint64_t sequence;
    uint8_t message[PROBE_LENGTH];
    reply_to(message, 4, 9);
    EXPECT(!reply_parse(message, sizeof message - 1, 4, WHO, &sequence));
    EXPECT(!reply_parse(message, sizeof message, 6, WHO, &sequence));
    /* Type, code, identifier, sequence, nonce, and the 16 bits of sequence that are there twice. */
    for (size_t at = 0; at < 18; at++) {
        if (at == 2 || at == 3)
            continue; /* the checksum is the kernel's business */
        message[at] ^= 0x40;
        EXPECT(!reply_parse(message, sizeof message, 4, WHO, &sequence));
        message[at] ^= 0x40;
    }
    EXPECT(reply_parse(message, sizeof message, 4, WHO, &sequence));
    message[0] = ICMP4_ECHO_REQUEST; /* our own request, as loopback delivers it */
    EXPECT(!reply_parse(message, sizeof message, 4, WHO, &sequence));
}

static void a_looped_frame_is_recognised_behind_any_headers(void)
{
    for (size_t headers = 0; headers < 80; headers++) {
        uint8_t frame[80 + PROBE_LENGTH] = { 0 };
        uint64_t sequence = 0;
        probe_build(frame + headers, 4, WHO, 31, 5);
        EXPECT(looped_parse(frame, headers + PROBE_LENGTH, 4, WHO, &sequence));
        EXPECT_EQUAL(sequence, 31);
        EXPECT(!looped_parse(frame, PROBE_LENGTH - 1, 4, WHO, &sequence));
    }
}

static void malformed_ip_headers_are_refused(void)
{
    uint8_t packet[20 + PROBE_LENGTH] = { 0x45 };
    size_t length;
    EXPECT(icmp_of_packet(packet, sizeof packet, 4, &length) == packet + 20);
    EXPECT_EQUAL(length, PROBE_LENGTH);
    EXPECT(icmp_of_packet(packet, 19, 4, &length) == NULL);
    packet[0] = 0x44; /* a header of 16 bytes */
    EXPECT(icmp_of_packet(packet, sizeof packet, 4, &length) == NULL);
    packet[0] = 0x4f; /* 60 bytes, more than there are */
    EXPECT(icmp_of_packet(packet, 40, 4, &length) == NULL);
    packet[0] = 0x65;
    EXPECT(icmp_of_packet(packet, sizeof packet, 4, &length) == NULL);
    EXPECT(icmp_of_packet(packet, 7, 6, &length) == packet);
}

int main(void)
{
    the_checksum_is_that_of_rfc_1071();
    a_probe_has_a_valid_checksum_and_the_documented_payload();
    our_replies_are_recognised_beyond_16_bits_of_sequence();
    whatever_differs_is_not_ours();
    a_looped_frame_is_recognised_behind_any_headers();
    malformed_ip_headers_are_refused();
    PASSED("packet");
}
