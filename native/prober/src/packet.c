#include "packet.h"

#include "bytes.h"

uint16_t internet_checksum(const uint8_t *bytes, size_t length, uint32_t sum)
{
    for (; length > 1; bytes += 2, length -= 2)
        sum += get_be16(bytes);
    if (length == 1)
        sum += (uint32_t)bytes[0] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

void probe_build(uint8_t *out, int family, struct identity who, uint64_t sequence, int64_t scheduled_ns)
{
    out[0] = family == 4 ? ICMP4_ECHO_REQUEST : ICMP6_ECHO_REQUEST_TYPE;
    out[1] = 0;
    put_be16(out + 2, 0);
    put_be16(out + 4, who.identifier);
    put_be16(out + 6, (uint16_t)sequence);
    put_le64(out + 8, who.nonce);
    put_le64(out + 16, sequence);
    put_le64(out + 24, (uint64_t)scheduled_ns);
    if (family == 4)
        put_be16(out + 2, internet_checksum(out, PROBE_LENGTH, 0));
}

static int probe_parse(const uint8_t *message, size_t length, uint8_t type, struct identity who, uint64_t *sequence)
{
    if (length < PROBE_LENGTH || message[0] != type || message[1] != 0)
        return 0;
    if (get_be16(message + 4) != who.identifier || get_le64(message + 8) != who.nonce)
        return 0;
    uint64_t found = get_le64(message + 16);
    if (get_be16(message + 6) != (uint16_t)found)
        return 0;
    *sequence = found;
    return 1;
}

int reply_parse(const uint8_t *message, size_t length, int family, struct identity who, uint64_t *sequence)
{
    return probe_parse(message, length, family == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY_TYPE, who, sequence);
}

int looped_parse(const uint8_t *frame, size_t length, int family, struct identity who, uint64_t *sequence)
{
    if (length < PROBE_LENGTH)
        return 0;
    uint8_t type = family == 4 ? ICMP4_ECHO_REQUEST : ICMP6_ECHO_REQUEST_TYPE;
    return probe_parse(frame + length - PROBE_LENGTH, PROBE_LENGTH, type, who, sequence);
}

const uint8_t *icmp_of_packet(const uint8_t *packet, size_t length, int family, size_t *icmp_length)
{
    size_t header = 0;
    if (family == 4) {
        if (length < 20 || packet[0] >> 4 != 4)
            return NULL;
        header = (size_t)(packet[0] & 0x0f) * 4;
        if (header < 20 || header > length)
            return NULL;
    }
    *icmp_length = length - header;
    return packet + header;
}
