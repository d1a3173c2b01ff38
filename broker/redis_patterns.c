#include "redis_patterns.h"

#include "memory.h"
#include "wire_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool redis_stream_valid (const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char) name[i] < ' ' || name[i] == 0x7f) {
            return false;
        }
    }
    return size > 0 && size <= WIRE_STREAM_MAX;
}

static redis_pattern_t pattern_of (const char *text, size_t size)
{
    redis_pattern_t pattern = {.text = memory_format ("%.*s", (int) size, text)};
    size_t plain = strcspn (pattern.text, "*?[\\");
    /* A backslash is for Redis' patterns alone: a name with one and nothing else is a name. */
    pattern.is_name = strcspn (pattern.text, "*?[") == size;
    pattern.prefix = plain + 1 == size && pattern.text[plain] == '*' ? plain : 0;
    return pattern;
}

int redis_patterns_parse (redis_patterns_t *self, const char *text, char *error, size_t error_size)
{
    *self = (redis_patterns_t){0};
    for (;;) {
        size_t size = strcspn (text, ",");
        if (!redis_stream_valid (text, size)) {
            snprintf (error, error_size,
                      "--streams: names and patterns of 1 to %d characters, with commas between",
                      WIRE_STREAM_MAX);
            return -1;
        }
        self->patterns = memory_resize (self->patterns, self->count + 1, sizeof *self->patterns);
        self->patterns[self->count++] = pattern_of (text, size);
        if (text[size] == '\0') {
            return 0;
        }
        text += size + 1;
    }
}

void redis_patterns_free (redis_patterns_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free (self->patterns[i].text);
    }
    free (self->patterns);
    *self = (redis_patterns_t){0};
}

const char *redis_pattern_symbol (const redis_pattern_t *self, const char *name,
                                  char symbol[static SYMBOL_MAX + 1])
{
    size_t prefix = self->prefix;
    if (prefix == 0 || strncmp (name, self->text, prefix) != 0) {
        return NULL;
    }
    size_t size = strlen (name + prefix);
    if (!symbol_valid (name + prefix, size)) {
        return NULL;
    }
    memcpy (symbol, name + prefix, size + 1);
    return symbol;
}
