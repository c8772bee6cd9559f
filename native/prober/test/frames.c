#include "target/frames.h"

#include <string.h>

#include "bytes.h"
#include "expect.h"
#include "packet.h"

static const uint8_t ASKER[6] = { 2, 0, 0, 0, 0, 1 };
static uint8_t answer[FRAME_SPACE];
static size_t answer_length;

static struct station station_at(const char *address)
{
    struct station station = { .mac = { 2, 0, 0, 0, 0, 2 } };
    EXPECT(address_parse(address, &station.address) == 0);
    return station;
}

static size_t echo4(uint8_t *frame)
{
    static const uint8_t ip[] = { 0x45, 0, 0, 20 + PROBE_LENGTH, 0, 0, 0x40, 0, 9, 1, 0, 0,
                                  192, 0, 2, 1, 192, 0, 2, 2 };
    memset(frame, 0, 14);
    memcpy(frame + 6, ASKER, 6);
    put_be16(frame + 12, 0x0800);
    memcpy(frame + 14, ip, sizeof ip);
    probe_build(frame + 34, 4, (struct identity){ 1, 2 }, 3, 4);
    return 34 + PROBE_LENGTH;
}

static void an_echo_request_is_answered_with_valid_checksums(void)
{
    struct station station = station_at("192.0.2.2");
    uint8_t frame[128];
    size_t length = echo4(frame);
    EXPECT_EQUAL(frame_answer(&station, frame, length, answer, &answer_length), FRAME_ECHO);
    EXPECT_EQUAL(answer_length, length);
    EXPECT(memcmp(answer, ASKER, 6) == 0);
    EXPECT_EQUAL(internet_checksum(answer + 14, 20, 0), 0);
    EXPECT_EQUAL(internet_checksum(answer + 34, PROBE_LENGTH, 0), 0);
    uint64_t sequence;
    EXPECT(reply_parse(answer + 34, PROBE_LENGTH, 4, (struct identity){ 1, 2 }, &sequence));
    EXPECT_EQUAL(sequence, 3);
}

static void other_and_broken_packets_are_not_answered(void)
{
    struct station station = station_at("192.0.2.2"), other = station_at("192.0.2.3");
    uint8_t frame[128];
    size_t length = echo4(frame);
    EXPECT_EQUAL(frame_answer(&other, frame, length, answer, &answer_length), FRAME_OTHER);
    for (size_t cut = 0; cut < length; cut++)
        EXPECT_EQUAL(frame_answer(&station, frame, cut, answer, &answer_length), FRAME_OTHER);
    frame[14 + 6] = 0x20; /* more fragments */
    EXPECT_EQUAL(frame_answer(&station, frame, length, answer, &answer_length), FRAME_OTHER);
    echo4(frame);
    frame[34] = ICMP4_ECHO_REPLY;
    EXPECT_EQUAL(frame_answer(&station, frame, length, answer, &answer_length), FRAME_OTHER);
}

static void arp_is_answered(void)
{
    struct station station = station_at("192.0.2.2");
    uint8_t frame[42] = { 0 };
    static const uint8_t request[] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 192, 0, 2, 1,
                                       0, 0, 0, 0, 0, 0, 192, 0, 2, 2 };
    memcpy(frame + 6, ASKER, 6);
    put_be16(frame + 12, 0x0806);
    memcpy(frame + 14, request, sizeof request);
    EXPECT_EQUAL(frame_answer(&station, frame, sizeof frame, answer, &answer_length), FRAME_RESOLVE);
    static const uint8_t reply[] = { 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 2, 192, 0, 2, 2,
                                     2, 0, 0, 0, 0, 1, 192, 0, 2, 1 };
    EXPECT_EQUAL(answer_length, sizeof frame);
    EXPECT(memcmp(answer + 14, reply, sizeof reply) == 0);
    EXPECT_EQUAL(frame_answer(&station, frame, sizeof frame - 1, answer, &answer_length), FRAME_OTHER);
}

static size_t icmp6(uint8_t *frame, const uint8_t *message, size_t length)
{
    memset(frame, 0, 54);
    memcpy(frame + 6, ASKER, 6);
    put_be16(frame + 12, 0x86dd);
    frame[14] = 0x60;
    put_be16(frame + 18, (uint16_t)length);
    frame[20] = 58;
    frame[22] = 0xfd, frame[37] = 1;
    frame[38] = 0xfd, frame[53] = 2;
    memcpy(frame + 54, message, length);
    return 54 + length;
}

static uint16_t checksum6(const uint8_t *frame, size_t length)
{
    uint32_t sum = (uint32_t)length + 58;
    for (int i = 22; i < 54; i += 2)
        sum += get_be16(frame + i);
    return internet_checksum(frame + 54, length, sum);
}

static void neighbours_and_echo_are_answered_over_ipv6(void)
{
    struct station station = station_at("fd00::2");
    uint8_t frame[128], message[PROBE_LENGTH];
    probe_build(message, 6, (struct identity){ 1, 2 }, 3, 4);
    size_t length = icmp6(frame, message, sizeof message);
    EXPECT_EQUAL(frame_answer(&station, frame, length, answer, &answer_length), FRAME_ECHO);
    EXPECT_EQUAL(checksum6(answer, PROBE_LENGTH), 0);
    uint64_t sequence;
    EXPECT(reply_parse(answer + 54, PROBE_LENGTH, 6, (struct identity){ 1, 2 }, &sequence));
    for (size_t cut = 0; cut < length; cut++)
        EXPECT_EQUAL(frame_answer(&station, frame, cut, answer, &answer_length), FRAME_OTHER);

    uint8_t solicitation[24] = { 135 };
    solicitation[8] = 0xfd, solicitation[23] = 2;
    length = icmp6(frame, solicitation, sizeof solicitation);
    EXPECT_EQUAL(frame_answer(&station, frame, length, answer, &answer_length), FRAME_RESOLVE);
    EXPECT_EQUAL(checksum6(answer, 32), 0);
    EXPECT_EQUAL(answer[54], 136);
    EXPECT(memcmp(answer + 54 + 26, station.mac, 6) == 0);
    memset(frame + 22, 0, 16); /* duplicate address detection */
    EXPECT_EQUAL(frame_answer(&station, frame, length, answer, &answer_length), FRAME_OTHER);
}

int main(void)
{
    an_echo_request_is_answered_with_valid_checksums();
    other_and_broken_packets_are_not_answered();
    arp_is_answered();
    neighbours_and_echo_are_answered_over_ipv6();
    PASSED("frames");
}
