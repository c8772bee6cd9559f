#include "frame.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

/* Two addresses; the type stands behind them. */
#define ADDRESSES 12u
#define VLAN_TAG 4u
/* No network that is in use has more of them. */
#define MOST_TAGS 2
#define IPV4_LEAST 20u
#define IPV6_HEADER 40u
/* Of a chain of extension headers, before it is given up. */
#define MOST_EXTENSIONS 8

struct span {
    const unsigned char *bytes;
    size_t length;
};

static uint16_t word(const unsigned char *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static struct span after(struct span span, size_t bytes)
{
    return bytes <= span.length ? (struct span){ span.bytes + bytes, span.length - bytes } : (struct span){ span.bytes, 0 };
}

/* Fills in the ports when they are there. */
static void transport(struct flow_key *key, unsigned protocol, struct span rest)
{
    if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || rest.length < 4)
        return;
    key->protocol = protocol == IPPROTO_TCP ? FLOW_TCP : FLOW_UDP;
    key->source_port = word(rest.bytes);
    key->destination_port = word(rest.bytes + 2);
}

/* RFC 791, 3.1 */
static void ipv4(struct flow_key *key, struct span packet)
{
    if (packet.length < IPV4_LEAST)
        return;
    size_t header = (size_t)(packet.bytes[0] & 0x0f) * 4;
    int fragment = (word(packet.bytes + 6) & 0x3fff) != 0; /* more fragments, or an offset */
    if (packet.bytes[0] >> 4 == 4 && header >= IPV4_LEAST && !fragment)
        transport(key, packet.bytes[9], after(packet, header));
}

/* RFC 8200, 3 and 4. A fragment header ends the walk: it is none of those that are passed over. */
static void ipv6(struct flow_key *key, struct span packet)
{
    if (packet.length < IPV6_HEADER || packet.bytes[0] >> 4 != 6)
        return;
    unsigned next = packet.bytes[6];
    struct span rest = after(packet, IPV6_HEADER);
    for (int passed = 0; passed < MOST_EXTENSIONS; passed++) {
        int extension = next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
        if (!extension || rest.length < 2)
            break;
        next = rest.bytes[0];
        rest = after(rest, ((size_t)rest.bytes[1] + 1) * 8);
    }
    transport(key, next, rest);
}

struct flow_key flow_of_frame(const unsigned char *bytes, size_t captured, int outgoing)
{
    struct flow_key key = { .protocol = FLOW_OTHER, .outgoing = outgoing != 0 };
    struct span rest = after((struct span){ bytes, captured }, ADDRESSES);
    for (int tags = 0; tags < MOST_TAGS && rest.length >= VLAN_TAG + 2; tags++) {
        if (word(rest.bytes) != ETH_P_8021Q && word(rest.bytes) != ETH_P_8021AD)
            break;
        rest = after(rest, VLAN_TAG);
    }
    if (rest.length < 2)
        return key;
    unsigned type = word(rest.bytes);
    struct span packet = after(rest, 2);
    if (type == ETH_P_IP)
        ipv4(&key, packet);
    else if (type == ETH_P_IPV6)
        ipv6(&key, packet);
    return key;
}
