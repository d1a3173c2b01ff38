#include "live_load.h"

#include "bare_xread.h"
#include "check.h"
#include "memory.h"
#include "spawn.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_S INT64_C (1899639000) /* 2030-03-13 09:30 of the exchange */

enum { WORDS = 17, EACH = 1000, ID = 48 };

typedef struct {
    char *name, *key;
    double price;
} symbol_t;

struct live_load {
    redis_server_t *server;
    redisContext *context;
    char *prefix;
    unsigned shared;
    size_t count, capacity, made;
    symbol_t *symbols;
};

static double last_close (const char *data, const char *symbol)
{
    char *path = memory_format ("%s/data/candles/%s/1d/2030.csv", data, symbol);
    char *bytes = file_read (path, NULL), *rest = bytes, *line;
    double close = 10, value;
    while (rest && (line = strsep (&rest, "\n"))) {
        if (strcmp (line, LIVE_LOAD_FIRST) < 0 &&
            sscanf (line, "%*[^,],%*[^,],%*[^,],%*[^,],%lf", &value) == 1) {
            close = value;
        }
    }
    free (bytes);
    free (path);
    return close;
}

static void add_symbol (live_load_t *self, const char *data, const char *name)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity * 2 + 1024;
        self->symbols = memory_resize (self->symbols, self->capacity, sizeof *self->symbols);
    }
    symbol_t *symbol = &self->symbols[self->count];
    symbol->name = memory_text (name);
    symbol->price = last_close (data, name);
    symbol->key = self->shared ? memory_format ("%s:%zu", self->prefix, self->count % self->shared)
                               : memory_format ("candles_min_%s", name);
    self->count++;
}

live_load_t *live_load_new (redis_server_t *server, const char *data, unsigned shared,
                            const char *prefix)
{
    live_load_t *self = memory_new (sizeof *self);
    self->server = server;
    self->context = redis_server_connect (server);
    self->shared = shared;
    self->prefix = memory_text (prefix);
    char *path = memory_format ("%s/data/candles", data);
    DIR *folder = opendir (path);
    const struct dirent *entry;
    while (folder && (entry = readdir (folder))) {
        if (entry->d_name[0] != '.') {
            add_symbol (self, data, entry->d_name);
        }
    }
    closedir (folder);
    free (path);
    return self;
}

void live_load_destroy (live_load_t **self)
{
    live_load_t *load = *self;
    if (!load) {
        return;
    }
    for (size_t i = 0; i < load->count; i++) {
        free (load->symbols[i].name);
        free (load->symbols[i].key);
    }
    redisFree (load->context);
    free (load->symbols);
    free (load->prefix);
    free (load);
    *self = NULL;
}

size_t live_load_symbols (const live_load_t *self)
{
    return self->count;
}

/* ---- producing */

static void append (live_load_t *self, const symbol_t *symbol, int minute, bool hits)
{
    char id[ID], ts[32], prices[2][32];
    snprintf (id, sizeof id, "%" PRId64 "000-*", OPEN_S + minute * 60 + 60);
    snprintf (ts, sizeof ts, "%" PRId64 "000", OPEN_S + minute * 60);
    snprintf (prices[0], sizeof prices[0], "%.2f", symbol->price);
    snprintf (prices[1], sizeof prices[1], "%.2f", hits ? symbol->price * 1.5 : symbol->price);
    const char *words[WORDS] = {"XADD",      symbol->key, id,        "symbol",  symbol->name,
                                "timestamp", ts,          "open",    prices[0], "high",
                                prices[1],   "low",       prices[0], "close",   prices[1],
                                "volume",    "12345"};
    redisAppendCommandArgv (self->context, WORDS, words, NULL);
}

size_t live_load_minute (live_load_t *self, int minute, size_t from, size_t to, size_t every,
                         size_t last)
{
    size_t hits = 0;
    for (size_t i = from; i < to; i++) {
        bool hit = (every > 0 && i % every == 0) || i + last >= to;
        append (self, &self->symbols[i], minute, hit);
        hits += hit;
        self->made++;
    }
    return hits;
}

mono_t live_load_send (live_load_t *self)
{
    mono_t start = mono_now ();
    int done = 0;
    while (!done) {
        assert_int_equal (redisBufferWrite (self->context, &done), REDIS_OK);
    }
    for (; self->made > 0; self->made--) {
        redisReply *reply;
        assert_int_equal (redisGetReply (self->context, (void **) &reply), REDIS_OK);
        assert_int_equal (reply->type, REDIS_REPLY_STRING);
        freeReplyObject (reply);
    }
    return start;
}

void live_load_copy (const live_load_t *self, const char *prefix)
{
    for (unsigned k = 0; k < self->shared; k++) {
        redis_server_do (self->server, "COPY %s:%u %s:%u", self->prefix, k, prefix, k);
    }
}

void live_load_rename (live_load_t *self, const char *prefix)
{
    redis_server_do (self->server, "MULTI");
    for (unsigned k = 0; k < self->shared; k++) {
        redis_server_do (self->server, "RENAME %s:%u %s:%u", self->prefix, k, prefix, k);
    }
    redis_server_do (self->server, "EXEC");
    free (self->prefix);
    self->prefix = memory_text (prefix);
    for (size_t i = 0; i < self->count; i++) {
        free (self->symbols[i].key);
        self->symbols[i].key = memory_format ("%s:%zu", prefix, i % self->shared);
    }
}

/* ---- reading, and nothing else */

uint64_t live_load_drain (live_load_t *self)
{
    char (*keys)[BARE_XREAD_KEY] = memory_new (self->shared * sizeof *keys);
    redisContext *context = redis_server_connect (self->server);
    for (unsigned k = 0; k < self->shared; k++) {
        snprintf (keys[k], BARE_XREAD_KEY, "%.40s:%u", self->prefix, k);
    }
    int64_t entries = bare_xread (context->fd, keys, self->shared, EACH);
    assert_true (entries >= 0);
    redisFree (context);
    free (keys);
    return (uint64_t) entries;
}
