/* journal - what a live run must not forget: one SQLite database, `journal` in --state DIR.
 *
 *     hits     (row, identity unique, arrival, scan id, definition, symbol, ts, candle, values)
 *     shards   (shard, claim, committed generation and sequence)
 *     symbols  (symbol, stream, closed, day, floor)      streams (stream, position)
 *     terms    (epoch, broker) by which shards are claimed
 *     sinks    (name, row, mark)                         meta    (journal id, epoch, broker, since, version, last row)
 *
 * Written by the collector alone, which holds the lock (journal.lock, flock) as long as it lives. WAL:
 * what is committed survives kill -9 of the process at once; journal_sync, called within 100 ms of a
 * commit, makes it survive a power cut. The WAL keeps the order of transactions, so a floor never
 * outlives the commits before it. Row numbers rise and are never used again.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "commits.h"

#define JOURNAL_LOCK_MS 10000 /* a lock that another holds is waited for so long */

typedef struct journal journal_t;

/* Opens or makes it; DIR is made 0700 when it does not exist. A new one keeps `since_ms`. Waits for
 * the lock. NULL with the error logged: locked by another, no permission, not a journal of ours, of a
 * newer version. */
journal_t *journal_open (const char *directory, const run_t *run, int64_t since_ms);
void journal_destroy (journal_t **self);

/* A number that tells journals apart: drawn when it was made. Never 0. */
uint64_t journal_id (const journal_t *self);
int64_t journal_since_ms (const journal_t *self);

/* What it holds, for commits_new, and the store that commits write to. */
void journal_start (const journal_t *self, commits_start_t *start);
store_t journal_store (journal_t *self);

/* Calls for every symbol and stream that is kept. 0, or -1 with the error logged. */
int journal_places (journal_t *self, void (*symbol) (void *argument, const wire_place_t *place),
                    void (*stream) (void *argument, const wire_stream_place_t *stream),
                    void *argument);

/* Makes what is committed survive a power cut. 0 or -1 (logged once until it succeeds). Waits for the
 * disk. */
int journal_sync (journal_t *self);
/* The same without waiting: it goes on beside what is written meanwhile, which it does not cover. True when
 * it is under way: `journal_sync_fd` is readable once journal_sync_end can tell. False when there is nothing
 * to sync, one is under way, or only journal_sync can do it. */
bool journal_sync_begin (journal_t *self);
int journal_sync_fd (const journal_t *self);
bool journal_is_syncing (const journal_t *self);
/* 1: still under way, or none is; 0: done; -1: it failed, which journal_sync is to mend. */
int journal_sync_end (journal_t *self);

/* The last row there is, and the last that is synced; 0 when there is none. */
uint64_t journal_rows (const journal_t *self);
uint64_t journal_synced (const journal_t *self);

/* A row as sinks get it. `scan` is the index in the run; rows of scans that the run has not (by id and
 * definition) are passed over, counted in `*skipped`. */
typedef struct {
    uint64_t row;
    char symbol[SYMBOL_MAX + 1];
    int64_t arrival_ms;
    hit_t hit;
} journal_row_t;

/* Up to `max` synced rows behind `after`, in order; `*last` is the last row looked at (passed over or
 * not). Returns how many, or -1 with the error logged. */
long journal_read (journal_t *self, uint64_t after, journal_row_t *rows, size_t max, uint64_t *last,
                   uint64_t *skipped);

/* The cursor of a sink: the last row that it has, and its own mark ("" at first). False when the
 * journal has none of that name. */
#define JOURNAL_MARK_MAX 200
bool journal_cursor (journal_t *self, const char *sink, uint64_t *row,
                     char mark[static JOURNAL_MARK_MAX + 1]);
/* Moves it, durably before it returns. 0 or -1 (logged). */
int journal_move_cursor (journal_t *self, const char *sink, uint64_t row, const char *mark);

/* The oldest row kept; 1 when none was ever deleted. */
uint64_t journal_oldest (journal_t *self);

/* Deletes hits of dates that are closed for their symbol, behind the cursors of all `sinks`, which arrived
 * before `before_ms`. A call looks at a slice of the rows and deletes at most 5,000; calls again and again
 * come round to all of them. 0 or -1 (logged). */
int journal_forget (journal_t *self, const char *const *sinks, size_t sink_count,
                    int64_t before_ms);

#endif
