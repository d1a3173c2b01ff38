/* The database: its tables, its statements, and whether a file is one of ours. */
#include "journal_inside.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/random.h>

#define APPLICATION 0x66734a4c /* "fsJL" in the file's header: ours */
#define VERSION     2          /* 1: without terms, and all shards were the last broker's */
#define BUSY_MS     1000       /* another program that reads it may hold us up so long */

#define TERMS "CREATE TABLE terms (epoch INTEGER PRIMARY KEY, broker INTEGER);"

/* meta.rows is the last row ever given, deleted or not; AUTOINCREMENT would give one to each repeat.
 * moment: with all hits the hit's ts, else its date, whole_day says which; the two never meet. It is
 * first in the key because hits come in its order, so that new keys lie side by side. */
static const char schema[] =
    "CREATE TABLE meta (version INTEGER, id INTEGER, since_ms INTEGER, epoch INTEGER,"
    " broker INTEGER, rows INTEGER);"
    "CREATE TABLE definitions (id INTEGER PRIMARY KEY, scan TEXT, hash TEXT, text TEXT,"
    " UNIQUE (scan, hash));"
    "CREATE TABLE hits (row INTEGER PRIMARY KEY, arrival_ms INTEGER,"
    " definition INTEGER, symbol TEXT, moment INTEGER, whole_day INTEGER, day INTEGER, ts INTEGER,"
    " candle_ts INTEGER, candle BLOB, cells BLOB, UNIQUE (moment, whole_day, definition, symbol));"
    "CREATE TABLE shards (shard INTEGER PRIMARY KEY, claim INTEGER, epoch INTEGER,"
    " counter INTEGER, sequence INTEGER);"
    "CREATE TABLE symbols (symbol TEXT PRIMARY KEY, stream TEXT, closed INTEGER, day INTEGER,"
    " floor_ms INTEGER, floor_sequence INTEGER) WITHOUT ROWID;"
    "CREATE TABLE streams (stream TEXT PRIMARY KEY, ms INTEGER, sequence INTEGER) WITHOUT "
    "ROWID;" TERMS
    "CREATE TABLE sinks (name TEXT PRIMARY KEY, row INTEGER, mark TEXT) WITHOUT ROWID;";

/* A conflict names its key: OR IGNORE would pass over other faults in silence too. */
static const char *const sql[JOURNAL_STATEMENTS] = {
    [JOURNAL_BEGIN] = "BEGIN IMMEDIATE",
    [JOURNAL_COMMIT] = "COMMIT",
    [JOURNAL_ROLLBACK] = "ROLLBACK",
    [JOURNAL_PUT_EPOCH] = "UPDATE meta SET broker = ?, epoch = ?",
    [JOURNAL_PUT_TERM] = "INSERT INTO terms (broker, epoch) VALUES (?, ?)",
    [JOURNAL_DROP_TERMS] = "DELETE FROM terms WHERE epoch NOT IN (SELECT claim FROM shards)",
    [JOURNAL_PUT_ROWS] = "UPDATE meta SET rows = ?",
    [JOURNAL_PUT_CLAIM] = "INSERT INTO shards (shard, claim, epoch, counter, sequence) "
                          "VALUES (?, ?, 0, 0, 0) "
                          "ON CONFLICT (shard) DO UPDATE SET claim = excluded.claim",
    [JOURNAL_PUT_HIT] = "INSERT INTO hits (row, arrival_ms, definition, symbol, moment, whole_day, "
                        "day, ts, candle_ts, candle, cells) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                        "ON CONFLICT (moment, whole_day, definition, symbol) DO NOTHING",
    [JOURNAL_PUT_SHARD] = "INSERT INTO shards (shard, claim, epoch, counter, sequence) "
                          "VALUES (?, 0, ?, ?, ?) ON CONFLICT (shard) DO UPDATE SET "
                          "epoch = excluded.epoch, counter = excluded.counter, "
                          "sequence = excluded.sequence",
    [JOURNAL_PUT_PLACE] = "INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?) "
                          "ON CONFLICT (symbol) DO UPDATE SET stream = excluded.stream, "
                          "closed = excluded.closed, day = excluded.day, "
                          "floor_ms = excluded.floor_ms, floor_sequence = excluded.floor_sequence",
    [JOURNAL_PUT_STREAM] = "INSERT INTO streams VALUES (?, ?, ?) ON CONFLICT (stream) DO UPDATE "
                           "SET ms = excluded.ms, sequence = excluded.sequence",
    [JOURNAL_PUT_CURSOR] = "INSERT INTO sinks VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                           "row = excluded.row, mark = excluded.mark",
    [JOURNAL_FORGET] =
        "DELETE FROM hits WHERE row IN (SELECT hits.row FROM hits CROSS JOIN symbols "
        "ON symbols.symbol = hits.symbol WHERE hits.row > ? AND hits.row <= ? "
        "AND arrival_ms < ? AND hits.day <= closed ORDER BY hits.row LIMIT ?)",
    [JOURNAL_READ] = "SELECT row, arrival_ms, definition, symbol, ts, candle_ts, candle, cells "
                     "FROM hits WHERE row > ? AND row <= ? ORDER BY row",
    [JOURNAL_OLDEST] = "SELECT min (row) FROM hits",
};

static int execute (journal_t *self, const char *text)
{
    return sqlite3_exec (self->db, text, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : journal_open_failed (self);
}

/* Prepares a statement that is used once. NULL with the error logged. */
sqlite3_stmt *journal_prepare (journal_t *self, const char *text)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2 (self->db, text, -1, &statement, NULL) != SQLITE_OK) {
        journal_open_failed (self);
    }
    return statement;
}

/* Ends it. 0, or -1 with the error logged when its last step failed. */
int journal_finish (journal_t *self, sqlite3_stmt *statement)
{
    return sqlite3_finalize (statement) == SQLITE_OK ? 0 : journal_open_failed (self);
}

/* The number that a query gives; 0 when it gives none. */
int journal_ask (journal_t *self, const char *text, int64_t *value)
{
    sqlite3_stmt *statement = journal_prepare (self, text);
    if (!statement) {
        return -1;
    }
    *value = sqlite3_step (statement) == SQLITE_ROW ? sqlite3_column_int64 (statement, 0) : 0;
    return journal_finish (self, statement);
}

/* A path that starts with "file:" would be a URI to SQLite. */
static int open_file (journal_t *self)
{
    char *name = memory_format ("%s%s", *self->path == '/' ? "" : "./", self->path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2 (name, &self->db, flags, NULL);
    free (name);
    if (rc != SQLITE_OK) {
        return journal_open_failed (self);
    }
    if (sqlite3_db_readonly (self->db, "main") == 1) { /* SQLite is content with that */
        log_error ("cannot write %s: check whose it is and its permissions, or choose another "
                   "--state",
                   self->path);
        return -1;
    }
    sqlite3_busy_timeout (self->db, BUSY_MS);
    return 0;
}

/* Whether it is ours, before anything of it is changed: 1 new, 0 ours, -1 neither (logged). */
static int look (journal_t *self)
{
    int64_t application, tables, version = 0;
    if (journal_ask (self, "PRAGMA application_id", &application) != 0 ||
        journal_ask (self, "SELECT count(*) FROM sqlite_schema", &tables) != 0) {
        return -1;
    }
    if (application == 0 && tables == 0) {
        return 1;
    }
    if (application != APPLICATION) {
        log_error ("%s is not a journal of fastscanner: choose another --state", self->path);
        return -1;
    }
    if (journal_ask (self, "SELECT version FROM meta", &version) != 0) {
        return -1;
    }
    if (version > VERSION) {
        log_error ("%s was written by a newer fastscanner: use that, or choose another --state",
                   self->path);
        return -1;
    }
    return version > 0 ? 0 : journal_damaged (self, "no version");
}

/* A journal of an older fastscanner becomes one of ours. */
static int renew (journal_t *self)
{
    int64_t version = 0;
    if (journal_ask (self, "SELECT version FROM meta", &version) != 0) {
        return -1;
    }
    return version == VERSION
               ? 0
               : execute (self, "BEGIN IMMEDIATE; " TERMS
                                "INSERT INTO terms (epoch, broker) SELECT epoch, broker FROM meta "
                                "WHERE epoch > 0; UPDATE meta SET version = 2; COMMIT");
}

/* The log's end is cut after a burst; what was deleted need not be overwritten. */
static int set_up (journal_t *self)
{
    int64_t tables;
    sqlite3_stmt *statement = journal_prepare (self, "PRAGMA journal_mode = WAL");
    if (!statement) {
        return -1;
    }
    bool wal = sqlite3_step (statement) == SQLITE_ROW &&
               strcmp ((const char *) sqlite3_column_text (statement, 0), "wal") == 0;
    if (journal_finish (self, statement) != 0) {
        return -1;
    }
    if (!wal) {
        log_error ("%s lies where SQLite can keep no write-ahead log: choose another --state",
                   self->path);
        return -1;
    }
    return journal_ask (self, "PRAGMA wal_autocheckpoint = 1000", &tables) != 0 ||
                   journal_ask (self, "PRAGMA journal_size_limit = 16777216", &tables) != 0
               ? -1
               : execute (self, "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = OFF;"
                                "PRAGMA cache_size = -16384; PRAGMA cell_size_check = ON;"
                                "PRAGMA trusted_schema = OFF;");
}

static int create (journal_t *self, int64_t since_ms)
{
    uint64_t id = 0;
    while (id == 0) {
        if (getrandom (&id, sizeof id, 0) != sizeof id) {
            id = 0;
        }
    }
    char *meta = memory_format ("BEGIN IMMEDIATE; PRAGMA application_id = %d; %s"
                                "INSERT INTO meta VALUES (%d, %" PRId64 ", %" PRId64 ", 0, 0, 0);"
                                "COMMIT",
                                APPLICATION, schema, VERSION, (int64_t) id, since_ms);
    int rc = execute (self, meta);
    free (meta);
    return rc;
}

static int prepare_all (journal_t *self)
{
    for (int i = 0; i < JOURNAL_STATEMENTS; i++) {
        if (sqlite3_prepare_v3 (self->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &self->statements[i], NULL) != SQLITE_OK) {
            return journal_open_failed (self);
        }
    }
    return 0;
}

int journal_open_database (journal_t *self, int64_t since_ms)
{
    if (open_file (self) != 0) {
        return -1;
    }
    int is_new = look (self);
    if (is_new < 0 || (is_new && create (self, since_ms) != 0) || set_up (self) != 0 ||
        renew (self) != 0) {
        return -1;
    }
    return prepare_all (self);
}
