/* redis_entries - what XREAD answers, to candles, read in place. Nothing is allocated for a field, an entry or a
 * reply but room for rows, once.
 *
 *     *streams -> *2 -> name
 *                   \-> *entries -> *2 -> id
 *                                     \-> *fields: name, value, name, value...  -->  a row (redis_entry)
 *
 * The usual entry is read in one go (redis_entry_whole), any other element by element (resp): so it does
 * not matter where the bytes were cut, and an element is all that has to be held until it is whole.
 *
 * Every byte is untrusted, and by whom it was written decides what a wrong one does. The shape and the
 * ids are the server's: a header that promises more than was asked for, a stream that was not asked for,
 * ids that do not rise: not a Redis server, the connection is to end. Names and values of fields are
 * anybody's who may XADD: the entry is rejected with a reason, and the reader goes on.
 */
#ifndef REDIS_ENTRIES_H
#define REDIS_ENTRIES_H

#include "redis_entry.h"

typedef enum {
    REDIS_ANSWER_ENTRIES, /* none, where XREAD found none */
    REDIS_ANSWER_TIME,
    REDIS_ANSWER_ERROR
} redis_answer_t;

typedef struct redis_entries redis_entries_t;

redis_entries_t *redis_entries_new (void);
void redis_entries_destroy (redis_entries_t **self);

/* The next reply answers XREAD COUNT `each` of `count` streams from `after` (exclusive). The arrays and
 * names must stay until it is there. */
void redis_entries_ask (redis_entries_t *self, uint32_t count, const char *const *names,
                        const entry_id_t *after, uint32_t each);
/* The next reply answers TIME. */
void redis_entries_ask_time (redis_entries_t *self);

/* Reads on in it: 1 when it is whole, 0 when more bytes are wanted, -1 when it is no answer. `*used` of the
 * bytes are done with, the others are to be given again. A redis_parser_t's function. */
int redis_entries_read (void *self, const char *bytes, size_t size, size_t *used);

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

#endif
