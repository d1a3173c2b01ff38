/* redis_patterns - which streams are read: names, and patterns as Redis' KEYS and SCAN know them.
 *
 *     candles_min_*,shared,other_?   ->   pattern with the prefix "candles_min_", a name, a pattern
 *
 * A pattern of a prefix and one `*` behind it says what a stream's symbol is: what the star stands for.
 */
#ifndef REDIS_PATTERNS_H
#define REDIS_PATTERNS_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *text;
    bool is_name;  /* a stream, not a pattern */
    size_t prefix; /* characters before the `*` that ends it; 0: it is of another form */
} redis_pattern_t;

typedef struct {
    redis_pattern_t *patterns;
    size_t count;
} redis_patterns_t;

/* Commas between; free with redis_patterns_free in any case. 0, or -1 with one line in `error`. */
int redis_patterns_parse (redis_patterns_t *self, const char *text, char *error, size_t error_size);
void redis_patterns_free (redis_patterns_t *self);

/* Can it be a stream of ours: 1 to WIRE_STREAM_MAX bytes, none of them a control? */
bool redis_stream_valid (const char *name, size_t size);

/* The symbol that a stream found by the pattern is expected to carry: into `symbol`, which is returned;
 * NULL when it says none. */
const char *redis_pattern_symbol (const redis_pattern_t *self, const char *name,
                                  char symbol[static SYMBOL_MAX + 1]);

#endif
