/* source_load - the source of a load test: candles made ahead, handed over by a plan.
 *
 *     warm up:  minute 0 of all symbols; then it waits until all of it is committed
 *     begin:    candle i = 0, 1, 2... is planned at begin + i / rate, symbols before minutes, from minute 1
 *
 * Open loop: what is planned does not wait for what came before. A candle that could not be handed over in
 * time keeps its planned time as its stamp, so whoever holds the test up is seen in the age of every candle
 * that it delays. Without a rate a candle is planned when there is room for it.
 *
 * The candles are in streams "load:0", "load:1"..., symbol s in stream s modulo their number; the id of an
 * entry is (the end of its minute, s): so it can be made again from its id, and nothing of it is kept.
 */
#ifndef SOURCE_LOAD_H
#define SOURCE_LOAD_H

#include "load_market.h"
#include "source.h"

typedef struct {
    load_market_t *market; /* outlives it */
    uint32_t streams;
    uint64_t rate; /* candles a second; 0: as fast as it goes */
    long seconds;
} source_load_config_t;

/* 0; -1 with the error logged when the clock or a stream cannot be had. */
int source_load_open (source_t *source, flow_t *flow, const source_load_config_t *config);

/* Is every symbol's first minute committed? Then it waits for source_load_begin. */
bool source_load_is_warm (const source_t *source);
void source_load_begin (const source_t *source, mono_t now);

/* Candles handed over since the beginning. */
uint64_t source_load_sent (const source_t *source);
/* The minute that comes next, and its symbol. */
uint64_t source_load_minute (const source_t *source);
uint32_t source_load_symbol (const source_t *source);
/* How long it handed over for: microseconds until the last candle. */
int64_t source_load_us (const source_t *source);

#endif
