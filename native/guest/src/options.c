#include "options.h"

#include <stddef.h>
#include <string.h>

#include "text.h"

static bool wrong(char *why, int room, const char *words, const char *about)
{
    why[0] = '\0';
    words_append(why, (size_t)room, words);
    words_append(why, (size_t)room, about);
    return false;
}

static bool read_number(int64_t *to, const char *word, int64_t least, int64_t most)
{
    int64_t number = number_read(word);
    if (number < least || number > most)
        return false;
    *to = number;
    return true;
}

/* One of `names`, which ends with NULL. */
static bool read_choice(int *to, const char *word, const char *const *names)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(word, names[i]) == 0) {
            *to = i;
            return true;
        }
    return false;
}

static bool copy_word(char *to, size_t room, const char *word)
{
    if (*word == '\0' || strlen(word) >= room)
        return false;
    to[0] = '\0';
    words_append(to, room, word);
    return true;
}

/* Milliseconds, three years: all steps of a trace together are then a number of nanoseconds that fits. */
#define LONGEST_STEP 100000000000LL
#define LARGEST_RATE 1000000000000LL

/* MS:RATE,MS:RATE,… */
static bool read_trace(struct options *options, const char *word)
{
    char part[32];
    options->trace_steps = 0;
    while (*word != '\0') {
        if (options->trace_steps == TRACE_STEPS)
            return false;
        struct trace_step *step = &options->trace[options->trace_steps++];
        for (int half = 0; half < 2; half++) {
            size_t length = 0;
            char end = half == 0 ? ':' : ',';
            while (*word != end && *word != '\0' && length + 1 < sizeof part)
                part[length++] = *word++;
            part[length] = '\0';
            if (*word == end)
                word++;
            else if (half == 0 || *word != '\0')
                return false;
            /* Behind a comma comes another step. */
            if (half == 1 && word[-1] == ',' && *word == '\0')
                return false;
            if (half == 0 ? !read_number(&step->length, part, 1, LONGEST_STEP) : !read_number(&step->rate, part, 0, LARGEST_RATE))
                return false;
        }
        step->length *= 1000000;
    }
    return options->trace_steps > 0;
}

enum { CPU_KIND = 1, MEMORY_KIND = 2, DISK_KIND = 4, NETWORK_KIND = 8, UDP_KIND = 16, PACED = 32 };

static int kind_of(const char *kind)
{
    if (strcmp(kind, "cpu") == 0)
        return CPU_KIND;
    if (strncmp(kind, "memory-", 7) == 0)
        return MEMORY_KIND | PACED;
    if (strncmp(kind, "disk-", 5) == 0)
        return DISK_KIND | PACED;
    return strcmp(kind, "udp") == 0 ? NETWORK_KIND | UDP_KIND | PACED : NETWORK_KIND | PACED;
}

static const char *const PATTERNS[] = { "sequential", "random", "skewed", NULL };
static const char *const CONTENTS[] = { "zero", "text", "random", NULL };
static const char *const DIRECTIONS[] = { "send", "receive", NULL };

/* Returns 1 when `name` is an option of `kinds` and its value is right, 0 when the value is wrong, -1 when it is unknown. */
static int read_option(struct options *options, int kinds, const char *name, const char *value)
{
    int choice = 0;
    const int64_t all = INT64_MAX / 4096;
    if (strcmp(name, "--seed") == 0) {
        int64_t seed;
        if (!read_number(&seed, value, 0, all))
            return 0;
        options->seed = (uint64_t)seed;
        return 1;
    }
    if ((kinds & PACED) && strcmp(name, "--rate") == 0)
        return read_number(&options->rate, value, 1, LARGEST_RATE);
    if ((kinds & PACED) && strcmp(name, "--trace") == 0)
        return read_trace(options, value);
    if ((kinds & CPU_KIND) && strcmp(name, "--level") == 0) {
        int64_t level;
        if (!read_number(&level, value, 1, 10))
            return 0;
        options->level = (int)level;
        return 1;
    }
    if ((kinds & (MEMORY_KIND | DISK_KIND)) && strcmp(name, "--size") == 0)
        return read_number(&options->size, value, 1, all);
    if ((kinds & MEMORY_KIND) && strcmp(name, "--touched") == 0)
        return read_number(&options->touched, value, 1, all);
    if ((kinds & MEMORY_KIND) && strcmp(name, "--bytes") == 0)
        return read_number(&options->bytes, value, 8, 4096);
    if ((kinds & MEMORY_KIND) && strcmp(name, "--pattern") == 0) {
        if (!read_choice(&choice, value, PATTERNS))
            return 0;
        options->pattern = (enum pattern)choice;
        return 1;
    }
    if ((kinds & MEMORY_KIND) && strcmp(name, "--content") == 0) {
        if (!read_choice(&choice, value, CONTENTS))
            return 0;
        options->content = (enum content)choice;
        return 1;
    }
    if ((kinds & DISK_KIND) && strcmp(name, "--directory") == 0)
        return copy_word(options->directory, sizeof options->directory, value);
    if ((kinds & NETWORK_KIND) && strcmp(name, "--peer") == 0)
        return copy_word(options->peer, sizeof options->peer, value);
    if ((kinds & NETWORK_KIND) && strcmp(name, "--port") == 0) {
        int64_t port;
        if (!read_number(&port, value, 1, 65535))
            return 0;
        options->port = (int)port;
        return 1;
    }
    if ((kinds & NETWORK_KIND) && strcmp(name, "--direction") == 0) {
        if (!read_choice(&choice, value, DIRECTIONS))
            return 0;
        options->direction = (enum direction)choice;
        return 1;
    }
    if ((kinds & UDP_KIND) && strcmp(name, "--datagram") == 0)
        return read_number(&options->datagram, value, 32, 65000);
    return -1;
}

/* What a kind cannot do without. */
static const char *missing(const struct options *options, int kinds)
{
    if ((kinds & (MEMORY_KIND | DISK_KIND)) && options->size < 4096)
        return "--size of at least 4096";
    if ((kinds & DISK_KIND) && options->directory[0] == '\0')
        return "--directory";
    if ((kinds & NETWORK_KIND) && options->peer[0] == '\0')
        return "--peer";
    if ((kinds & NETWORK_KIND) && options->port == 0)
        return "--port";
    return NULL;
}

bool options_read(struct options *options, const char *kind, int count, char **words, char *why, int room)
{
    int kinds = kind_of(kind);
    *options = (struct options){ .level = 10, .bytes = 8, .content = NOISE, .datagram = 1024, .seed = 1 };
    for (int i = 0; i < count; i++) {
        if ((kinds & DISK_KIND) && strcmp(words[i], "--direct") == 0) {
            options->direct = true;
            continue;
        }
        if (i + 1 == count && strncmp(words[i], "--", 2) == 0)
            return wrong(why, room, "a value is missing after ", words[i]);
        int known = read_option(options, kinds, words[i], i + 1 < count ? words[i + 1] : "");
        if (known < 0)
            return wrong(why, room, "unknown option ", words[i]);
        if (known == 0) {
            wrong(why, room, "wrong value of ", words[i]);
            words_append(why, (size_t)room, ": ");
            words_append(why, (size_t)room, words[i + 1]);
            return false;
        }
        i++;
    }
    const char *absent = missing(options, kinds);
    if (absent != NULL)
        return wrong(why, room, "it needs ", absent);
    if (options->rate > 0 && options->trace_steps > 0)
        return wrong(why, room, "either --rate or --trace", "");
    options->size -= options->size % 4096;
    if (options->touched == 0 || options->touched > options->size)
        options->touched = options->size;
    options->touched -= options->touched % 4096;
    if (kinds & MEMORY_KIND && options->touched == 0)
        return wrong(why, room, "--touched of at least 4096", "");
    return true;
}
