/* named - whom the rows of CANDLES mean, for tests that read what a broker sends: a symbol is named once in
 * a generation, and numbered from then on. */
#ifndef NAMED_H
#define NAMED_H

#include "shard.h"
#include "wire.h"

/* A value; all zero is empty. */
typedef struct {
    struct {
        session_t generation;
        uint32_t count, capacity;
        char (*names)[SYMBOL_MAX + 1];
    } shards[SHARD_COUNT];
} named_t;

/* Learns the item's names. False when it does not go on from those of its generation: items between were
 * lost, or it is of an older one. */
bool named_take (named_t *self, const wire_candles_t *item);
/* The symbol of a row of the item that was taken last. */
const char *named_symbol (const named_t *self, const wire_candles_t *item, size_t row);
/* A generation that goes on with another's state goes on with its names. */
void named_move (named_t *self, uint32_t shard, session_t generation);
void named_free (named_t *self);

#endif
