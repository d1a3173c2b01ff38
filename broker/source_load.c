#include "source_load.h"

#include "load_plan.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SLICE       4096 /* candles of a turn: what a turn of the loop costs besides is little to them */
#define ROOM        256 /* ... between two questions whether there is room */
#define ROOM_MS     1   /* how soon to look again for room, if nobody says that there is some */
#define AGAIN_SLICE 4096
#define STREAM_TEXT 24

typedef struct {
    load_market_t *market;
    flow_t *flow;
    source_load_config_t config;
    uint32_t count;    /* symbols */
    uint32_t *streams; /* their numbers in the flow */
    int timer;         /* the next candle's planned time: finer than poll's milliseconds */
    bool warm, begun, over;
    mono_t begin; /* and the wall clock then */
    int64_t begin_us, last_us;
    uint64_t sent, planned;
    /* the next candle */
    uint64_t minute;
    uint32_t symbol;
    int64_t ts; /* of `minute` */
    source_counts_t counts;
    bool waits_for_room;
    /* reading again: the request under way, or NULL; of its stream number `k` this comes next */
    const flow_read_t *read;
    uint32_t k, given;
    uint64_t again_minute;
    uint32_t again_symbol;
    int64_t
        steady_us; /* what was planned up to then was handed over while nothing was read again */
} source_load_t;

/* ---- entries ---- */

static entry_id_t id_of (int64_t ts, uint32_t symbol)
{
    return (entry_id_t){(uint64_t) (ts + 60) * 1000, symbol};
}

static void tell_clocks (source_load_t *self)
{
    for (uint32_t k = 0; k < self->config.streams; k++) {
        flow_clock (self->flow, self->streams[k], (self->ts + 60) * 1000);
    }
}

/* Goes to the next minute. False: there are no more days. */
static bool next_minute (source_load_t *self)
{
    int64_t ts = load_market_ts (self->market, self->minute + 1);
    tell_clocks (self);
    if (ts < 0) {
        log_warning ("there are no more trading days: the test ends early; give a larger --count");
        self->over = true;
        return false;
    }
    self->minute++;
    self->symbol = 0;
    self->ts = ts;
    return true;
}

/* Hands over up to `count` candles of the present minute, ROOM at most; returns how many. */
static uint32_t pass (source_load_t *self, uint64_t count)
{
    candle_t candles[ROOM];
    uint32_t left = self->count - self->symbol, passed = count < left ? (uint32_t) count : left;
    uint32_t stream = self->symbol % self->config.streams;
    load_market_candles (self->market, self->symbol, passed, self->minute, candles);
    for (uint32_t i = 0; i < passed; i++) {
        uint32_t symbol = self->symbol++;
        flow_entry (self->flow, self->streams[stream], id_of (self->ts, symbol),
                    load_market_symbol (self->market, symbol), &candles[i]);
        stream = stream + 1 < self->config.streams ? stream + 1 : 0;
    }
    self->counts.entries += passed;
    return passed;
}

/* ---- warming up ---- */

/* Every symbol has its reference data by then, its place in the journal and in its worker. */
static void look_whether_warm (source_load_t *self)
{
    flow_stats_t stats;
    flow_stats (self->flow, &stats);
    self->warm = stats.passed == self->count && stats.committed == self->count &&
                 stats.unattached == 0 && stats.outstanding_shards == 0;
}

static bool warm_up (source_load_t *self)
{
    if (self->minute > 0) {
        look_whether_warm (self);
        return false;
    }
    if (!flow_has_room (self->flow)) {
        self->waits_for_room = true;
        return false;
    }
    flow_stamp (self->flow, 0);
    pass (self, ROOM);
    return self->symbol < self->count || next_minute (self);
}

/* ---- the plan ---- */

static int64_t planned_us (const source_load_t *self, uint64_t i)
{
    return load_plan_us (self->config.rate, i);
}

static void set_timer (const source_load_t *self, int64_t at_us)
{
    struct itimerspec at = {.it_value = {.tv_sec = at_us / LOAD_SECOND_US,
                                         .tv_nsec = at_us % LOAD_SECOND_US * 1000 + 1}};
    timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Candles with a planned time: each is stamped with its own. */
static uint32_t pass_planned (source_load_t *self, uint64_t due)
{
    uint64_t wanted = due - self->sent < ROOM ? due - self->sent : ROOM;
    uint32_t passed = 0;
    while (passed < wanted && !self->over) {
        flow_stamp (self->flow, self->begin_us + planned_us (self, self->sent + passed));
        passed += pass (self, 1);
        if (self->symbol == self->count) {
            next_minute (self);
        }
    }
    return passed;
}

static uint32_t pass_at_once (source_load_t *self, int64_t passed_us)
{
    flow_stamp (self->flow, self->begin_us + passed_us);
    uint32_t passed = pass (self, ROOM);
    if (self->symbol == self->count) {
        next_minute (self);
    }
    return passed;
}

/* A step of the test. False: nothing is due, or there is no room. */
static bool step (source_load_t *self)
{
    int64_t passed_us = mono_now ().us - self->begin.us;
    bool paced = self->config.rate > 0;
    uint64_t due = paced ? load_plan_due (self->config.rate, self->planned, passed_us) : UINT64_MAX;
    if (paced ? self->sent == self->planned : passed_us >= self->config.seconds * LOAD_SECOND_US) {
        self->over = true;
        return false;
    }
    self->counts.caught_up = due == self->sent;
    self->counts.lag_ms = paced ? (passed_us - planned_us (self, self->sent)) / 1000 : 0;
    if (due == self->sent) {
        set_timer (self,
                   self->begin.us + load_plan_wake_us (self->config.rate, self->sent, passed_us));
        return false;
    }
    if (!flow_has_room (self->flow)) {
        self->waits_for_room = true;
        return false;
    }
    self->sent += paced ? pass_planned (self, due) : pass_at_once (self, passed_us);
    self->last_us = passed_us;
    return true;
}

/* ---- reading again ---- */

static uint32_t number_of (const source_load_t *self, uint32_t stream)
{
    for (uint32_t k = 0; k < self->config.streams; k++) {
        if (self->streams[k] == stream) {
            return k;
        }
    }
    return UINT32_MAX; /* not ours: the journal had it */
}

/* The next candle of the stream, one symbol in `streams`. */
static void advance (source_load_t *self, uint32_t number)
{
    self->again_symbol += self->config.streams;
    if (self->again_symbol >= self->count) {
        self->again_symbol = number;
        self->again_minute++;
    }
}

static void begin_stream (source_load_t *self)
{
    self->given = 0;
    while (self->k < self->read->count) {
        uint32_t number = number_of (self, self->read->streams[self->k]);
        if (number < self->count) {
            entry_id_t after = self->read->after[self->k];
            self->again_minute = 0;
            self->again_symbol = number;
            if (after.ms > (uint64_t) (load_market_ts (self->market, 0) + 60) * 1000) {
                self->again_minute =
                    load_market_minute (self->market, (int64_t) (after.ms / 1000) - 60);
            }
            return;
        }
        self->k++;
    }
    flow_again_end (self->flow, self->read);
    self->read = NULL;
}

/* What was delayed by the trouble that is being mended keeps its planned time; what was handed over before
 * is likely to have been committed already, and counts from now. */
static int64_t stamp_again (const source_load_t *self, int64_t now_us)
{
    if (!self->begun || self->config.rate == 0 || self->again_minute == 0) {
        return self->begun ? now_us : 0;
    }
    uint64_t i = (self->again_minute - 1) * self->count + self->again_symbol;
    int64_t planned = self->begin_us + planned_us (self, i);
    return planned > self->steady_us ? planned : now_us;
}

/* A part of the stream, up to where the main reader is. False: it is through. */
static bool give (source_load_t *self)
{
    uint32_t stream = self->read->streams[self->k], number = number_of (self, stream);
    entry_id_t position = flow_position (self->flow, stream), after = self->read->after[self->k];
    int64_t now_us = wall_now_us ();
    for (uint32_t i = 0; i < AGAIN_SLICE; i++, advance (self, number)) {
        candle_t candle = {.ts = load_market_ts (self->market, self->again_minute)};
        entry_id_t id = id_of (candle.ts, self->again_symbol);
        if (entry_id_compare (id, position) > 0 || self->given == self->read->entries) {
            return false;
        }
        if (entry_id_compare (id, after) <= 0) {
            continue;
        }
        load_market_candle (self->market, self->again_symbol, self->again_minute, &candle);
        flow_stamp (self->flow, stamp_again (self, now_us));
        flow_again (self->flow, self->read, self->k, id,
                    load_market_symbol (self->market, self->again_symbol), &candle);
        self->given++;
        self->counts.entries++;
    }
    return true;
}

/* False: nothing is to be read again. */
static bool read_again (source_load_t *self)
{
    if (!self->read) {
        self->read = flow_next_read (self->flow);
        if (!self->read) {
            if (flow_unattached (self->flow) == 0) {
                self->steady_us = wall_now_us ();
            }
            return false;
        }
        self->k = 0;
        begin_stream (self);
    } else if (!give (self)) {
        self->k++;
        begin_stream (self);
    }
    return true;
}

/* ---- the source ---- */

static size_t poll_source (void *source, struct pollfd *items)
{
    const source_load_t *self = source;
    items[0] = (struct pollfd){.fd = self->timer, .events = POLLIN};
    return 1;
}

static int64_t due_ms (const void *source, mono_t now)
{
    const source_load_t *self = source;
    (void) now;
    return self->waits_for_room || !self->begun ? ROOM_MS : -1;
}

static bool turn (void *source, bool stop, mono_t now)
{
    source_load_t *self = source;
    uint64_t end = self->counts.entries + SLICE;
    bool more = true;
    (void) now;
    self->waits_for_room = false;
    while (more && self->counts.entries < end) {
        more = read_again (self);
        if (!more && !stop && !self->over && !self->warm) {
            more = warm_up (self);
        } else if (!more && !stop && !self->over && self->begun) {
            more = step (self);
        }
    }
    return more;
}

static bool is_over (const void *source)
{
    return ((const source_load_t *) source)->over;
}

static bool failed (const void *source)
{
    (void) source;
    return false;
}

static void get_counts (const void *source, source_counts_t *counts)
{
    const source_load_t *self = source;
    *counts = self->counts;
    counts->connected = true;
    counts->bytes = self->counts.entries * sizeof (candle_t);
}

static void destroy (void *source)
{
    source_load_t *self = source;
    if (self->timer >= 0) {
        close (self->timer);
    }
    free (self->streams);
    free (self);
}

static const source_kind_t kind = {.poll = poll_source,
                                   .due_ms = due_ms,
                                   .turn = turn,
                                   .is_over = is_over,
                                   .failed = failed,
                                   .counts = get_counts,
                                   .destroy = destroy};

static int add_streams (source_load_t *self)
{
    self->streams = memory_new (self->config.streams * sizeof *self->streams);
    for (uint32_t k = 0; k < self->config.streams; k++) {
        char name[STREAM_TEXT];
        snprintf (name, sizeof name, "load:%" PRIu32, k);
        long stream = flow_add_stream (self->flow, name, NULL, (entry_id_t){0, 0});
        if (stream < 0) {
            return -1;
        }
        self->streams[k] = (uint32_t) stream;
    }
    return 0;
}

int source_load_open (source_t *source, flow_t *flow, const source_load_config_t *config)
{
    source_load_t *self = memory_new (sizeof *self);
    self->market = config->market;
    self->flow = flow;
    self->config = *config;
    self->count = load_market_count (config->market);
    self->planned = config->rate * (uint64_t) config->seconds;
    self->ts = load_market_ts (config->market, 0);
    self->counts.caught_up = true;
    self->timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (self->timer < 0) {
        log_error ("timerfd_create: %s", strerror (errno));
    }
    if (self->timer < 0 || add_streams (self) != 0) {
        destroy (self);
        return -1;
    }
    *source = (source_t){&kind, self};
    return 0;
}

bool source_load_is_warm (const source_t *source)
{
    return ((const source_load_t *) source->self)->warm;
}

void source_load_begin (const source_t *source, mono_t now)
{
    source_load_t *self = source->self;
    self->begun = true;
    self->begin = now;
    self->begin_us = wall_now_us () - (mono_now ().us - now.us);
    self->steady_us = self->begin_us;
    set_timer (self, now.us); /* the loop may be about to wait: the first candle is due now */
}

uint64_t source_load_sent (const source_t *source)
{
    return ((const source_load_t *) source->self)->sent;
}

uint32_t source_load_symbol (const source_t *source)
{
    return ((const source_load_t *) source->self)->symbol;
}

uint64_t source_load_minute (const source_t *source)
{
    return ((const source_load_t *) source->self)->minute;
}

int64_t source_load_us (const source_t *source)
{
    return ((const source_load_t *) source->self)->last_us;
}
