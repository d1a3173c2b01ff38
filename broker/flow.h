/* flow - the broker's decisions in a live run: what each worker is sent, from which entry on, and what
 * may be forgotten.
 *
 *      main reader  --flow_entry-->  symbol (series: dates, floor)  --attached-->  shard's batch --> worker's message
 *      again reader --flow_again-->  symbol (not attached)          ------------->  shard's batch --> worker's message
 *           ^                                                                          |
 *           +-- flow_next_read: what is to be read again <-- rewind, detach            v  n = 1, 2, 3... of the session
 *      LIVE_WORKER (last n, gap, consumed), LIVE_COLLECTOR (committed generation and sequence of each shard)
 *                                                  |
 *                                                  +--> floors --> PLACES --> the journal
 *
 * Plain functions of state and message: no socket, no file, no Redis, no clock. The loop (live.c) tells
 * what happened and moves the bytes; the simulator in tests/ does the same over links that lose.
 *
 * The nouns.
 *   stream   where entries are read; the main reader is at `position`, and passes each entry once.
 *   symbol   lives in one stream and one shard. Attached: the main reader's entries go to the worker.
 *            Not attached: what came after `sent` must be read again first.
 *   date     of a symbol: open, or closed and not yet wholly committed. The first entry of the oldest
 *            one is the symbol's floor. A date is committed when the sequence that carried its last
 *            entry is.
 *   shard    256 of them: the unit of ownership and recovery. generation, owner, sequence, committed.
 *   seat     a worker: session, n, bytes under way (its window), the messages to be sent.
 *
 * The one recovery is rewind (shard): a new generation, an owner by rendezvous; BEGIN; every symbol of it
 * with an open date is detached, to be read again from its floor. Its causes: an ended session (a gap on
 * either hop, a new life of the worker or collector, a link that stands still), a worker lost,
 * reference data that changed. Ownership that moves while all is well takes the worker's state along instead
 * (flow_move.c), and falls back to it.
 *
 * Bounds. A worker's window is bytes sent and not consumed. A main entry that does not fit detaches the
 * symbols of that worker's shards; reading again uses half a window at most. When no worker has room, or
 * all are being read again for, the main reader waits. Nothing is kept of what
 * was sent: counters alone.
 */
#ifndef FLOW_H
#define FLOW_H

#include "candle.h"
#include "wire.h"

#define FLOW_WORKERS_MAX 256
#define FLOW_READ_MAX    512 /* streams of one reading again */

typedef struct {
    uint64_t broker;        /* our incarnation */
    cell_t cell;            /* --partition: no shard, symbol or stream of another is ours */
    int64_t day_timeout_ms; /* --day-timeout */
    int64_t dead_after_ms;  /* --dead-after: a worker that is silent so long is lost */
    uint64_t window_bytes;  /* of each worker */
    uint32_t max_symbols;   /* --max-symbols; streams too */
    bool
        incomplete_scan; /* --incomplete scan: a date whose beginning is gone is scanned all the same */
    bool clocks;         /* some scan's frequency is above 1min: workers want the clock */
    bool waits;          /* replay: the reader waits for room, nothing is detached */
    void *argument;      /* of the calls below */
    /* Is the symbol to be scanned? NULL: all of our part are. Others' entries are passed over. */
    bool (*wants) (void *argument, const char *symbol);
    /* Puts the REFERENCE item into the message. */
    void (*reference) (void *argument, buffer_t *message, uint32_t shard, session_t generation,
                       const char *symbol, day_t day);
    /* A load test: the stamp of a candle, by its plan; below 0: what flow_stamp said. `again`: it is read
     * again. NULL otherwise. */
    int64_t (*planned) (void *argument, uint32_t symbol, int64_t ts, bool again);
    /* A candle counted, read by the main reader; `symbol` < flow_symbol_count. May be NULL. */
    void (*taken) (void *argument, uint32_t symbol, int64_t ts, int64_t arrival_ms);
} flow_config_t;

/* Counters of the run. */
typedef struct {
    uint64_t entries; /* read by the main reader, rejected ones too */
    uint64_t candles; /* that counted */
    uint64_t late, duplicates;
    uint64_t unwanted;  /* of symbols that were not asked for */
    uint64_t misplaced; /* of a symbol that belongs to another stream */
    uint64_t refused_symbols,
        refused_streams; /* entries of symbols, and streams, over max_symbols */
    uint64_t gaps;       /* symbols' dates whose beginning was gone */
    uint64_t backwards;  /* streams whose ids went backwards */
    uint64_t again;      /* entries passed on by reading again */
    uint64_t prepared;   /* symbols' dates whose reference data went ahead */
    uint64_t rewinds, detaches, sessions;
    uint64_t moves, handed;   /* planned moves: begun, and done with the shard's state */
    uint64_t longest_move_ms; /* that the symbols of one were held up */
    uint64_t sent_bytes;      /* of messages that were handed out for workers */
    uint64_t symbols, streams, unattached; /* now */
    uint64_t aside;                        /* shards set aside, now */
    uint64_t outstanding_shards;
    /* Of the shards' present generations: candles that went to their workers, and of them those that the
     * journal has. Once flow_is_even they are the same: less was lost, more was doubled. */
    uint64_t passed, committed;
} flow_stats_t;

typedef struct {
    bool live;           /* it takes part */
    uint32_t shards;     /* owned */
    uint32_t unattached; /* symbols of them that are being read again */
    uint64_t in_flight;  /* bytes sent, or to be sent, and not consumed */
    int64_t oldest_ms;   /* how long its oldest uncommitted item is under way */
    bool blocked;
} flow_worker_stats_t;

typedef struct flow flow_t;

flow_t *flow_new (const flow_config_t *config);
void flow_destroy (flow_t **self);

/* ---- start: the journal's word, before anything is read ---- */

void flow_know (flow_t *self, const wire_places_t *known);
/* From here on it takes entries and gives work. `epoch` is ours. */
void flow_start (flow_t *self, uint64_t epoch, uint64_t now_ms);
uint64_t flow_epoch (const flow_t *self); /* 0 before */

/* ---- streams and entries ---- */

/* The stream's index; a new one is read from the floors of its symbols, or else from `begin` (exclusive).
 * `symbol` (or NULL) is whose candles it is expected to carry. -1: refused (too many, or a bad name). */
long flow_add_stream (flow_t *self, const char *name, const char *symbol, entry_id_t begin);
/* Are the symbol's candles to be scanned here? */
bool flow_wants (const flow_t *self, const char *symbol);
cell_t flow_cell (const flow_t *self);
uint32_t flow_stream_count (const flow_t *self);
const char *flow_stream_name (const flow_t *self, uint32_t stream);
/* The last entry that the main reader passed on: it reads what comes after. */
entry_id_t flow_position (const flow_t *self, uint32_t stream);

/* When the entries that are passed on next, by the main reader or again, were read: microseconds of the
 * wall clock (wall_now_us), or of a load test's plan; 0, as at the start: they are of no time. Their hits
 * and commits are measured from then. Costs nothing: to be said before each run of entries. */
void flow_stamp (flow_t *self, int64_t stamp_us);

/* The main reader's next entry of a stream; its candle is valid, `symbol` a valid symbol. */
void flow_entry (flow_t *self, uint32_t stream, entry_id_t id, const char *symbol,
                 const candle_t *candle);
/* An entry that was rejected: passed over. */
void flow_skip (flow_t *self, uint32_t stream, entry_id_t id);
/* The stream's clock: nothing that is still to be read of it arrived before. */
void flow_clock (flow_t *self, uint32_t stream, int64_t clock_ms);
/* May the main reader go on? Live: not while every worker is behind, because all that it would pass by
 * had to be read again (at most a second after the last symbol attached); one that is not behind is never
 * kept waiting. `waits`: when every worker has
 * room. */
bool flow_has_room (const flow_t *self);

/* What a look at the stream found (XINFO): its oldest and newest id; `exists` false: no such key. Says
 * what is wrong, once: trimmed past a floor, ids gone backwards (then it is read from the start). */
void flow_look (flow_t *self, uint32_t stream, bool exists, entry_id_t oldest, entry_id_t newest);

/* The source has ended (replay): once all is attached, open buckets are completed. */
void flow_end (flow_t *self);

/* ---- reading again ---- */

typedef struct {
    uint32_t worker;
    uint64_t number;
    uint32_t count; /* streams */
    uint32_t streams[FLOW_READ_MAX];
    entry_id_t after[FLOW_READ_MAX]; /* exclusive */
    uint32_t entries;                /* at most so many of each stream */
    bool holds; /* the main reader must pass nothing on until this is answered */
} flow_read_t;

/* The next thing to be read again; false when there is none now. Each must be answered: entries, then
 * flow_again_end; or flow_again_fail. The request is the flow's, and stays until then. */
const flow_read_t *flow_next_read (flow_t *self);
/* An entry of the request's stream number `k`, in order; `symbol` NULL: it was rejected. */
void flow_again (flow_t *self, const flow_read_t *read, uint32_t k, entry_id_t id,
                 const char *symbol, const candle_t *candle);
void flow_again_end (flow_t *self, const flow_read_t *read);
void flow_again_fail (flow_t *self, const flow_read_t *read);

/* ---- workers and collector ---- */

/* A new life of worker `w`, whose stable name is `name`. Its first session. */
session_t flow_joined (flow_t *self, uint32_t w, const char *name, uint64_t now_ms);
/* Its life ended. `fault`: by a signal of its own fault; `returns`: it is being started again. */
void flow_lost (flow_t *self, uint32_t w, bool fault, bool returns, uint64_t now_ms);
void flow_worker_state (flow_t *self, uint32_t w, const wire_live_worker_t *state, uint64_t now_ms);
void flow_collector_state (flow_t *self, const wire_live_collector_t *state, uint64_t now_ms);

/* Is the worker there? Has one that wants to leave (LIVE_WORKER) handed back all that it had? */
bool flow_is_live (const flow_t *self, uint32_t w);
bool flow_has_left (const flow_t *self, uint32_t w);
/* Bytes that may be under way to each worker, from now on. */
void flow_set_window (flow_t *self, uint64_t bytes);

/* A worker's answer to YIELD. */
void flow_take_state (flow_t *self, uint32_t w, const wire_state_t *state);

/* A newer broker claimed a shard of ours: we are to stop. */
bool flow_is_replaced (const flow_t *self);

/* Files of the symbol's reference data changed: its shard is rewound. */
void flow_changed (flow_t *self, const char *symbol);

typedef enum {
    FLOW_PREPARED,
    FLOW_PREPARES,     /* call again at once */
    FLOW_PREPARE_WAITS /* the rest has no room yet */
} flow_prepare_t;

/* Sends reference data of `day` ahead, to workers with room, for up to `count` symbols that have not
 * got it. */
flow_prepare_t flow_prepare (flow_t *self, day_t day, uint32_t count);

/* Time passes: silent workers, links that stand still, dates that the clock closes, ownership. At least
 * every 100 ms. */
void flow_turn (flow_t *self, uint64_t now_ms);

/* ---- what is to be said ---- */

/* Closes what was gathered into messages. `more`: the source has more at once, and this is called again
 * behind it: then a worker gets no more batches than it needs to have enough to do, shards in turn, and the rest
 * goes on gathering. (Of 10,000 symbols a shard has 40: with one minute in a batch, half of the worker's
 * time is the batch.) */
void flow_flush (flow_t *self, uint64_t now_ms, bool more);
/* The worker's next message; the buffer is the caller's. False when there is none. */
bool flow_next_message (flow_t *self, uint32_t w, buffer_t *message);

/* The owners of shards for LIVE_BROKER: live until the next call. */
const wire_owner_t *flow_owners (flow_t *self, size_t *count);

/* PLACES to send, when the last were acknowledged (by the collector's state), or a second passed. */
bool flow_next_places (flow_t *self, buffer_t *message, uint64_t now_ms);

/* All that was read is committed, its floors too, and nothing is to be read again. */
bool flow_is_even (const flow_t *self);

/* ---- for people ---- */

void flow_stats (const flow_t *self, flow_stats_t *stats);
/* Two of them, for who asks all the time: the rest is summed up over the shards. */
uint64_t flow_unattached (const flow_t *self);
uint64_t flow_rewinds (const flow_t *self);
void flow_worker_stats (const flow_t *self, uint32_t w, uint64_t now_ms,
                        flow_worker_stats_t *stats);
uint32_t flow_symbol_count (const flow_t *self);
const char *flow_symbol (const flow_t *self, uint32_t symbol);
/* The source's time, Unix milliseconds: the newest clock of all streams, and the oldest (nothing that is
 * still to come arrived before). 0 before the first. */
int64_t flow_now_ms (const flow_t *self);
int64_t flow_least_ms (const flow_t *self);

#endif
