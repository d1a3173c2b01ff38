#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

/* Most rows name the symbol of the row before, or few others. */
static uint32_t index_of (rows_t *self, const char *symbol)
{
    for (size_t i = self->symbol_count; i > 0; i--) {
        if (strcmp (self->symbols[i - 1], symbol) == 0) {
            return (uint32_t) (i - 1);
        }
    }
    assert_true (self->symbol_count < ROWS_SYMBOLS);
    snprintf (self->symbols[self->symbol_count], sizeof *self->symbols, "%s", symbol);
    return (uint32_t) self->symbol_count++;
}

void rows_add (rows_t *self, const char *symbol, const candle_t *candle, int64_t arrival_ms)
{
    uint32_t index = self->first + index_of (self, symbol);
    buffer_append (&self->index, &index, sizeof index);
    buffer_append (&self->columns[WIRE_COLUMN_TS], &candle->ts, 8);
    buffer_append (&self->columns[WIRE_COLUMN_ARRIVAL], &arrival_ms, 8);
    buffer_append (&self->columns[WIRE_COLUMN_OPEN], &candle->open, 8);
    buffer_append (&self->columns[WIRE_COLUMN_HIGH], &candle->high, 8);
    buffer_append (&self->columns[WIRE_COLUMN_LOW], &candle->low, 8);
    buffer_append (&self->columns[WIRE_COLUMN_CLOSE], &candle->close, 8);
    buffer_append (&self->columns[WIRE_COLUMN_VOLUME], &candle->volume, 8);
    self->count++;
}

/* How many symbols the generation's items before this one named. */
static uint32_t count_known (rows_t *self, uint32_t shard, session_t generation, uint64_t sequence)
{
    bool same = session_compare (generation, self->last[shard].generation) == 0;
    uint32_t known = !same || sequence == 1                   ? 0
                     : sequence == self->last[shard].sequence ? self->last[shard].known
                                                              : self->last[shard].end;
    self->last[shard].generation = generation;
    self->last[shard].sequence = sequence;
    self->last[shard].known = known;
    self->last[shard].end = known + (uint32_t) self->symbol_count;
    return known;
}

/* Rows are numbered from the item's own first symbol on: moves them to where it goes on. */
static void move_numbers (rows_t *self, uint32_t by)
{
    for (size_t at = 0; at < self->index.size; at += 4) {
        uint32_t number;
        memcpy (&number, self->index.bytes + at, sizeof number);
        number += by - self->first;
        memcpy (self->index.bytes + at, &number, sizeof number);
    }
    self->first = by;
}

wire_object_t rows_item (rows_t *self, uint32_t shard, session_t generation, uint64_t sequence)
{
    uint32_t known = count_known (self, shard, generation, sequence);
    move_numbers (self, known);
    wire_object_t object = {.kind = WIRE_CANDLES,
                            .candles = {.shard = shard,
                                        .generation = generation,
                                        .sequence = sequence,
                                        .known = known,
                                        .symbol_count = self->symbol_count,
                                        .symbols = self->symbols,
                                        .count = self->count,
                                        .symbol = {self->index.bytes, self->index.size}}};
    for (size_t i = 0; i < WIRE_CANDLE_COLUMNS; i++) {
        object.candles.columns[i] = (wire_bytes_t){self->columns[i].bytes, self->columns[i].size};
    }
    return object;
}

void rows_clear (rows_t *self)
{
    self->symbol_count = self->count = self->index.size = self->first = 0;
    for (size_t i = 0; i < WIRE_CANDLE_COLUMNS; i++) {
        self->columns[i].size = 0;
    }
}

void rows_free (rows_t *self)
{
    buffer_free (&self->index);
    for (size_t i = 0; i < WIRE_CANDLE_COLUMNS; i++) {
        buffer_free (&self->columns[i]);
    }
    *self = (rows_t){0};
}
