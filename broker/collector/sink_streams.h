/* sink_streams - the streams of a redis: sink and their cursors, as Redis has them. For follow_redis.c.
 *
 *     look: WATCH cursors, streams; GET cursors; TYPE streams --> answers --> rows
 *     cursors: SET fastscanner:cursor:NAME (journal, token, row)
 */
#ifndef SINK_STREAMS_H
#define SINK_STREAMS_H

#include "sink_redis.h"

#define SINK_STREAMS_WHY 512

typedef struct {
    char *name, *key;
    bool exists;      /* when it was looked at */
    bool placed;      /* `row` is known */
    bool said;        /* that it had no cursor */
    uint64_t row;     /* it has the rows up to here */
    uint64_t writing; /* and when EXEC says so up to here */
} sink_stream_t;

/* A value that you embed. */
typedef struct {
    journal_t *journal;
    const char *text; /* the sink's, for messages */
    size_t count;     /* one, or one a scan */
    sink_stream_t *items;
} sink_streams_t;

/* Those of `name`, which may have {scan}. Journal and text live longer. */
void sink_streams_init (sink_streams_t *self, journal_t *journal, const char *text,
                        const char *name, const run_t *run);
void sink_streams_free (sink_streams_t *self);

sink_stream_t *sink_streams_of (const sink_streams_t *self, const hit_t *hit);

/* Sends the look's commands; returns how many. */
size_t sink_streams_look (const sink_streams_t *self, redis_t *redis);

typedef enum {
    SINK_STREAMS_GOOD,
    SINK_STREAMS_BAD,     /* it cannot be gone on with: `why` */
    SINK_STREAMS_FOREIGN, /* nor is it ours to write: `why` */
    SINK_STREAMS_TAKEN    /* another one claimed it since we did */
} sink_streams_verdict_t;

/* Takes the answer to the look's command number `index`, no error. `token`: of our claim; NULL when we
 * have none yet. */
sink_streams_verdict_t sink_streams_take (sink_streams_t *self, size_t index,
                                          const redisReply *reply, const char *token,
                                          char why[static SINK_STREAMS_WHY]);

/* Every answer is here: the row that all of them have. One without a cursor begins with the oldest row
 * that is kept, and that is said. */
uint64_t sink_streams_row (sink_streams_t *self);

/* Sends the cursors: every stream has the rows up to `last`, if it has not more. Returns how many
 * commands. */
size_t sink_streams_move (sink_streams_t *self, redis_t *redis, const char *token, uint64_t last);
/* And these cursors are there. */
void sink_streams_moved (sink_streams_t *self);

#endif
