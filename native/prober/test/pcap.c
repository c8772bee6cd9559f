#include "wire/pcap.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

static struct pcap pcap;
static unsigned char file[4096];

static size_t written(const char *path)
{
    int input = open(path, O_RDONLY);
    ssize_t length = read(input, file, sizeof file);
    close(input);
    EXPECT(length >= 0);
    return (size_t)length;
}

static uint32_t word(size_t at)
{
    uint32_t value;
    memcpy(&value, file + at, sizeof value);
    return value;
}

int main(void)
{
    char path[] = "/tmp/migrascope-pcap-XXXXXX";
    close(mkstemp(path));
    static const unsigned char FRAME[] = "aaaaaabbbbbb\x08\x06rest";

    EXPECT_EQUAL(pcap_create(&pcap, path, 128), 0);
    struct tap_packet packet = { .seconds = 7, .nanoseconds = 999999999, .bytes = FRAME, .captured = 18, .original = 60 };
    EXPECT_EQUAL(pcap_packet(&pcap, &packet), 0);
    packet.has_vlan = 1;
    packet.vlan_tag = 0x2005;
    packet.vlan_protocol = 0x8100;
    EXPECT_EQUAL(pcap_packet(&pcap, &packet), 0);
    EXPECT_EQUAL(pcap_close(&pcap), 0);
    EXPECT_EQUAL(pcap.packets, 2);

    EXPECT_EQUAL(written(path), 24 + (16 + 18) + (16 + 22));
    EXPECT_EQUAL(word(0), 0xa1b23c4dU);
    EXPECT_EQUAL(word(16), 128);
    EXPECT_EQUAL(word(20), 1);
    EXPECT_EQUAL(word(24), 7);
    EXPECT_EQUAL(word(28), 999999999);
    EXPECT_EQUAL(word(32), 18);
    EXPECT_EQUAL(word(36), 60);
    EXPECT(memcmp(file + 40, FRAME, 18) == 0);

    /* The tag stands where it stood on the wire, and both lengths count it. */
    EXPECT_EQUAL(word(58 + 8), 22);
    EXPECT_EQUAL(word(58 + 12), 64);
    EXPECT(memcmp(file + 74, "aaaaaabbbbbb\x81\x00\x20\x05\x08\x06rest", 22) == 0);

    /* A full disk is told, not swallowed. */
    EXPECT_EQUAL(pcap_create(&pcap, "/dev/full", 128), -1);
    unlink(path);
    PASSED("pcap");
    return 0;
}
