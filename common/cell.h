/* cell - which part of the market a broker has: of N brokers number I has the shards with shard mod N = I.
 *
 *     symbol --shard_of--> shard --mod N--> I
 *     PREFIX*            a stream for each symbol: it is of the symbol's part
 *     NAME:J/M           a stream that symbols share, of those whose shard mod M = J alone: when N divides M, it is
 *                        wholly of the part J mod N; so streams that are cut in 16 serve 1, 2, 4, 8 or 16 brokers
 *     NAME               any symbol may be in it: only a broker that has all may read it
 *
 * Part of the format of streams that producers share: pinned by a test.
 */
#ifndef CELL_H
#define CELL_H

#include "shard.h"

#include <stdbool.h>

typedef struct {
    unsigned index, count; /* I and N; {0, 0} is the same as {0, 1}: all */
} cell_t;

/* "I/N", 0 <= I < N <= SHARD_COUNT. False when it is something else. */
bool cell_parse (const char *text, cell_t *cell);

bool cell_is_whole (cell_t self);
bool cell_has_shard (cell_t self, unsigned shard);
bool cell_has_symbol (cell_t self, const char *symbol);

typedef enum {
    CELL_OURS,
    CELL_THEIRS,
    CELL_MIXED /* symbols of several parts may be in it */
} cell_verdict_t;

/* Of a stream of that name; `symbol`: whose alone it is, or NULL. */
cell_verdict_t cell_stream (cell_t self, const char *name, const char *symbol);

#endif
