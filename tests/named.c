#include "named.h"

#include <stdlib.h>
#include <string.h>

bool named_take (named_t *self, const wire_candles_t *item)
{
    int order = session_compare (item->generation, self->shards[item->shard].generation);
    uint32_t *count = &self->shards[item->shard].count;
    if (order > 0) {
        self->shards[item->shard].generation = item->generation;
        *count = 0;
    }
    if (order < 0 || item->known != *count) {
        return false;
    }
    uint32_t end = *count + (uint32_t) item->symbol_count;
    if (end > self->shards[item->shard].capacity) {
        self->shards[item->shard].capacity = end * 2;
        self->shards[item->shard].names =
            memory_resize (self->shards[item->shard].names, (size_t) end * 2, SYMBOL_MAX + 1);
    }
    for (size_t i = 0; i < item->symbol_count; i++) {
        memcpy (self->shards[item->shard].names[(*count)++], item->symbols[i], SYMBOL_MAX + 1);
    }
    return true;
}

const char *named_symbol (const named_t *self, const wire_candles_t *item, size_t row)
{
    uint32_t number;
    memcpy (&number, item->symbol.bytes + row * sizeof number, sizeof number);
    return self->shards[item->shard].names[number];
}

void named_move (named_t *self, uint32_t shard, session_t generation)
{
    self->shards[shard].generation = generation;
}

void named_free (named_t *self)
{
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        free (self->shards[i].names);
    }
    memset (self, 0, sizeof *self);
}
