/* journal_inside - what the journal's files share: the open database and its statements. */
#ifndef JOURNAL_INSIDE_H
#define JOURNAL_INSIDE_H

#include "journal.h"
#include "syncer.h"

#include <sqlite3.h>

/* The statements, prepared when it is opened: journal_tables.c has their one table. */
typedef enum {
    JOURNAL_BEGIN,
    JOURNAL_COMMIT,
    JOURNAL_ROLLBACK,
    JOURNAL_PUT_EPOCH,
    JOURNAL_PUT_TERM,
    JOURNAL_DROP_TERMS,
    JOURNAL_PUT_ROWS,
    JOURNAL_PUT_CLAIM,
    JOURNAL_PUT_HIT,
    JOURNAL_PUT_SHARD,
    JOURNAL_PUT_PLACE,
    JOURNAL_PUT_STREAM,
    JOURNAL_PUT_CURSOR,
    JOURNAL_FORGET,
    JOURNAL_READ,
    JOURNAL_OLDEST,
    JOURNAL_STATEMENTS
} journal_statement_t;

/* What can fail for a time. Each is said once, and again when it works again. */
typedef enum { JOURNAL_WRITING, JOURNAL_SYNCING, JOURNAL_READING, JOURNAL_DOINGS } journal_doing_t;

typedef struct {
    char *name;
    uint64_t row;
    char mark[JOURNAL_MARK_MAX + 1];
} journal_cursor_t;

struct journal {
    char *path;     /* DIR/journal */
    char *wal_path; /* ... and its write-ahead log */
    int lock;
    int wal; /* a descriptor of the log, to sync it; -1: none yet */
    bool unsynced;
    syncer_t *syncer;
    uint64_t syncing; /* the last row of what it syncs */
    bool distrusted;  /* a sync of the log failed: only a checkpoint makes it whole */
    sqlite3 *db;
    sqlite3_stmt *statements[JOURNAL_STATEMENTS];
    bool failing[JOURNAL_DOINGS];
    bool all_hits;
    size_t scan_count;
    int64_t definitions[SCANS_MAX]; /* of the run's scans: their ids in the table */
    int column_counts[SCANS_MAX];
    uint64_t id;
    int64_t since_ms;
    commits_start_t start, next; /* as committed; with the open transaction */
    bool term_moved;             /* the open transaction gives an epoch */
    uint64_t rows, next_rows, synced;
    size_t cursor_count;
    journal_cursor_t *cursors; /* all that it has */
    uint64_t forgot;           /* how far journal_forget has looked */
};

/* Logs why, when it was not said already. -1. */
int journal_fail (journal_t *self, journal_doing_t doing);
/* The same for content that we never wrote. */
int journal_damaged (journal_t *self, const char *what);
/* It worked. */
void journal_works (journal_t *self, journal_doing_t doing);

/* A failure while it is opened: logs what to do, in one line. -1. */
int journal_open_failed (journal_t *self);

/* Opens the database, makes it when it is new, and prepares the statements. 0 or -1 (logged). */
int journal_open_database (journal_t *self, int64_t since_ms);
/* Reads what is kept at hand, and puts the run's definitions in. 0 or -1 (logged). */
int journal_load (journal_t *self, const run_t *run);

/* While it is opened: prepares a statement that is used once (NULL with the error logged), and ends
 * it: 0, or -1 with the error logged when its last step failed. */
sqlite3_stmt *journal_prepare (journal_t *self, const char *text);
int journal_finish (journal_t *self, sqlite3_stmt *statement);
/* The number that a query gives; 0 when it gives none. 0 or -1 (logged). */
int journal_ask (journal_t *self, const char *text, int64_t *value);

/* Runs a statement that gives no rows, and makes it ready again. 0 or -1 (logged). */
int journal_run (journal_t *self, journal_statement_t statement);

static inline sqlite3_stmt *journal_statement (journal_t *self, journal_statement_t statement)
{
    return self->statements[statement];
}

/* Numbers of 64 bits go through SQLite's signed ones unchanged. */
static inline void journal_bind (sqlite3_stmt *statement, int parameter, uint64_t value)
{
    sqlite3_bind_int64 (statement, parameter, (sqlite3_int64) value);
}

static inline uint64_t journal_u64 (sqlite3_stmt *statement, int column)
{
    return (uint64_t) sqlite3_column_int64 (statement, column);
}

/* A column's text into `text`; false when it is none, or longer than `size` - 1. */
bool journal_text (sqlite3_stmt *statement, int column, char *text, size_t size);

#endif
