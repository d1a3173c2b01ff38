/* live_load - a whole market's minutes put into Redis streams as fast as the server takes them.
 *
 *     DIR/data/candles/SYMBOL/1d/2030.csv --last close--> quiet candles, and those that hit
 *         --live_load_minute--> commands, ready to be sent --live_load_send--> streams
 *
 * Candles are of 2030-03-13, minute 0 is 09:30; negative ones come before. They arrive at their end, by ids
 * of ours: a day of the past would be closed by the server's time, and reference data that goes ahead
 * would be that of another day. A candle that is to hit rises by half of its price; a quiet one by
 * nothing.
 */
#ifndef LIVE_LOAD_H
#define LIVE_LOAD_H

#include "clock.h"
#include "redis_server.h"

#include <stddef.h>
#include <stdint.h>

#define LIVE_LOAD_FIRST "2030-03-13"

typedef struct live_load live_load_t;

/* The market's symbols below `data`. With `shared` 0 a stream for each, candles_min_SYMBOL, else that
 * many: PREFIX:0, PREFIX:1... */
live_load_t *live_load_new (redis_server_t *server, const char *data, unsigned shared,
                            const char *prefix);
void live_load_destroy (live_load_t **self);

size_t live_load_symbols (const live_load_t *self);

/* Makes the commands of the symbols [from, to) for minute `minute`, behind those made before. Of each
 * `every` symbols one hits, and of the last `last` all; 0: none. How many hit. */
size_t live_load_minute (live_load_t *self, int minute, size_t from, size_t to, size_t every,
                         size_t last);

/* Sends what was made, and waits for all replies. The moment before the first byte went. */
mono_t live_load_send (live_load_t *self);

/* Copies of the streams, of `shared`, with another prefix. */
void live_load_copy (const live_load_t *self, const char *prefix);

/* The streams, of `shared`, get another prefix, all at once; what had it is no more. */
void live_load_rename (live_load_t *self, const char *prefix);

/* Reads all of the shared streams as fast as the server gives them (bare_xread.h): the number of
 * entries. */
uint64_t live_load_drain (live_load_t *self);

#endif
