#include "producer.h"

#include "candle.h"
#include "memory.h"
#include "spawn.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VALUES = 5, STREAMS_TEXT = 400, BUCKET_MINUTES = 5 };

typedef struct {
    uint32_t symbol;
    int64_t ts; /* Unix seconds */
    char values[VALUES][16];
    uint64_t id_ms, id_number; /* when it was sent */
} row_t;

typedef struct {
    char name[SYMBOL_MAX + 1];
    char key[SYMBOL_MAX + 16];
} source_symbol_t;

struct producer {
    redis_server_t *server;
    redisContext *context;
    size_t count, capacity, symbol_count;
    row_t *rows;
    source_symbol_t *symbols;
    size_t sent, answered; /* rows before are */
    uint64_t id_ms, id_number;
    unsigned shared;
    char streams[STREAMS_TEXT];
};

static void pass_over (int number)
{
    (void) number;
}

static _Noreturn void fail (const char *what, const char *detail)
{
    fprintf (stderr, "producer: %s %s\n", what, detail ? detail : "");
    abort ();
}

/* ---- the market's rows ---- */

static int64_t read_ts (const char *datetime)
{
    day_t day;
    int hour = 0, minute = 0;
    if (!day_parse (datetime, 10, &day) || sscanf (datetime + 11, "%d:%d", &hour, &minute) != 2) {
        fail ("no time:", datetime);
    }
    return (int64_t) day * 86400 + hour * 3600 + minute * 60;
}

static void take_row (producer_t *self, const char *line, const char *from, const char *to)
{
    row_t row = {.symbol = (uint32_t) self->symbol_count - 1};
    char datetime[20];
    if (sscanf (line, "%19[^,],%15[^,],%15[^,],%15[^,],%15[^,],%15[^,\r]", datetime, row.values[0],
                row.values[1], row.values[2], row.values[3], row.values[4]) != 6 ||
        datetime[0] == 'd' || strncmp (datetime, from, strlen (from)) < 0 ||
        strncmp (datetime, to, strlen (to)) > 0) {
        return;
    }
    row.ts = read_ts (datetime);
    if (self->count == self->capacity) {
        self->capacity = self->capacity * 2 + 1024;
        self->rows = memory_resize (self->rows, self->capacity, sizeof *self->rows);
    }
    self->rows[self->count++] = row;
}

static void take_file (producer_t *self, const char *path, const char *from, const char *to)
{
    char *bytes = file_read (path, NULL), *rest = bytes, *line;
    if (!bytes) {
        fail ("cannot read", path);
    }
    while ((line = strsep (&rest, "\n"))) {
        take_row (self, line, from, to);
    }
    free (bytes);
}

static void add_symbol (producer_t *self, const char *name)
{
    self->symbols = memory_resize (self->symbols, self->symbol_count + 1, sizeof *self->symbols);
    source_symbol_t *symbol = &self->symbols[self->symbol_count++];
    unsigned sum = 0;
    *symbol = (source_symbol_t){0};
    snprintf (symbol->name, sizeof symbol->name, "%.*s", SYMBOL_MAX, name);
    for (const char *c = name; *c; c++) {
        sum += (unsigned char) *c;
    }
    if (self->shared) {
        snprintf (symbol->key, sizeof symbol->key, "candles:%u", sum % self->shared);
    } else {
        snprintf (symbol->key, sizeof symbol->key, "candles_min_%s", symbol->name);
    }
}

/* For every name in a folder that is no hidden one. */
static void take_symbol (producer_t *self, const char *data, const char *name, const char *from,
                         const char *to)
{
    char *folder = memory_format ("%s/data/candles/%s/1min", data, name);
    struct dirent **files;
    int count = scandir (folder, &files, NULL, alphasort);
    size_t before = self->count;
    add_symbol (self, name);
    for (int i = 0; i < count; i++) {
        if (files[i]->d_name[0] != '.') {
            char *path = memory_format ("%s/%s", folder, files[i]->d_name);
            take_file (self, path, from, to);
            free (path);
        }
        free (files[i]);
    }
    if (count >= 0) {
        free (files);
    }
    while (self->count > before &&
           self->rows[self->count - 1].ts / 60 % BUCKET_MINUTES != BUCKET_MINUTES - 1) {
        self->count--;
    }
    self->symbol_count -= self->count == before;
    free (folder);
}

static int compare_rows (const void *a, const void *b)
{
    const row_t *x = a, *y = b;
    if (x->ts != y->ts) {
        return x->ts < y->ts ? -1 : 1;
    }
    return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

static void name_streams (producer_t *self)
{
    snprintf (self->streams, sizeof self->streams, "candles_min_*");
    for (unsigned i = 0, at = 0; i < self->shared; i++) {
        at += (unsigned) snprintf (self->streams + at, sizeof self->streams - at, "%scandles:%u",
                                   i ? "," : "", i);
    }
}

producer_t *producer_new (redis_server_t *server, const char *data, const char *from,
                          const char *to, unsigned shared)
{
    producer_t *self = memory_new (sizeof *self);
    struct dirent **names;
    char *folder = memory_format ("%s/data/candles", data);
    int count = scandir (folder, &names, NULL, alphasort);
    self->server = server;
    self->shared = shared;
    if (count < 0) {
        fail ("cannot read", folder);
    }
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            take_symbol (self, data, names[i]->d_name, from, to);
        }
        free (names[i]);
    }
    free (names);
    free (folder);
    qsort (self->rows, self->count, sizeof *self->rows, compare_rows);
    name_streams (self);
    /* a write to a server that was killed; programs that are started have their own way again */
    signal (SIGPIPE, pass_over);
    return self;
}

static void disconnect (producer_t *self)
{
    if (self->context) {
        redisFree (self->context);
        self->context = NULL;
    }
}

void producer_destroy (producer_t **self)
{
    if (*self) {
        disconnect (*self);
        free ((*self)->rows);
        free ((*self)->symbols);
        free (*self);
        *self = NULL;
    }
}

size_t producer_count (const producer_t *self)
{
    return self->count;
}

size_t producer_sent (const producer_t *self)
{
    return self->sent;
}

size_t producer_before (const producer_t *self, const char *moment)
{
    size_t count = 0;
    if (strlen (moment) < 2) {
        return *moment ? self->count : 0;
    }
    int64_t ts = read_ts (moment);
    while (count < self->count && self->rows[count].ts < ts) {
        count++;
    }
    return count;
}

size_t producer_symbols (const producer_t *self)
{
    return self->symbol_count;
}

const char *producer_symbol (const producer_t *self, size_t index)
{
    return self->symbols[index % self->symbol_count].name;
}

const char *producer_streams (const producer_t *self)
{
    return self->streams;
}

/* ---- sending ---- */

static void next_id (producer_t *self, row_t *row)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    uint64_t now_ms = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
    self->id_number = now_ms > self->id_ms ? 0 : self->id_number + 1;
    self->id_ms = now_ms > self->id_ms ? now_ms : self->id_ms;
    row->id_ms = self->id_ms;
    row->id_number = self->id_number;
}

const char *producer_next_id (producer_t *self, char id[static PRODUCER_ID])
{
    row_t row;
    next_id (self, &row);
    snprintf (id, PRODUCER_ID, "%" PRIu64 "-%" PRIu64, row.id_ms, row.id_number);
    return id;
}

static void append (producer_t *self, const row_t *row)
{
    const source_symbol_t *symbol = &self->symbols[row->symbol];
    redisAppendCommand (self->context,
                        "XADD %s %" PRIu64 "-%" PRIu64 " symbol %s timestamp %" PRId64
                        "000 open %s high %s low %s close %s volume %s",
                        symbol->key, row->id_ms, row->id_number, symbol->name, row->ts,
                        row->values[0], row->values[1], row->values[2], row->values[3],
                        row->values[4]);
}

/* Writes what was appended. False when the connection is lost. */
static bool flush (producer_t *self)
{
    int done = 0;
    while (!done) {
        if (redisBufferWrite (self->context, &done) != REDIS_OK) {
            return false;
        }
    }
    return true;
}

size_t producer_send (producer_t *self, size_t count)
{
    size_t end = self->sent + count < self->count ? self->sent + count : self->count;
    size_t sent = end - self->sent;
    if (!self->context) {
        self->context = redis_server_connect (self->server);
    }
    for (; self->sent < end; self->sent++) {
        next_id (self, &self->rows[self->sent]);
        append (self, &self->rows[self->sent]);
    }
    flush (self); /* a loss is seen where replies are taken */
    return sent;
}

/* Is the entry there? */
static bool has_entry (producer_t *self, const row_t *row)
{
    redisContext *context = redis_server_connect (self->server);
    redisReply *reply = redisCommand (
        context, "XRANGE %s %" PRIu64 "-%" PRIu64 " %" PRIu64 "-%" PRIu64,
        self->symbols[row->symbol].key, row->id_ms, row->id_number, row->id_ms, row->id_number);
    bool has = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1;
    freeReplyObject (reply);
    redisFree (context);
    return has;
}

/* The replies to what is under way. False when the connection is lost. */
static bool take_replies (producer_t *self)
{
    while (self->answered < self->sent) {
        redisReply *reply;
        if (redisGetReply (self->context, (void **) &reply) != REDIS_OK) {
            return false;
        }
        const row_t *row = &self->rows[self->answered];
        if (reply->type == REDIS_REPLY_ERROR && !has_entry (self, row)) {
            fail (self->symbols[row->symbol].key, reply->str);
        }
        freeReplyObject (reply);
        self->answered++;
    }
    return true;
}

void producer_settle (producer_t *self)
{
    int tries = 0;
    while (self->answered < self->sent && (!self->context || !take_replies (self))) {
        disconnect (self);
        if (++tries > 5) {
            fail ("the server", "goes away again and again");
        }
        self->context = redis_server_connect (self->server);
        for (size_t i = self->answered; i < self->sent; i++) {
            append (self, &self->rows[i]);
        }
        flush (self);
    }
}

size_t producer_entries (producer_t *self)
{
    size_t entries = 0;
    for (size_t i = 0; i < (self->shared ? self->shared : self->symbol_count); i++) {
        char key[32];
        snprintf (key, sizeof key, "candles:%zu", i);
        entries += strtoull (
            redis_server_do (self->server, "XLEN %s", self->shared ? key : self->symbols[i].key),
            NULL, 10);
    }
    return entries;
}
