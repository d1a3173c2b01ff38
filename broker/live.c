#include "live_inside.h"

#include "log.h"
#include "process.h"
#include "shard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TURN_MS          50   /* the flow's time is looked at so often */
#define EXIT_MS          8000 /* children that were told to go are killed after that */
#define GATHER_MS        2000 /* the first workers are waited for so long before anything is read */
#define PREPARE_MS       1000 /* symbols and workers that came get their reference data so soon */
#define PREPARE_AT_ONCE  16 /* symbols whose reference data is sent ahead between two looks around */
#define WATCH_AT_ONCE    64 /* files looked at between two looks around */
#define SECOND_US        1000000
#define REMOTE_LINGER_MS 500   /* for the last words to workers from elsewhere */
#define BEHIND_US        20000 /* a source that is behind for so long has much to give, */
#define GATHER_US        16000 /* which is gathered so long */

void live_fail (live_t *self)
{
    self->result->failed = true;
    self->over = true;
}

void live_enter (live_t *self, live_phase_t phase)
{
    self->phase = phase;
    self->phase_since = mono_now ();
    self->owners_changed = true; /* to be said at once */
}

/* ---- the source ---- */

/* Are the workers there that will be? Nobody knows of those from elsewhere: they get a while from the first on. */
static bool are_all_joined (const live_t *self)
{
    bool waited = mono_ms (self->phase_since, mono_now ()) >= GATHER_MS;
    for (uint32_t w = 0; w < self->local_count && !waited; w++) {
        if (!self->seats[w].data) {
            return false;
        }
    }
    return self->local_count > 0 || (waited && self->any_joined);
}

/* Where streams begin that the journal does not know: early enough for every date that may be open when
 * hits begin to be reported. */
static entry_id_t find_begin (const live_t *self)
{
    int64_t since_ms = self->heard.since_ms;
    if (since_ms <= 0) {
        return (entry_id_t){0, 0};
    }
    day_t day = exchange_day ((since_ms - self->config->day_timeout_ms) / 1000);
    int64_t from_ms = exchange_midnight (day) * 1000;
    return (entry_id_t){from_ms > 0 ? (uint64_t) from_ms : 0, 0};
}

/* Opened when the workers are there, or were waited for: what is read before would be read again. */
static void open_source (live_t *self)
{
    if (self->source.kind || self->phase != LIVE_RUNNING || !are_all_joined (self)) {
        return;
    }
    if (self->config->open_source (self->config->argument, &self->source, self->flow,
                                   find_begin (self)) != 0) {
        live_fail (self);
    }
}

static bool turn_source (live_t *self, mono_t now)
{
    if (!self->source.kind) {
        return false;
    }
    bool more = self->source.kind->turn (self->source.self, self->phase != LIVE_RUNNING, now);
    if (self->source.kind->failed (self->source.self)) {
        live_fail (self);
    }
    return more;
}

/* ---- reference data ---- */

static void put_reference (void *argument, buffer_t *message, uint32_t shard, session_t generation,
                           const char *symbol, day_t day)
{
    live_t *self = argument;
    const live_hooks_t *hooks = self->config->hooks;
    if (hooks && hooks->reference) {
        hooks->reference (self->config->argument, message, shard, generation, symbol, day);
        return;
    }
    if (self->watch) {
        watch_add (self->watch, symbol); /* before it is read */
    }
    reference_put (&self->reference, message, shard, generation, symbol, day);
}

static bool wants_symbol (void *argument, const char *symbol)
{
    const live_t *self = argument;
    return market_find (self->config->market, symbol) >= 0;
}

static void note_candle (void *argument, uint32_t symbol, int64_t ts, int64_t arrival_ms)
{
    live_t *self = argument;
    minutes_take (self->minutes, symbol, ts, arrival_ms);
}

static int64_t plan_candle (void *argument, uint32_t symbol, int64_t ts, bool again)
{
    live_t *self = argument;
    return self->config->hooks->planned (self->config->argument, symbol, ts, again);
}

/* The same where a hook says which day comes next. Days may pass in no time: a new one is not waited for. */
static void prepare_hooked (live_t *self)
{
    day_t day = self->config->hooks->next_day (self->config->argument);
    if (day == DAY_NONE || (day == self->prepared && self->preparing == FLOW_PREPARED &&
                            mono_ms (self->looked, mono_now ()) < PREPARE_MS)) {
        return;
    }
    self->prepared = day;
    self->looked = mono_now ();
    self->preparing = flow_prepare (self->flow, day, PREPARE_AT_ONCE);
}

/* The day whose first minute comes next, or has come: its reference data goes ahead of it. */
static void prepare (live_t *self)
{
    const live_hooks_t *hooks = self->config->hooks;
    if (hooks && hooks->next_day && self->phase == LIVE_RUNNING && self->source.kind) {
        prepare_hooked (self);
        return;
    }

    mono_t now = mono_now ();
    if (self->config->is_replay || self->phase != LIVE_RUNNING || !self->source.kind ||
        (self->preparing == FLOW_PREPARED && mono_ms (self->looked, now) < PREPARE_MS)) {
        return;
    }
    self->looked = now;
    int64_t clock_ms = flow_now_ms (self->flow);
    if (clock_ms <= 0) {
        return;
    }
    const calendar_t *calendar = market_calendar (self->config->market);
    day_t day = calendar_next (calendar, exchange_day (clock_ms / 1000));
    self->preparing = flow_prepare (self->flow, day, PREPARE_AT_ONCE);
}

static void watch_files (live_t *self)
{
    if (!self->watch || self->phase != LIVE_RUNNING) {
        return;
    }
    const char *symbol;
    bool rewound[SHARD_COUNT] = {false}; /* once each, however many of its symbols changed */
    watch_turn (self->watch, WATCH_AT_ONCE, flow_now_ms (self->flow), mono_now ());
    while ((symbol = watch_changed (self->watch))) {
        bool *again = &rewound[shard_of (symbol)];
        if (!*again) {
            flow_changed (self->flow, symbol);
        }
        *again = true;
    }
}

/* ---- sending ---- */

/* While the source reads what came long ago, entries of many turns go together: a worker has as much work
 * with the one row of a shard as with ten. (Of 1,000,000 entries in 16 streams: a third of the
 * time of workers and collector.) */
static bool gathers (live_t *self, mono_t now)
{
    source_counts_t source = {.caught_up = true};
    if (self->source.kind) {
        self->source.kind->counts (self->source.self, &source);
    }
    self->even_at = source.caught_up ? now : self->even_at;
    self->gathering = now.us - self->even_at.us >= BEHIND_US &&
                      now.us - self->flushed.us < GATHER_US &&
                      flow_has_room (self->flow); /* else the source waits for what is to be sent */
    return self->gathering;
}

static void send_messages (live_t *self, bool more)
{
    mono_t now = mono_now ();
    if (!gathers (self, now)) {
        flow_flush (self->flow, (uint64_t) (now.us / 1000), more);
        self->flushed = now;
    }
    for (uint32_t w = 0; w < self->seat_count; w++) {
        live_seat_t *seat = &self->seats[w];
        buffer_t message = {0};
        while (seat->data && channel_flush (seat->data) &&
               flow_next_message (self->flow, w, &message)) {
            channel_send (seat->data, &message);
        }
    }
}

static void note_owners (live_t *self)
{
    uint64_t rewinds = flow_rewinds (self->flow);
    if (rewinds != self->owners_mark) {
        self->owners_mark = rewinds;
        self->owners_changed = true;
    }
}

/* ---- hooks ---- */

static void call_turn (live_t *self)
{
    const live_hooks_t *hooks = self->config->hooks;
    if (hooks && hooks->turn && self->phase == LIVE_RUNNING && self->source.kind) {
        hooks->turn (self->config->argument, self);
    }
}

/* May the processes be told to go? */
static bool call_end (live_t *self, bool last)
{
    const live_hooks_t *hooks = self->config->hooks;
    if (hooks && hooks->end && !self->ended) {
        self->ended = hooks->end (self->config->argument, self, last) || last;
        return self->ended;
    }
    return true;
}

static bool is_over (const live_t *self)
{
    const live_hooks_t *hooks = self->config->hooks;
    return self->source.kind &&
           (self->source.kind->is_over (self->source.self) ||
            (hooks && hooks->is_over && hooks->is_over (self->config->argument)));
}

/* ---- phases ---- */

static size_t count_children (const live_t *self)
{
    return local_count (self->local);
}

static void tell_exit (live_t *self)
{
    call_end (self, true);
    live_enter (self, LIVE_LEAVING);
    for (uint32_t w = 0; w < self->local_count; w++) {
        if (!self->seats[w].known) {
            local_kill (self->local, w); /* it cannot be told */
        }
    }
    if (!self->collector_known) {
        local_kill (self->local, self->local_count);
    }
}

static void follow_phase (live_t *self)
{
    int64_t passed_ms = mono_ms (self->phase_since, mono_now ());
    if (self->phase == LIVE_RUNNING && is_over (self)) {
        flow_end (self->flow);
        live_enter (self, LIVE_ENDING);
    } else if (self->phase == LIVE_ENDING && flow_is_even (self->flow) && call_end (self, false)) {
        tell_exit (self);
    } else if (self->phase == LIVE_ENDING && (!self->config->is_replay || self->interrupts > 0) &&
               passed_ms > self->config->drain_ms) {
        log_warning ("what was read is not finished within --drain: it is read again by the next "
                     "run");
        tell_exit (self);
    } else if (self->phase == LIVE_LEAVING && count_children (self) == 0) {
        self->over = true;
    } else if (self->phase == LIVE_LEAVING && passed_ms > EXIT_MS) {
        log_warning ("not all processes ended in time: they are killed");
        self->over = true;
    }
}

/* ---- the loop ---- */

static long wait_ms (const live_t *self)
{
    mono_t now = mono_now ();
    int64_t wait = self->gathering ? GATHER_US / 1000 : TURN_MS;
    if (self->source.kind) {
        int64_t due = self->source.kind->due_ms (self->source.self, now);
        wait = due >= 0 && due < wait ? due : wait;
    }
    return (long) wait;
}

static void wait_for_something (live_t *self, bool busy)
{
    size_t count = 0;
    zmq_pollitem_t *items = self->polled;
    items[count++] = (zmq_pollitem_t){.fd = self->signals, .events = ZMQ_POLLIN};
    items[count++] = channel_poll (self->control, ZMQ_POLLIN);
    if (self->remote) {
        items[count++] = channel_poll (self->remote, ZMQ_POLLIN);
    }
    if (self->source.kind) {
        struct pollfd files[SOURCE_POLL_MAX];
        size_t used = self->source.kind->poll (self->source.self, files);
        for (size_t i = 0; i < used; i++) {
            short events = (short) (((files[i].events & POLLIN) ? ZMQ_POLLIN : 0) |
                                    ((files[i].events & POLLOUT) ? ZMQ_POLLOUT : 0));
            items[count++] = (zmq_pollitem_t){.fd = files[i].fd, .events = events};
        }
    }
    for (uint32_t w = 0; w < self->seat_count; w++) {
        if (self->seats[w].data && !channel_flush (self->seats[w].data)) {
            items[count++] = channel_poll (self->seats[w].data, ZMQ_POLLOUT);
        }
    }
    zmq_poll (items, (int) count, busy ? 0 : wait_ms (self));
}

static bool go_on (live_t *self)
{
    mono_t now = mono_now ();
    live_tend_children (self);
    live_tend_seats (self);
    live_report (self, now); /* before clocks are sent: what was sent last is committed by now */
    bool more = turn_source (self, now);
    if (mono_ms (self->turned, now) >= TURN_MS || !more) {
        self->turned = now;
        flow_turn (self->flow, (uint64_t) (now.us / 1000));
        watch_files (self);
        live_tell_health (self, now);
    }
    /* Behind the turn, in which the worker that joined last gets its shards: with something in them they would move
     * later, and be read again. */
    open_source (self);
    prepare (self);
    send_messages (self, more);
    note_owners (self);
    live_speak (self);
    call_turn (self);
    follow_phase (self);
    bool reading = !more && live_read_history (self, now);
    return more || self->preparing == FLOW_PREPARES || reading;
}

/* ---- opening and closing ---- */

static void open_flow (live_t *self)
{
    const live_config_t *config = self->config;
    flow_config_t flow = {.broker = self->broker,
                          .cell = config->cell,
                          .day_timeout_ms = config->day_timeout_ms,
                          .dead_after_ms = config->dead_after_ms,
                          .window_bytes = live_find_window (config->workers),
                          .max_symbols = config->max_symbols,
                          .incomplete_scan = config->incomplete_scan,
                          .waits = config->is_replay,
                          .argument = self,
                          .reference = put_reference,
                          .taken = note_candle,
                          .wants = config->only_listed ? wants_symbol : NULL};
    if (config->hooks && config->hooks->planned) {
        flow.planned = plan_candle;
    }
    for (size_t i = 0; i < config->run->frequency_count; i++) {
        flow.clocks = flow.clocks || frequency_minutes (config->run->frequencies[i]) > 1;
    }
    self->flow = flow_new (&flow);
}

static void open_seats (live_t *self)
{
    const live_config_t *config = self->config;
    self->local_count = self->seat_count = config->no_local ? 0 : config->workers;
    self->seat_max = config->listen ? FLOW_WORKERS_MAX : self->local_count;
    self->seats = memory_new (self->seat_max * sizeof *self->seats);
    for (uint32_t w = 0; w < self->local_count; w++) {
        live_seat_t *seat = &self->seats[w];
        seat->taken = seat->local = true;
        snprintf (seat->name, sizeof seat->name, "worker-%u", w);
    }
}

static int open_controls (live_t *self)
{
    const char *listen = self->config->listen;
    self->control = channel_bind (self->bus, CHANNEL_ROUTER, self->control_endpoint);
    if (self->control && listen) {
        endpoint_split (listen, self->listen_host, &self->listen_port);
        self->remote = channel_bind (self->bus, CHANNEL_ROUTER, listen);
    }
    return self->control && (self->remote || !listen) ? 0 : -1;
}

/* Of a collector's journal that is elsewhere we keep stats.json alone: not being able to is no reason to stop. */
static void make_state (const live_config_t *config)
{
    if (config->state && config->no_local && mkdir (config->state, 0755) != 0 && errno != EEXIST) {
        log_warning ("cannot make the directory %s: %s: there is no stats.json", config->state,
                     strerror (errno));
    }
}

static int open_live (live_t *self)
{
    const live_config_t *config = self->config;
    open_seats (self);
    self->polled = memory_new ((self->seat_max + 4 + SOURCE_POLL_MAX) * sizeof *self->polled);
    self->signals = process_signals ();
    self->pulse = pulse_new (config->http);
    if (!self->pulse) {
        return -1;
    }
    self->local = local_new (self->local_count + 1);
    self->bus = bus_new (&config->locks);
    if (self->signals < 0 || !self->local || !self->bus ||
        getrandom (&self->broker, sizeof self->broker, 0) != sizeof self->broker) {
        return -1;
    }
    self->broker |= 1; /* 0 means none */
    make_state (config);
    self->state =
        config->state ? memory_text (config->state) : memory_text (local_directory (self->local));
    self->control_endpoint = local_endpoint (self->local, "control");
    self->hits_endpoint = local_endpoint (self->local, "hits");
    self->scans = memory_new (config->run->scan_count * sizeof *self->scans);
    for (size_t i = 0; i < config->run->scan_count; i++) {
        scan_format (&config->run->scans[i], self->scans[i]);
    }
    reference_init (&self->reference, config->market, config->run->lookback);
    open_flow (self);
    int rc = open_controls (self);
    live_open_report (self);
    return rc == 0 ? live_start_children (self) : -1;
}

static void close_live (live_t *self)
{
    if (self->source.kind) {
        self->source.kind->destroy (self->source.self);
    }
    for (uint32_t w = 0; self->seats && w < self->seat_count; w++) {
        channel_destroy (&self->seats[w].data, 0);
    }
    local_destroy (&self->local);
    channel_destroy (&self->control, 0);
    channel_destroy (&self->remote, REMOTE_LINGER_MS);
    bus_destroy (&self->bus);
    if (self->signals >= 0) {
        close (self->signals);
    }
    live_close_report (self);
    pulse_destroy (&self->pulse);
    flow_destroy (&self->flow);
    reference_free (&self->reference);
    wire_reader_destroy (&self->reader);
    free (self->seats);
    free (self->polled);
    free (self->scans);
    free (self->state);
    free (self->hits_endpoint);
    free (self->control_endpoint);
}

static void fill_result (live_t *self)
{
    call_end (self, true);
    live_result_t *result = self->result;
    result->hits = self->aging.past_hits + self->heard.hits; /* of all the collector's lives */
    result->wall_us = mono_now ().us - self->started.us;
    if (self->source.kind) {
        self->source.kind->counts (self->source.self, &result->source);
    }
    if (self->flow) {
        flow_stats (self->flow, &result->flow);
    }
    result->rejected = result->source.rejected + self->worker_rows + self->worker_files;
    for (uint32_t w = 0; self->seats && w < self->seat_count; w++) {
        result->rejected += self->seats[w].rejected_rows + self->seats[w].rejected_files;
    }
}

void live_run (const live_config_t *config, live_result_t *result)
{
    live_t *self = memory_new (sizeof *self);
    *result = (live_result_t){0};
    self->config = config;
    self->result = result;
    self->signals = -1;
    self->started = self->told = self->turned = self->phase_since = self->reported = self->even_at =
        mono_now ();
    self->reader = wire_reader_new ();
    if (open_live (self) != 0) {
        live_fail (self);
    }
    bool busy = false;
    while (!self->over) {
        wait_for_something (self, busy);
        live_take_signals (self);
        live_take_control (self);
        busy = !self->over && go_on (self);
    }
    fill_result (self);
    live_summarize (self);
    close_live (self);
    free (self);
}
