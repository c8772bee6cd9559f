#include "content.h"

#include <string.h>

#include "order.h"

/*
 * Common words of English, of different lengths, and between them names that occur once: zlib makes a third of such text,
 * as of most text that people store. Of the common words alone it would make less than a quarter.
 */
static const char VOCABULARY[][12] = {
    "the",    "of",     "and",     "to",      "in",      "is",      "that",    "for",    "was",     "with",   "as",
    "his",    "on",     "be",      "at",      "by",      "had",     "not",     "are",    "but",     "from",   "or",
    "have",   "an",     "they",    "which",   "one",     "you",     "were",    "all",    "her",     "she",    "there",
    "would",  "their",  "we",      "him",     "been",    "has",     "when",    "who",    "will",    "no",     "more",
    "system", "memory", "machine", "network", "process", "another", "between", "number", "because", "during", "without",
    "server", "public", "general", "against", "history", "however", "country", "already", "question",
};
#define WORDS (sizeof VOCABULARY / sizeof *VOCABULARY)

/* A name takes the place of one word in four. */
#define NAMED       4
#define NAME_LENGTH 5

static void fill_text(char *to, size_t length, uint64_t *state)
{
    char name[NAME_LENGTH + 1] = "";
    size_t at = 0;
    while (at < length) {
        uint64_t number = random_next(state);
        for (int i = 0; i < NAME_LENGTH; i++, number >>= 5)
            name[i] = (char)('a' + (number & 31) % 26);
        for (int i = 0; i < NAMED && at < length; i++, number >>= 8) {
            for (const char *word = i == 0 ? name : VOCABULARY[(number & 0xff) % WORDS]; *word != '\0' && at < length; word++)
                to[at++] = *word;
            if (at < length)
                to[at++] = ' ';
        }
    }
}

void content_fill(void *to, size_t length, enum content content, uint64_t *state)
{
    if (content == ZERO)
        memset(to, 0, length);
    else if (content == TEXT)
        fill_text(to, length, state);
    else
        for (uint64_t *word = to; word < (uint64_t *)to + length / sizeof *word; word++)
            *word = random_next(state);
}
