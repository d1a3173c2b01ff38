/* load_market - the market of a load test: made ahead by the generator, kept in memory.
 *
 *     generator --> daily candles of each symbol (as many as scans look back) --> REFERENCE of any day
 *              \--> a ring of minutes --> candle of (symbol, minute), minute 0, 1, 2... without end
 *
 * Every weekday from LOAD_FIRST_DAY on is a trading day of LOAD_DAY_MINUTES candles of each symbol,
 * 04:00-19:59 exchange time. Prices come round again after the ring's minutes, and each day looks back on
 * the same daily candles under other dates: so it can go on for two hundred years in a few megabytes.
 *
 * Hits that can be counted. In one of LOAD_HIT_EVERY places of the ring the candle is made to close
 * above its open by more than the widest true range of the symbol's daily candles; all others by less
 * than half of the narrowest. So the scan LOAD_SCAN, a rise of one candle by half of the ATR, hits the
 * ones and none of the others, and how many hits a run must give is known before it.
 *
 * Memory: 20 bytes for each row of the ring, which has at most LOAD_RING_ROWS or 8 minutes of all
 * symbols, and for each daily candle: 6 MB for 10,000 symbols and LOAD_SCAN.
 */
#ifndef LOAD_MARKET_H
#define LOAD_MARKET_H

#include "candle.h"
#include "link.h"
#include "memory.h"

#define LOAD_FIRST_DAY   10959 /* 2000-01-03, a Monday */
#define LOAD_DAY_MINUTES 960
#define LOAD_RING_ROWS   131072
#define LOAD_HIT_EVERY   256
#define LOAD_SCAN                                                                                  \
    "load:atr_parabolic_up,min_atr_multiplier=0.5,min_volume=0,min_adv=0,min_adr=0,"               \
    "atr_lookback=14,start_time=04:00,end_time=19:59,include_null_market_cap"

typedef struct load_market load_market_t;

/* `lookback`: trading days of daily candles that each day has before it. */
load_market_t *load_market_new (uint64_t seed, uint32_t count, int lookback);
void load_market_destroy (load_market_t **self);

uint32_t load_market_count (const load_market_t *self);
const char *load_market_symbol (const load_market_t *self, uint32_t symbol);
/* The symbol of that name, UINT32_MAX when there is none. */
uint32_t load_market_find (const load_market_t *self, const char *name);

/* When minute `minute` begins: seconds; -1 past the last day that there is (DAY_LAST). */
int64_t load_market_ts (load_market_t *self, uint64_t minute);
/* The minute that begins at `ts`, one that load_market_ts has given. */
uint64_t load_market_minute (load_market_t *self, int64_t ts);
/* The trading day of the minute, and the one after it. */
day_t load_market_day (load_market_t *self, uint64_t minute);
day_t load_market_next_day (load_market_t *self, uint64_t minute);

/* The candle of a symbol in a minute, but for its ts. Prices are whole cents. */
void load_market_candle (const load_market_t *self, uint32_t symbol, uint64_t minute,
                         candle_t *candle);
/* The candles of `count` symbols from `symbol` on, ts too. */
void load_market_candles (load_market_t *self, uint32_t symbol, uint32_t count, uint64_t minute,
                          candle_t *candles);

/* How many candles hit LOAD_SCAN of those before candle `symbol` of `minute`, minutes before symbols. */
uint64_t load_market_hits (const load_market_t *self, uint64_t minute, uint32_t symbol);

/* Appends the symbol's REFERENCE for a trading day, as reference_put does from files. A name that is not
 * of this market has no daily candles. */
void load_market_reference (load_market_t *self, buffer_t *message, uint32_t shard,
                            session_t generation, const char *symbol, day_t day);

#endif
