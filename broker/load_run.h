/* load_run - a load test: what it is made of, and what was measured.
 *
 *     warm up --all is committed--> facts `begin` --candles of the plan--> all is committed --> facts `end`
 *
 * The loop is that of a live run (live.h); its reference data is made ahead (load_market.h), and so are its
 * candles, which come from memory (source_load.h), or through Redis from a process of their own (load_redis.h).
 * What is measured lies between the two facts.
 */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include "live_job.h"
#include "load_redis.h"
#include "source_load.h"

typedef struct {
    /* settings */
    live_job_t live; /* scans, sinks, and what the loop is told */
    bool own_scan;   /* it is LOAD_SCAN: hits can be counted */
    uint32_t count;
    uint64_t seed, rate; /* rate 0: as fast as it goes */
    uint32_t streams;
    long seconds;
    const char *url; /* NULL: not through Redis */
    /* what it runs on */
    load_market_t *market;
    load_redis_t *redis;
    source_t source; /* of memory; kind NULL: it is not open yet, or there is none */
    flow_t *flow;
    uint32_t *plan_of; /* the market's symbol by the flow's; UINT32_MAX: not asked yet */
    uint64_t minute;   /* the last that is known to have come */
    bool begun, ended;
    mono_t started, looked;
    int64_t begin_us, steady_us; /* of the wall clock; see planned */
    /* what was measured */
    live_facts_t begin, end;
    uint64_t sent, planned; /* candles between the two */
    int64_t sent_us;        /* how long they were sent for */
    uint32_t symbol;        /* of `minute`, that comes next */
    bool prefix;            /* those are the first of the plan: up to minute and symbol */
    live_process_t producer;
    bool journal_counted;
    uint64_t journal_rows, journal_distinct;
    live_result_t result;
} load_run_t;

/* Makes the market, and runs. 0, or -1 with the error logged when it could not begin. The settings are set and
 * checked; the caller frees by load_run_free in any case. */
int load_run (load_run_t *self);
void load_run_free (load_run_t *self);

#endif
