/* What changes the journal: the store of commits, sync, cursors, and what is forgotten. */
#include "journal_inside.h"

#include "clock.h"

#include <assert.h>
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CANDLE_CELLS 5
#define FORGET_LOOK  50000 /* rows that one call looks at */
#define FORGET_MAX   5000  /* ... and deletes at most */

int journal_run (journal_t *self, journal_statement_t statement)
{
    sqlite3_stmt *run = journal_statement (self, statement);
    int rc = sqlite3_step (run) == SQLITE_DONE ? 0 : journal_fail (self, JOURNAL_WRITING);
    sqlite3_reset (run);
    return rc;
}

/* ---- the store ---- */

static int begin (void *handle)
{
    journal_t *self = handle;
    self->next = self->start;
    self->next_rows = self->rows;
    self->term_moved = false;
    return journal_run (self, JOURNAL_BEGIN);
}

static int put_numbers (journal_t *self, journal_statement_t statement, uint64_t a, uint64_t b)
{
    journal_bind (journal_statement (self, statement), 1, a);
    journal_bind (journal_statement (self, statement), 2, b);
    return journal_run (self, statement);
}

static bool has_claim (const commits_start_t *start, uint64_t epoch)
{
    bool found = false;
    for (uint32_t i = 0; i < SHARD_COUNT && !found; i++) {
        found = start->shards[i].claim == epoch;
    }
    return found;
}

static void drop_terms (commits_start_t *start)
{
    size_t kept = 0;
    for (size_t i = 0; i < start->term_count; i++) {
        if (has_claim (start, start->terms[i].epoch)) {
            start->terms[kept++] = start->terms[i];
        }
    }
    start->term_count = kept;
}

void journal_start (const journal_t *self, commits_start_t *start)
{
    *start = self->start;
    drop_terms (start);
}

/* Its claims follow. */
static int put_term (void *handle, uint64_t broker, uint64_t epoch)
{
    journal_t *self = handle;
    assert (self->next.term_count < 2 * SHARD_COUNT);
    self->next.terms[self->next.term_count++] = (commits_term_t){broker, epoch};
    self->next.epoch = epoch;
    self->term_moved = true;
    return put_numbers (self, JOURNAL_PUT_EPOCH, broker, epoch) == 0 &&
                   put_numbers (self, JOURNAL_PUT_TERM, broker, epoch) == 0
               ? 0
               : -1;
}

static int put_claim (void *handle, uint32_t shard, uint64_t epoch)
{
    journal_t *self = handle;
    self->next.shards[shard].claim = epoch;
    return put_numbers (self, JOURNAL_PUT_CLAIM, shard, epoch);
}

static int put_shard (void *handle, uint32_t shard, session_t generation, uint64_t sequence)
{
    journal_t *self = handle;
    sqlite3_stmt *put = journal_statement (self, JOURNAL_PUT_SHARD);
    journal_bind (put, 1, shard);
    journal_bind (put, 2, generation.epoch);
    journal_bind (put, 3, generation.counter);
    journal_bind (put, 4, sequence);
    self->next.shards[shard].generation = generation;
    self->next.shards[shard].sequence = sequence;
    return journal_run (self, JOURNAL_PUT_SHARD);
}

/* Doubles as bytes keep what SQLite's REAL does not: NAN, and the sign of 0. */
static void to_bytes (const double *values, size_t count, char *bytes)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy (&bits, &values[i], sizeof bits);
        bits = htole64 (bits);
        memcpy (bytes + i * sizeof bits, &bits, sizeof bits);
    }
}

static int put_hit (void *handle, const wire_live_hit_t *live)
{
    journal_t *self = handle;
    const hit_t *hit = &live->hit;
    const candle_t *candle = &hit->candle;
    const double prices[CANDLE_CELLS] = {candle->open, candle->high, candle->low, candle->close,
                                         candle->volume};
    char candle_bytes[sizeof prices], cells[sizeof hit->values];
    sqlite3_stmt *put = journal_statement (self, JOURNAL_PUT_HIT);
    to_bytes (prices, CANDLE_CELLS, candle_bytes);
    to_bytes (hit->values, (size_t) hit->value_count, cells);
    journal_bind (put, 1, self->next_rows + 1);
    sqlite3_bind_int64 (put, 2, live->arrival_ms);
    sqlite3_bind_int64 (put, 3, self->definitions[hit->scan]);
    sqlite3_bind_text (put, 4, live->symbol, -1, SQLITE_STATIC);
    sqlite3_bind_int64 (put, 5, self->all_hits ? hit->ts : live->day);
    sqlite3_bind_int (put, 6, !self->all_hits);
    sqlite3_bind_int (put, 7, live->day);
    sqlite3_bind_int64 (put, 8, hit->ts);
    sqlite3_bind_int64 (put, 9, candle->ts);
    sqlite3_bind_blob (put, 10, candle_bytes, sizeof candle_bytes, SQLITE_STATIC);
    sqlite3_bind_blob (put, 11, cells, hit->value_count * (int) sizeof (double), SQLITE_STATIC);
    if (journal_run (self, JOURNAL_PUT_HIT) != 0) {
        return -1;
    }
    int written = sqlite3_changes (self->db);
    self->next_rows += (uint64_t) written;
    return written;
}

static int put_place (void *handle, const wire_place_t *place)
{
    journal_t *self = handle;
    sqlite3_stmt *put = journal_statement (self, JOURNAL_PUT_PLACE);
    sqlite3_bind_text (put, 1, place->symbol, -1, SQLITE_STATIC);
    sqlite3_bind_text (put, 2, place->stream, -1, SQLITE_STATIC);
    sqlite3_bind_int (put, 3, place->closed);
    sqlite3_bind_int (put, 4, place->day);
    journal_bind (put, 5, place->floor.ms);
    journal_bind (put, 6, place->floor.sequence);
    return journal_run (self, JOURNAL_PUT_PLACE);
}

static int put_stream (void *handle, const wire_stream_place_t *stream)
{
    journal_t *self = handle;
    sqlite3_stmt *put = journal_statement (self, JOURNAL_PUT_STREAM);
    sqlite3_bind_text (put, 1, stream->stream, -1, SQLITE_STATIC);
    journal_bind (put, 2, stream->position.ms);
    journal_bind (put, 3, stream->position.sequence);
    return journal_run (self, JOURNAL_PUT_STREAM);
}

/* An epoch is said to its broker as soon as this returns, and must not be given again to another
 * after a power cut: it is synced here. */
static int commit (void *handle)
{
    journal_t *self = handle;
    if (self->next_rows != self->rows) {
        journal_bind (journal_statement (self, JOURNAL_PUT_ROWS), 1, self->next_rows);
        if (journal_run (self, JOURNAL_PUT_ROWS) != 0) {
            return -1;
        }
    }
    if (self->term_moved) { /* those of which nothing is left */
        drop_terms (&self->next);
        if (journal_run (self, JOURNAL_DROP_TERMS) != 0) {
            return -1;
        }
    }
    if (journal_run (self, JOURNAL_COMMIT) != 0) {
        return -1;
    }
    self->start = self->next;
    self->rows = self->next_rows;
    self->unsynced = true;
    journal_works (self, JOURNAL_WRITING);
    return self->term_moved ? journal_sync (self) : 0;
}

/* A fault may have ended the transaction already. */
static void abandon (void *handle)
{
    journal_t *self = handle;
    if (!sqlite3_get_autocommit (self->db)) {
        journal_run (self, JOURNAL_ROLLBACK);
    }
}

static int64_t now_us (void *handle)
{
    (void) handle;
    return wall_now_us ();
}

store_t journal_store (journal_t *self)
{
    return (store_t){.handle = self,
                     .begin = begin,
                     .epoch = put_term,
                     .claim = put_claim,
                     .hit = put_hit,
                     .shard = put_shard,
                     .place = put_place,
                     .stream = put_stream,
                     .commit = commit,
                     .abandon = abandon,
                     .now_us = now_us};
}

/* ---- sync ---- */

/* Has `wal` the file that is there now? No lock of SQLite's lies on the log, so closing a descriptor of
 * it loses none; one of the database would. */
static bool has_wal (journal_t *self)
{
    struct stat there, ours;
    if (stat (self->wal_path, &there) != 0) {
        return false;
    }
    if (self->wal >= 0 && fstat (self->wal, &ours) == 0 && ours.st_ino == there.st_ino &&
        ours.st_dev == there.st_dev) {
        return true;
    }
    if (self->wal >= 0) {
        close (self->wal);
    }
    self->wal = open (self->wal_path, O_RDONLY | O_CLOEXEC);
    return self->wal >= 0;
}

/* SQLite syncs the log before it copies it into the database, and that before it begins the log
 * anew: what is in the log, or no longer in it, is safe once the log is synced. When that fails the
 * kernel may take what was not written for written: only a copy of all of it counts then. */
static int sync_log (journal_t *self)
{
    if (!self->distrusted && has_wal (self) && fdatasync (self->wal) == 0) {
        return 0;
    }
    self->distrusted = true;
    if (sqlite3_wal_checkpoint_v2 (self->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
        SQLITE_OK) {
        return -1;
    }
    self->distrusted = false;
    return 0;
}

bool journal_sync_begin (journal_t *self)
{
    if (!self->unsynced || self->distrusted || journal_is_syncing (self) || !has_wal (self)) {
        return false;
    }
    self->unsynced = false;
    self->syncing = self->rows;
    syncer_begin (self->syncer, self->wal);
    return true;
}

int journal_sync_fd (const journal_t *self)
{
    return syncer_fd (self->syncer);
}

bool journal_is_syncing (const journal_t *self)
{
    return syncer_is_busy (self->syncer);
}

static int end_sync (journal_t *self, bool wait)
{
    int error = syncer_end (self->syncer, wait);
    if (error > 0) {
        self->distrusted = self->unsynced = true;
        return -1;
    }
    if (error == 0) {
        self->synced = self->syncing > self->synced ? self->syncing : self->synced;
        journal_works (self, JOURNAL_SYNCING);
    }
    return error == 0 ? 0 : 1;
}

int journal_sync_end (journal_t *self)
{
    return end_sync (self, false);
}

int journal_sync (journal_t *self)
{
    end_sync (self, true);
    if (self->unsynced) {
        if (sync_log (self) != 0) {
            return journal_fail (self, JOURNAL_SYNCING);
        }
        journal_works (self, JOURNAL_SYNCING);
    }
    self->unsynced = false;
    self->synced = self->rows;
    return 0;
}

/* ---- cursors ---- */

static void remember_cursor (journal_t *self, const char *sink, uint64_t row, const char *mark)
{
    size_t i = 0;
    while (i < self->cursor_count && strcmp (self->cursors[i].name, sink) != 0) {
        i++;
    }
    if (i == self->cursor_count) {
        self->cursors = memory_resize (self->cursors, ++self->cursor_count, sizeof *self->cursors);
        self->cursors[i] = (journal_cursor_t){.name = memory_text (sink)};
    }
    self->cursors[i].row = row;
    memcpy (self->cursors[i].mark, mark, strlen (mark) + 1);
}

int journal_move_cursor (journal_t *self, const char *sink, uint64_t row, const char *mark)
{
    sqlite3_stmt *put = journal_statement (self, JOURNAL_PUT_CURSOR);
    sqlite3_bind_text (put, 1, sink, -1, SQLITE_STATIC);
    journal_bind (put, 2, row);
    sqlite3_bind_text (put, 3, mark, -1, SQLITE_STATIC);
    if (journal_run (self, JOURNAL_PUT_CURSOR) != 0) {
        return -1;
    }
    journal_works (self, JOURNAL_WRITING);
    self->unsynced = true;
    if (journal_sync (self) != 0) {
        return -1;
    }
    remember_cursor (self, sink, row, mark);
    return 0;
}

/* ---- what is forgotten ---- */

/* The last row that all sinks have. */
static uint64_t least_cursor (journal_t *self, const char *const *sinks, size_t sink_count)
{
    uint64_t least = self->synced;
    char mark[JOURNAL_MARK_MAX + 1];
    for (size_t i = 0; i < sink_count; i++) {
        uint64_t row;
        if (!journal_cursor (self, sinks[i], &row, mark)) {
            row = 0;
        }
        least = row < least ? row : least;
    }
    return least;
}

/* Rounds over all rows, a slice a call: symbols close in another order than their rows have. */
int journal_forget (journal_t *self, const char *const *sinks, size_t sink_count, int64_t before_ms)
{
    uint64_t least = least_cursor (self, sinks, sink_count);
    if (self->forgot == 0) {
        self->forgot = journal_oldest (self) - 1;
    }
    uint64_t end = self->forgot + FORGET_LOOK;
    sqlite3_stmt *forget = journal_statement (self, JOURNAL_FORGET);
    journal_bind (forget, 1, self->forgot);
    journal_bind (forget, 2, end < least ? end : least);
    sqlite3_bind_int64 (forget, 3, before_ms);
    sqlite3_bind_int (forget, 4, FORGET_MAX);
    if (journal_run (self, JOURNAL_FORGET) != 0) {
        return -1;
    }
    journal_works (self, JOURNAL_WRITING);
    int count = sqlite3_changes (self->db);
    self->unsynced = self->unsynced || count > 0;
    if (count < FORGET_MAX) { /* else there are more in this slice */
        self->forgot = end < least ? end : 0;
    }
    return 0;
}
