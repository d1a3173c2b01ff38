#include "redis_request.h"

#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_BEFORE 4 /* XREAD COUNT n STREAMS */

void redis_request_clear (redis_request_t *self)
{
    self->count = 0;
}

static void grow (redis_request_t *self)
{
    uint32_t capacity = self->capacity = self->capacity * 2 + 64;
    self->rows = memory_resize (self->rows, capacity, sizeof *self->rows);
    self->names = memory_resize (self->names, capacity, sizeof *self->names);
    self->after = memory_resize (self->after, capacity, sizeof *self->after);
    self->last = memory_resize (self->last, capacity, sizeof *self->last);
    self->seen = memory_resize (self->seen, capacity, sizeof *self->seen);
}

void redis_request_add (redis_request_t *self, uint32_t row, const char *name, entry_id_t after)
{
    if (self->count == self->capacity) {
        grow (self);
    }
    uint32_t k = self->count++;
    self->rows[k] = row;
    self->names[k] = name;
    self->after[k] = self->last[k] = after;
    self->seen[k] = 0;
}

void redis_request_free (redis_request_t *self)
{
    free (self->rows);
    free (self->names);
    free (self->after);
    free (self->last);
    free (self->seen);
    *self = (redis_request_t){0};
}

static void put (redis_t *redis, const char *word)
{
    redis_put_word (redis, word, strlen (word));
}

void redis_request_send (redis_request_t *self, redis_t *redis, uint32_t each, int64_t block_ms)
{
    char number[24], id[ENTRY_ID_TEXT];
    self->each = each;
    redis_begin_command (redis, WORDS_BEFORE + 2 * (size_t) self->count + (block_ms > 0 ? 2 : 0));
    put (redis, "XREAD");
    put (redis, "COUNT");
    snprintf (number, sizeof number, "%" PRIu32, each);
    put (redis, number);
    if (block_ms > 0) {
        put (redis, "BLOCK");
        snprintf (number, sizeof number, "%" PRId64, block_ms);
        put (redis, number);
    }
    put (redis, "STREAMS");
    for (uint32_t k = 0; k < self->count; k++) {
        put (redis, self->names[k]);
    }
    for (uint32_t k = 0; k < self->count; k++) {
        put (redis, entry_id_format (self->after[k], id));
    }
}

void redis_request_expect (const redis_request_t *self, redis_entries_t *entries)
{
    redis_entries_ask (entries, self->count, self->names, self->after, self->each);
}
