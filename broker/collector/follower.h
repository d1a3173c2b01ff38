/* follower - a sink that follows the journal: each row once, from its own cursor on.
 *
 *     journal rows, synced, behind the cursor --> backend: write --> backend: mark (durable) --> cursor
 *
 *     csv, jsonl   mark = the file's length: synced before the cursor moves, cut back to it at start
 *     sqlite       mark = "": rows that are there already, by their key, stay
 *     redis        the cursor lives in Redis, set in the MULTI of the rows' XADDs (sink_redis.h)
 *     stdout, pipes: a cursor too, because a row is there at least once; from the journal's end the first
 *     time
 *
 * A sink that fails is tried again with back-off, is said once until it works again, and delays no
 * other. Nothing here blocks for long: a step writes at most FOLLOWER_ROWS rows.
 */
#ifndef FOLLOWER_H
#define FOLLOWER_H

#include "journal.h"
#include "sink.h"

#define FOLLOWER_ROWS 512 /* that a step writes at most */

typedef struct follower follower_t;

typedef struct {
    const run_t *run;
    const char *redis_user, *redis_password_file; /* for redis: sinks; NULL: none */
} follower_config_t;

/* Opens the sink `text`, which must live as long, at its cursor. NULL with the error logged and
 * `*usage` when the user must choose (exit 2): a non-empty file that the journal does not know, one
 * with other columns, another journal's cursor in Redis (waited for up to a second). A file shorter
 * than its cursor is said and filled again. What cannot be opened now, as a full disk, a pipe that
 * nobody reads or a Redis server that does not answer, is no error: it is tried again. */
follower_t *follower_open (journal_t *journal, const char *text, const follower_config_t *config,
                           bool *usage);

/* Closes. What was not written yet is written when it is opened again. */
void follower_destroy (follower_t **self);

/* Goes on as far as it can without waiting. `now_ms` rises evenly. True when there is more to do at
 * once. */
bool follower_step (follower_t *self, int64_t now_ms);

/* For poll: the descriptor that it waits for (a redis connection, or a slow pipe), or -1;
 * and the milliseconds until it wants to be called again (-1: when there are new rows). */
int follower_poll (const follower_t *self, short *events);
int64_t follower_due_ms (const follower_t *self, int64_t now_ms);

/* Has every synced row? */
bool follower_is_even (const follower_t *self);

void follower_state (const follower_t *self, wire_sink_state_t *state);

/* The names of its cursors in the journal, which hits must not be forgotten before: number 0, 1...,
 * NULL behind the last. With {scan} each file has its own; a closed stdout has none. */
const char *follower_cursor (const follower_t *self, size_t index);

#endif
