/* What is read of the journal: rows for the sinks, places for the broker, cursors. */
#include "journal_inside.h"

#include <endian.h>
#include <string.h>

#define CANDLE_CELLS 5
#define PASS_MAX     20000 /* rows of other runs that one call passes over */

/* ---- rows ---- */

/* The run's scan of that definition; its count when it has none. */
static size_t scan_of (const journal_t *self, int64_t definition)
{
    size_t scan = 0;
    while (scan < self->scan_count && self->definitions[scan] != definition) {
        scan++;
    }
    return scan;
}

/* A column's bytes as `count` doubles; false when they are not as many. */
static bool get_values (sqlite3_stmt *statement, int column, size_t count, double *values)
{
    const char *bytes = sqlite3_column_blob (statement, column);
    if ((size_t) sqlite3_column_bytes (statement, column) != count * sizeof (double)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy (&bits, bytes + i * sizeof bits, sizeof bits);
        bits = le64toh (bits);
        memcpy (&values[i], &bits, sizeof bits);
    }
    return true;
}

/* A row of the run's scan `scan`; false when it is none that we wrote. */
static bool get_row (const journal_t *self, sqlite3_stmt *read, size_t scan, journal_row_t *row)
{
    double candle[CANDLE_CELLS];
    hit_t *hit = &row->hit;
    row->row = journal_u64 (read, 0);
    row->arrival_ms = sqlite3_column_int64 (read, 1);
    hit->scan = (uint32_t) scan;
    hit->ts = sqlite3_column_int64 (read, 4);
    hit->value_count = self->column_counts[scan];
    if (!journal_text (read, 3, row->symbol, sizeof row->symbol) ||
        !symbol_valid (row->symbol, strlen (row->symbol)) ||
        !get_values (read, 6, CANDLE_CELLS, candle) ||
        !get_values (read, 7, (size_t) hit->value_count, hit->values)) {
        return false;
    }
    hit->candle = (candle_t){
        sqlite3_column_int64 (read, 5), candle[0], candle[1], candle[2], candle[3], candle[4]};
    return true;
}

long journal_read (journal_t *self, uint64_t after, journal_row_t *rows, size_t max, uint64_t *last,
                   uint64_t *skipped)
{
    sqlite3_stmt *read = journal_statement (self, JOURNAL_READ);
    size_t count = 0, passed = 0;
    int rc = SQLITE_ROW;
    bool good = true;
    *last = after;
    if (after >= self->synced) {
        return 0;
    }
    journal_bind (read, 1, after);
    journal_bind (read, 2, self->synced);
    while (good && count < max && passed < PASS_MAX && (rc = sqlite3_step (read)) == SQLITE_ROW) {
        size_t scan = scan_of (self, sqlite3_column_int64 (read, 2));
        if (scan == self->scan_count) {
            passed++;
        } else {
            good = get_row (self, read, scan, &rows[count++]);
        }
        *last = journal_u64 (read, 0);
    }
    if (!good) {
        journal_damaged (self, "a hit that was not written so");
    } else if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        good = journal_fail (self, JOURNAL_READING) == 0;
    } else if (rc == SQLITE_DONE && *last < self->synced) {
        *last = self->synced; /* the rows up to there were deleted */
    }
    sqlite3_reset (read);
    if (!good) {
        return -1;
    }
    journal_works (self, JOURNAL_READING);
    *skipped += passed;
    return (long) count;
}

uint64_t journal_oldest (journal_t *self)
{
    sqlite3_stmt *oldest = journal_statement (self, JOURNAL_OLDEST);
    uint64_t row = 1;
    if (sqlite3_step (oldest) != SQLITE_ROW) {
        journal_fail (self, JOURNAL_READING);
    } else if (sqlite3_column_type (oldest, 0) == SQLITE_NULL) {
        row = self->rows + 1;
    } else {
        row = journal_u64 (oldest, 0);
    }
    sqlite3_reset (oldest);
    return row > 0 ? row : 1;
}

/* ---- cursors ---- */

bool journal_cursor (journal_t *self, const char *sink, uint64_t *row,
                     char mark[static JOURNAL_MARK_MAX + 1])
{
    for (size_t i = 0; i < self->cursor_count; i++) {
        if (strcmp (self->cursors[i].name, sink) == 0) {
            *row = self->cursors[i].row;
            memcpy (mark, self->cursors[i].mark, sizeof self->cursors[i].mark);
            return true;
        }
    }
    return false;
}

/* ---- places ---- */

/* A day, or DAY_NONE; false when it is neither. */
static bool get_day (sqlite3_stmt *statement, int column, day_t *day)
{
    int64_t value = sqlite3_column_int64 (statement, column);
    *day = value >= DAY_FIRST && value <= DAY_LAST ? (day_t) value : DAY_NONE;
    return *day == value;
}

static bool get_place (sqlite3_stmt *statement, wire_place_t *place)
{
    place->floor = (entry_id_t){journal_u64 (statement, 4), journal_u64 (statement, 5)};
    return journal_text (statement, 0, place->symbol, sizeof place->symbol) &&
           symbol_valid (place->symbol, strlen (place->symbol)) &&
           journal_text (statement, 1, place->stream, sizeof place->stream) &&
           get_day (statement, 2, &place->closed) && get_day (statement, 3, &place->day) &&
           (place->day == DAY_NONE || place->day > place->closed);
}

static bool get_stream (sqlite3_stmt *statement, wire_stream_place_t *stream)
{
    stream->position = (entry_id_t){journal_u64 (statement, 1), journal_u64 (statement, 2)};
    return journal_text (statement, 0, stream->stream, sizeof stream->stream);
}

/* What a walk over a table hands each row to: one of the two. */
typedef struct {
    void (*symbol) (void *argument, const wire_place_t *place);
    void (*stream) (void *argument, const wire_stream_place_t *stream);
    void *argument;
} walk_t;

static bool hand_on (sqlite3_stmt *statement, const walk_t *walk)
{
    if (walk->symbol) {
        wire_place_t place;
        if (!get_place (statement, &place)) {
            return false;
        }
        walk->symbol (walk->argument, &place);
    } else if (walk->stream) {
        wire_stream_place_t stream;
        if (!get_stream (statement, &stream)) {
            return false;
        }
        walk->stream (walk->argument, &stream);
    }
    return true;
}

static int walk_table (journal_t *self, const char *query, const walk_t *walk)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2 (self->db, query, -1, &statement, NULL) != SQLITE_OK) {
        return journal_fail (self, JOURNAL_READING);
    }
    int rc = SQLITE_DONE;
    bool good = true;
    while (good && (rc = sqlite3_step (statement)) == SQLITE_ROW) {
        good = hand_on (statement, walk);
    }
    int result = 0;
    if (!good) {
        result = journal_damaged (self, "a place that was not written so");
    } else if (rc != SQLITE_DONE) {
        result = journal_fail (self, JOURNAL_READING);
    }
    sqlite3_finalize (statement);
    return result;
}

int journal_places (journal_t *self, void (*symbol) (void *argument, const wire_place_t *place),
                    void (*stream) (void *argument, const wire_stream_place_t *stream),
                    void *argument)
{
    const walk_t symbols = {.symbol = symbol, .argument = argument};
    const walk_t streams = {.stream = stream, .argument = argument};
    if (walk_table (self,
                    "SELECT symbol, stream, closed, day, floor_ms, floor_sequence FROM symbols",
                    &symbols) != 0 ||
        walk_table (self, "SELECT stream, ms, sequence FROM streams", &streams) != 0) {
        return -1;
    }
    journal_works (self, JOURNAL_READING);
    return 0;
}
