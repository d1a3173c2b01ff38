/* sink_redis - hits as entries of Redis streams: how a sink is written, how an entry and a cursor are
 * formed. follow_redis.c is what writes them.
 *
 *     redis:URL?stream=NAME   URL as redis_check has it; NAME, default hits:{scan}, may have {scan}
 *             &user=U&password-file=F   to log in to another server than the source's
 *
 *     NAME                    XADD NAME * scan S symbol A datetime D open .. volume .. COLUMN .. id I
 *     fastscanner:cursor:NAME "JOURNAL TOKEN ROW": NAME has the rows of that journal up to ROW; TOKEN
 *                             is of the connection that wrote it last
 */
#ifndef SINK_REDIS_H
#define SINK_REDIS_H

#include "journal.h"
#include "layout.h"
#include "redis.h"

typedef struct {
    char *url, *stream; /* owned, and what follows */
    /* Its own way to log in, when the text has `user=` or `password-file=` (empty: none); else the run's is
     * for it. */
    bool own_login;
    char *user, *password_file;
} sink_redis_place_t;

/* Takes a sink's text apart and checks it. 0, or -1 with a line in `error`; sink_redis_place_free in
 * any case. */
int sink_redis_read (const char *text, sink_redis_place_t *place, char *error, size_t error_size);
void sink_redis_place_free (sink_redis_place_t *self);

/* A connection to the place; `user` and `password_file` (or NULL) are the run's, for a place without a login of
 * its own. */
redis_t *sink_redis_connect (const sink_redis_place_t *place, const char *user,
                             const char *password_file);

/* The key of a stream's cursor; the caller frees it. */
char *sink_redis_key (const char *stream);

#define SINK_REDIS_TOKEN  32 /* characters */
#define SINK_REDIS_CURSOR 72 /* bytes of the longest cursor with its NUL */

typedef struct {
    uint64_t journal;
    char token[SINK_REDIS_TOKEN + 1];
    uint64_t row;
} sink_redis_cursor_t;

/* A token of its own: hexadecimal digits, at random. */
void sink_redis_draw (char token[static SINK_REDIS_TOKEN + 1]);

char *sink_redis_format (const sink_redis_cursor_t *cursor, char text[static SINK_REDIS_CURSOR]);
/* False when the text is no cursor of ours. */
bool sink_redis_parse (const char *text, size_t size, sink_redis_cursor_t *cursor);

/* Sends the XADD of a hit. `layout` is of the hit's scan alone. What is missing is left out. The id is
 * the hit's identity: scan/definition/symbol/date, or with `all_hits` .../datetime. */
void sink_redis_add (redis_t *redis, const char *stream, const layout_t *layout,
                     const journal_row_t *row, bool all_hits);

#endif
