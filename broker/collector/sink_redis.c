#include "sink_redis.h"

#include "memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define STREAM_MAX     200 /* characters of the longest name */
#define STREAM_DEFAULT "hits:{scan}"
#define KEY            "fastscanner:cursor:"

/* ---- the user's text ---- */

/* Takes the value of `key` at the beginning of [at, at + size) into `*value`. False when another key is there. */
static bool take_key (const char *key, const char *at, size_t size, char **value)
{
    size_t length = strlen (key);
    if (size < length || strncmp (at, key, length) != 0) {
        return false;
    }
    free (*value);
    *value = memory_format ("%.*s", (int) (size - length), at + length);
    return true;
}

/* Takes what is the place's own out of the URL's query; `db=` stays. False when there is anything else. */
static bool read_query (const char *at, sink_redis_place_t *place, buffer_t *url)
{
    while (*at) {
        size_t size = strcspn (at, "&");
        if (take_key ("user=", at, size, &place->user) ||
            take_key ("password-file=", at, size, &place->password_file)) {
            place->own_login = true;
        } else if (strncmp (at, "db=", 3) == 0) {
            buffer_printf (url, "?%.*s", (int) size, at);
        } else if (!take_key ("stream=", at, size, &place->stream)) {
            return false;
        }
        at += size + (at[size] == '&');
    }
    return true;
}

/* Empty stands for none. */
static const char *given (const char *text)
{
    return text && *text ? text : NULL;
}

redis_t *sink_redis_connect (const sink_redis_place_t *place, const char *user,
                             const char *password_file)
{
    return place->own_login
               ? redis_new (place->url, given (place->user), given (place->password_file))
               : redis_new (place->url, user, password_file);
}

static bool is_stream_name (const char *name)
{
    for (const char *at = name; *at; at++) {
        if (!isgraph ((unsigned char) *at)) {
            return false;
        }
    }
    return *name && strlen (name) <= STREAM_MAX;
}

int sink_redis_read (const char *text, sink_redis_place_t *place, char *error, size_t error_size)
{
    char why[256];
    const char *address = strchr (text, ':') + 1;
    address = strncmp (address, "//", 2) == 0 ? text : address; /* redis://HOST is one, too */
    size_t size = strcspn (address, "?");
    buffer_t url = {0};
    *place = (sink_redis_place_t){.stream = memory_text (STREAM_DEFAULT)};
    buffer_printf (&url, "%.*s", (int) size, address);
    bool understood = read_query (address + size + (address[size] == '?'), place, &url);
    buffer_append (&url, "", 1);
    place->url = url.bytes;
    if (!understood) {
        snprintf (error, error_size,
                  "%s: behind ? only stream=NAME, user=U and password-file=F may come", text);
        return -1;
    }
    if (redis_check (place->url, why, sizeof why) < 0) {
        snprintf (error, error_size, "%s: %s", text, why);
        return -1;
    }
    if (!is_stream_name (place->stream)) {
        snprintf (error, error_size,
                  "%s: a stream's name is 1 to %d characters without spaces: for example "
                  "stream=hits:{scan}",
                  text, STREAM_MAX);
        return -1;
    }
    return 0;
}

void sink_redis_place_free (sink_redis_place_t *self)
{
    free (self->url);
    free (self->stream);
    free (self->user);
    free (self->password_file);
    *self = (sink_redis_place_t){0};
}

/* ---- cursors ---- */

char *sink_redis_key (const char *stream)
{
    return memory_format (KEY "%s", stream);
}

void sink_redis_draw (char token[static SINK_REDIS_TOKEN + 1])
{
    unsigned char bytes[SINK_REDIS_TOKEN / 2] = {0};
    (void) !getrandom (bytes, sizeof bytes, 0);
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf (token + 2 * i, 3, "%02x", bytes[i]);
    }
}

char *sink_redis_format (const sink_redis_cursor_t *cursor, char text[static SINK_REDIS_CURSOR])
{
    snprintf (text, SINK_REDIS_CURSOR, "%016" PRIx64 " %s %" PRIu64, cursor->journal, cursor->token,
              cursor->row);
    return text;
}

bool sink_redis_parse (const char *text, size_t size, sink_redis_cursor_t *cursor)
{
    char copy[SINK_REDIS_CURSOR], again[SINK_REDIS_CURSOR];
    int end = -1;
    if (size >= sizeof copy) {
        return false;
    }
    memcpy (copy, text, size);
    copy[size] = '\0';
    *cursor = (sink_redis_cursor_t){0};
    /* What sscanf lets pass, the comparison does not. */
    if (sscanf (copy, "%16" SCNx64 " %32s %20" SCNu64 "%n", &cursor->journal, cursor->token,
                &cursor->row, &end) != 3) {
        return false;
    }
    return strcmp (copy, sink_redis_format (cursor, again)) == 0;
}

/* ---- entries ---- */

#define WORDS_MAX (3 + 2 * (3 + LAYOUT_CANDLE + SCAN_COLUMNS_MAX + 1))

typedef struct {
    size_t count, value_count;
    const char *words[WORDS_MAX];
    char values[LAYOUT_CANDLE + SCAN_COLUMNS_MAX][LAYOUT_VALUE_TEXT];
} entry_t;

static void put (entry_t *self, const char *word)
{
    self->words[self->count++] = word;
}

static void put_field (entry_t *self, const char *name, const char *value)
{
    put (self, name);
    put (self, value);
}

static char *format_identity (const scan_t *scan, const journal_row_t *row, bool all_hits)
{
    char moment[26];
    if (all_hits) {
        exchange_format (row->hit.ts, moment);
    } else {
        day_format (exchange_day (row->hit.ts), moment);
    }
    return memory_format ("%s/%016" PRIx64 "/%s/%s", scan->id, scan->hash, row->symbol, moment);
}

void sink_redis_add (redis_t *redis, const char *stream, const layout_t *layout,
                     const journal_row_t *row, bool all_hits)
{
    entry_t entry = {0};
    char datetime[26];
    char *identity = format_identity (layout->scans, row, all_hits);
    put (&entry, "XADD");
    put (&entry, stream);
    put (&entry, "*");
    put_field (&entry, "scan", layout->scans->id);
    put_field (&entry, "symbol", row->symbol);
    put_field (&entry, "datetime", exchange_format (row->hit.ts, datetime));
    for (size_t i = 0; i < layout->count; i++) {
        double value = layout_value (layout, 0, &row->hit, i);
        if (isfinite (value)) {
            char *text = entry.values[entry.value_count++];
            layout_print (&layout->columns[i], value, text);
            put_field (&entry, layout->columns[i].name, text);
        }
    }
    put_field (&entry, "id", identity);
    redis_command (redis, entry.count, entry.words, NULL);
    free (identity);
}
