#include "records.h"

#include <string.h>

#include "expect.h"

static void the_header_is_laid_out_as_documented(void)
{
    uint8_t bytes[HEADER_LENGTH];
    header_encode(bytes, &(struct header){ .interval_ns = 0x0102, .nonce = 0x0304, .start_mono_ns = -1,
                                           .start_wall_ns = 0x0506, .family = 6 });
    uint8_t expected[HEADER_LENGTH] = "MSPROBE1";
    expected[8] = 64;
    expected[12] = 40;
    expected[16] = 2, expected[17] = 1;
    expected[24] = 4, expected[25] = 3;
    memset(expected + 32, 0xff, 8);
    expected[40] = 6, expected[41] = 5;
    expected[48] = 6;
    EXPECT(memcmp(bytes, expected, sizeof bytes) == 0);
}

static void a_record_is_laid_out_as_documented(void)
{
    uint8_t bytes[RECORD_LENGTH];
    record_encode(bytes, &(struct record){ .kind = RECORD_REPLY, .flags = FLAG_NO_KERNEL_TIME, .error = 0x0203,
                                           .count = 0x04050607, .sequence = 0x0808080808080809, .mono_ns = 0x0a,
                                           .wall_ns = 0x0b, .scheduled_ns = -2 });
    const uint8_t expected[RECORD_LENGTH] = {
        3, 1, 3, 2, 7, 6, 5, 4, 9, 8, 8, 8, 8, 8, 8, 8, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0, 0, 0, 0, 0, 0, 0,
        0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    };
    EXPECT(memcmp(bytes, expected, sizeof bytes) == 0);
}

int main(void)
{
    the_header_is_laid_out_as_documented();
    a_record_is_laid_out_as_documented();
    PASSED("records");
}
