/* span - part of a text that someone else owns, for reading a text without copying it. */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A value. `text` NULL: nothing left. */
typedef struct {
    const char *text;
    size_t size;
} span_t;

static inline span_t span_from (const char *text)
{
    return (span_t){text, strlen (text)};
}

/* Takes the part up to the separator off `rest`. False when nothing is left. */
static inline bool span_cut (span_t *rest, char separator, span_t *part)
{
    if (!rest->text) {
        return false;
    }
    const char *end = memchr (rest->text, separator, rest->size);
    *part = *rest;
    if (!end) {
        *rest = (span_t){0};
        return true;
    }
    part->size = (size_t) (end - rest->text);
    rest->text = end + 1;
    rest->size -= part->size + 1;
    return true;
}

static inline bool span_is (span_t span, const char *text)
{
    return strlen (text) == span.size && memcmp (span.text, text, span.size) == 0;
}

#endif
