#include "script.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = { "loss", "hold", "replies" };

const char *outage_kind_name(enum outage_kind kind) { return NAMES[kind]; }

static const char *parse_line(char *line, int64_t previous_end, struct outage *outage)
{
    char kind[16], rest;
    int64_t begin, length;
    if (sscanf(line, "%15s %" SCNd64 " %" SCNd64 " %c", kind, &begin, &length, &rest) != 3)
        return "expected KIND BEGIN LENGTH";
    size_t known = sizeof NAMES / sizeof NAMES[0], index = 0;
    while (index < known && strcmp(kind, NAMES[index]) != 0)
        index++;
    if (index == known)
        return "the kind is none of loss, hold, replies";
    if (begin < 0 || length <= 0 || length > INT64_MAX / 4 || begin > INT64_MAX / 4)
        return "begin and length must be positive";
    if (begin < previous_end)
        return "it begins before the outage above it ends";
    *outage = (struct outage){ .kind = (enum outage_kind)index, .begin_ns = begin, .end_ns = begin + length };
    return NULL;
}

int script_read(FILE *file, struct script *script)
{
    *script = (struct script){ 0 };
    char line[256];
    int64_t previous_end = 0;
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        struct outage *grown = realloc(script->outages, (script->length + 1) * sizeof *grown);
        const char *wrong = grown == NULL ? "no memory" : parse_line(line, previous_end, &grown[script->length]);
        if (grown != NULL)
            script->outages = grown;
        if (wrong != NULL) {
            fprintf(stderr, "echo-target: script, line %d: %s\n", number, wrong);
            script_free(script);
            return -1;
        }
        previous_end = script->outages[script->length++].end_ns;
    }
    return 0;
}

void script_free(struct script *script)
{
    free(script->outages);
    *script = (struct script){ 0 };
}

void script_begin(struct script *script, int64_t origin_ns)
{
    for (size_t i = 0; i < script->length; i++) {
        script->outages[i].begin_ns += origin_ns;
        script->outages[i].end_ns += origin_ns;
    }
}

const struct outage *script_outage(const struct script *script, size_t open, int64_t at_ns)
{
    for (size_t i = open > 0 ? open - 1 : 0; i < script->length && i <= open; i++)
        if (at_ns >= script->outages[i].begin_ns && at_ns < script->outages[i].end_ns)
            return &script->outages[i];
    return NULL;
}
