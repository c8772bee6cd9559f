#include "footprint.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

struct tally {
    int64_t requested, kibibytes;
    bool theirs; /* the mapping that is being read is the workload's own */
};

static uint64_t hexadecimal(const char **at)
{
    uint64_t number = 0;
    for (;; (*at)++) {
        char c = **at;
        if (c >= '0' && c <= '9')
            number = number * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number * 16 + (uint64_t)(c - 'a' + 10);
        else
            return number;
    }
}

/*
 * A mapping begins with its addresses and its rights ("rw-p"); the lines about it follow with a name and a colon. The
 * workload's own is private and of its size to the page: anything else that happens to be as large is ours.
 */
static void read_line(struct tally *tally, const char *line)
{
    const char *at = line;
    uint64_t from = hexadecimal(&at);
    if (at > line && *at == '-') {
        at++;
        uint64_t to = hexadecimal(&at);
        int64_t whole = (tally->requested + 4095) / 4096 * 4096;
        tally->theirs = whole > 0 && to - from == (uint64_t)whole && strncmp(at, " rw-p", 5) == 0;
        return;
    }
    if (tally->theirs || strncmp(line, "Pss:", 4) != 0)
        return;
    int64_t number = 0;
    for (at = line + 4; *at == ' '; at++)
        continue;
    for (; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (*at - '0');
    tally->kibibytes += number;
}

int64_t footprint(int process, int64_t requested)
{
    char path[40] = "/proc/", buffer[1024], line[128];
    size_t length = 0;
    struct tally tally = { .requested = requested };
    if (process == 0)
        words_append(path, sizeof path, "self");
    else
        words_append_number(path, sizeof path, process);
    words_append(path, sizeof path, "/smaps");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t got;
    while ((got = read(file, buffer, sizeof buffer)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            if (buffer[i] == '\n') {
                line[length] = '\0';
                read_line(&tally, line);
                length = 0;
            } else if (length + 1 < sizeof line) {
                line[length++] = buffer[i];
            }
        }
    close(file);
    return tally.kibibytes * 1024;
}
