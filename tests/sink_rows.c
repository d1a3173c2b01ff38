#include "sink_rows.h"

#include "spawn.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 5 };

struct sink_rows {
    size_t count, capacity;
    char **lines;
};

static _Noreturn void fail (const char *what, const char *detail)
{
    fprintf (stderr, "sink_rows: %s: %s\n", what, detail);
    abort ();
}

static void take (sink_rows_t *self, const char *line)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity * 2 + 256;
        self->lines = memory_resize (self->lines, self->capacity, sizeof *self->lines);
    }
    self->lines[self->count++] = memory_text (line);
}

static int compare_lines (const void *a, const void *b)
{
    return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static sink_rows_t *sorted (sink_rows_t *self)
{
    if (self->count > 0) {
        qsort (self->lines, self->count, sizeof *self->lines, compare_lines);
    }
    return self;
}

sink_rows_t *sink_rows_of_file (const char *path)
{
    sink_rows_t *self = memory_new (sizeof *self);
    char *bytes = file_read (path, NULL), *rest = bytes, *line;
    while ((line = strsep (&rest, "\n"))) {
        if (*line) {
            take (self, line);
        }
    }
    free (bytes);
    return sorted (self);
}

static void take_record (sink_rows_t *self, sqlite3_stmt *statement)
{
    buffer_t line = {0};
    for (int i = 0; i < sqlite3_column_count (statement); i++) {
        const char *text = (const char *) sqlite3_column_text (statement, i);
        buffer_printf (&line, "%s%s", i ? "|" : "", text ? text : "");
    }
    take (self, line.bytes);
    buffer_free (&line);
}

sink_rows_t *sink_rows_of_database (const char *path, const char *query)
{
    sink_rows_t *self = memory_new (sizeof *self);
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    int rc;
    if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2 (db, query, -1, &statement, NULL) != SQLITE_OK) {
        fail (path, sqlite3_errmsg (db));
    }
    while ((rc = sqlite3_step (statement)) == SQLITE_ROW) {
        take_record (self, statement);
    }
    if (rc != SQLITE_DONE) {
        fail (path, sqlite3_errmsg (db));
    }
    sqlite3_finalize (statement);
    sqlite3_close (db);
    return sorted (self);
}

/* An entry: [id, [field, value, ...]]. */
static void take_entry (sink_rows_t *self, const redisReply *entry)
{
    buffer_t line = {0};
    const redisReply *fields = entry->element[1];
    for (size_t i = 0; i < fields->elements; i++) {
        buffer_printf (&line, "%s%s", i ? " " : "", fields->element[i]->str);
    }
    take (self, line.bytes);
    buffer_free (&line);
}

sink_rows_t *sink_rows_of_stream (redisContext *context, const char *stream)
{
    sink_rows_t *self = memory_new (sizeof *self);
    redisReply *reply = redisCommand (context, "XRANGE %s - +", stream);
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        fail (stream, reply ? reply->str : context->errstr);
        return sorted (self);
    }
    for (size_t i = 0; i < reply->elements; i++) {
        take_entry (self, reply->element[i]);
    }
    freeReplyObject (reply);
    return sorted (self);
}

void sink_rows_destroy (sink_rows_t **self)
{
    if (*self) {
        for (size_t i = 0; i < (*self)->count; i++) {
            free ((*self)->lines[i]);
        }
        free ((*self)->lines);
        free (*self);
        *self = NULL;
    }
}

static bool has_word (const char *line, const char *word)
{
    size_t size = strlen (word);
    for (const char *at = line; (at = strstr (at, word)); at++) {
        if ((at == line || !isalnum ((unsigned char) at[-1])) &&
            !isalnum ((unsigned char) at[size])) {
            return true;
        }
    }
    return false;
}

static void choose (sink_rows_t *self, const char *word, bool keep)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (has_word (self->lines[i], word) == keep) {
            self->lines[count++] = self->lines[i];
        } else {
            free (self->lines[i]);
        }
    }
    self->count = count;
}

void sink_rows_drop (sink_rows_t *self, const char *word)
{
    choose (self, word, false);
}

void sink_rows_keep (sink_rows_t *self, const char *word)
{
    choose (self, word, true);
}

size_t sink_rows_count (const sink_rows_t *self)
{
    return self->count;
}

size_t sink_rows_compare (const sink_rows_t *expected, const sink_rows_t *actual, buffer_t *why)
{
    size_t different = 0;
    for (size_t i = 0, j = 0; i < expected->count || j < actual->count;) {
        int order = i == expected->count ? 1
                    : j == actual->count ? -1
                                         : strcmp (expected->lines[i], actual->lines[j]);
        if (order != 0 && different++ < SHOWN) {
            buffer_printf (why, "%c %s\n", order < 0 ? '-' : '+',
                           order < 0 ? expected->lines[i] : actual->lines[j]);
        }
        i += order <= 0;
        j += order >= 0;
    }
    return different;
}
