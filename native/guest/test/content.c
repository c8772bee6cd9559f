#include "content.h"

#include <ctype.h>
#include <string.h>

#include "expect.h"

#define LENGTH 65536

static _Alignas(8) unsigned char bytes[LENGTH + 8], again[LENGTH + 8];

static void fill(unsigned char *to, enum content content, uint64_t seed)
{
    uint64_t state = seed;
    memset(to, 0xee, LENGTH + 8);
    content_fill(to, LENGTH, content, &state);
    for (int i = 0; i < 8; i++)
        EXPECT_EQUAL(to[LENGTH + i], 0xee);
}

static void zero_is_zero(void)
{
    fill(bytes, ZERO, 1);
    for (int i = 0; i < LENGTH; i++)
        EXPECT_EQUAL(bytes[i], 0);
}

static void text_is_words(void)
{
    int spaces = 0;
    fill(bytes, TEXT, 1);
    for (int i = 0; i < LENGTH; i++) {
        EXPECT(bytes[i] == ' ' || islower(bytes[i]));
        spaces += bytes[i] == ' ';
    }
    EXPECT(spaces > LENGTH / 12 && spaces < LENGTH / 3);
}

static void noise_has_every_byte_equally_often(void)
{
    int of[256] = { 0 };
    fill(bytes, NOISE, 1);
    for (int i = 0; i < LENGTH; i++)
        of[bytes[i]]++;
    for (int i = 0; i < 256; i++)
        EXPECT(of[i] > 256 - 100 && of[i] < 256 + 100);
}

static void the_seed_tells_the_content(void)
{
    for (enum content content = TEXT; content <= NOISE; content++) {
        fill(bytes, content, 5);
        fill(again, content, 5);
        EXPECT(memcmp(bytes, again, LENGTH) == 0);
        fill(again, content, 6);
        EXPECT(memcmp(bytes, again, LENGTH) != 0);
        uint64_t state = 5;
        content_fill(bytes, 4096, content, &state);
        content_fill(again, 4096, content, &state);
        EXPECT(memcmp(bytes, again, 4096) != 0);
    }
}

int main(void)
{
    zero_is_zero();
    text_is_words();
    noise_has_every_byte_equally_often();
    the_seed_tells_the_content();
    PASSED("content");
}
