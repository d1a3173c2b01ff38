#include "redis_request.h"

#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_BEFORE 6 /* XREAD COUNT n BLOCK ms STREAMS */

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
    self->ids = memory_resize (self->ids, capacity, sizeof *self->ids);
    self->words =
        memory_resize (self->words, 2 * (size_t) capacity + WORDS_BEFORE, sizeof *self->words);
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
    free (self->ids);
    free (self->words);
    *self = (redis_request_t){0};
}

void redis_request_send (redis_request_t *self, redis_t *redis, uint32_t each, int64_t block_ms)
{
    char count[16], block[24];
    size_t words = 0;
    self->each = each;
    snprintf (count, sizeof count, "%" PRIu32, each);
    self->words[words++] = "XREAD";
    self->words[words++] = "COUNT";
    self->words[words++] = count;
    if (block_ms > 0) {
        snprintf (block, sizeof block, "%" PRId64, block_ms);
        self->words[words++] = "BLOCK";
        self->words[words++] = block;
    }
    self->words[words++] = "STREAMS";
    memcpy (self->words + words, self->names, self->count * sizeof *self->names);
    words += self->count;
    for (uint32_t k = 0; k < self->count; k++) {
        self->words[words++] = entry_id_format (self->after[k], self->ids[k]);
    }
    redis_command (redis, words, self->words, NULL);
}

void redis_request_expect (const redis_request_t *self, redis_entries_t *entries)
{
    redis_entries_ask (entries, self->count, self->names, self->after, self->each);
}
