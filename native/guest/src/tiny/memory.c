/* What compilers expect to find of a C library, and the few string functions that we use. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Words first: the pages of a workload are filled through this. */
void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    char *target = to;
    const char *source = from;
    for (; length >= sizeof(uint64_t); length -= sizeof(uint64_t)) {
        uint64_t word;
        __builtin_memcpy(&word, source, sizeof word);
        __builtin_memcpy(target, &word, sizeof word);
        target += sizeof word;
        source += sizeof word;
    }
    while (length-- > 0)
        *target++ = *source++;
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    char *target = to;
    const char *source = from;
    if ((uintptr_t)target <= (uintptr_t)source)
        return memcpy(to, from, length);
    while (length-- > 0)
        target[length] = source[length];
    return to;
}

void *memset(void *to, int value, size_t length)
{
    char *target = to;
    uint64_t word = 0x0101010101010101u * (unsigned char)value;
    for (; length >= sizeof word; length -= sizeof word) {
        __builtin_memcpy(target, &word, sizeof word);
        target += sizeof word;
    }
    while (length-- > 0)
        *target++ = (char)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const unsigned char *left = a, *right = b;
    for (; length > 0; length--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t length)
{
    for (; length > 0; length--, a++, b++)
        if (*a != *b || *a == '\0')
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}
