/* load_run - a load test: what it is made of, and what was measured.
 *
 *     warm up --all is committed--> facts `begin` --candles of the plan--> all is committed --> facts `end`
 *
 * The loop is that of a live run (live.h), its source and its reference data are made ahead
 * (load_market.h). What is measured lies between the two facts.
 */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include "live_job.h"
#include "source_load.h"

typedef struct {
    live_job_t live; /* scans, sinks, and what the loop is told */
    uint32_t count;
    uint64_t seed, rate;
    uint32_t streams;
    long seconds;
    load_market_t *market;
    source_t source; /* as the loop has it; kind NULL: not open yet */
    bool begun;
    live_facts_t begin, end;
    uint64_t sent, planned; /* candles between the two */
    int64_t sent_us;        /* how long they were handed over for */
    uint64_t minute;        /* that came next at the end, and its symbol */
    live_result_t result;
} load_run_t;

/* Makes the market, and runs. `self->live` is checked, and settings are set; the caller frees by
 * load_run_free. */
void load_run (load_run_t *self);
void load_run_free (load_run_t *self);

#endif
