/* One table, hits, that grows with every run:
 *
 *     scan, definition, symbol, datetime | open .. volume | columns of every scan that was ever written
 *              its primary key             REAL             REAL, TEXT for alerts
 *
 * A hit that is there already, by its key, stays as it is: a scan that is run again adds only what
 * is new. The file is in WAL mode, so others read it while it is written.
 *
 * A live run's mark says whether it wrote hits at all: a file that should have some and has none was
 * made anew, and gets every row again.
 */
#include "sink_backend.h"

#include "layout.h"
#include "memory.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define BUSY_MS      10000
#define LIVE_BUSY_MS 50 /* a live run tries again later, and has others to write meanwhile */
/* hits in one transaction: bounds the WAL file and how long others wait to write */
#define TRANSACTION_MAX 10000
#define KEY_COUNT       4

static const char *const keys[KEY_COUNT] = {"scan", "definition", "symbol", "datetime"};

typedef struct {
    char *path;
    layout_t layout;
    sqlite3 *db;
    sqlite3_stmt *insert;
    size_t pending; /* hits in the open transaction; there is none when 0 */
    bool failed;
    bool foreign;   /* it is not ours to write */
    bool wrote;     /* by a live run: it has hits of ours */
    fault_t *fault; /* takes errors; NULL: they are logged */
} sink_sqlite_t;

static int fail (sink_sqlite_t *self)
{
    int code = sqlite3_errcode (self->db);
    int system = sqlite3_system_errno (self->db);
    self->failed = true;
    if (code == SQLITE_NOTADB) {
        self->foreign = true;
        fault_set (self->fault, "%s is not an SQLite database: choose another path", self->path);
    } else if (code == SQLITE_BUSY) {
        fault_set (self->fault, "%s is being written by another program", self->path);
    } else if (system && (code == SQLITE_CANTOPEN || code == SQLITE_IOERR || code == SQLITE_FULL)) {
        fault_set (self->fault, "cannot write %s: %s: %s", self->path, sqlite3_errmsg (self->db),
                   strerror (system));
    } else {
        fault_set (self->fault, "cannot write %s: %s", self->path, sqlite3_errmsg (self->db));
    }
    return -1;
}

static int execute (sink_sqlite_t *self, const char *sql)
{
    return sqlite3_exec (self->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail (self);
}

static int prepare (sink_sqlite_t *self, const char *sql, sqlite3_stmt **statement)
{
    return sqlite3_prepare_v2 (self->db, sql, -1, statement, NULL) == SQLITE_OK ? 0 : fail (self);
}

static const char *column_type (const scan_column_t *column)
{
    return column->alert ? "TEXT" : "REAL";
}

/* What is wrong with the column for us; NULL when nothing is. `present` marks it. */
static const char *check_column (const sink_sqlite_t *self, const char *name, const char *type,
                                 int key, bool *present)
{
    if (key > 0) {
        bool ours = key <= KEY_COUNT && strcmp (name, keys[key - 1]) == 0;
        return ours ? NULL : "its primary key is not (scan, definition, symbol, datetime)";
    }
    size_t column = layout_find (&self->layout, name);
    if (column == self->layout.count) {
        return NULL; /* of an earlier run's scan */
    }
    present[column] = true;
    bool ours = sqlite3_stricmp (type, column_type (&self->layout.columns[column])) == 0;
    return ours ? NULL : "a column has another type";
}

/* Looks at the table `hits`: how many columns of its key are ours (0 when there is no table), and
 * which of the layout's columns are present. -1 when it cannot be ours. */
static int inspect_table (sink_sqlite_t *self, bool *present)
{
    sqlite3_stmt *statement;
    if (prepare (self, "PRAGMA table_info (hits)", &statement) < 0) {
        return -1;
    }
    int rows = 0, key_count = 0, result;
    const char *wrong = NULL;
    while ((result = sqlite3_step (statement)) == SQLITE_ROW && !wrong) {
        int key = sqlite3_column_int (statement, 5);
        wrong = check_column (self, (const char *) sqlite3_column_text (statement, 1),
                              (const char *) sqlite3_column_text (statement, 2), key, present);
        rows++;
        key_count += key > 0;
    }
    sqlite3_finalize (statement);
    if (!wrong && result != SQLITE_DONE) {
        return fail (self);
    }
    if (!wrong && rows > 0 && key_count != KEY_COUNT) {
        wrong = "it has not the primary key (scan, definition, symbol, datetime)";
    }
    if (wrong) {
        self->foreign = true;
        fault_set (self->fault,
                   "%s: its table hits is not one of fastscanner's: %s: choose another path",
                   self->path, wrong);
        return -1;
    }
    return key_count;
}

static int create_table (sink_sqlite_t *self)
{
    return execute (self, "CREATE TABLE hits ("
                          "scan TEXT NOT NULL, definition TEXT NOT NULL, "
                          "symbol TEXT NOT NULL, datetime TEXT NOT NULL, "
                          "open REAL, high REAL, low REAL, close REAL, volume REAL, "
                          "PRIMARY KEY (scan, definition, symbol, datetime))");
}

static int add_column (sink_sqlite_t *self, const scan_column_t *column)
{
    char *sql = sqlite3_mprintf ("ALTER TABLE hits ADD COLUMN \"%w\" %s", column->name,
                                 column_type (column));
    int result = execute (self, sql);
    sqlite3_free (sql);
    return result;
}

/* Creates the table or gives it the columns that it lacks. In one transaction, so that two runs
 * that start together do not both add a column. */
static int make_table (sink_sqlite_t *self)
{
    bool *present = memory_new (self->layout.count * sizeof *present);
    int result = execute (self, "BEGIN IMMEDIATE");
    int key_count = result < 0 ? -1 : inspect_table (self, present);
    if (key_count == 0) {
        result = create_table (self);
        memset (present, true, LAYOUT_CANDLE);
    } else if (key_count < 0) {
        result = -1;
    }
    for (size_t i = 0; i < self->layout.count && result == 0; i++) {
        if (!present[i]) {
            result = add_column (self, &self->layout.columns[i]);
        }
    }
    free (present);
    return result < 0 ? -1 : execute (self, "COMMIT");
}

/* ON CONFLICT names the key: OR IGNORE would pass over other faults in silence too. */
static int prepare_insert (sink_sqlite_t *self)
{
    buffer_t sql = {0};
    buffer_printf (&sql, "INSERT INTO hits (scan, definition, symbol, datetime");
    for (size_t i = 0; i < self->layout.count; i++) {
        buffer_printf (&sql, ", \"%s\"", self->layout.columns[i].name);
    }
    buffer_printf (&sql, ") VALUES (?, ?, ?, ?");
    for (size_t i = 0; i < self->layout.count; i++) {
        buffer_printf (&sql, ", ?");
    }
    buffer_printf (&sql, ") ON CONFLICT (scan, definition, symbol, datetime) DO NOTHING");
    int result = prepare (self, sql.bytes, &self->insert);
    buffer_free (&sql);
    return result;
}

/* A name that starts with ':' means memory to SQLite, and nobody would ever see the hits. */
static int open_database (sink_sqlite_t *self)
{
    char *name = memory_format ("%s%s", *self->path == ':' ? "./" : "", self->path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int result = sqlite3_open_v2 (name, &self->db, flags, NULL) == SQLITE_OK ? 0 : fail (self);
    free (name);
    return result;
}

/* The mode is changed only when the table proved to be ours. A live run's cursor is moved right after
 * a commit, which must survive a power cut by then. */
static int set_up (sink_sqlite_t *self, bool live)
{
    if (open_database (self) < 0) {
        return -1;
    }
    sqlite3_busy_timeout (self->db, live ? LIVE_BUSY_MS : BUSY_MS);
    if (make_table (self) < 0 || execute (self, "PRAGMA journal_mode = WAL") < 0 ||
        execute (self, live ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL") < 0) {
        return -1;
    }
    return prepare_insert (self);
}

static void destroy (sink_sqlite_t *self)
{
    sqlite3_finalize (self->insert);
    sqlite3_close (self->db);
    layout_free (&self->layout);
    free (self->path);
    free (self);
}

static sink_sqlite_t *new_sqlite (const sink_file_t *file, fault_t *fault)
{
    sink_sqlite_t *self = memory_new (sizeof *self);
    self->path = memory_text (file->path);
    self->fault = fault;
    layout_init (&self->layout, file->scans, file->scan_count, file->names_scan);
    return self;
}

static void *sqlite_open (const sink_backend_t *backend, const sink_file_t *file)
{
    (void) backend;
    sink_sqlite_t *self = new_sqlite (file, NULL);
    if (set_up (self, false) < 0) {
        destroy (self);
        return NULL;
    }
    return self;
}

/* Whether the table has a hit: 1 or 0, or -1. */
static int has_hits (sink_sqlite_t *self)
{
    sqlite3_stmt *statement;
    if (prepare (self, "SELECT 1 FROM hits LIMIT 1", &statement) < 0) {
        return -1;
    }
    int result = sqlite3_step (statement);
    int has = result == SQLITE_ROW ? 1 : result == SQLITE_DONE ? 0 : fail (self);
    sqlite3_finalize (statement);
    return has;
}

static void *sqlite_resume (const sink_backend_t *backend, const sink_file_t *file,
                            const sink_cursor_t *cursor, sink_found_t *found)
{
    (void) backend;
    sink_sqlite_t *self = new_sqlite (file, cursor->fault);
    self->wrote = *cursor->mark != '\0';
    int has = set_up (self, true) < 0 ? -1 : has_hits (self);
    if (has < 0) {
        *found = self->foreign ? SINK_FOREIGN : SINK_FAILS;
        destroy (self);
        return NULL;
    }
    bool lost = self->wrote && !has;
    *found = cursor->known && !lost ? SINK_GOES_ON : SINK_BEGINS;
    return self;
}

static int bind_text (const sink_sqlite_t *self, int place, const char *text)
{
    return sqlite3_bind_text (self->insert, place, text, -1, SQLITE_TRANSIENT);
}

static int bind_value (const sink_sqlite_t *self, int place, const scan_column_t *column,
                       double value)
{
    if (!isfinite (value)) {
        return sqlite3_bind_null (self->insert, place);
    }
    if (!column->alert) {
        return sqlite3_bind_double (self->insert, place, value);
    }
    char text[LAYOUT_VALUE_TEXT];
    layout_print (column, value, text);
    return bind_text (self, place, text);
}

static int bind_hit (const sink_sqlite_t *self, const char *symbol, size_t scan, const hit_t *hit)
{
    const layout_t *layout = &self->layout;
    char definition[17], datetime[26];
    snprintf (definition, sizeof definition, "%016" PRIx64, layout->scans[scan].hash);
    int result = bind_text (self, 1, layout->scans[scan].id);
    result |= bind_text (self, 2, definition);
    result |= bind_text (self, 3, symbol);
    result |= bind_text (self, 4, exchange_format (hit->ts, datetime));
    for (size_t i = 0; i < layout->count; i++) {
        result |= bind_value (self, KEY_COUNT + 1 + (int) i, &layout->columns[i],
                              layout_value (layout, scan, hit, i));
    }
    return result;
}

static int sqlite_flush (void *handle)
{
    sink_sqlite_t *self = handle;
    if (self->pending == 0) {
        return 0;
    }
    self->pending = 0;
    return execute (self, "COMMIT");
}

static int sqlite_write (void *handle, const char *symbol, size_t scan, const hit_t *hit)
{
    sink_sqlite_t *self = handle;
    if (self->pending == 0 && execute (self, "BEGIN IMMEDIATE") < 0) {
        return -1;
    }
    self->pending++;
    if (bind_hit (self, symbol, scan, hit) != SQLITE_OK ||
        sqlite3_step (self->insert) != SQLITE_DONE) {
        return fail (self);
    }
    sqlite3_reset (self->insert);
    return self->pending < TRANSACTION_MAX ? 0 : sqlite_flush (self);
}

static int sqlite_mark (void *handle, char mark[static SINK_MARK_MAX + 1])
{
    sink_sqlite_t *self = handle;
    int moved = 0;
    self->wrote = self->wrote || self->pending > 0;
    if (sqlite_flush (self) < 0) {
        return -1;
    }
    sqlite3_file_control (self->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved) {
        self->failed = true;
        fault_set (self->fault, "%s was removed or renamed by another program", self->path);
        return -1;
    }
    snprintf (mark, SINK_MARK_MAX + 1, "%s", self->wrote ? "hits" : "");
    return 0;
}

/* Whole or not, what was written stays: the table is a set of hits, not a result. */
static int sqlite_close (void *handle, bool whole)
{
    sink_sqlite_t *self = handle;
    (void) whole;
    if (!self->failed) {
        sqlite_flush (self);
    }
    int result = self->failed ? -1 : 0;
    destroy (self);
    return result;
}

const sink_backend_t sink_sqlite = {
    .open = sqlite_open,
    .resume = sqlite_resume,
    .write = sqlite_write,
    .flush = sqlite_flush,
    .mark = sqlite_mark,
    .close = sqlite_close,
};
