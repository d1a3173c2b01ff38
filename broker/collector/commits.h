/* commits - the collector's decisions in a live run: what is taken, what is one transaction, what may
 * be said of it.
 *
 *     data message: LINK --link_take--> LIVE_HIT*, PROGRESS* --> pending --commits_write--> store
 *     control: welcome (a broker's incarnation) --> an epoch, claims;  PLACES --> floors
 *     commits_state: only what the store has
 *
 * Plain functions of state and message: no socket, no clock, and no file but through the store, which
 * is the journal (journal.h) or a test's. Everything pending is one transaction; one that fails is
 * tried again as it is, and nothing is taken meanwhile.
 *
 * Fences. A shard takes items of the highest epoch that claimed it and of no lower generation than it
 * has seen; so a broker that was replaced, and a worker that was taken for dead, write nothing. A
 * worker's message is taken only as its link's next (link.h). What was computed twice has the same
 * identity and is dropped by the store: the first that was written stays.
 */
#ifndef COMMITS_H
#define COMMITS_H

#include "run.h"
#include "shard.h"
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
    uint64_t epoch;  /* the highest given so far */
    uint64_t broker; /* to whom */
    wire_shard_state_t shards[SHARD_COUNT];
} commits_start_t;

typedef struct commits commits_t;

/* `run` (for the form of hits) and the store must live longer. */
commits_t *commits_new (const run_t *run, const store_t *store, const commits_start_t *start);
void commits_destroy (commits_t **self);

/* A broker greets: it claims all shards under a new epoch, unless it has that already, or another
 * replaced it in this life. The epoch is said (commits_state) once it is stored. A broker that has its
 * epoch must not greet a new collector by this: it may have been replaced without knowing yet, and
 * both would stop. */
void commits_greet (commits_t *self, uint64_t broker);

/* Takes a data message. False when it is no valid one: it is counted and dropped, and the link it
 * names has a gap. Must not be called while commits_able is false. */
bool commits_take (commits_t *self, const char *bytes, size_t size);

/* Takes PLACES of the epoch that serves; others, numbers that were taken already, and all while
 * commits_able is false are ignored: what is not acknowledged must come again. */
void commits_places (commits_t *self, const wire_places_t *places);

/* Is anything pending? How many bytes? */
bool commits_pending (const commits_t *self);
uint64_t commits_pending_bytes (const commits_t *self);

/* Writes all that is pending as one transaction. 0, or -1: try the same again later. */
int commits_write (commits_t *self);

/* False from a failed commits_write until one succeeds. */
bool commits_able (const commits_t *self);

/* Fills what it knows of our state: broker, epoch, able, places, hits, repeats, refused, pending,
 * links, shards, candles, taken and
 * their ages. What it points to lives until the next call of any function here. */
void commits_state (commits_t *self, wire_live_collector_t *state);

#endif
