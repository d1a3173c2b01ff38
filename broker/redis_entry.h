/* redis_entry - one entry of a stream, to a candle or the reason why it is none.
 *
 * The judgement is that of a candle file's row (SEMANTICS.md 1), and of the clock (5): each of symbol,
 * timestamp, open, high, low, close and volume is there once, others are ignored. Names and values are
 * anybody's who may XADD.
 *
 *     redis_entry_begin (id) --> redis_entry_word (name), (value), (name)... --> redis_entry_end: judged
 *     redis_entry_whole: all of that at once, for an entry that is like the one before
 */
#ifndef REDIS_ENTRY_H
#define REDIS_ENTRY_H

#include "candle.h"
#include "entry.h"
#include "text.h"

#define REDIS_FIELD_MAX   64     /* bytes of the longest value that is read */
#define REDIS_AHEAD_MS    300000 /* a candle may start so long after its arrival */
#define REDIS_REASON_TEXT 80
#define REDIS_ENTRY_WHOLE 1024 /* bytes that redis_entry_whole wants to be there */

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

/* The fields that make a candle; all others are of no interest. */
enum {
    ENTRY_SYMBOL,
    ENTRY_TIMESTAMP,
    ENTRY_OPEN,
    ENTRY_HIGH,
    ENTRY_LOW,
    ENTRY_CLOSE,
    ENTRY_VOLUME,
    ENTRY_FIELDS
};

/* Digits that were read before: from an entry to the next most stay the same. */
typedef struct {
    size_t size;
    char text[16];
    uint64_t number;
} redis_digits_t;

/* What is known of the entry that comes, and of the one before. */
typedef struct {
    redis_entry_t *row;      /* where it goes: the caller's */
    unsigned seen;           /* fields so far, bit per field */
    int field;               /* whose value comes next; ENTRY_FIELDS: of no interest */
    int guess[ENTRY_FIELDS]; /* the field that came as number i of the entry before */
    double values[ENTRY_FIELDS];
    int64_t ts_ms;
    redis_digits_t arrival, timestamp;
} redis_entry_reader_t;

void redis_entry_init (redis_entry_reader_t *self);

/* The entry `row->id` of `row->k` comes. */
void redis_entry_begin (redis_entry_reader_t *self, redis_entry_t *row);
/* Its word number `i`: names are even, values odd. */
void redis_entry_word (redis_entry_reader_t *self, uint32_t i, const char *text, size_t size);
/* That was all of it: it is judged. */
void redis_entry_end (redis_entry_reader_t *self);

/* A whole entry of a reply, from its "*2" on; REDIS_ENTRY_WHOLE bytes are there. Where it ends, and `row` is
 * judged, but for `k`. NULL when it is not quite as the one before, or anything is wrong with it: `row` is
 * of no meaning, and it is to be read word by word. */
const char *redis_entry_whole (redis_entry_reader_t *self, const char *bytes, redis_entry_t *row);

/* Whole milliseconds: "[-]digits". */
bool redis_entry_ms (const char *text, size_t size, int64_t *ms);

/* What the values make, and what is to be said of them in an entry that arrived at `arrival_ms`. */
candle_t redis_entry_candle (const redis_entry_reader_t *self);
redis_reason_t redis_entry_judge (const redis_entry_reader_t *self, uint64_t arrival_ms);

/* Why it is rejected; returns `text`. */
char *redis_entry_reason (const redis_entry_t *entry, char text[static REDIS_REASON_TEXT]);

#endif
