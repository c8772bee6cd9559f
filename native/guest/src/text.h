/* Writing text and JSON into a buffer that empties itself into a file or socket. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    int file;
    size_t length;
    bool failed; /* something could not be written: the reader has gone, or the disk is full */
    char buffer[4096];
};

void text_start(struct text *text, int file);
void text_add(struct text *text, const char *words);
void text_number(struct text *text, int64_t number);
/* Thousandths as a decimal number: 1500 is 1.5. */
void text_milli(struct text *text, int64_t thousandths);
/* In quotes, with everything escaped that JSON wants escaped. */
void text_quoted(struct text *text, const char *words);
/* ,"name":number */
void text_field(struct text *text, const char *name, int64_t number);
/* Empties the buffer. */
void text_flush(struct text *text);

/* Appends `words` to the text in `to`, which has `room` bytes with its end; what does not fit is cut off. */
void words_append(char *to, size_t room, const char *words);
void words_append_number(char *to, size_t room, int64_t number);

/* A whole non-negative number, and nothing behind it. Returns -1 when it is none or does not fit. */
int64_t number_read(const char *words);

#endif
