#include "journal_count.h"

#include "log.h"
#include "memory.h"

#include <sqlite3.h>
#include <stdlib.h>

static int ask (sqlite3 *db, const char *text, uint64_t *value)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2 (db, text, -1, &statement, NULL);
    if (rc == SQLITE_OK && sqlite3_step (statement) == SQLITE_ROW) {
        *value = (uint64_t) sqlite3_column_int64 (statement, 0);
    } else {
        rc = SQLITE_ERROR;
    }
    sqlite3_finalize (statement);
    return rc == SQLITE_OK ? 0 : -1;
}

int journal_count (const char *directory, uint64_t *rows, uint64_t *distinct)
{
    /* A path that starts with "file:" would be a URI to SQLite. */
    char *path = memory_format ("%s%s/journal", *directory == '/' ? "" : "./", directory);
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK ? 0 : -1;
    rc = rc ? rc : ask (db, "SELECT count(*) FROM hits", rows);
    /* Not by the key that keeps them apart: it is what is checked. */
    rc = rc ? rc
            : ask (db,
                   "SELECT count(*) FROM (SELECT DISTINCT +moment, whole_day, definition, symbol "
                   "FROM hits)",
                   distinct);
    if (rc != 0) {
        log_error ("%s: %s", path, db ? sqlite3_errmsg (db) : "it cannot be opened");
    }
    sqlite3_close (db);
    free (path);
    return rc;
}
