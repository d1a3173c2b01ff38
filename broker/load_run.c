#include "load_run.h"

#include "journal_count.h"
#include "load_plan.h"
#include "local.h"
#include "log.h"

#include <stdlib.h>

#define LOOK_MS 1     /* is anything being read again? */
#define WARM_MS 60000 /* workers and journal have so long to get ready */
#define SAY_MS  1000  /* workers that live have said what they scanned by then */

/* ---- the source ---- */

static int open_memory (void *argument, source_t *source, flow_t *flow, entry_id_t begin)
{
    load_run_t *self = argument;
    source_load_config_t config = {.market = self->market,
                                   .streams = self->streams,
                                   .rate = self->rate,
                                   .seconds = self->seconds};
    (void) begin;
    int rc = source_load_open (source, flow, &config);
    self->source = *source;
    self->flow = flow;
    return rc;
}

static int open_redis (void *argument, source_t *source, flow_t *flow, entry_id_t begin)
{
    load_run_t *self = argument;
    char error[256];
    source_redis_config_t config = self->live.redis;
    config.streams = load_redis_pattern (self->redis);
    config.begin = begin;
    self->flow = flow;
    if (source_redis_open (source, flow, &config, error, sizeof error) != 0) {
        log_error ("%s", error);
        return -1;
    }
    return 0;
}

/* ---- what the loop asks ---- */

static void put_reference (void *argument, buffer_t *message, uint32_t shard, session_t generation,
                           const char *symbol, day_t day)
{
    load_run_t *self = argument;
    load_market_reference (self->market, message, shard, generation, symbol, day);
}

static day_t next_day (void *argument)
{
    load_run_t *self = argument;
    if (self->source.kind) {
        self->minute = source_load_minute (&self->source);
    }
    return load_market_next_day (self->market, self->minute);
}

/* Which symbol of the plan it is. */
static uint32_t plan_of (load_run_t *self, uint32_t symbol)
{
    uint32_t *known = &self->plan_of[symbol];
    if (*known == UINT32_MAX) {
        *known = load_market_find (self->market, flow_symbol (self->flow, symbol));
    }
    return *known;
}

/* Of entries that came through Redis. What was delayed by a trouble that is being mended keeps its planned time;
 * what was read before it is likely to have been committed already, and counts from now. */
static int64_t plan_candle (void *argument, uint32_t symbol, int64_t ts, bool again)
{
    load_run_t *self = argument;
    uint64_t minute = load_market_minute (self->market, ts);
    self->minute = minute > self->minute ? minute : self->minute;
    if (!self->begun || minute == 0) {
        return 0; /* to warm up */
    }
    uint32_t number = self->rate > 0 ? plan_of (self, symbol) : UINT32_MAX;
    if (number == UINT32_MAX) {
        return -1;
    }
    uint64_t i = (minute - 1) * self->count + number;
    int64_t planned = self->begin_us + load_plan_us (self->rate, i);
    return again && planned <= self->steady_us ? -1 : planned;
}

static bool is_over (void *argument)
{
    load_run_t *self = argument;
    if (!self->redis || !self->begun) {
        return false;
    }
    const load_redis_state_t *state = load_redis_state (self->redis);
    flow_stats_t stats;
    flow_stats (self->flow, &stats);
    return state->done && stats.entries - self->begin.flow.entries >= state->sent;
}

/* ---- beginning and end ---- */

/* Every symbol has its reference data by then, its place in the journal and in its worker. */
static bool is_warm (const load_run_t *self)
{
    flow_stats_t stats;
    if (self->source.kind) {
        return source_load_is_warm (&self->source);
    }
    flow_stats (self->flow, &stats);
    return stats.passed == self->count && stats.committed == self->count && stats.unattached == 0 &&
           stats.outstanding_shards == 0;
}

/* The clock of the test starts. */
static void begin (load_run_t *self, const live_t *live)
{
    self->begun = true;
    live_find_facts (live, &self->begin);
    mono_t now = mono_now ();
    self->begin_us = self->steady_us = wall_now_us ();
    if (self->source.kind) {
        source_load_begin (&self->source, now);
    } else {
        load_redis_go (self->redis, now.us);
    }
    log_info ("%u symbols are ready: the test begins, for %ld s", self->count, self->seconds);
}

static void turn (void *argument, live_t *live)
{
    load_run_t *self = argument;
    mono_t now = mono_now ();
    if (mono_ms (self->looked, now) < LOOK_MS) {
        return;
    }
    self->looked = now;
    if (!self->begun && is_warm (self)) {
        begin (self, live);
    } else if (!self->begun && mono_ms (self->started, now) > WARM_MS) {
        log_error (
            "not all symbols' first candles were committed within %d s: the test cannot begin",
            WARM_MS / 1000);
        live_fail (live);
    }
    if (self->redis && load_redis_state (self->redis)->failed) {
        live_fail (live); /* it said why */
    }
    if (flow_unattached (self->flow) == 0) {
        self->steady_us = wall_now_us ();
    }
}

static void note_sent (load_run_t *self)
{
    self->planned = self->rate * (uint64_t) self->seconds;
    if (self->source.kind) {
        self->sent = source_load_sent (&self->source);
        self->sent_us = source_load_us (&self->source);
        self->minute = source_load_minute (&self->source);
        self->symbol = source_load_symbol (&self->source);
        self->prefix = true;
    } else if (self->redis) {
        const load_redis_state_t *state = load_redis_state (self->redis);
        self->sent_us = state->us;
        self->minute = state->minute;
        self->symbol = state->symbol;
        self->prefix = state->done;
        self->sent = state->done ? state->sent : self->end.flow.entries - self->begin.flow.entries;
        self->producer =
            (live_process_t){.cpu_us = state->cpu_us, .memory_bytes = state->memory_bytes};
    }
}

static uint64_t scanned (const live_facts_t *facts)
{
    uint64_t candles = 0;
    for (uint32_t w = 0; w < facts->worker_count; w++) {
        candles += facts->workers[w].candles;
    }
    return candles;
}

/* The time is that of the first call; what the workers scanned is not known before they said so, which may be a
 * little after the journal had it. A worker that was killed took what it had not said with it. */
static bool end (void *argument, const live_t *live, bool last)
{
    load_run_t *self = argument;
    mono_t at = self->ended ? self->end.at : mono_now ();
    live_facts_free (&self->end);
    live_find_facts (live, &self->end);
    self->end.at = at;
    self->ended = true;
    if (!self->begun) {
        live_facts_free (&self->begin);
        live_find_facts (live, &self->begin);
    }
    bool whole =
        scanned (&self->end) >= self->end.ages.candles || mono_ms (at, mono_now ()) >= SAY_MS;
    if (whole || last) {
        note_sent (self);
    }
    return whole;
}

static const live_hooks_t of_memory = {
    .reference = put_reference, .next_day = next_day, .turn = turn, .end = end};
static const live_hooks_t of_redis = {.reference = put_reference,
                                      .planned = plan_candle,
                                      .is_over = is_over,
                                      .next_day = next_day,
                                      .turn = turn,
                                      .end = end};

/* ---- the run ---- */

static int start_redis (load_run_t *self)
{
    load_redis_config_t config = {.market = self->market,
                                  .url = self->url,
                                  .user = self->live.redis.user,
                                  .password_file = self->live.redis.password_file,
                                  .streams = self->streams,
                                  .rate = self->rate,
                                  .seconds = self->seconds};
    self->redis = load_redis_start (&config);
    return self->redis ? 0 : -1;
}

static void fill_config (load_run_t *self)
{
    live_config_t *config = &self->live.config;
    self->live.job.market = market_empty ("load");
    config->market = self->live.job.market;
    config->run = &self->live.job.run;
    config->is_replay = !self->url;
    config->hooks = self->url ? &of_redis : &of_memory;
    config->open_source = self->url ? open_redis : open_memory;
    config->argument = self;
}

/* The journal is looked at when all have ended: its directory is ours. */
static void run (load_run_t *self, const char *state)
{
    live_config_t *config = &self->live.config;
    config->state = state;
    self->started = mono_now ();
    live_run (config, &self->result);
    self->source = (source_t){0}; /* it went with the loop */
    self->flow = NULL;
    self->journal_counted =
        self->begun && journal_count (state, &self->journal_rows, &self->journal_distinct) == 0;
}

int load_run (load_run_t *self)
{
    self->market = load_market_new (self->seed, self->count, self->live.job.run.lookback);
    self->plan_of = memory_new (self->count * sizeof *self->plan_of);
    for (uint32_t i = 0; i < self->count; i++) {
        self->plan_of[i] = UINT32_MAX;
    }
    fill_config (self);
    if (self->url && start_redis (self) != 0) {
        return -1;
    }
    local_t *local = self->live.config.state ? NULL : local_new (0);
    bool has_state = self->live.config.state || local;
    if (has_state) {
        run (self, local ? local_directory (local) : self->live.config.state);
    }
    load_redis_end (&self->redis);
    local_destroy (&local);
    return has_state ? 0 : -1;
}

void load_run_free (load_run_t *self)
{
    live_facts_free (&self->begin);
    live_facts_free (&self->end);
    load_market_destroy (&self->market);
    free (self->plan_of);
    job_close (&self->live.job);
}
