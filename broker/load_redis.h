/* load_redis - a process of its own that sends a load test's candles into Redis streams.
 *
 *     broker --fork--> producer: connects, XADDs minute 0 --READY--> GO (begin): candles by the plan --SENT...
 *                                             STOP: no more                    CLEAN, or our end: UNLINK, exit
 *
 * A process, so that what it does is not in the broker's figures, and so that its keys go whatever becomes of the
 * broker: it ignores INT and TERM, and when the broker is gone it removes them and ends. The streams are
 * "PREFIX:SYMBOL" when each symbol has its own, else "PREFIX:0:shared", "PREFIX:1:shared"..., under a prefix that no
 * other run has; ids are the server's.
 *
 * Open loop, as source_load: a candle is sent at its planned time or as soon after as Redis takes it.
 */
#ifndef LOAD_REDIS_H
#define LOAD_REDIS_H

#include "load_market.h"

#include <stdbool.h>

#define LOAD_PREFIX_TEXT 48

typedef struct {
    load_market_t *market; /* the child has a copy of its own */
    const char *url, *user, *password_file;
    uint32_t streams;
    uint64_t rate; /* 0: as fast as Redis takes them */
    long seconds;
} load_redis_config_t;

typedef struct load_redis load_redis_t;

/* What it said last. */
typedef struct {
    bool failed; /* it lost the server, or has ended: it said why */
    bool done;   /* all is sent and answered */
    uint64_t sent;
    int64_t us;      /* from the beginning to the last candle */
    uint64_t minute; /* that comes next, and its symbol */
    uint32_t symbol;
    uint64_t cpu_us, memory_bytes;
} load_redis_state_t;

/* Starts it and waits until minute 0 is in the streams. NULL with the error logged: no such server, no answer
 * within 5 s, no process. Must be called before there are threads. */
load_redis_t *load_redis_start (const load_redis_config_t *config);

/* The pattern of the streams' names, for live's --streams. */
const char *load_redis_pattern (const load_redis_t *self);

/* The plan begins at `begin_us` of the monotonic clock. */
void load_redis_go (load_redis_t *self, int64_t begin_us);
/* No more is sent: `done` comes soon. */
void load_redis_stop (load_redis_t *self);

/* What it said up to now; never waits. */
const load_redis_state_t *load_redis_state (load_redis_t *self);

/* Removes the keys, ends the process and waits for it, 10 s at most. Takes NULL. */
void load_redis_end (load_redis_t **self);

#endif
