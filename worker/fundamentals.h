/* fundamentals - what a symbol's data/fundamentals/SYMBOL.json says, as far as the scanners read
 * it. */
#ifndef FUNDAMENTALS_H
#define FUNDAMENTALS_H

#include "exchange.h"

/* Arrays sorted by date. A value that owns them: `fundamentals_t f = {.ipo = DAY_NONE};` is valid,
 * all missing. */
typedef struct {
    size_t cap_count, earnings_count;
    day_t *cap_days;
    double *caps;
    day_t *earnings;
    day_t ipo; /* DAY_NONE when unknown */
} fundamentals_t;

/* Reads the JSON text. 0, or -1 with a one-line reason in `error` ("line 3: ...",
 * "earnings_dates[2]: ..."; then the value is all missing). Parts of a wrong type are an error too:
 * nothing is guessed. A part that is absent is missing. */
int fundamentals_parse (fundamentals_t *self, const char *json, size_t size, char *error,
                        size_t error_size);
/* The same, always by way of a tree of all values: fundamentals_parse takes it for what
 * fundamentals_quick leaves. */
int fundamentals_parse_tree (fundamentals_t *self, const char *json, size_t size, char *error,
                             size_t error_size);
void fundamentals_free (fundamentals_t *self);

#endif
