/* gather - changes that come in a burst, gathered until they are through.
 *
 *     change ... change .. change            10 s without one, or 60 s from the first
 *     |--------------- gathered ------------------------------------->| each number once
 *
 * A nightly job writes the files of a market one after the other: what depends on them is done once
 * at its end, not with each file. State and time alone: the clock is the caller's.
 */
#ifndef GATHER_H
#define GATHER_H

#include "clock.h"

#include <stdbool.h>
#include <stddef.h>

#define GATHER_QUIET_MS 10000 /* so long without a change ends it ... */
#define GATHER_MAX_MS   60000 /* ... and so long from the first on does in any case */

/* A value; all zero is empty. The struct owns `items`. */
typedef struct {
    uint32_t *items;
    size_t count, capacity;
    uint32_t flags; /* of `is_in` */
    bool *is_in;    /* by number */
    mono_t first, last;
} gather_t;

/* A change of number `item`. */
void gather_add (gather_t *self, uint32_t item, mono_t now);

/* Is something gathered, and through? */
bool gather_is_due (const gather_t *self, mono_t now);

/* Milliseconds until it may be due; -1: nothing is gathered. */
int64_t gather_due_ms (const gather_t *self, mono_t now);

/* Empties it. What was gathered must have been taken from `items`. */
void gather_clear (gather_t *self);

void gather_free (gather_t *self);

#endif
