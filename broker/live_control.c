#include "live_inside.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWNERS_MS 20 /* who owns what is said so soon after it changed */

/* ---- welcome ---- */

void live_welcome (live_t *self, channel_t *control, const channel_peer_t *peer,
                   wire_live_welcome_t *item)
{
    const live_config_t *config = self->config;
    item->broker = self->broker;
    item->candle_timeout_ms = config->candle_timeout_ms;
    item->day_timeout_ms = config->day_timeout_ms;
    item->all_hits = config->run->all_hits;
    item->cell = config->cell;
    item->scan_count = config->run->scan_count;
    item->scans = (const char (*)[SCAN_TEXT_MAX]) self->scans;
    item->holidays = market_holidays (config->market, &item->holiday_count);
    buffer_t message = {0};
    wire_put_live_welcome (&message, item);
    channel_send_to (control, peer, &message);
}

static void welcome_collector (live_t *self, const collector_peer_t *collector)
{
    wire_live_welcome_t item = {.since_ms = self->config->since_ms,
                                .session = {flow_epoch (self->flow), 0}};
    live_welcome (self, collector->control, &collector->peer, &item);
}

/* ---- the collector ---- */

/* Our child is the collector from its hello on. One from elsewhere may be a second one, which waits for the
 * journal's lock: it has to say first that it has the journal. */
static void take_collector_hello (live_t *self, const wire_hello_t *hello, channel_t *control,
                                  const channel_peer_t *peer)
{
    bool is_child = control == self->control;
    if (is_child ? hello->incarnation != self->collector_child.incarnation
                 : self->collector_child.incarnation > 0) {
        self->refused++; /* there is one collector in a run */
        return;
    }
    collector_peer_t *hearer = is_child ? &self->collector : &self->candidate;
    bool is_same = self->collector_known && self->collector.control == control &&
                   self->collector.hello == hello->incarnation;
    hearer = is_same ? &self->collector : hearer; /* it came by another connection */
    *hearer = (collector_peer_t){
        .known = true, .control = control, .peer = *peer, .hello = hello->incarnation};
    if (!endpoint_reach (hello->endpoint, channel_peer_address (control), hearer->endpoint,
                         sizeof hearer->endpoint)) {
        hearer->known = false;
        self->refused++;
        return;
    }
    if (is_child) {
        hearer->incarnation = hello->incarnation;
        self->collector_known = true;
        self->owners_changed = true;
    } else if (is_same) {
        hearer->incarnation = self->collector_lives;
    }
    welcome_collector (self, hearer);
}

/* Has it our journal: with our epoch, or with a newer one's claim on a shard of ours? */
static bool has_journal (const live_t *self, const wire_live_collector_t *state)
{
    bool has = state->broker == self->broker && state->epoch == flow_epoch (self->flow);
    for (size_t i = 0; i < state->shard_count && !has; i++) {
        has = cell_has_shard (self->config->cell, state->shards[i].shard) &&
              state->shards[i].claim > flow_epoch (self->flow);
    }
    return has;
}

/* A collector from elsewhere says that it has the journal: it is the one from now on. Lives are
 * numbered as they come here: the clocks of two machines say nothing of who was first. */
static void take_candidate (live_t *self, const wire_live_collector_t *state)
{
    if (state->incarnation != self->candidate.hello) {
        return;
    }
    if (flow_epoch (self->flow) == 0 && state->broker != self->broker) {
        return; /* our epoch is not written yet */
    }
    if (flow_epoch (self->flow) > 0 && !has_journal (self, state)) {
        log_error ("a collector with another journal wants to join: it is left out");
        self->candidate.known = false;
        self->refused++;
        return;
    }
    bool moved = strcmp (self->collector.endpoint, self->candidate.endpoint) != 0;
    self->collector = self->candidate;
    self->collector.incarnation = ++self->collector_lives;
    self->candidate.known = false;
    self->collector_known = true;
    self->owners_changed = true;
    log_info ("the collector at %s joins", self->collector.endpoint);
    if (moved) {
        live_welcome_workers (self);
    }
}

/* The journal's places, in order; when one is missing the next welcome brings all again. */
static void take_known (live_t *self, const wire_places_t *known)
{
    if (self->phase != LIVE_OPENING || self->known_whole || known->epoch != self->heard.epoch) {
        return;
    }
    if (known->number == 0) {
        self->known_next = 0;
    }
    if (known->number == self->known_next) {
        flow_know (self->flow, known);
        self->known_next++;
        self->known_whole = known->last;
    }
}

static void begin (live_t *self)
{
    log_debug ("epoch %" PRIu64 " begins", self->heard.epoch);
    flow_start (self->flow, self->heard.epoch, live_now_ms ());
    live_enter (self, LIVE_RUNNING);
    live_welcome_workers (self);
}

static bool is_peer (const collector_peer_t *collector, const channel_t *control,
                     const channel_peer_t *peer)
{
    return collector->known && collector->control == control &&
           channel_peer_equal (&collector->peer, peer);
}

static void take_collector_state (live_t *self, wire_live_collector_t *state, channel_t *control,
                                  const channel_peer_t *peer)
{
    if (is_peer (&self->candidate, control, peer)) {
        take_candidate (self, state);
    }
    if (!self->collector_known || !is_peer (&self->collector, control, peer)) {
        return;
    }
    state->incarnation = self->collector.incarnation;
    live_hear_ages (self, state);
    self->heard = *state;
    self->collector_heard = true;
    self->collector_at = mono_now ();
    self->sinks_behind = 0;
    self->sinks_failing = 0;
    for (size_t i = 0; i < state->sink_count; i++) {
        self->sinks_behind += state->sinks[i].behind;
        self->sinks_failing += state->sinks[i].failing;
    }
    flow_collector_state (self->flow, state, live_now_ms ());
    if (flow_is_replaced (self->flow) && !self->result->replaced) {
        log_error ("another broker has taken over our part of the journal: this one stops");
        self->result->replaced = true;
        live_fail (self);
    } else if (self->phase == LIVE_RUNNING && !has_journal (self, state)) {
        log_error ("the journal is another one than it was: somebody removed %s", self->state);
        live_fail (self);
    }
}

/* ---- all ---- */

static void take_object (live_t *self, wire_object_t *object, channel_t *control,
                         const channel_peer_t *peer)
{
    switch (object->kind) {
    case WIRE_HELLO:
        if (!channel_peer_may (peer, object->hello.role == WIRE_ROLE_WORKER ? KEYS_WORKER
                                                                            : KEYS_COLLECTOR)) {
            self->refused++; /* its key is for another role */
        } else if (object->hello.role == WIRE_ROLE_WORKER) {
            live_take_worker_hello (self, &object->hello, control, peer);
        } else {
            take_collector_hello (self, &object->hello, control, peer);
        }
        break;
    case WIRE_LIVE_WORKER:
        live_take_worker_state (self, &object->live_worker, control, peer);
        break;
    case WIRE_STATE:
        live_take_shard_state (self, &object->state, control, peer);
        break;
    case WIRE_LIVE_COLLECTOR:
        take_collector_state (self, &object->live_collector, control, peer);
        break;
    case WIRE_KNOWN:
        if (is_peer (&self->collector, control, peer)) {
            take_known (self, &object->places);
        }
        break;
    default:
        self->refused++;
    }
}

static void take_messages (live_t *self, channel_t *control)
{
    const char *bytes;
    size_t size;
    channel_peer_t peer;
    while (channel_receive (control, &peer, &bytes, &size, &self->refused)) {
        wire_object_t object;
        wire_reader_begin (self->reader, bytes, size);
        if (wire_next (self->reader, &object) == 1) {
            take_object (self, &object, control, &peer);
        } else {
            self->refused++;
        }
    }
}

void live_take_control (live_t *self)
{
    take_messages (self, self->control);
    if (self->remote) {
        take_messages (self, self->remote);
    }
    if (self->phase == LIVE_OPENING && self->known_whole && self->heard.broker == self->broker) {
        begin (self);
    }
}

/* Who is not our child is not told to go: it stays for the broker that comes next. */
static wire_phase_t phase_for (const live_t *self, bool is_child)
{
    bool ends = self->phase == LIVE_ENDING || self->phase == LIVE_LEAVING;
    return is_child && self->phase == LIVE_LEAVING ? WIRE_PHASE_EXIT
           : ends                                  ? WIRE_PHASE_STOP
                                                   : WIRE_PHASE_RUN;
}

static void say_to (const wire_live_broker_t *state, channel_t *control, const channel_peer_t *peer)
{
    buffer_t message = {0};
    wire_put_live_broker (&message, state);
    channel_send_to (control, peer, &message);
}

static void say_state (live_t *self)
{
    wire_live_broker_t state = {
        .serial = ++self->serial, .broker = self->broker, .epoch = flow_epoch (self->flow)};
    state.owners = flow_owners (self->flow, &state.owner_count);
    for (uint32_t w = 0; w < self->seat_count; w++) {
        live_seat_t *seat = &self->seats[w];
        if (seat->known) {
            state.phase = phase_for (self, seat->local);
            say_to (&state, seat->control, &seat->peer);
        }
    }
    if (self->collector_known) {
        state.phase = phase_for (self, self->collector.control == self->control);
        say_to (&state, self->collector.control, &self->collector.peer);
    }
}

static void say_places (live_t *self)
{
    buffer_t message = {0};
    if (self->collector_known && flow_next_places (self->flow, &message, live_now_ms ())) {
        channel_send_to (self->collector.control, &self->collector.peer, &message);
    }
}

void live_speak (live_t *self)
{
    mono_t now = mono_now ();
    int64_t passed_ms = mono_ms (self->told, now);
    if (passed_ms >= LIVE_STATE_MS || (self->owners_changed && passed_ms >= OWNERS_MS)) {
        self->told = now;
        self->owners_changed = false;
        say_state (self);
        if (self->phase == LIVE_OPENING && self->collector_known) {
            welcome_collector (self, &self->collector); /* until its places are whole */
        }
    }
    if (self->phase != LIVE_LEAVING) {
        say_places (self);
    }
}
