/* What memory and files are filled with: how well it compresses is the point. */
#ifndef CONTENT_H
#define CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* Fills `length` bytes (a multiple of 8): with zeros, with words of a small vocabulary, or with noise. Moves `state` on. */
void content_fill(void *to, size_t length, enum content content, uint64_t *state);

#endif
