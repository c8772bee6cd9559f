#include "address.h"

#include <stdint.h>
#include <string.h>

#define GROUPS 8

/* Four numbers up to 255 with dots between them and nothing behind. */
static bool read_v4(uint8_t bytes[4], const char *text)
{
    for (int i = 0; i < 4; i++) {
        int value = 0, digits = 0;
        for (; *text >= '0' && *text <= '9' && digits < 3; digits++)
            value = value * 10 + *text++ - '0';
        if (digits == 0 || value > 255 || *text++ != (i < 3 ? '.' : '\0'))
            return false;
        bytes[i] = (uint8_t)value;
    }
    return true;
}

static int hexadecimal(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Up to four digits. Returns how many there are. */
static int read_group(const char *text, unsigned *value)
{
    int digits = 0;
    *value = 0;
    for (; digits < 4 && hexadecimal(text[digits]) >= 0; digits++)
        *value = *value << 4 | (unsigned)hexadecimal(text[digits]);
    return digits;
}

/* Up to eight groups with colons between them, one row of zero groups left out as "::", the last two perhaps as IPv4. */
static bool read_v6(uint8_t bytes[2 * GROUPS], const char *text)
{
    int groups = 0, gap = -1;
    memset(bytes, 0, 2 * GROUPS);
    if (text[0] == ':') {
        if (text[1] != ':')
            return false;
        gap = 0;
        text += 2;
    }
    while (*text != '\0') {
        if (groups <= GROUPS - 2 && read_v4(bytes + 2 * groups, text)) {
            groups += 2;
            break;
        }
        unsigned value;
        int digits = read_group(text, &value);
        if (digits == 0 || groups == GROUPS)
            return false;
        bytes[2 * groups] = (uint8_t)(value >> 8);
        bytes[2 * groups++ + 1] = (uint8_t)value;
        text += digits;
        if (*text == '\0')
            break;
        if (*text++ != ':' || *text == '\0')
            return false;
        if (*text == ':') {
            if (gap >= 0)
                return false;
            gap = groups;
            text++;
        }
    }
    if (gap < 0)
        return groups == GROUPS;
    if (groups == GROUPS)
        return false;
    int behind = 2 * (groups - gap);
    for (int i = 1; i <= behind; i++) {
        bytes[2 * GROUPS - i] = bytes[2 * groups - i];
        bytes[2 * groups - i] = 0;
    }
    return true;
}

bool address_read(struct address *address, const char *text, int port)
{
    uint8_t bytes[2 * GROUPS];
    uint16_t network_port = (uint16_t)(port << 8 | port >> 8);
    memset(address, 0, sizeof *address);
    if (read_v4(bytes, text)) {
        address->socket.v4.sin_family = AF_INET;
        address->socket.v4.sin_port = network_port;
        memcpy(&address->socket.v4.sin_addr, bytes, 4);
        address->length = sizeof address->socket.v4;
        return true;
    }
    if (!read_v6(bytes, text))
        return false;
    address->socket.v6.sin6_family = AF_INET6;
    address->socket.v6.sin6_port = network_port;
    memcpy(&address->socket.v6.sin6_addr, bytes, sizeof bytes);
    address->length = sizeof address->socket.v6;
    return true;
}
