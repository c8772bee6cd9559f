#include "workloads/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "expect.h"

static const char *const GOOD[] = { "10.77.1.1", "0.0.0.0", "255.255.255.255", "::", "::1", "1::", "fd77:1::1", "1:2:3:4:5:6:7:8",
                                    "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8", "FE80::aBcD", "::ffff:10.0.0.1",
                                    "1:2:3:4:5:6:7.8.9.10", "64:ff9b::192.0.2.33", "2001:db8:0:0:1:0:0:1" };

static const char *const BAD[] = { "", "1", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "1..2.3", "1.2.3.4 ", ".1.2.3", "-1.2.3.4",
                                   ":", ":::", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "1:",
                                   "1:2:3:4:5:6:7:8:", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "fe80::1%eth0",
                                   "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "benchmark", "::1.2.3.4:5" };

static void addresses_are_those_that_the_library_reads(void)
{
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        struct address address;
        unsigned char expected[16];
        int family = strchr(GOOD[i], ':') != NULL ? AF_INET6 : AF_INET;
        EXPECT_EQUAL(inet_pton(family, GOOD[i], expected), 1);
        EXPECT(address_read(&address, GOOD[i], 0x1234));
        EXPECT_EQUAL(address.socket.any.sa_family, family);
        if (family == AF_INET) {
            EXPECT(memcmp(&address.socket.v4.sin_addr, expected, 4) == 0);
            EXPECT_EQUAL(ntohs(address.socket.v4.sin_port), 0x1234);
        } else {
            EXPECT(memcmp(&address.socket.v6.sin6_addr, expected, 16) == 0);
            EXPECT_EQUAL(ntohs(address.socket.v6.sin6_port), 0x1234);
        }
    }
}

static void everything_else_is_refused(void)
{
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct address address;
        if (address_read(&address, BAD[i], 1))
            fprintf(stderr, "%s\n", BAD[i]);
        EXPECT(!address_read(&address, BAD[i], 1));
    }
}

/* Whatever the characters are: the same answer as the library's. */
static void any_text_is_judged_as_the_library_does(void)
{
    static const char ALPHABET[] = "::::..0129af";
    uint64_t state = 1;
    int read = 0;
    for (int i = 0; i < 300000; i++) {
        char text[24];
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        size_t length = (size_t)(state >> 60) + 1;
        for (size_t at = 0; at < length; at++) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            text[at] = ALPHABET[(state >> 33) % (sizeof ALPHABET - 1)];
        }
        text[length] = '\0';
        unsigned char expected[16];
        struct address address;
        bool known = strchr(text, ':') != NULL && inet_pton(AF_INET6, text, expected) == 1;
        bool ours = address_read(&address, text, 1) && address.socket.any.sa_family == AF_INET6;
        if (known != ours)
            fprintf(stderr, "%s\n", text);
        EXPECT_EQUAL(ours, known);
        if (known) {
            EXPECT(memcmp(&address.socket.v6.sin6_addr, expected, 16) == 0);
            read++;
        }
    }
    EXPECT(read > 100);
}

int main(void)
{
    addresses_are_those_that_the_library_reads();
    everything_else_is_refused();
    any_text_is_judged_as_the_library_does();
    PASSED("address");
}
