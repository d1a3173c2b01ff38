/* redis_streams - the streams that are read, and what their readers share.
 *
 *     redis_survey finds them --redis_streams_add--> flow_add_stream --> a row here: read by redis_reader, and by
 *     redis_again when the flow asks
 */
#ifndef REDIS_STREAMS_H
#define REDIS_STREAMS_H

#include "flow.h"
#include "names.h"
#include "redis_entries.h"

#define REDIS_STREAMS_NONE UINT32_MAX

/* Who asks the server. */
typedef enum { REDIS_READER, REDIS_AGAIN, REDIS_SURVEY, REDIS_USERS } redis_user_t;

typedef struct {
    char *name;
    uint32_t number; /* the flow's */
    bool wrong;      /* a key of another type: not read until a look finds a stream */
    bool wrong_said;
    bool asked;   /* the main reader has a request for it under way */
    bool rest;    /* the main reader knows that there is more of it */
    bool has_end; /* replay: it ends with `end`, */
    bool ended;   /* and was read up to there */
    entry_id_t end;
    int64_t due_ms; /* paced replay: the arrival of its next entry; 0: not known */
    bool heavy;     /* an entry at its ends is too large for a look: it is looked at seldom */
} redis_stream_t;

typedef struct {
    flow_t *flow;
    entry_id_t begin;
    names_t names;   /* found, and offered to the flow */
    names_t strange; /* found, and no streams of ours */
    redis_stream_t *rows;
    uint32_t count, capacity;
    uint32_t *by_number; /* rows of the flow's numbers, or REDIS_STREAMS_NONE */
    uint32_t number_count;
    uint64_t entries, rejected, refused, retries;
    unsigned logged;
    char refusals[REDIS_USERS][64]; /* the first word of what the server refused each last */
} redis_streams_t;

/* `begin`: of streams that the journal does not know. */
void redis_streams_init (redis_streams_t *self, flow_t *flow, entry_id_t begin);
void redis_streams_free (redis_streams_t *self);

/* A stream was found; one that is known is passed over. `symbol` or NULL as in flow_add_stream. Names that
 * cannot be streams of ours are refused and counted, the first is logged. */
void redis_streams_add (redis_streams_t *self, const char *name, size_t size, const char *symbol);

/* The row of the flow's stream; REDIS_STREAMS_NONE when we do not read it. */
uint32_t redis_streams_row (const redis_streams_t *self, uint32_t number);

/* An entry of the row was read: counted, and when it is rejected, logged (the first ones). */
void redis_streams_count (redis_streams_t *self, uint32_t row, const redis_entry_t *entry);

/* The server refused a command of `user` with `error`: counted; logged when the one before was another. */
void redis_streams_refused (redis_streams_t *self, redis_user_t user, const char *error);
/* It did not: the next refusal is logged again. */
void redis_streams_taken (redis_streams_t *self, redis_user_t user);

#endif
