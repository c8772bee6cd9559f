#include "flow/frame.h"
#include "flow/table.h"

#include <stdlib.h>
#include <string.h>

#include "expect.h"

static unsigned char frame[256];
static size_t length;

static void add(const void *bytes, size_t count)
{
    memcpy(frame + length, bytes, count);
    length += count;
}

static void ethernet(const char *type)
{
    length = 0;
    add("aaaaaabbbbbb", 12);
    add(type, 2);
}

/* `options`: bytes of options, zeros; `fragment`: flags and offset. */
static void add_ipv4(unsigned char protocol, size_t options, unsigned fragment)
{
    unsigned char header[60] = { 0 };
    header[0] = (unsigned char)(0x40 | (20 + options) / 4);
    header[6] = (unsigned char)(fragment >> 8);
    header[7] = (unsigned char)fragment;
    header[9] = protocol;
    add(header, 20 + options);
}

static void add_ipv6(unsigned char next)
{
    unsigned char header[40] = { 0x60 };
    header[6] = next;
    add(header, sizeof header);
}

/* From 4369 to 258. */
static void add_ports(void) { add("\x11\x11\x01\x02", 4); }

static void expect_ports(enum flow_protocol protocol)
{
    struct flow_key key = flow_of_frame(frame, length, 0);
    EXPECT_EQUAL(key.protocol, protocol);
    EXPECT_EQUAL(key.source_port, 0x1111);
    EXPECT_EQUAL(key.destination_port, 0x0102);
    EXPECT_EQUAL(key.outgoing, 0);
    EXPECT_EQUAL(flow_of_frame(frame, length, 1).outgoing, 1);
}

static void expect_other(void)
{
    struct flow_key key = flow_of_frame(frame, length, 1);
    EXPECT_EQUAL(key.protocol, FLOW_OTHER);
    EXPECT_EQUAL(key.source_port, 0);
    EXPECT_EQUAL(key.destination_port, 0);
    EXPECT_EQUAL(key.outgoing, 1);
}

static void frames(void)
{
    ethernet("\x08\x00");
    add_ipv4(6, 0, 0x4000); /* do not fragment */
    add_ports();
    expect_ports(FLOW_TCP);
    /* However much of it is missing, nothing behind the end is read: each prefix lies in memory of its own size. */
    for (size_t kept = 0; kept < length; kept++) {
        unsigned char *cut = malloc(kept ? kept : 1);
        EXPECT(cut);
        memcpy(cut, frame, kept);
        EXPECT_EQUAL(flow_of_frame(cut, kept, 0).protocol, FLOW_OTHER);
        free(cut);
    }
    ethernet("\x08\x00");
    add_ipv4(17, 40, 0);
    add_ports();
    expect_ports(FLOW_UDP);
    ethernet("\x86\xdd");
    add_ipv6(6);
    add_ports();
    expect_ports(FLOW_TCP);
    ethernet("\x86\xdd");
    add_ipv6(0);
    add("\x3c\x00......", 8);         /* hop-by-hop options, then destination options of 16 bytes, then UDP */
    add("\x11\x01..............", 16);
    add_ports();
    expect_ports(FLOW_UDP);
    ethernet("\x81\x00");
    add("\x00\x05\x08\x00", 4);
    add_ipv4(6, 0, 0);
    add_ports();
    expect_ports(FLOW_TCP);
    ethernet("\x88\xa8");
    add("\x00\x05\x81\x00\x00\x06\x86\xdd", 8);
    add_ipv6(17);
    add_ports();
    expect_ports(FLOW_UDP);
}

static void others(void)
{
    static const unsigned FRAGMENTS[] = { 0x2000, 0x00b9, 0x20b9 };
    for (size_t i = 0; i < sizeof FRAGMENTS / sizeof FRAGMENTS[0]; i++) {
        ethernet("\x08\x00");
        add_ipv4(17, 0, FRAGMENTS[i]);
        add_ports();
        expect_other();
    }
    ethernet("\x86\xdd");
    add_ipv6(44);
    add("\x11\x00\x00\x01....", 8);
    add_ports();
    expect_other();
    ethernet("\x08\x00");
    add_ipv4(1, 0, 0);
    add_ports();
    expect_other();
    ethernet("\x08\x06");
    add("\x00\x01\x08\x00\x06\x04\x00\x01............", 20);
    expect_other();
    /* An IPv4 header that claims to be shorter than one can be. */
    ethernet("\x08\x00");
    add_ipv4(6, 0, 0);
    frame[14] = 0x41;
    add_ports();
    expect_other();
}

static struct table table;

static void counting(void)
{
    table_init(&table);
    struct flow_key out = { FLOW_TCP, 40000, 49152, 1 }, back = { FLOW_TCP, 49152, 40000, 0 };
    struct flow_key other = { .protocol = FLOW_OTHER, .outgoing = 0 };
    table_count(&table, out, 1514);
    table_count(&table, back, 66);
    table_count(&table, out, 100);
    table_count(&table, other, 42);
    char text[1024] = "";
    FILE *output = fmemopen(text, sizeof text, "w");
    EXPECT_EQUAL(table_print(&table, output, 7, 1), 0);
    fclose(output);
    EXPECT(strcmp(text, "{\"flows\":["
                        "{\"protocol\":\"other\",\"sourcePort\":0,\"destinationPort\":0,\"direction\":\"in\","
                        "\"bytes\":42,\"packets\":1},"
                        "{\"protocol\":\"tcp\",\"sourcePort\":40000,\"destinationPort\":49152,\"direction\":\"out\","
                        "\"bytes\":1614,\"packets\":2},"
                        "{\"protocol\":\"tcp\",\"sourcePort\":49152,\"destinationPort\":40000,\"direction\":\"in\","
                        "\"bytes\":66,\"packets\":1}"
                        "],\"dropped\":7,\"end\":true}\n") == 0);
}

/* More flows than there is room for: nothing is lost, what has no room is counted with what has no ports. */
static void crowded(void)
{
    table_init(&table);
    const unsigned seen = MOST_FLOWS + 500;
    for (int round = 0; round < 2; round++)
        for (unsigned port = 0; port < seen; port++)
            table_count(&table, (struct flow_key){ FLOW_UDP, (uint16_t)port, 53, 0 }, 10);
    uint64_t bytes = 0;
    for (unsigned place = 0; place < table.count; place++)
        bytes += table.flows[place].bytes;
    EXPECT_EQUAL(bytes, 2 * 10 * seen);
    EXPECT_EQUAL(table.flows[0].bytes, 2 * 10 * 500);
    EXPECT_EQUAL(table.flows[2].bytes, 20);
    EXPECT_EQUAL(table.count, MOST_FLOWS + 2);
    /* What cannot be written is told. */
    FILE *full = fopen("/dev/full", "w");
    EXPECT_EQUAL(table_print(&table, full, 0, 0), -1);
    fclose(full);
}

int main(void)
{
    frames();
    others();
    counting();
    crowded();
    PASSED("flows");
    return 0;
}
