/* redis_survey - which streams there are, and how they stand: on a connection of its own, beside the reading.
 *
 *     SCAN each pattern, 1,000 keys at a time, every 2 s ----> redis_streams_add
 *     XINFO STREAM each stream, 100 at a time, every second --> flow_look; a key that is no stream: `wrong`
 *
 * Each slice is followed by a pause of 50 times what it took, but of no more than lets a round of looks end
 * within some 4 s, if that is 10 times what it took: 10,000 streams are looked at every 4 to 5 s, which
 * costs Redis 50 ms; with searches and the reads that wait, an idle market costs it 2.5 to 3 % of a core.
 * While entries come hard, looks wait until the last are 3 s ago. What a reader cannot do without is done
 * without pauses: at the start, and when redis_survey_ask says so, which is after each reconnection: ids
 * may have gone backwards.
 */
#ifndef REDIS_SURVEY_H
#define REDIS_SURVEY_H

#include "redis.h"
#include "redis_patterns.h"
#include "redis_streams.h"

typedef struct redis_survey redis_survey_t;

/* `redis` is its connection, whose functions and limits it sets; all outlive it. `once`: a replay, whose
 * streams and their ends are those found at its start. */
redis_survey_t *redis_survey_new (redis_streams_t *streams, const redis_patterns_t *patterns,
                                  redis_t *redis, bool once);
void redis_survey_destroy (redis_survey_t **self);

/* All streams are to be looked at anew, at once. */
void redis_survey_ask (redis_survey_t *self);
/* They were, since the last ask; and all patterns were searched once. */
bool redis_survey_is_ready (const redis_survey_t *self);

/* Does a bounded part of what is due; `hard`: entries come one on the other. True: call again at once. */
bool redis_survey_turn (redis_survey_t *self, bool hard, mono_t now);
/* Milliseconds until something is due, whatever its connection does; -1: it waits for that. */
int64_t redis_survey_due_ms (const redis_survey_t *self, mono_t now);

#endif
