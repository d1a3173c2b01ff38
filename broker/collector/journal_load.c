/* What the journal holds when it is opened, kept at hand from then on. */
#include "journal_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool journal_text (sqlite3_stmt *statement, int column, char *text, size_t size)
{
    const unsigned char *value = sqlite3_column_text (statement, column);
    size_t length = (size_t) sqlite3_column_bytes (statement, column);
    if (!value || length >= size || strlen ((const char *) value) != length) {
        return false;
    }
    memcpy (text, value, length + 1);
    return true;
}

/* The id of a scan's definition in the table, into which it is put when it is not there. */
static int define (journal_t *self, const scan_t *scan, int64_t *id)
{
    char hash[17], text[SCAN_TEXT_MAX];
    snprintf (hash, sizeof hash, "%016" PRIx64, scan->hash);
    scan_format (scan, text);
    sqlite3_stmt *find =
        journal_prepare (self, "SELECT id FROM definitions WHERE scan = ? AND hash = ?");
    if (!find) {
        return -1;
    }
    sqlite3_bind_text (find, 1, scan->id, -1, SQLITE_STATIC);
    sqlite3_bind_text (find, 2, hash, -1, SQLITE_STATIC);
    bool found = sqlite3_step (find) == SQLITE_ROW;
    *id = found ? sqlite3_column_int64 (find, 0) : 0;
    if (journal_finish (self, find) != 0 || found) {
        return found ? 0 : -1;
    }
    sqlite3_stmt *put =
        journal_prepare (self, "INSERT INTO definitions (scan, hash, text) VALUES (?, ?, ?)");
    if (!put) {
        return -1;
    }
    sqlite3_bind_text (put, 1, scan->id, -1, SQLITE_STATIC);
    sqlite3_bind_text (put, 2, hash, -1, SQLITE_STATIC);
    sqlite3_bind_text (put, 3, text, -1, SQLITE_STATIC);
    sqlite3_step (put);
    *id = sqlite3_last_insert_rowid (self->db);
    return journal_finish (self, put);
}

static int define_all (journal_t *self, const run_t *run)
{
    self->all_hits = run->all_hits;
    self->scan_count = run->scan_count;
    for (size_t i = 0; i < run->scan_count; i++) {
        self->column_counts[i] = run->scans[i].column_count;
        if (define (self, &run->scans[i], &self->definitions[i]) != 0) {
            return -1;
        }
    }
    return 0;
}

static int load_meta (journal_t *self)
{
    sqlite3_stmt *statement = journal_prepare (self, "SELECT id, since_ms, epoch, rows FROM meta");
    if (!statement) {
        return -1;
    }
    if (sqlite3_step (statement) == SQLITE_ROW) {
        self->id = journal_u64 (statement, 0);
        self->since_ms = sqlite3_column_int64 (statement, 1);
        self->start.epoch = journal_u64 (statement, 2);
        self->rows = journal_u64 (statement, 3);
    }
    if (journal_finish (self, statement) != 0) {
        return -1;
    }
    return self->id ? 0 : journal_damaged (self, "no id");
}

/* A generation is whole, or none, of which nothing is committed. */
static bool get_shard (sqlite3_stmt *statement, wire_shard_state_t *shards)
{
    uint64_t shard = journal_u64 (statement, 0);
    if (shard >= SHARD_COUNT) {
        return false;
    }
    wire_shard_state_t *state = &shards[shard];
    state->claim = journal_u64 (statement, 1);
    state->generation.epoch = journal_u64 (statement, 2);
    state->generation.counter = journal_u64 (statement, 3);
    state->sequence = journal_u64 (statement, 4);
    return state->generation.epoch > 0 ? state->generation.counter > 0
                                       : state->generation.counter == 0 && state->sequence == 0;
}

static int load_shards (journal_t *self)
{
    sqlite3_stmt *statement =
        journal_prepare (self, "SELECT shard, claim, epoch, counter, sequence FROM shards");
    bool good = statement != NULL;
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        self->start.shards[i].shard = i;
    }
    while (good && sqlite3_step (statement) == SQLITE_ROW) {
        good = get_shard (statement, self->start.shards);
    }
    if (!statement || journal_finish (self, statement) != 0) {
        return -1;
    }
    return good ? 0 : journal_damaged (self, "a shard that was not written so");
}

static int load_terms (journal_t *self)
{
    commits_start_t *start = &self->start;
    sqlite3_stmt *statement = journal_prepare (
        self, "SELECT epoch, broker FROM terms WHERE epoch IN (SELECT claim FROM shards)");
    if (!statement) {
        return -1;
    }
    bool good = true;
    while (good && sqlite3_step (statement) == SQLITE_ROW) {
        good = start->term_count < SHARD_COUNT && journal_u64 (statement, 0) <= start->epoch;
        if (good) {
            start->terms[start->term_count++] =
                (commits_term_t){journal_u64 (statement, 1), journal_u64 (statement, 0)};
        }
    }
    if (journal_finish (self, statement) != 0) {
        return -1;
    }
    return good ? 0 : journal_damaged (self, "a term that was not written so");
}

static int load_cursors (journal_t *self)
{
    sqlite3_stmt *statement = journal_prepare (self, "SELECT name, row, mark FROM sinks");
    bool good = statement != NULL;
    while (good && sqlite3_step (statement) == SQLITE_ROW) {
        const char *name = (const char *) sqlite3_column_text (statement, 0);
        self->cursors =
            memory_resize (self->cursors, self->cursor_count + 1, sizeof *self->cursors);
        journal_cursor_t *cursor = &self->cursors[self->cursor_count++];
        *cursor = (journal_cursor_t){.name = memory_text (name ? name : "")};
        cursor->row = journal_u64 (statement, 1);
        good = journal_text (statement, 2, cursor->mark, sizeof cursor->mark) &&
               cursor->row <= self->rows;
    }
    if (!statement || journal_finish (self, statement) != 0) {
        return -1;
    }
    return good ? 0 : journal_damaged (self, "a sink's cursor that is none");
}

static int check_rows (journal_t *self)
{
    int64_t row;
    if (journal_ask (self, "SELECT max (row) FROM hits", &row) != 0) {
        return -1;
    }
    return self->rows <= INT64_MAX && row <= (int64_t) self->rows
               ? 0
               : journal_damaged (self, "a row beyond the last");
}

int journal_load (journal_t *self, const run_t *run)
{
    if (define_all (self, run) != 0 || load_meta (self) != 0 || load_shards (self) != 0 ||
        load_terms (self) != 0 || check_rows (self) != 0 || load_cursors (self) != 0) {
        return -1;
    }
    self->next = self->start;
    return 0;
}
