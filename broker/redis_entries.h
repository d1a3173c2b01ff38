/* redis_entries - what XREAD answers, to candles: hiredis' reader calls us for each element, and we keep
 * what an entry is worth. Nothing is allocated for a field, an entry or a reply but room for rows, once.
 *
 *     *streams -> *2 -> name
 *                   \-> *entries -> *2 -> id
 *                                     \-> *fields: name, value, name, value...  -->  a row
 *
 * Every byte is untrusted, and by whom it was written decides what a wrong one does. The shape and the
 * ids are the server's: a header that promises more than was asked for, a stream that was not asked for,
 * ids that do not rise: not a Redis server, the connection is to end. Names and values of fields are
 * anybody's who may XADD: the entry is rejected with a reason, and the reader goes on.
 *
 * The judgement is that of a candle file's row (SEMANTICS.md 1), and of the clock (5): each of symbol,
 * timestamp, open, high, low, close and volume is there once, others are ignored.
 */
#ifndef REDIS_ENTRIES_H
#define REDIS_ENTRIES_H

#include "candle.h"
#include "entry.h"
#include "text.h"

#include <hiredis/hiredis.h>

#define REDIS_FIELD_MAX   64     /* bytes of the longest value that is read */
#define REDIS_AHEAD_MS    300000 /* a candle may start so long after its arrival */
#define REDIS_REASON_TEXT 80

typedef enum {
    REDIS_GOOD,
    REDIS_FIELD_MISSING,
    REDIS_FIELD_TWICE,
    REDIS_FIELD_LONG,
    REDIS_NOT_NUMBER,
    REDIS_NO_SYMBOL,
    REDIS_NO_TIMESTAMP,
    REDIS_NOT_MINUTE,
    REDIS_NOT_DAY,
    REDIS_PRICE,
    REDIS_VOLUME,
    REDIS_HIGH_LOW,
    REDIS_AHEAD,
    REDIS_NO_ARRIVAL,
    REDIS_TOO_LARGE /* given by who reads: it never got here */
} redis_reason_t;

/* An entry. */
typedef struct {
    entry_id_t id;
    candle_t candle; /* valid, as `symbol`, when `reason` is REDIS_GOOD */
    uint32_t k;      /* which of the streams that were asked for */
    uint8_t reason;  /* redis_reason_t */
    uint8_t field;   /* of which the reason speaks */
    char symbol[SYMBOL_MAX + 1];
} redis_entry_t;

typedef enum {
    REDIS_ANSWER_ENTRIES, /* none, where XREAD found none */
    REDIS_ANSWER_TIME,
    REDIS_ANSWER_ERROR
} redis_answer_t;

typedef struct redis_entries redis_entries_t;

redis_entries_t *redis_entries_new (void);
void redis_entries_destroy (redis_entries_t **self);

/* For redis_set_functions, with the redis_entries_t as privdata. */
redisReplyObjectFunctions *redis_entries_functions (void);

/* The next reply answers XREAD COUNT `each` of `count` streams from `after` (exclusive). The arrays and
 * names must stay until it is there. */
void redis_entries_ask (redis_entries_t *self, uint32_t count, const char *const *names,
                        const entry_id_t *after, uint32_t each);
/* The next reply answers TIME. */
void redis_entries_ask_time (redis_entries_t *self);

/* After a reply came: what it was. */
redis_answer_t redis_entries_answer (const redis_entries_t *self);
/* Its entries, in the request's order of streams, rising ids in each; until the next ask. Before the reply is
 * whole: those that are. */
const redis_entry_t *redis_entries_rows (const redis_entries_t *self, size_t *count);
/* Redis' time in milliseconds. */
int64_t redis_entries_time_ms (const redis_entries_t *self);
/* What the server refused it with: "WRONGTYPE Operation against..." */
const char *redis_entries_error (const redis_entries_t *self);

/* When a reply broke off: the entry whose id was there, and whose fields were not whole. */
bool redis_entries_broken (const redis_entries_t *self, uint32_t *k, entry_id_t *id);

/* Why it is rejected; returns `text`. */
char *redis_entries_reason (const redis_entry_t *entry, char text[static REDIS_REASON_TEXT]);

#endif
