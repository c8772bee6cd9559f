#include "table.h"

#include <inttypes.h>
#include <string.h>

static const char *const PROTOCOLS[] = { [FLOW_TCP] = "tcp", [FLOW_UDP] = "udp", [FLOW_OTHER] = "other" };

/* The two flows that always have room. */
static unsigned other(int outgoing) { return outgoing ? 1 : 0; }

void table_init(struct table *table)
{
    memset(table, 0, sizeof *table);
    for (int outgoing = 0; outgoing <= 1; outgoing++)
        table->flows[other(outgoing)].key = (struct flow_key){ .protocol = FLOW_OTHER, .outgoing = outgoing };
    table->count = 2;
}

static int same(const struct flow_key *a, const struct flow_key *b)
{
    return a->protocol == b->protocol && a->source_port == b->source_port &&
           a->destination_port == b->destination_port && a->outgoing == b->outgoing;
}

/* Fibonacci hashing: ports that follow one another come to lie far apart. */
static unsigned slot_of(const struct flow_key *key)
{
    uint64_t word = (uint64_t)key->source_port << 18 | (uint64_t)key->destination_port << 2 |
                    (uint64_t)key->protocol << 1 | (uint64_t)key->outgoing;
    return (unsigned)(word * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (SLOTS - 1);
}

static unsigned place_of(struct table *table, const struct flow_key *key)
{
    if (key->protocol == FLOW_OTHER)
        return other(key->outgoing);
    unsigned slot = slot_of(key);
    for (; table->slots[slot] != 0; slot = (slot + 1) & (SLOTS - 1)) {
        unsigned place = table->slots[slot] - 1u;
        if (same(&table->flows[place].key, key))
            return place;
    }
    if (table->count == sizeof table->flows / sizeof table->flows[0])
        return other(key->outgoing);
    unsigned place = table->count++;
    table->flows[place].key = *key;
    table->slots[slot] = (uint16_t)(place + 1);
    return place;
}

void table_count(struct table *table, struct flow_key key, uint64_t bytes)
{
    struct flow *flow = &table->flows[place_of(table, &key)];
    flow->bytes += bytes;
    flow->packets++;
}

int table_print(const struct table *table, FILE *output, uint64_t dropped, int end)
{
    const char *separator = "";
    fputs("{\"flows\":[", output);
    for (unsigned place = 0; place < table->count; place++) {
        const struct flow *flow = &table->flows[place];
        if (flow->packets == 0)
            continue;
        fprintf(output,
                "%s{\"protocol\":\"%s\",\"sourcePort\":%u,\"destinationPort\":%u,\"direction\":\"%s\",\"bytes\":%" PRIu64
                ",\"packets\":%" PRIu64 "}",
                separator, PROTOCOLS[flow->key.protocol], flow->key.source_port, flow->key.destination_port,
                flow->key.outgoing ? "out" : "in", flow->bytes, flow->packets);
        separator = ",";
    }
    fprintf(output, "],\"dropped\":%" PRIu64 ",\"end\":%s}\n", dropped, end ? "true" : "false");
    return fflush(output) == 0 ? 0 : -1;
}
