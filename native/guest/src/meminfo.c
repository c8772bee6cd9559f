#include "meminfo.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* The number behind `name` at the beginning of a line, in KiB; -1 when there is none. */
static int64_t kibibytes(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; *line != '\0'; line++) {
        if ((line != text && line[-1] != '\n') || strncmp(line, name, length) != 0)
            continue;
        const char *at = line + length;
        int64_t number = 0;
        while (*at == ' ')
            at++;
        if (*at < '0' || *at > '9')
            return -1;
        for (; *at >= '0' && *at <= '9'; at++)
            number = number * 10 + (*at - '0');
        return number;
    }
    return -1;
}

bool meminfo_parse(struct meminfo *memory, const char *text)
{
    static const char *const NAMES[] = { "MemTotal:", "MemAvailable:", "SwapTotal:", "SwapFree:", "Committed_AS:" };
    int64_t *const fields[] = { &memory->total, &memory->available, &memory->swap_total, &memory->swap_free,
                                &memory->committed };
    for (int i = 0; i < 5; i++) {
        int64_t number = kibibytes(text, NAMES[i]);
        if (number < 0)
            return false;
        *fields[i] = number * 1024;
    }
    return true;
}

bool meminfo_read(struct meminfo *memory)
{
    char text[4096];
    int file = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    size_t length = 0;
    ssize_t got;
    while ((got = read(file, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    close(file);
    text[length] = '\0';
    return got >= 0 && meminfo_parse(memory, text);
}
