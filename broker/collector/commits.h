/* commits - the collector's decisions in a live run: what is taken, what is one transaction, what may
 * be said of it.
 *
 *     data message: LINK --link_take--> LIVE_HIT*, PROGRESS* --> pending --commits_write--> store
 *     control: welcome (a broker's incarnation, its part) --> a term: an epoch, claims;  PLACES --> floors
 *     commits_state: to each broker what the store has of its part
 *
 * Plain functions of state and message: no socket, no clock, and no file but through the store, which
 * is the journal (journal.h) or a test's. Everything pending is one transaction; one that fails is
 * tried again as it is, and nothing is taken meanwhile.
 *
 * Terms. Each broker that greets gets an epoch, higher than all before, and with it the shards of its part
 * (cell.h). A term lasts while a shard is claimed by it: of two brokers of one part the newer serves,
 * and brokers of other parts do not know of it.
 *
 * Fences. A shard takes items of the epoch that claimed it and of no lower generation than it
 * has seen; so a broker that was replaced, and a worker that was taken for dead, write nothing. A
 * worker's message is taken only as its link's next (link.h). What was computed twice has the same
 * identity and is dropped by the store: the first that was written stays.
 */
#ifndef COMMITS_H
#define COMMITS_H

#include "cell.h"
#include "run.h"
#include "wire.h"

/* Where a transaction goes. Each call returns 0, or -1 when it failed (logged by the store): then
 * `abandon` is called and nothing of the transaction counts. */
typedef struct {
    void *handle;
    int (*begin) (void *handle);
    int (*epoch) (void *handle, uint64_t broker, uint64_t epoch);
    int (*claim) (void *handle, uint32_t shard, uint64_t epoch);
    /* 1: written; 0: a hit of that identity is there already; -1: failed. */
    int (*hit) (void *handle, const wire_live_hit_t *hit);
    int (*shard) (void *handle, uint32_t shard, session_t generation, uint64_t sequence);
    int (*place) (void *handle, const wire_place_t *place);
    int (*stream) (void *handle, const wire_stream_place_t *stream);
    int (*commit) (void *handle);
    void (*abandon) (void *handle);
    /* The clock of stamps (wall_now_us), for the ages of candles. NULL: they are all 0. */
    int64_t (*now_us) (void *handle);
} store_t;

/* What the store had at the start. */
typedef struct {
    uint64_t broker, epoch;
} commits_term_t;

typedef struct {
    uint64_t epoch; /* the highest given so far */
    size_t term_count;
    /* By which shards are claimed; while a transaction is open, those that it ends too. */
    commits_term_t terms[2 * SHARD_COUNT];
    wire_shard_state_t shards[SHARD_COUNT];
} commits_start_t;

typedef struct commits commits_t;

/* `run` (for the form of hits) and the store must live longer. */
commits_t *commits_new (const run_t *run, const store_t *store, const commits_start_t *start);
void commits_destroy (commits_t **self);

/* A broker greets: it claims the shards of its part under a new epoch, unless it has one already, or
 * was replaced in this life. Its epoch is said (commits_state) once it is stored. `epoch`: the one that it says
 * to have, 0: none yet; one that we do not know is of a broker that was replaced and does not know, or
 * of another journal: it gets none. */
void commits_greet (commits_t *self, uint64_t broker, uint64_t epoch, cell_t cell);

/* Takes a data message. False when it is no valid one: it is counted and dropped, and the link it
 * names has a gap. Must not be called while commits_able is false. */
bool commits_take (commits_t *self, const char *bytes, size_t size);

/* Takes PLACES of an epoch that serves; others, numbers that were taken already, and all while
 * commits_able is false are ignored: what is not acknowledged must come again. */
void commits_places (commits_t *self, const wire_places_t *places);

/* Is anything pending? How many bytes? */
bool commits_pending (const commits_t *self);
uint64_t commits_pending_bytes (const commits_t *self);

/* Writes all that is pending as one transaction. 0, or -1: try the same again later. */
int commits_write (commits_t *self);

/* False from a failed commits_write until one succeeds. */
bool commits_able (const commits_t *self);

/* Fills what it knows of our state as that broker is told it: broker and epoch (0: it has no term), able, places,
 * hits, repeats, refused, pending, the links of its term, the shards of its part, candles, taken and
 * their ages. What it points to lives until the next call of any function here. */
void commits_state (commits_t *self, uint64_t broker, cell_t cell, wire_live_collector_t *state);

#endif
