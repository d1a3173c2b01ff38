/* ledger - the collector's decisions in a batch run: one attempt of each unit, units in order.
 *
 *     HIT (unit, attempt) --> held --DONE--> whole --all before it are written or void--> released, once
 *
 * Plain functions of state and message: no socket, no file, no clock. Of several attempts of a unit
 * the newest replaces what is held, until one is whole; from then on nothing of that unit is taken.
 * Memory is bounded by the broker, which starts no unit more than LEDGER_REACH ahead and nothing
 * but the oldest while held_bytes is high; what is beyond reach is refused.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "wire.h"

#define LEDGER_REACH WIRE_REACH

/* A unit that was released. Lives until the next call on the ledger. */
typedef struct {
    uint32_t unit;
    const char *symbol;
    size_t hit_count;
    const wire_counts_t *counts;
    size_t note_count;
    const char (*notes)[WIRE_NOTE_MAX + 1];
} ledger_unit_t;

typedef struct ledger ledger_t;

ledger_t *ledger_new (void);
void ledger_destroy (ledger_t **self);

/* Takes a hit, or the end, of a unit's attempt. False when it is out of reach: a bad message.
 * Repeats and older attempts are good, and ignored. */
bool ledger_hit (ledger_t *self, const wire_hit_t *hit);
bool ledger_done (ledger_t *self, const wire_done_t *done);

/* These units will never come. One that is whole is released all the same. */
void ledger_void (ledger_t *self, const uint32_t *units, size_t count);

/* The next unit in order, if it is whole: true. With `gaps`, for a run that was stopped: the next
 * that is whole, over those before it that are not; `released` stays before the first of these, and
 * what lies behind it shows as held. Its hits are read with ledger_next_hit, in the order in which
 * they came. */
bool ledger_release (ledger_t *self, bool gaps, ledger_unit_t *unit);
bool ledger_next_hit (ledger_t *self, hit_t *hit);

/* For the collector's state. `held` has LEDGER_REACH / 8 bytes; returns how many are used. */
uint32_t ledger_released (const ledger_t *self);
uint64_t ledger_held_bytes (const ledger_t *self);
size_t ledger_held (const ledger_t *self, char *held);

#endif
