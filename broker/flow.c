/* Seats and shards: who owns what, and what ends a session.
 *
 *     worker joined, silent worker heard again, gap on a link, new collector, link that stands still --> new session
 *     new session, worker lost, another owner, changed reference data --> flow_rewind
 */
#include "flow_inside.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_MS  2500 /* who spoke so lately is there: states come every second */
#define SWEEP_MS  1000
#define ASSIGN_MS 100
#define CLOCK_MS  1000 /* the source's clock is sent when it moved so far */

/* Reference data goes ahead while no more than such a part of a window is under way: candles wait behind it, with half
 * a window of it some for 10 ms. */
#define PREPARE_PART 16

flow_t *flow_new (const flow_config_t *config)
{
    flow_t *self = memory_new (sizeof *self);
    self->config = *config;
    self->reference_bytes = FLOW_REFERENCE;
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        self->shards[s].owner = self->shards[s].move.to = FLOW_NOBODY;
    }
    return self;
}

void flow_destroy (flow_t **flow)
{
    flow_t *self = *flow;
    if (!self) {
        return;
    }
    for (uint32_t w = 0; w < self->seat_count; w++) {
        flow_drop_messages (&self->seats[w]);
        free (self->seats[w].queue);
    }
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        free (self->shards[s].symbols);
        buffer_free (&self->shards[s].move.state);
        flow_free_rows (&self->shards[s].rows);
    }
    for (uint32_t i = 0; i < self->stream_names.count; i++) {
        free (self->streams[i].symbols);
    }
    names_free (&self->symbol_names);
    names_free (&self->stream_names);
    names_order_free (&self->order);
    buffer_free (&self->places.message);
    free (self->places.sent);
    free (self->places.dirty);
    free (self->symbols);
    free (self->streams);
    free (self);
    *flow = NULL;
}

void flow_start (flow_t *self, uint64_t epoch, uint64_t now_ms)
{
    self->epoch = epoch;
    self->now_ms = self->turned_ms = now_ms;
    self->assign = true;
}

uint64_t flow_epoch (const flow_t *self)
{
    return self->epoch;
}

uint64_t flow_seat_load (const flow_seat_t *seat)
{
    return seat->bytes - seat->consumed + seat->gathered;
}

bool flow_seat_has_room (const flow_t *self, const flow_seat_t *seat, uint64_t window)
{
    (void) self;
    return flow_seat_load (seat) < window;
}

/* ---- the one recovery ---- */

static void rewind_symbol (flow_t *self, uint32_t number)
{
    symbol_t *symbol = &self->symbols[number];
    series_t fresh;
    series_init (&fresh, symbol->closed);
    symbol->reference = DAY_NONE;
    for (unsigned d = 0; d < symbol->date_count; d++) {
        symbol->dates[d].sequence = 0;
    }
    if (symbol->date_count == 0) {
        flow_detach (self, symbol, self->streams[symbol->stream].position, &symbol->series);
        if (symbol->placed) {
            flow_attach (self, symbol); /* nothing of it is open */
        }
        return;
    }
    flow_detach (self, symbol, entry_id_before (symbol->dates[0].first), &fresh);
    symbol->expects = true;
    symbol->first = symbol->dates[0].first;
    symbol->first_day = symbol->dates[0].day;
}

void flow_rewind (flow_t *self, unsigned number, int owner)
{
    shard_t *shard = &self->shards[number];
    self->counts.rewinds++;
    flow_cancel_move (self, shard);
    shard->paused_ms = 0;
    flow_drop_batch (self, number);
    shard->generation = (session_t){self->epoch, ++self->counter};
    shard->owner = owner;
    shard->sequence = shard->committed = 0;
    shard->passed = shard->committed_candles = 0;
    shard->clock_ms = 0;
    shard->ended = false;
    for (uint32_t i = 0; i < shard->symbol_count; i++) {
        rewind_symbol (self, shard->symbols[i]);
    }
    if (shard->unattached == 0) {
        shard->faults = 0; /* nothing of it is to be read again: it is not to blame */
    }
    if (owner != FLOW_NOBODY) {
        self->seats[owner].hold = false;
        flow_put_begin (self, number, NULL);
    }
}

/* The seat's links begin anew, and its shards with them. */
static void begin_session (flow_t *self, int w)
{
    flow_seat_t *seat = &self->seats[w];
    self->counts.sessions++;
    seat->session = (session_t){self->epoch, ++self->counter};
    seat->n = seat->last = seat->bytes = seat->consumed = 0;
    seat->still_ms = 0;
    flow_drop_messages (seat);
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        if (self->shards[s].owner == w) {
            flow_rewind (self, s, w);
        }
    }
    self->assign = true;
}

/* ---- who owns what ---- */

/* The worker that is to own the shard; of all that live when none is free of suspicion. */
static int find_owner (const flow_t *self, unsigned shard)
{
    const char *names[FLOW_WORKERS_MAX];
    bool any = false;
    for (uint32_t w = 0; w < self->seat_count; w++) {
        const flow_seat_t *seat = &self->seats[w];
        bool trusted = seat->live && !seat->leaving && self->now_ms >= seat->probation_until_ms;
        names[w] = trusted ? seat->name : NULL;
        any = any || trusted;
    }
    for (uint32_t w = 0; w < self->seat_count && !any; w++) {
        names[w] = self->seats[w].live && !self->seats[w].leaving ? self->seats[w].name : NULL;
    }
    return shard_owner (shard, names, self->seat_count);
}

static bool is_caught_up (const shard_t *shard)
{
    return shard->unattached == 0 && shard->rows.count == 0 && shard->sequence == shard->committed;
}

static void assign_shard (flow_t *self, unsigned number)
{
    const shard_t *shard = &self->shards[number];
    int owner = shard->owner;
    if (!cell_has_shard (self->config.cell, number)) {
        return;
    }
    bool orphan = owner == FLOW_NOBODY || !self->seats[owner].live;
    if (shard->aside ||
        (owner != FLOW_NOBODY && orphan && self->now_ms < self->seats[owner].returns_ms)) {
        return;
    }
    if (flow_is_moving (shard) && !orphan) {
        flow_go_on_moving (self, number);
        return;
    }
    int wanted = find_owner (self, number);
    if (wanted == owner && !orphan) {
        return;
    }
    /* What is read again anyway, or has nothing, goes as it is; what has not caught up stays; nobody else is there
     * when the last worker leaves. */
    bool is_bare = shard->symbol_count == 0 || wanted == FLOW_NOBODY;
    bool is_behind = shard->unattached > 0;
    if (orphan ? wanted != owner : is_bare || (is_behind && self->seats[owner].leaving)) {
        flow_rewind (self, number, wanted);
    } else if (!orphan && !is_behind) {
        flow_begin_move (self, number, wanted);
    }
}

static void assign_shards (flow_t *self)
{
    self->assign = false;
    self->assigned_ms = self->now_ms;
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        assign_shard (self, s);
    }
}

static void set_aside (flow_t *self, unsigned number)
{
    shard_t *shard = &self->shards[number];
    buffer_t names = {0};
    for (uint32_t i = 0; i < shard->symbol_count && i < 8; i++) {
        buffer_printf (&names, "%s%s", i ? " " : "", flow_symbol (self, shard->symbols[i]));
    }
    log_error ("shard %u killed %d workers: it is set aside, its %u symbols (%.*s%s) give no hits",
               number, FLOW_FAULTS, shard->symbol_count, (int) names.size,
               names.bytes ? names.bytes : "", shard->symbol_count > 8 ? " ..." : "");
    buffer_free (&names);
    shard->aside = true;
    self->counts.aside++;
    flow_rewind (self, number, FLOW_NOBODY);
}

/* A worker died by a fault: of what it had, something may be to blame. */
static void suspect_shards (flow_t *self, int w)
{
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        shard_t *shard = &self->shards[s];
        if (shard->owner == w && shard->sequence > shard->committed &&
            ++shard->faults >= FLOW_FAULTS) {
            set_aside (self, s);
        }
    }
}

/* ---- workers ---- */

session_t flow_joined (flow_t *self, uint32_t w, const char *name, uint64_t now_ms)
{
    flow_seat_t *seat = &self->seats[w];
    self->now_ms = now_ms > self->now_ms ? now_ms : self->now_ms;
    self->seat_count = w >= self->seat_count ? w + 1 : self->seat_count;
    snprintf (seat->name, sizeof seat->name, "%s", name);
    seat->known = seat->live = true;
    seat->leaving = false;
    seat->serial = 0;
    seat->silent_ms = 0;
    seat->blocked = false;
    seat->joined_ms = now_ms;
    seat->returns_ms = 0;
    seat->probation_until_ms = seat->faulted ? now_ms + (uint64_t) seat->probation_ms : 0;
    begin_session (self, (int) w);
    return seat->session;
}

void flow_lost (flow_t *self, uint32_t w, bool fault, bool returns, uint64_t now_ms)
{
    flow_seat_t *seat = &self->seats[w];
    if (w >= self->seat_count || !seat->known) {
        return;
    }
    seat->live = false;
    seat->faulted = fault;
    seat->returns_ms = returns && !fault ? now_ms + FLOW_RETURN_MS : 0;
    flow_drop_messages (seat);
    if (fault) {
        bool long_life = (int64_t) (now_ms - seat->joined_ms) > 2 * FLOW_PROBATION_MAX_MS;
        int64_t next =
            long_life || seat->probation_ms == 0 ? FLOW_PROBATION_MS : seat->probation_ms * 2;
        seat->probation_ms = next > FLOW_PROBATION_MAX_MS ? FLOW_PROBATION_MAX_MS : next;
        suspect_shards (self, (int) w);
    }
    self->assign = true;
}

void flow_worker_state (flow_t *self, uint32_t w, const wire_live_worker_t *state, uint64_t now_ms)
{
    flow_seat_t *seat = &self->seats[w];
    self->now_ms = now_ms > self->now_ms ? now_ms : self->now_ms;
    if (w >= self->seat_count || !seat->known || state->serial <= seat->serial) {
        return;
    }
    seat->serial = state->serial;
    seat->silent_ms = 0;
    seat->blocked = state->blocked;
    self->assign = self->assign || state->leaving != seat->leaving;
    seat->leaving = state->leaving;
    if (!seat->live) {
        log_info ("%s is heard again", seat->name);
        seat->live = true;
        seat->returns_ms = 0;
        begin_session (self, (int) w);
        return;
    }
    if (session_compare (state->link.session, seat->session) != 0) {
        return;
    }
    if (state->link.gap) {
        log_warning ("%s lacks a message: its shards begin anew", seat->name);
        begin_session (self, (int) w);
        return;
    }
    seat->last = state->link.last;
    seat->consumed = state->consumed < seat->bytes ? state->consumed : seat->bytes;
    if (seat->detached && flow_seat_has_room (self, seat, self->config.window_bytes / 2)) {
        seat->detached = false;
    }
}

bool flow_is_live (const flow_t *self, uint32_t w)
{
    return w < self->seat_count && self->seats[w].live;
}

bool flow_has_left (const flow_t *self, uint32_t w)
{
    bool left = w < self->seat_count && self->seats[w].live && self->seats[w].leaving;
    for (unsigned s = 0; s < SHARD_COUNT && left; s++) {
        left = self->shards[s].owner != (int) w;
    }
    return left;
}

void flow_set_window (flow_t *self, uint64_t bytes)
{
    self->config.window_bytes = bytes;
}

/* ---- the collector ---- */

static void take_commit (flow_t *self, const wire_shard_state_t *state)
{
    if (state->shard >= SHARD_COUNT || !cell_has_shard (self->config.cell, state->shard)) {
        return;
    }
    shard_t *shard = &self->shards[state->shard];
    if (state->claim > self->epoch) {
        self->replaced = true;
    }
    if (session_compare (state->generation, shard->generation) != 0 ||
        state->sequence <= shard->committed || state->sequence > shard->sequence) {
        return;
    }
    shard->committed = state->sequence;
    shard->committed_candles = state->candles;
    shard->outstanding_ms = self->now_ms;
    if (is_caught_up (shard)) {
        shard->faults = 0;
    }
    flow_let_go (self, state->shard);
    flow_go_on_moving (self, state->shard);
}

static void take_link (flow_t *self, const wire_link_state_t *state)
{
    if (state->worker >= self->seat_count) {
        return;
    }
    const flow_seat_t *seat = &self->seats[state->worker];
    self->links[state->worker] = state->link;
    if (seat->live && state->link.gap &&
        session_compare (state->link.session, seat->session) == 0) {
        log_warning ("the collector lacks a message of %s: its shards begin anew", seat->name);
        begin_session (self, (int) state->worker);
    }
}

void flow_collector_state (flow_t *self, const wire_live_collector_t *state, uint64_t now_ms)
{
    self->now_ms = now_ms > self->now_ms ? now_ms : self->now_ms;
    bool is_new = !self->collector_known || state->incarnation != self->collector;
    if (!self->epoch || state->incarnation < self->collector ||
        (!is_new && state->serial <= self->collector_serial)) {
        return;
    }
    bool changed = is_new && self->collector_known;
    if (self->collector_silent_ms >= self->config.dead_after_ms) {
        log_info ("the collector is heard again");
    }
    self->collector_known = true;
    self->collector = state->incarnation;
    self->collector_serial = state->serial;
    self->collector_able = state->able;
    self->collector_silent_ms = 0;
    if (state->epoch > self->epoch) {
        self->replaced = true;
        return;
    }
    for (uint32_t w = 0; w < self->seat_count && changed; w++) {
        begin_session (self, (int) w); /* what the old one had taken is gone */
    }
    for (size_t i = 0; i < state->shard_count; i++) {
        take_commit (self, &state->shards[i]);
    }
    for (size_t i = 0; i < state->link_count; i++) {
        take_link (self, &state->links[i]);
    }
    if (state->epoch == self->epoch) {
        flow_places_heard (self, state->places, changed);
    }
}

bool flow_is_replaced (const flow_t *self)
{
    return self->replaced;
}

/* ---- time ---- */

/* What moves when anything moves on the worker's links, or its commits do. */
static uint64_t find_marker (const flow_t *self, int w)
{
    uint64_t marker = self->seats[w].last + self->links[w].last;
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        marker += self->shards[s].owner == w ? self->shards[s].committed : 0;
    }
    return marker;
}

static bool is_outstanding (const flow_t *self, int w)
{
    if (self->seats[w].n > self->seats[w].last) {
        return true;
    }
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        const shard_t *shard = &self->shards[s];
        if (shard->owner == w && shard->sequence > shard->committed) {
            return true;
        }
    }
    return false;
}

/* A link that stands still though both its ends are able has lost something that nobody noticed. */
static void watch_links (flow_t *self, int w, int64_t passed_ms)
{
    flow_seat_t *seat = &self->seats[w];
    uint64_t marker = find_marker (self, w);
    bool able = self->collector_able && self->collector_silent_ms < FRESH_MS && !seat->blocked &&
                seat->silent_ms < FRESH_MS;
    if (marker != seat->marker || !is_outstanding (self, w)) {
        seat->marker = marker;
        seat->still_ms = 0;
    } else if (able) {
        seat->still_ms += passed_ms;
    }
    if (seat->still_ms > FLOW_STILL_MS) {
        log_warning ("%s: its link stands still: its shards begin anew", seat->name);
        begin_session (self, w);
    }
}

static void watch_worker (flow_t *self, int w, int64_t passed_ms)
{
    flow_seat_t *seat = &self->seats[w];
    if (!seat->live) {
        return;
    }
    seat->silent_ms += passed_ms;
    if (seat->silent_ms > self->config.dead_after_ms) {
        log_warning ("%s has been silent for %" PRId64 " ms: its shards go to others", seat->name,
                     seat->silent_ms);
        seat->live = false;
        flow_drop_messages (seat);
        self->assign = true;
        return;
    }
    watch_links (self, w, passed_ms);
}

/* The least clock of the streams that the shard's symbols live in. */
static int64_t clock_of (const flow_t *self, const shard_t *shard)
{
    int64_t clock_ms = INT64_MAX;
    for (uint32_t i = 0; i < shard->symbol_count; i++) {
        const stream_t *stream = &self->streams[self->symbols[shard->symbols[i]].stream];
        if (stream->added && stream->clock_ms < clock_ms) {
            clock_ms = stream->clock_ms;
        }
    }
    return clock_ms;
}

static bool is_served (const flow_t *self, const shard_t *shard)
{
    return shard->owner != FLOW_NOBODY && self->seats[shard->owner].live &&
           shard->symbol_count > 0 && shard->unattached == 0;
}

/* Clocks of shards that are not being read again; the end of a replay, when all is attached. */
static void send_clocks (flow_t *self)
{
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        shard_t *shard = &self->shards[s];
        if (!is_served (self, shard) ||
            !flow_seat_has_room (self, &self->seats[shard->owner], self->config.window_bytes)) {
            continue;
        }
        int64_t clock_ms = clock_of (self, shard);
        if (clock_ms == INT64_MAX) {
            continue;
        }
        if (self->ending && !shard->ended) {
            flow_put_clock (self, s, clock_ms, true);
            shard->ended = true;
        } else if (self->config.clocks && clock_ms >= shard->clock_ms + CLOCK_MS) {
            flow_put_clock (self, s, clock_ms, false);
        }
    }
}

static void note_collector (flow_t *self, int64_t passed_ms)
{
    int64_t before_ms = self->collector_silent_ms, limit_ms = self->config.dead_after_ms;
    self->collector_silent_ms += passed_ms;
    if (self->collector_known && before_ms < limit_ms && self->collector_silent_ms >= limit_ms) {
        log_warning ("the collector has been silent for %" PRId64
                     " ms: nothing is committed until it is heard again",
                     self->collector_silent_ms);
    }
}

void flow_turn (flow_t *self, uint64_t now_ms)
{
    if (!self->epoch) {
        return;
    }
    int64_t passed_ms = (int64_t) (now_ms - self->turned_ms);
    self->now_ms = self->turned_ms = now_ms;
    if (passed_ms > FLOW_PAUSE_MS) {
        passed_ms = 0; /* it was us who stood still */
    }
    note_collector (self, passed_ms);
    for (uint32_t w = 0; w < self->seat_count && passed_ms > 0; w++) {
        watch_worker (self, (int) w, passed_ms);
    }
    if (self->assign || now_ms - self->assigned_ms >= ASSIGN_MS) {
        assign_shards (self); /* trust and patience end with time */
    }
    if (self->ending || now_ms - self->swept_ms >= SWEEP_MS) {
        self->swept_ms = now_ms;
        flow_close_dates (self);
        send_clocks (self);
    }
}

void flow_end (flow_t *self)
{
    self->ending = true;
}

/* ---- reference data ---- */

void flow_changed (flow_t *self, const char *name)
{
    uint32_t number = names_find (&self->symbol_names, name);
    if (number != NAMES_NONE) {
        unsigned shard = self->symbols[number].shard;
        int owner = self->shards[shard].owner;
        if (owner != FLOW_NOBODY && self->seats[owner].live) {
            flow_rewind (self, shard, owner);
        }
    }
}

static bool may_prepare (const flow_t *self, const flow_seat_t *seat)
{
    return seat->live && flow_seat_has_room (self, seat, self->config.window_bytes / PREPARE_PART);
}

/* May the symbol's first candle of `day` still come, and lacks its worker what goes ahead of it? */
static bool is_unprepared (const flow_t *self, const symbol_t *symbol, day_t day)
{
    int owner = self->shards[symbol->shard].owner;
    return symbol->attached && symbol->reference != day && symbol->closed < day &&
           (symbol->series.day == DAY_NONE || symbol->series.day < day) && owner != FLOW_NOBODY &&
           self->seats[owner].live;
}

flow_prepare_t flow_prepare (flow_t *self, day_t day, uint32_t count)
{
    uint32_t total = self->symbol_names.count;
    bool waits = false, any = false;
    for (uint32_t w = 0; w < self->seat_count && !any; w++) {
        any = may_prepare (self, &self->seats[w]);
    }
    if (!any && self->seat_count > 0) {
        return FLOW_PREPARE_WAITS;
    }
    for (uint32_t looked = 0; looked < total; looked++) {
        self->prepared = self->prepared + 1 < total ? self->prepared + 1 : 0;
        const symbol_t *symbol = &self->symbols[self->prepared];
        if (!is_unprepared (self, symbol, day)) {
            continue;
        }
        if (!may_prepare (self, &self->seats[self->shards[symbol->shard].owner])) {
            waits = true;
            continue;
        }
        flow_put_reference (self, self->prepared, day);
        self->counts.prepared++;
        if (--count == 0) {
            return FLOW_PREPARES;
        }
    }
    return waits ? FLOW_PREPARE_WAITS : FLOW_PREPARED;
}

/* ---- for the loop and for people ---- */

const wire_owner_t *flow_owners (flow_t *self, size_t *count)
{
    *count = 0;
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        const shard_t *shard = &self->shards[s];
        if (shard->generation.counter == 0) {
            continue; /* it was never anybody's */
        }
        self->owners[(*count)++] = (wire_owner_t){
            .shard = s,
            .worker = shard->owner == FLOW_NOBODY ? UINT32_MAX : (uint32_t) shard->owner,
            .generation = shard->generation};
    }
    return self->owners;
}

static bool is_shard_even (const flow_t *self, const shard_t *shard)
{
    if (shard->aside || clock_of (self, shard) == INT64_MAX) {
        return true; /* no stream of it is read */
    }
    return shard->owner != FLOW_NOBODY && self->seats[shard->owner].live && is_caught_up (shard) &&
           (!self->ending || shard->ended);
}

bool flow_is_even (const flow_t *self)
{
    if (!self->epoch || !flow_places_even (self)) {
        return false;
    }
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        if (!is_shard_even (self, &self->shards[s])) {
            return false;
        }
    }
    return true;
}

uint64_t flow_unattached (const flow_t *self)
{
    return self->unattached;
}

uint64_t flow_rewinds (const flow_t *self)
{
    return self->counts.rewinds;
}

void flow_stats (const flow_t *self, flow_stats_t *stats)
{
    *stats = self->counts;
    stats->unattached = self->unattached;
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        stats->outstanding_shards += self->shards[s].sequence > self->shards[s].committed;
        stats->passed += self->shards[s].passed;
        stats->committed += self->shards[s].committed_candles;
    }
}

void flow_worker_stats (const flow_t *self, uint32_t w, uint64_t now_ms, flow_worker_stats_t *stats)
{
    const flow_seat_t *seat = &self->seats[w];
    *stats = (flow_worker_stats_t){
        .live = seat->live, .in_flight = flow_seat_load (seat), .blocked = seat->blocked};
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        const shard_t *shard = &self->shards[s];
        if (shard->owner != (int) w) {
            continue;
        }
        stats->shards++;
        stats->unattached += shard->unattached;
        if (shard->sequence > shard->committed && now_ms > shard->outstanding_ms) {
            int64_t age = (int64_t) (now_ms - shard->outstanding_ms);
            stats->oldest_ms = age > stats->oldest_ms ? age : stats->oldest_ms;
        }
    }
}

int64_t flow_now_ms (const flow_t *self)
{
    return self->newest_ms;
}

int64_t flow_least_ms (const flow_t *self)
{
    int64_t clock_ms = INT64_MAX;
    for (uint32_t i = 0; i < self->stream_names.count; i++) {
        const stream_t *stream = &self->streams[i];
        if (stream->added && stream->clock_ms < clock_ms) {
            clock_ms = stream->clock_ms;
        }
    }
    return clock_ms == INT64_MAX ? 0 : clock_ms;
}
