#include "live_inside.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWNERS_MS 20 /* who owns what is said so soon after it changed */

static uint64_t now_ms (void)
{
    return (uint64_t) (mono_now ().us / 1000);
}

/* ---- welcome ---- */

static void welcome (live_t *self, const channel_peer_t *peer, wire_live_welcome_t *item)
{
    const live_config_t *config = self->config;
    item->broker = self->broker;
    item->candle_timeout_ms = config->candle_timeout_ms;
    item->day_timeout_ms = config->day_timeout_ms;
    item->all_hits = config->run->all_hits;
    item->scan_count = config->run->scan_count;
    item->scans = (const char (*)[SCAN_TEXT_MAX]) self->scans;
    item->holidays = market_holidays (config->market, &item->holiday_count);
    buffer_t message = {0};
    wire_put_live_welcome (&message, item);
    channel_send_to (self->control, peer, &message);
}

static void welcome_collector (live_t *self)
{
    wire_live_welcome_t item = {.since_ms = self->config->since_ms,
                                .session = {flow_epoch (self->flow), 0}};
    welcome (self, &self->collector, &item);
}

/* A worker's life gets a data endpoint and a first session of its own. */
static void welcome_worker (live_t *self, uint32_t w)
{
    live_seat_t *seat = &self->seats[w];
    char name[48];
    snprintf (name, sizeof name, "data-%u.%" PRIu64, w, seat->child.incarnation);
    char *endpoint = local_endpoint (self->local, name);
    if (!seat->data) {
        seat->data = channel_bind (self->bus, CHANNEL_PUSH, endpoint);
        snprintf (name, sizeof name, "worker-%u", w);
        seat->session = flow_joined (self->flow, w, name, now_ms ());
        self->owners_changed = true;
    }
    if (seat->data) {
        wire_live_welcome_t item = {
            .worker = w, .session = seat->session, .since_ms = self->heard.since_ms};
        snprintf (item.data_endpoint, sizeof item.data_endpoint, "%s", endpoint);
        snprintf (item.collector_endpoint, sizeof item.collector_endpoint, "%s",
                  self->collector_endpoint);
        welcome (self, &seat->peer, &item);
    } else {
        live_fail (self);
    }
    free (endpoint);
}

/* Workers are welcomed when there is an epoch, and a collector to send hits to. */
static bool can_welcome (const live_t *self)
{
    return flow_epoch (self->flow) > 0 && self->collector_endpoint[0] &&
           self->phase != LIVE_LEAVING;
}

/* ---- workers ---- */

static void take_worker_hello (live_t *self, const wire_hello_t *hello, const channel_peer_t *peer)
{
    for (uint32_t w = 0; w < self->seat_count; w++) {
        live_seat_t *seat = &self->seats[w];
        char name[32];
        snprintf (name, sizeof name, "worker-%u", w);
        if (strcmp (name, hello->name) == 0 && seat->child.incarnation == hello->incarnation) {
            seat->peer = *peer;
            seat->known = true;
            if (can_welcome (self)) {
                welcome_worker (self, w);
            }
            return;
        }
    }
    self->refused++;
}

/* What it found wrong in reference files, each once. */
static void log_notes (live_t *self, live_seat_t *seat, const wire_live_worker_t *state)
{
    for (; seat->notes < state->note_count; seat->notes++) {
        log_warning ("%s/%s", market_directory (self->config->market), state->notes[seat->notes]);
    }
}

static void take_worker_state (live_t *self, const wire_live_worker_t *state,
                               const channel_peer_t *peer)
{
    for (uint32_t w = 0; w < self->seat_count; w++) {
        live_seat_t *seat = &self->seats[w];
        if (!seat->data || !channel_peer_equal (&seat->peer, peer)) {
            continue;
        }
        log_notes (self, seat, state);
        seat->candles = state->candles;
        seat->late = state->late;
        seat->refused = state->refused;
        seat->rejected_rows = state->rejected_rows;
        seat->rejected_files = state->rejected_files;
        seat->scan_us = state->scan_us;
        seat->memory_bytes = state->memory_bytes;
        seat->cpu_us = state->cpu_us;
        flow_worker_state (self->flow, w, state, now_ms ());
    }
}

/* ---- the collector ---- */

static void take_collector_hello (live_t *self, const wire_hello_t *hello,
                                  const channel_peer_t *peer)
{
    if (hello->incarnation != self->collector_child.incarnation) {
        self->refused++; /* there is one collector in a run */
        return;
    }
    self->collector = *peer;
    self->collector_known = true;
    snprintf (self->collector_endpoint, sizeof self->collector_endpoint, "%s", hello->endpoint);
    welcome_collector (self);
    self->owners_changed = true;
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
    flow_start (self->flow, self->heard.epoch, now_ms ());
    live_enter (self, LIVE_RUNNING);
    for (uint32_t w = 0; w < self->seat_count; w++) {
        if (self->seats[w].known) {
            welcome_worker (self, w);
        }
    }
}

static void take_collector_state (live_t *self, const wire_live_collector_t *state,
                                  const channel_peer_t *peer)
{
    if (!self->collector_known || !channel_peer_equal (&self->collector, peer)) {
        return;
    }
    live_hear_ages (self, state);
    self->heard = *state;
    self->collector_heard = true;
    self->sinks_behind = 0;
    self->sinks_failing = 0;
    for (size_t i = 0; i < state->sink_count; i++) {
        self->sinks_behind += state->sinks[i].behind;
        self->sinks_failing += state->sinks[i].failing;
    }
    flow_collector_state (self->flow, state, now_ms ());
    if (self->phase == LIVE_RUNNING && state->broker == self->broker &&
        state->epoch != flow_epoch (self->flow)) {
        log_error ("the journal is another one than it was: somebody removed %s", self->state);
        live_fail (self);
    }
    if (flow_is_replaced (self->flow) && !self->result->replaced) {
        log_error ("another broker has taken over the journal: this one stops");
        self->result->replaced = true;
        live_fail (self);
    }
}

/* ---- all ---- */

static void take_object (live_t *self, const wire_object_t *object, const channel_peer_t *peer)
{
    bool is_collector = self->collector_known && channel_peer_equal (&self->collector, peer);
    switch (object->kind) {
    case WIRE_HELLO:
        if (!channel_peer_may (peer, object->hello.role == WIRE_ROLE_WORKER ? KEYS_WORKER
                                                                            : KEYS_COLLECTOR)) {
            self->refused++; /* its key is for another role */
        } else if (object->hello.role == WIRE_ROLE_WORKER) {
            take_worker_hello (self, &object->hello, peer);
        } else {
            take_collector_hello (self, &object->hello, peer);
        }
        break;
    case WIRE_LIVE_WORKER:
        take_worker_state (self, &object->live_worker, peer);
        break;
    case WIRE_LIVE_COLLECTOR:
        take_collector_state (self, &object->live_collector, peer);
        break;
    case WIRE_KNOWN:
        if (is_collector) {
            take_known (self, &object->places);
        }
        break;
    default:
        self->refused++;
    }
}

void live_take_control (live_t *self)
{
    const char *bytes;
    size_t size;
    channel_peer_t peer;
    while (channel_receive (self->control, &peer, &bytes, &size, &self->refused)) {
        wire_object_t object;
        wire_reader_begin (self->reader, bytes, size);
        if (wire_next (self->reader, &object) == 1) {
            take_object (self, &object, &peer);
        } else {
            self->refused++;
        }
    }
    if (self->phase == LIVE_OPENING && self->known_whole && self->heard.broker == self->broker) {
        begin (self);
    }
}

static void say_state (live_t *self)
{
    wire_live_broker_t state = {.serial = ++self->serial,
                                .broker = self->broker,
                                .epoch = flow_epoch (self->flow),
                                .phase = self->phase == LIVE_LEAVING  ? WIRE_PHASE_EXIT
                                         : self->phase == LIVE_ENDING ? WIRE_PHASE_STOP
                                                                      : WIRE_PHASE_RUN};
    state.owners = flow_owners (self->flow, &state.owner_count);
    for (uint32_t w = 0; w <= self->seat_count; w++) {
        bool is_collector = w == self->seat_count;
        if (is_collector ? self->collector_known : self->seats[w].known) {
            buffer_t message = {0};
            wire_put_live_broker (&message, &state);
            channel_send_to (self->control, is_collector ? &self->collector : &self->seats[w].peer,
                             &message);
        }
    }
}

static void say_places (live_t *self)
{
    buffer_t message = {0};
    if (self->collector_known && flow_next_places (self->flow, &message, now_ms ())) {
        channel_send_to (self->control, &self->collector, &message);
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
            welcome_collector (self); /* until its places are whole */
        }
    }
    if (self->phase != LIVE_LEAVING) {
        say_places (self);
    }
}
