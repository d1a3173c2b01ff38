#include "load_run.h"

#include "log.h"

#include <stdlib.h>

static int open_source (void *argument, source_t *source, flow_t *flow, entry_id_t begin)
{
    load_run_t *self = argument;
    source_load_config_t config = {.market = self->market,
                                   .streams = self->streams,
                                   .rate = self->rate,
                                   .seconds = self->seconds};
    (void) begin;
    int rc = source_load_open (source, flow, &config);
    self->source = *source;
    return rc;
}

static void put_reference (void *argument, buffer_t *message, uint32_t shard, session_t generation,
                           const char *symbol, day_t day)
{
    load_run_t *self = argument;
    load_market_reference (self->market, message, shard, generation, symbol, day);
}

static day_t next_day (void *argument)
{
    load_run_t *self = argument;
    return load_market_next_day (self->market, source_load_minute (&self->source));
}

/* The clock of the test starts when all is warm. */
static void turn (void *argument, const live_t *live)
{
    load_run_t *self = argument;
    if (!self->begun && source_load_is_warm (&self->source)) {
        self->begun = true;
        live_find_facts (live, &self->begin);
        source_load_begin (&self->source, mono_now ());
    }
}

static void end (void *argument, const live_t *live)
{
    load_run_t *self = argument;
    if (!self->begun) {
        live_find_facts (live, &self->begin);
    }
    live_find_facts (live, &self->end);
    if (self->source.kind) {
        self->sent = source_load_sent (&self->source);
        self->planned = source_load_planned (&self->source);
        self->sent_us = source_load_us (&self->source);
        self->minute = source_load_minute (&self->source);
    }
}

static const live_hooks_t hooks = {
    .reference = put_reference, .next_day = next_day, .turn = turn, .end = end};

void load_run (load_run_t *self)
{
    live_config_t *config = &self->live.config;
    self->market = load_market_new (self->seed, self->count, self->live.job.run.lookback);
    self->live.job.market = market_empty ("load");
    config->market = self->live.job.market;
    config->run = &self->live.job.run;
    config->is_replay = true;
    config->hooks = &hooks;
    config->open_source = open_source;
    config->argument = self;
    live_run (config, &self->result);
}

void load_run_free (load_run_t *self)
{
    live_facts_free (&self->begin);
    live_facts_free (&self->end);
    load_market_destroy (&self->market);
    job_close (&self->live.job);
}
