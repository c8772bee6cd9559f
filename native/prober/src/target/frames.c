#include "frames.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "bytes.h"
#include "packet.h"

#define ETH_LENGTH 14
#define ARP_LENGTH 28
#define IP4_LENGTH 20
#define IP6_LENGTH 40
#define NEIGHBOUR_SOLICITATION 135
#define NEIGHBOUR_ADVERTISEMENT 136
#define SOLICITED_AND_OVERRIDE 0x60
#define HOP_LIMIT 64

static const uint8_t *address_bytes(const struct station *station)
{
    if (station->address.family == 4)
        return (const uint8_t *)&((const struct sockaddr_in *)&station->address.socket)->sin_addr;
    return (const uint8_t *)&((const struct sockaddr_in6 *)&station->address.socket)->sin6_addr;
}

/* The link header of an answer: back to where the frame came from. */
static void answer_link(const struct station *station, const uint8_t *frame, uint8_t *out)
{
    memcpy(out, frame + 6, 6);
    memcpy(out + 6, station->mac, 6);
    memcpy(out + 12, frame + 12, 2);
}

static enum frame_kind answer_arp(const struct station *station, const uint8_t *frame, size_t length, uint8_t *out,
                                  size_t *answer_length)
{
    static const uint8_t request[] = { 0, 1, 8, 0, 6, 4, 0, 1 }; /* Ethernet, IPv4, request */
    const uint8_t *arp = frame + ETH_LENGTH, *own = address_bytes(station);
    if (length < ETH_LENGTH + ARP_LENGTH || memcmp(arp, request, sizeof request) != 0 || memcmp(arp + 24, own, 4) != 0)
        return FRAME_OTHER;
    answer_link(station, frame, out);
    uint8_t *reply = out + ETH_LENGTH;
    memcpy(reply, request, sizeof request);
    reply[7] = 2;
    memcpy(reply + 8, station->mac, 6);
    memcpy(reply + 14, own, 4);
    memcpy(reply + 18, arp + 8, 10); /* the asker's MAC and IP */
    *answer_length = ETH_LENGTH + ARP_LENGTH;
    return FRAME_RESOLVE;
}

static enum frame_kind answer_ip4(const struct station *station, const uint8_t *frame, size_t length, uint8_t *out,
                                  size_t *answer_length)
{
    const uint8_t *ip = frame + ETH_LENGTH, *own = address_bytes(station);
    if (length < ETH_LENGTH + IP4_LENGTH || ip[0] >> 4 != 4 || ip[9] != IPPROTO_ICMP || memcmp(ip + 16, own, 4) != 0)
        return FRAME_OTHER;
    size_t header = (size_t)(ip[0] & 0x0f) * 4, total = get_be16(ip + 2);
    int fragmented = (get_be16(ip + 6) & 0x3fff) != 0;
    if (fragmented || header < IP4_LENGTH || total < header + ICMP_HEADER_LENGTH || ETH_LENGTH + total > length ||
        ip[header] != ICMP4_ECHO_REQUEST)
        return FRAME_OTHER;
    memcpy(out, frame, ETH_LENGTH + total);
    answer_link(station, frame, out);
    uint8_t *reply = out + ETH_LENGTH, *icmp = reply + header;
    memcpy(reply + 12, ip + 16, 4);
    memcpy(reply + 16, ip + 12, 4);
    reply[8] = HOP_LIMIT;
    put_be16(reply + 10, 0);
    put_be16(reply + 10, internet_checksum(reply, header, 0));
    icmp[0] = ICMP4_ECHO_REPLY;
    put_be16(icmp + 2, 0);
    put_be16(icmp + 2, internet_checksum(icmp, total - header, 0));
    *answer_length = ETH_LENGTH + total;
    return FRAME_ECHO;
}

/* ICMPv6 checksums cover a pseudo header of addresses, length and protocol (RFC 8200, 8.1). */
static void checksum_icmp6(uint8_t *ip, size_t icmp_length)
{
    uint8_t *icmp = ip + IP6_LENGTH;
    uint32_t sum = (uint32_t)icmp_length + IPPROTO_ICMPV6;
    for (int i = 8; i < IP6_LENGTH; i += 2)
        sum += get_be16(ip + i);
    put_be16(icmp + 2, 0);
    put_be16(icmp + 2, internet_checksum(icmp, icmp_length, sum));
}

static enum frame_kind answer_solicitation(const struct station *station, const uint8_t *frame, size_t icmp_length,
                                           uint8_t *out, size_t *answer_length)
{
    static const uint8_t unspecified[16];
    const uint8_t *ip = frame + ETH_LENGTH, *icmp = ip + IP6_LENGTH, *own = address_bytes(station);
    /* From the unspecified address somebody asks whether the address is free: not to be answered here. */
    if (icmp_length < 24 || memcmp(icmp + 8, own, 16) != 0 || memcmp(ip + 8, unspecified, 16) == 0)
        return FRAME_OTHER;
    const size_t reply_length = 32;
    memset(out, 0, ETH_LENGTH + IP6_LENGTH + reply_length);
    answer_link(station, frame, out);
    uint8_t *reply = out + ETH_LENGTH, *body = reply + IP6_LENGTH;
    reply[0] = 0x60;
    put_be16(reply + 4, (uint16_t)reply_length);
    reply[6] = IPPROTO_ICMPV6;
    reply[7] = 255; /* neighbour discovery from farther away is refused (RFC 4861, 7.1) */
    memcpy(reply + 8, own, 16);
    memcpy(reply + 24, ip + 8, 16);
    body[0] = NEIGHBOUR_ADVERTISEMENT;
    body[4] = SOLICITED_AND_OVERRIDE;
    memcpy(body + 8, own, 16);
    body[24] = 2; /* option: target link-layer address, 1 x 8 bytes */
    body[25] = 1;
    memcpy(body + 26, station->mac, 6);
    checksum_icmp6(reply, reply_length);
    *answer_length = ETH_LENGTH + IP6_LENGTH + reply_length;
    return FRAME_RESOLVE;
}

static enum frame_kind answer_ip6(const struct station *station, const uint8_t *frame, size_t length, uint8_t *out,
                                  size_t *answer_length)
{
    const uint8_t *ip = frame + ETH_LENGTH, *icmp = ip + IP6_LENGTH;
    if (length < ETH_LENGTH + IP6_LENGTH + ICMP_HEADER_LENGTH || ip[0] >> 4 != 6 || ip[6] != IPPROTO_ICMPV6)
        return FRAME_OTHER;
    size_t icmp_length = get_be16(ip + 4);
    if (icmp_length < ICMP_HEADER_LENGTH || ETH_LENGTH + IP6_LENGTH + icmp_length > length)
        return FRAME_OTHER;
    if (icmp[0] == NEIGHBOUR_SOLICITATION)
        return answer_solicitation(station, frame, icmp_length, out, answer_length);
    if (icmp[0] != ICMP6_ECHO_REQUEST_TYPE || memcmp(ip + 24, address_bytes(station), 16) != 0)
        return FRAME_OTHER;
    *answer_length = ETH_LENGTH + IP6_LENGTH + icmp_length;
    memcpy(out, frame, *answer_length);
    answer_link(station, frame, out);
    uint8_t *reply = out + ETH_LENGTH;
    memcpy(reply + 8, ip + 24, 16);
    memcpy(reply + 24, ip + 8, 16);
    reply[7] = HOP_LIMIT;
    reply[IP6_LENGTH] = ICMP6_ECHO_REPLY_TYPE;
    checksum_icmp6(reply, icmp_length);
    return FRAME_ECHO;
}

enum frame_kind frame_answer(const struct station *station, const uint8_t *frame, size_t length, uint8_t *out,
                             size_t *answer_length)
{
    if (length < ETH_LENGTH || length > FRAME_SPACE)
        return FRAME_OTHER;
    uint16_t protocol = get_be16(frame + 12);
    if (station->address.family == 4 && protocol == ETHERTYPE_ARP)
        return answer_arp(station, frame, length, out, answer_length);
    if (station->address.family == 4 && protocol == ETHERTYPE_IP)
        return answer_ip4(station, frame, length, out, answer_length);
    if (station->address.family == 6 && protocol == ETHERTYPE_IPV6)
        return answer_ip6(station, frame, length, out, answer_length);
    return FRAME_OTHER;
}
