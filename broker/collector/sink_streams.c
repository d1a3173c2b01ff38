#include "sink_streams.h"

#include "log.h"
#include "memory.h"
#include "sink_path.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sink_streams_init (sink_streams_t *self, journal_t *journal, const char *text,
                        const char *name, const run_t *run)
{
    *self = (sink_streams_t){.journal = journal, .text = text};
    self->count = sink_path_is_per_scan (name) ? run->scan_count : 1;
    self->items = memory_new (self->count * sizeof *self->items);
    for (size_t i = 0; i < self->count; i++) {
        self->items[i].name = sink_path_expand (name, run->scans[i].id);
        self->items[i].key = sink_redis_key (self->items[i].name);
    }
}

void sink_streams_free (sink_streams_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free (self->items[i].name);
        free (self->items[i].key);
    }
    free (self->items);
    *self = (sink_streams_t){0};
}

sink_stream_t *sink_streams_of (const sink_streams_t *self, const hit_t *hit)
{
    return &self->items[self->count == 1 ? 0 : hit->scan];
}

/* ---- looking ---- */

size_t sink_streams_look (const sink_streams_t *self, redis_t *redis)
{
    size_t count = self->count;
    const char **words = memory_new ((1 + 2 * count) * sizeof *words);
    words[0] = "WATCH";
    for (size_t i = 0; i < count; i++) {
        words[1 + i] = self->items[i].key;
        words[1 + count + i] = self->items[i].name;
    }
    redis_command (redis, 1 + 2 * count, words, NULL);
    free (words);
    for (size_t i = 0; i < count; i++) {
        redis_command (redis, 2, (const char *[]){"GET", self->items[i].key}, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        redis_command (redis, 2, (const char *[]){"TYPE", self->items[i].name}, NULL);
    }
    return 1 + 2 * count;
}

static sink_streams_verdict_t __attribute__ ((format (printf, 3, 4)))
judge (sink_streams_verdict_t verdict, char why[static SINK_STREAMS_WHY], const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (why, SINK_STREAMS_WHY, format, arguments);
    va_end (arguments);
    return verdict;
}

static sink_streams_verdict_t take_cursor (const sink_streams_t *self, sink_stream_t *stream,
                                           const redisReply *reply, const char *token,
                                           char why[static SINK_STREAMS_WHY])
{
    sink_redis_cursor_t cursor;
    stream->placed = reply->type == REDIS_REPLY_STRING;
    if (!stream->placed) {
        return SINK_STREAMS_GOOD;
    }
    if (!sink_redis_parse (reply->str, reply->len, &cursor)) {
        return judge (SINK_STREAMS_FOREIGN, why, "%s is not a cursor: choose another stream",
                      stream->key);
    }
    if (cursor.journal != journal_id (self->journal)) {
        return judge (SINK_STREAMS_FOREIGN, why,
                      "stream %s has the hits of another --state: choose another stream, or the "
                      "--state that belongs to it",
                      stream->name);
    }
    if (cursor.row > journal_rows (self->journal)) {
        return judge (SINK_STREAMS_FOREIGN, why,
                      "stream %s has hits that this --state lost: is it an older copy? Choose "
                      "another stream, or the newer one",
                      stream->name);
    }
    stream->row = cursor.row;
    return token && strcmp (cursor.token, token) != 0 ? SINK_STREAMS_TAKEN : SINK_STREAMS_GOOD;
}

static sink_streams_verdict_t take_type (sink_stream_t *stream, const redisReply *reply,
                                         char why[static SINK_STREAMS_WHY])
{
    const char *type = reply->type == REDIS_REPLY_STATUS ? reply->str : "none";
    stream->exists = strcmp (type, "none") != 0;
    if (stream->exists && strcmp (type, "stream") != 0) {
        return judge (SINK_STREAMS_BAD, why,
                      "%s is no stream there but a %s: choose another stream", stream->name, type);
    }
    return SINK_STREAMS_GOOD;
}

sink_streams_verdict_t sink_streams_take (sink_streams_t *self, size_t index,
                                          const redisReply *reply, const char *token,
                                          char why[static SINK_STREAMS_WHY])
{
    if (index == 0) {
        return SINK_STREAMS_GOOD; /* WATCH */
    }
    if (index <= self->count) {
        return take_cursor (self, &self->items[index - 1], reply, token, why);
    }
    return take_type (&self->items[index - 1 - self->count], reply, why);
}

/* A stream without a cursor gets every row that is kept. */
static void begin (const sink_streams_t *self, sink_stream_t *stream)
{
    uint64_t oldest = journal_oldest (self->journal);
    stream->row = oldest - 1;
    stream->placed = true;
    if (stream->said) {
        return;
    }
    stream->said = true;
    if (stream->exists) {
        log_warning (
            "%s: stream %s has no cursor in Redis: it gets every hit that is kept, from row "
            "%" PRIu64,
            self->text, stream->name, oldest);
    } else if (journal_rows (self->journal) >= oldest) {
        log_info ("%s: stream %s is new: it gets every hit that is kept, from row %" PRIu64,
                  self->text, stream->name, oldest);
    }
}

uint64_t sink_streams_row (sink_streams_t *self)
{
    uint64_t row = UINT64_MAX;
    for (size_t i = 0; i < self->count; i++) {
        if (!self->items[i].placed) {
            begin (self, &self->items[i]);
        }
        row = self->items[i].row < row ? self->items[i].row : row;
    }
    return row;
}

/* ---- moving ---- */

size_t sink_streams_move (sink_streams_t *self, redis_t *redis, const char *token, uint64_t last)
{
    sink_redis_cursor_t cursor = {.journal = journal_id (self->journal)};
    snprintf (cursor.token, sizeof cursor.token, "%s", token);
    for (size_t i = 0; i < self->count; i++) {
        char text[SINK_REDIS_CURSOR];
        sink_stream_t *stream = &self->items[i];
        cursor.row = stream->writing = stream->row > last ? stream->row : last;
        redis_command (redis, 3,
                       (const char *[]){"SET", stream->key, sink_redis_format (&cursor, text)},
                       NULL);
    }
    return self->count;
}

void sink_streams_moved (sink_streams_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        self->items[i].row = self->items[i].writing;
        self->items[i].said = false; /* one that is lost from now on is worth a word again */
    }
}
