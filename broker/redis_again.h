/* redis_again - reads again what the flow asks for, on a connection of its own: whoever caught up does not wait
 * behind those who have not, and a read that waits for entries holds nobody up.
 *
 *     flow_next_read --> XREAD COUNT entries STREAMS... --> flow_again, flow_again_end (or flow_again_fail)
 */
#ifndef REDIS_AGAIN_H
#define REDIS_AGAIN_H

#include "redis.h"
#include "redis_streams.h"

typedef struct redis_again redis_again_t;

/* `redis` is its connection, whose functions and limits it sets; both outlive it. */
redis_again_t *redis_again_new (redis_streams_t *streams, redis_t *redis);
void redis_again_destroy (redis_again_t **self);

/* Does a bounded part of what can be done. True: call again at once. */
bool redis_again_turn (redis_again_t *self, mono_t now);

/* Milliseconds until it wants its turn, whatever its connection does; -1: never. */
int64_t redis_again_due_ms (const redis_again_t *self, mono_t now);

/* A request is unanswered while which the main reader is to pass nothing on. */
bool redis_again_holds (const redis_again_t *self);

/* True once: keys of another type are in the way, all streams are to be looked at. */
bool redis_again_wants_look (redis_again_t *self);

#endif
