/* producer - puts a market's 1-minute candles into Redis streams, in the order of time, each once, though
 * the server may be killed under it.
 *
 *     DIR/data/candles/SYMBOL/1min/KEY.csv --> candles by minute, symbol --XADD with an id of ours--> streams
 *
 * An id that is ours makes a repeat harmless: what was sent and not answered is sent again with its id;
 * the server takes it, or says that it has it.
 */
#ifndef PRODUCER_H
#define PRODUCER_H

#include "redis_server.h"

#include <stddef.h>
#include <stdint.h>

typedef struct producer producer_t;

/* The candles of the days FROM..TO (of their UTC texts, inclusive; "" and "9" are all) below `data`. With
 * `shared` 0 a stream for each symbol, candles_min_SYMBOL, else that many: candles:0, candles:1... Of
 * each symbol the last candle is the last one of a bucket of 5 minutes, so that at the end none is
 * open. */
producer_t *producer_new (redis_server_t *server, const char *data, const char *from,
                          const char *to, unsigned shared);
void producer_destroy (producer_t **self);

size_t producer_count (const producer_t *self); /* of all */
size_t producer_sent (const producer_t *self);

size_t producer_symbols (const producer_t *self);

/* How many lie before a moment, "2023-03-07 05:00" in UTC; "" is the first's, "9" the end. */
size_t producer_before (const producer_t *self, const char *moment);
const char *producer_symbol (const producer_t *self, size_t index);

/* An id for an entry of another's, between those of the candles. */
#define PRODUCER_ID 48 /* bytes with its NUL */
const char *producer_next_id (producer_t *self, char id[static PRODUCER_ID]);

/* Sends up to `count` more without waiting for replies; how many. */
size_t producer_send (producer_t *self, size_t count);

/* Takes all replies. After a lost connection it connects again and sends again what was not answered: the
 * server must be up. Fails the test when an entry that was answered is not there. */
void producer_settle (producer_t *self);

/* Number of entries that all streams have. */
size_t producer_entries (producer_t *self);

/* The value of --streams. */
const char *producer_streams (const producer_t *self);

#endif
