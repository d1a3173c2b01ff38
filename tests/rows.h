/* rows - CANDLES, made row by row: for tests of what takes them. */
#ifndef ROWS_H
#define ROWS_H

#include "shard.h"
#include "wire.h"

#define ROWS_SYMBOLS 64

/* A value; all zero is empty. */
typedef struct {
    size_t symbol_count, count;
    struct {
        session_t generation;
        uint64_t sequence;
        uint32_t known, end; /* symbols named before it, and with it */
    } last[SHARD_COUNT];     /* item of each shard */
    char symbols[ROWS_SYMBOLS][SYMBOL_MAX + 1];
    uint32_t first; /* the number of symbols[0] in `index` */
    buffer_t index, columns[WIRE_CANDLE_COLUMNS];
} rows_t;

void rows_add (rows_t *self, const char *symbol, const candle_t *candle, int64_t arrival_ms);

/* The item: it points into the rows. It names all of its symbols anew; those of the generation's items
 * before it keep their numbers. An item that is made again has the numbers it had. */
wire_object_t rows_item (rows_t *self, uint32_t shard, session_t generation, uint64_t sequence);

void rows_clear (rows_t *self);
void rows_free (rows_t *self);

#endif
