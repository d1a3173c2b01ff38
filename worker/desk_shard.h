/* desk_shard - one shard of a desk: how far it is, its symbols by name, and which of them wait for the
 * clock. A value of desk.c, and for it alone. */
#ifndef DESK_SHARD_H
#define DESK_SHARD_H

#include "link.h"
#include "series.h"
#include "symbol_day.h"

/* There are thousands: it must be small when no scan passes. What each candle needs comes first. */
typedef struct {
    series_t series;     /* its newest date is today's */
    symbol_day_t *today; /* NULL: no scan passed, or no candle came yet */
    bool waits;          /* it is in its shard's list */
    day_t next_day;     /* what `next` is of; DAY_NONE: no reference data since the last new date */
    symbol_day_t *next; /* NULL: no scan passed */
    char name[SYMBOL_MAX + 1];
} desk_symbol_t;

typedef struct {
    bool held;                       /* begun, and not dropped since */
    session_t generation;            /* when it is not held: items of lower ones are old */
    uint64_t sequence;               /* applied */
    bool touched;                    /* in the present message */
    uint32_t candles;                /* applied in it */
    int64_t stamp_us;                /* their oldest */
    size_t symbol_count, slot_count; /* slots: a power of two, or 0 */
    desk_symbol_t **slots;
    uint32_t numbered_count, numbered_capacity;
    desk_symbol_t **numbered; /* as CANDLES of this generation number them */
    size_t waiting_count, waiting_capacity;
    desk_symbol_t **waiting; /* all that have open buckets are among them */
    int64_t due_ms;          /* no clock up to this one completes a bucket */
} desk_shard_t;

/* Forgets its symbols; generation and sequence stay. All zero is valid. */
void desk_shard_drop (desk_shard_t *self);

/* The symbol of that name, or NULL; a new one whose dates up to `closed` are closed, if there was none.
 */
desk_symbol_t *desk_shard_find (const desk_shard_t *self, const char *name);
desk_symbol_t *desk_shard_add (desk_shard_t *self, const char *name, day_t closed);

/* Gives the symbol the generation's next number. */
void desk_shard_number (desk_shard_t *self, desk_symbol_t *symbol);

/* The symbol has an open bucket. */
void desk_shard_wait (desk_shard_t *self, desk_symbol_t *symbol);

#endif
