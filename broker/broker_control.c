#include "broker_inside.h"

#include "log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define JOIN_SECONDS 30 /* of our loop: a child that has not joined by then never will */

static void welcome (broker_t *self, const channel_peer_t *peer, size_t number, session_t session,
                     const char *data_endpoint)
{
    const delivery_plan_t *plan = &self->config->plan;
    wire_welcome_t item = {.worker = (uint32_t) number,
                           .session = session,
                           .all_hits = plan->run->all_hits,
                           .scan_count = plan->run->scan_count,
                           .scans = (const char (*)[SCAN_TEXT_MAX]) self->scans};
    item.holidays = market_holidays (plan->market, &item.holiday_count);
    snprintf (item.data_endpoint, sizeof item.data_endpoint, "%s", data_endpoint);
    snprintf (item.collector_endpoint, sizeof item.collector_endpoint, "%s",
              self->collector_endpoint);
    buffer_t message = {0};
    wire_put_welcome (&message, &item);
    channel_send_to (self->control, peer, &message);
}

/* The worker gets a data endpoint and a session of its own. */
static void welcome_worker (broker_t *self, size_t w)
{
    seat_t *seat = &self->seats[w];
    char name[32];
    snprintf (name, sizeof name, "data-%zu.%" PRIu64, w, seat->incarnation);
    char *endpoint = local_endpoint (self->local, name);
    if (!seat->data) {
        seat->data = channel_bind (self->bus, CHANNEL_PUSH, endpoint);
        seat->session = (session_t){self->epoch, ++self->sessions};
    }
    if (seat->data) {
        welcome (self, &seat->peer, w, seat->session, endpoint);
    } else {
        broker_fail (self);
    }
    free (endpoint);
}

/* Workers are welcomed when the collector's endpoint is there: one that connects to nothing tries
 * again later and later. */
static bool is_collector_there (const broker_t *self)
{
    return self->collector_known || self->pull;
}

static void take_worker_hello (broker_t *self, const wire_hello_t *hello,
                               const channel_peer_t *peer)
{
    for (size_t w = 0; w < self->seat_count; w++) {
        seat_t *seat = &self->seats[w];
        char name[32];
        snprintf (name, sizeof name, "worker-%zu", w);
        if (strcmp (name, hello->name) == 0 && seat->incarnation == hello->incarnation) {
            seat->peer = *peer;
            seat->known = true;
            self->changed = true;
            if (is_collector_there (self)) {
                welcome_worker (self, w);
            }
            return;
        }
    }
    self->refused++;
}

static void take_collector_hello (broker_t *self, const wire_hello_t *hello,
                                  const channel_peer_t *peer)
{
    if (self->collector_known && !channel_peer_equal (&self->collector, peer)) {
        self->refused++; /* there is one collector in a run */
        return;
    }
    self->collector = *peer;
    self->collector_known = true;
    self->changed = true; /* it has not heard how the run stands */
    snprintf (self->collector_endpoint, sizeof self->collector_endpoint, "%s", hello->endpoint);
    welcome (self, peer, 0, (session_t){self->epoch, 0}, "");
    for (size_t w = 0; w < self->seat_count; w++) {
        if (self->seats[w].known && !self->seats[w].data) {
            welcome_worker (self, w);
        }
    }
}

static void take_worker_state (broker_t *self, const wire_worker_state_t *state,
                               const channel_peer_t *peer)
{
    for (size_t w = 0; w < self->seat_count; w++) {
        seat_t *seat = &self->seats[w];
        if (!seat->known || !channel_peer_equal (&seat->peer, peer)) {
            continue;
        }
        if (!seat->joined) {
            seat->joined = true;
            batch_joined (self->batch, (uint32_t) w, seat->session, broker_now_ms (self));
        }
        seat->parse_us = state->parse_us;
        seat->scan_us = state->scan_us;
        seat->refused = state->refused;
        batch_worker_state (self->batch, (uint32_t) w, state, broker_now_ms (self));
    }
}

/* Messages that were located in the input, each once; the symbols' directory is put before them. */
static void log_notes (broker_t *self, const wire_collector_state_t *state)
{
    for (; self->notes_logged < state->note_count; self->notes_logged++) {
        log_warning ("%s/%s", market_directory (self->config->plan.market),
                     state->notes[self->notes_logged]);
    }
}

static void take_collector_state (broker_t *self, const wire_collector_state_t *state,
                                  const channel_peer_t *peer)
{
    if (!self->collector_known || !channel_peer_equal (&self->collector, peer) ||
        state->serial <= self->heard.serial) {
        return;
    }
    self->heard = *state;
    log_notes (self, state);
    batch_collector_state (self->batch, state, broker_now_ms (self));
    if (state->failed && !self->result->failed) {
        self->result->failed = true; /* the collector said why */
        self->phase = WIRE_PHASE_EXIT;
        self->changed = true;
    }
    if (state->closed && self->phase != WIRE_PHASE_EXIT) {
        self->phase = WIRE_PHASE_EXIT;
        self->changed = true;
    }
}

bool broker_take_control (broker_t *self)
{
    bool any = false;
    const char *bytes;
    size_t size;
    channel_peer_t peer;
    while (channel_receive (self->control, &peer, &bytes, &size, &self->refused)) {
        wire_object_t object;
        any = true;
        wire_reader_begin (self->reader, bytes, size);
        if (wire_next (self->reader, &object) != 1) {
            self->refused++;
        } else if (object.kind == WIRE_HELLO) {
            if (!channel_peer_may (&peer, object.hello.role == WIRE_ROLE_WORKER ? KEYS_WORKER
                                                                                : KEYS_COLLECTOR)) {
                self->refused++; /* its key is for another role */
            } else if (object.hello.role == WIRE_ROLE_WORKER) {
                take_worker_hello (self, &object.hello, &peer);
            } else {
                take_collector_hello (self, &object.hello, &peer);
            }
        } else if (object.kind == WIRE_WORKER_STATE) {
            take_worker_state (self, &object.worker_state, &peer);
        } else if (object.kind == WIRE_COLLECTOR_STATE) {
            take_collector_state (self, &object.collector_state, &peer);
        }
    }
    return any;
}

/* Our whole state to everybody. */
static void say_state (broker_t *self)
{
    uint32_t voids[BATCH_AHEAD];
    wire_broker_state_t state = {.serial = ++self->serial,
                                 .phase = self->phase,
                                 .units = batch_units (self->batch),
                                 .void_count = batch_voids (self->batch, voids),
                                 .voids = voids};
    for (size_t w = 0; w <= self->seat_count; w++) {
        bool is_collector = w == self->seat_count;
        if (is_collector ? self->collector_known : self->seats[w].known) {
            buffer_t message = {0};
            wire_put_broker_state (&message, &state);
            channel_send_to (self->control, is_collector ? &self->collector : &self->seats[w].peer,
                             &message);
        }
    }
    self->changed = false;
}

/* A child that runs but never joins hears us not, or we it: better to say so than to wait. */
static void count_waiting (broker_t *self)
{
    for (size_t w = 0; w < self->seat_count && self->phase == WIRE_PHASE_RUN; w++) {
        seat_t *seat = &self->seats[w];
        bool waits = !seat->joined && !seat->ended && local_runs (self->local, w);
        seat->waited = waits ? seat->waited + 1 : 0;
        if (seat->waited > JOIN_SECONDS) {
            log_error ("worker-%zu runs, but has not joined for %d s: the run cannot go on", w,
                       JOIN_SECONDS);
            broker_fail (self);
            return;
        }
    }
}

void broker_speak (broker_t *self)
{
    mono_t now = mono_now ();
    if (mono_ms (self->counted, now) >= BROKER_STATE_MS) {
        self->counted = now;
        count_waiting (self);
    }
    if (self->changed || mono_ms (self->told, now) >= BROKER_STATE_MS) {
        self->told = now;
        say_state (self);
    }
}

/* Explaining: the one worker's items come to us. */
void broker_take_explanations (broker_t *self)
{
    const char *bytes;
    size_t size;
    while (self->pull && channel_receive (self->pull, NULL, &bytes, &size, &self->refused)) {
        wire_object_t object;
        wire_reader_begin (self->reader, bytes, size);
        while (wire_next (self->reader, &object) == 1) {
            if (object.kind == WIRE_EXPLAIN &&
                object.explain.scan < self->config->plan.run->scan_count) {
                self->config->explain (self->config->argument, &object.explain);
            } else if (object.kind == WIRE_DONE) {
                wire_collector_state_t state = {
                    .serial = 1, .released = 1, .able = true, .counts = object.done.counts};
                self->heard = state;
                state.note_count = object.done.note_count;
                state.notes = object.done.notes;
                log_notes (self, &state);
                batch_collector_state (self->batch, &state, broker_now_ms (self));
            }
        }
    }
}
