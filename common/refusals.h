/* refusals - what the guard counts, and says: of each kind the first at once, and later at most one line a minute,
 * so that a flood at the doors is none in the log. A value.
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "clock.h"
#include "guard.h"

#define REFUSALS_SAID_MS 60000

typedef struct {
    guard_counts_t *counts;
    struct {
        bool any;
        mono_t said;
        uint64_t unsaid;
    } kinds[BUS_COUNTS];
} refusals_t;

void refusals_init (refusals_t *self, guard_counts_t *counts);

/* One more at that endpoint. `address`: the peer's, or "" when it is not known; `detail`: what is known besides, or
 * NULL. */
void refusals_add (refusals_t *self, bus_count_t kind, const char *endpoint, const char *address,
                   const char *detail, mono_t now);

#endif
