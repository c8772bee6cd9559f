#include "text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void text_start(struct text *text, int file)
{
    text->file = file;
    text->length = 0;
    text->failed = false;
}

/* A socket whose reader has gone must not end us by SIGPIPE; anything else is no socket. */
static ssize_t put(int file, const char *from, size_t length)
{
    ssize_t sent = send(file, from, length, MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? write(file, from, length) : sent;
}

void text_flush(struct text *text)
{
    for (size_t at = 0; at < text->length && !text->failed;) {
        ssize_t wrote = put(text->file, text->buffer + at, text->length - at);
        if (wrote > 0)
            at += (size_t)wrote;
        else if (wrote == 0 || errno != EINTR)
            text->failed = true;
    }
    text->length = 0;
}

static void add_byte(struct text *text, char byte)
{
    if (text->length == sizeof text->buffer)
        text_flush(text);
    text->buffer[text->length++] = byte;
}

void text_add(struct text *text, const char *words)
{
    while (*words != '\0')
        add_byte(text, *words++);
}

/* Digits from the end of a buffer of 21 bytes; returns where they begin. */
static char *digits(char *end, uint64_t number)
{
    *--end = '\0';
    do
        *--end = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return end;
}

void text_number(struct text *text, int64_t number)
{
    char buffer[24];
    if (number < 0)
        add_byte(text, '-');
    text_add(text, digits(buffer + sizeof buffer, number < 0 ? -(uint64_t)number : (uint64_t)number));
}

void text_milli(struct text *text, int64_t thousandths)
{
    text_number(text, thousandths / 1000);
    int64_t rest = thousandths % 1000;
    if (rest <= 0)
        return;
    add_byte(text, '.');
    for (int64_t place = 100; place > 0 && rest > 0; rest %= place, place /= 10)
        add_byte(text, (char)('0' + rest / place));
}

void text_quoted(struct text *text, const char *words)
{
    add_byte(text, '"');
    for (; *words != '\0'; words++) {
        unsigned char byte = (unsigned char)*words;
        if (byte == '"' || byte == '\\') {
            add_byte(text, '\\');
            add_byte(text, (char)byte);
        } else if (byte < 0x20) {
            text_add(text, "\\u00");
            add_byte(text, "0123456789abcdef"[byte >> 4]);
            add_byte(text, "0123456789abcdef"[byte & 15]);
        } else {
            add_byte(text, (char)byte);
        }
    }
    add_byte(text, '"');
}

void text_field(struct text *text, const char *name, int64_t number)
{
    text_add(text, ",\"");
    text_add(text, name);
    text_add(text, "\":");
    text_number(text, number);
}

void words_append(char *to, size_t room, const char *words)
{
    size_t length = strlen(to);
    while (*words != '\0' && length + 1 < room)
        to[length++] = *words++;
    to[length] = '\0';
}

void words_append_number(char *to, size_t room, int64_t number)
{
    char buffer[24];
    if (number < 0)
        words_append(to, room, "-");
    words_append(to, room, digits(buffer + sizeof buffer, number < 0 ? -(uint64_t)number : (uint64_t)number));
}

int64_t number_read(const char *words)
{
    int64_t number = 0;
    if (*words == '\0')
        return -1;
    for (; *words != '\0'; words++) {
        if (*words < '0' || *words > '9' || number > (INT64_MAX - 9) / 10)
            return -1;
        number = number * 10 + (*words - '0');
    }
    return number;
}
