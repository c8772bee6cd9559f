#include "options.h"

#include "expect.h"

static void numbers_are_whole_decimal_and_in_range(void)
{
    uint64_t value;
    EXPECT(number_parse("42", 1, 100, &value) == 0 && value == 42);
    EXPECT(number_parse("18446744073709551615", 0, UINT64_MAX, &value) == 0 && value == UINT64_MAX);
    const char *const wrong[] = { "", " 1", "-1", "+1", "1 ", "1.5", "0x10", "1e3", "101", "0", "18446744073709551616" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        EXPECT(number_parse(wrong[i], 1, 100, &value) != 0);
}

static void addresses_are_numeric(void)
{
    struct address address;
    EXPECT(address_parse("192.0.2.7", &address) == 0 && address.family == 4);
    EXPECT(address_parse("2001:db8::7", &address) == 0 && address.family == 6);
    EXPECT(address_parse("fe80::1%lo", &address) == 0 && address.family == 6);
    EXPECT(address_parse("fe80::1%none", &address) != 0);
    EXPECT(address_parse("localhost", &address) != 0);
    EXPECT(address_parse("192.0.2.256", &address) != 0);
    EXPECT(address_parse("", &address) != 0);
}

static void only_the_same_address_is_the_target(void)
{
    struct address one, same, other, v6;
    address_parse("192.0.2.7", &one);
    address_parse("192.0.2.7", &same);
    address_parse("192.0.2.8", &other);
    address_parse("::ffff:192.0.2.7", &v6);
    EXPECT(address_is(&one, &same.socket));
    EXPECT(!address_is(&one, &other.socket));
    EXPECT(!address_is(&one, &v6.socket));
}

int main(void)
{
    numbers_are_whole_decimal_and_in_range();
    addresses_are_numeric();
    only_the_same_address_is_the_target();
    PASSED("options");
}
