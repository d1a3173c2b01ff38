/* sample_fundamentals - what `fastscanner sample` tells of a company: data/fundamentals/SYMBOL.json
 * (README, "Your own data"). */
#ifndef SAMPLE_FUNDAMENTALS_H
#define SAMPLE_FUNDAMENTALS_H

#include "generator.h"
#include "memory.h"
#include "sample.h"

/* A value; one symbol's after the other. */
typedef struct {
    const generator_t *generator; /* has the symbol started */
    day_t from, to;               /* of the sample: earnings dates reach around it */
    uint64_t seed;
    size_t index;
    double shares; /* outstanding, splits passed counted in */
    size_t splits_passed;
    day_t next_cap; /* the next day that gets a market cap, once a week */
    buffer_t caps;  /* the market caps' JSON so far */
    buffer_t json;
} sample_fundamentals_t;

/* Starts the symbol that `generator` has started. */
void sample_fundamentals_start (sample_fundamentals_t *self, const generator_t *generator,
                                const sample_plan_t *plan, size_t index);

/* Takes a day's close; days rise. */
void sample_fundamentals_day (sample_fundamentals_t *self, day_t day, double close);

/* Is anything known of the symbol? Of a few it is not: they get no file. */
bool sample_fundamentals_known (const sample_fundamentals_t *self);

/* The file. Lives until the next start. */
const buffer_t *sample_fundamentals_json (sample_fundamentals_t *self);

void sample_fundamentals_free (sample_fundamentals_t *self);

#endif
