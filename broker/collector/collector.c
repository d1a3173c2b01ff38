#include "collector.h"

#include "channel.h"
#include "clock.h"
#include "ledger.h"
#include "log.h"
#include "process.h"
#include "run.h"
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_MS     1000 /* states and hellos are repeated so often */
#define TAKE_AT_ONCE 16   /* data messages before control and signals are looked at again */
#define FLUSH_MS     1000 /* sinks' readers are at most so far behind */
#define LINKS_MAX    4096 /* workers' lives whose links are remembered */

typedef struct {
    const collector_config_t *config;
    void *context;
    channel_t *control, *pull;
    int signals;
    bool over;
    run_t *run; /* NULL until the welcome */
    sink_t **sinks;
    bool failed, closed;
    ledger_t *ledger;
    size_t link_count;
    wire_link_state_t links[LINKS_MAX];
    uint64_t hits, refused;
    wire_counts_t counts;
    size_t note_count;
    char notes[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
    size_t last_count; /* notes of the unit released last */
    char last[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
    int64_t sink_ns;
    wire_phase_t phase;
    uint32_t units;
    uint64_t broker_serial;
    uint64_t serial;
    bool changed; /* and could not be said yet: we wait until it can */
    mono_t told, flushed;
    wire_reader_t *reader;
} collector_t;

/* ---- control ---- */

static bool say_hello (collector_t *self)
{
    wire_hello_t hello = {.role = WIRE_ROLE_COLLECTOR, .incarnation = self->config->incarnation};
    snprintf (hello.name, sizeof hello.name, "%s", self->config->name);
    snprintf (hello.endpoint, sizeof hello.endpoint, "%s", self->config->listen);
    buffer_t message = {0};
    wire_put_hello (&message, &hello);
    return channel_send (self->control, &message);
}

static bool say_state (collector_t *self)
{
    char held[LEDGER_REACH / 8];
    wire_collector_state_t state = {
        .serial = ++self->serial,
        .incarnation = self->config->incarnation,
        .released = ledger_released (self->ledger),
        .held = {held, ledger_held (self->ledger, held)},
        .held_bytes = ledger_held_bytes (self->ledger),
        .able = !self->failed,
        .failed = self->failed,
        .closed = self->closed,
        .hits = self->hits,
        .refused = self->refused,
        .counts = self->counts,
        .sink_us = (uint64_t) self->sink_ns / 1000,
        .cpu_us = (uint64_t) cpu_process_us (),
        .link_count = self->link_count,
        .links = self->links,
        .note_count = self->note_count,
        .notes = (const char (*)[WIRE_NOTE_MAX + 1]) self->notes,
    };
    buffer_t message = {0};
    wire_put_collector_state (&message, &state);
    return channel_send (self->control, &message);
}

static void speak (collector_t *self)
{
    mono_t now = mono_now ();
    if (self->changed || mono_ms (self->told, now) >= STATE_MS) {
        self->told = now;
        self->changed = !(self->run ? say_state (self) : say_hello (self));
    }
}

static int open_sinks (collector_t *self)
{
    self->sinks = memory_new (self->config->sink_count * sizeof (sink_t *));
    sink_run_t run = {self->run->scans, self->run->scan_count};
    for (size_t i = 0; i < self->config->sink_count; i++) {
        self->sinks[i] = sink_open (self->config->sinks[i], &run);
        if (!self->sinks[i]) {
            return -1;
        }
    }
    return 0;
}

static void take_welcome (collector_t *self, const wire_welcome_t *welcome)
{
    if (self->run) {
        return;
    }
    char error[256];
    run_t *run = memory_new (sizeof *run);
    if (run_read (run, welcome->scans, welcome->scan_count, welcome->all_hits, error,
                  sizeof error) != 0) {
        log_error ("the broker's welcome is not understood: %s", error);
        free (run);
        self->over = true;
        return;
    }
    self->run = run;
    self->failed = open_sinks (self) != 0;
    self->changed = true;
}

static void close_sinks (collector_t *self, bool whole)
{
    int64_t start = cpu_thread_ns ();
    for (size_t i = 0; self->sinks && i < self->config->sink_count; i++) {
        if (!self->sinks[i]) {
            continue;
        }
        if (!whole && sink_part (self->sinks[i])) {
            log_warning ("not whole: what was finished is in %s", sink_part (self->sinks[i]));
        }
        if (sink_close (&self->sinks[i], whole) != 0) {
            self->failed = true;
        }
    }
    self->sink_ns += cpu_thread_ns () - start;
    self->closed = true;
    self->changed = true;
}

/* ---- units ---- */

static void write_hit (collector_t *self, const char *symbol, const hit_t *hit)
{
    for (size_t i = 0; i < self->config->sink_count && !self->failed; i++) {
        if (sink_write (self->sinks[i], symbol, hit) != 0) {
            self->failed = true;
        }
    }
    self->hits++;
}

static void add_counts (wire_counts_t *sum, const wire_counts_t *counts)
{
    sum->candles += counts->candles;
    sum->rejected_rows += counts->rejected_rows;
    sum->unsorted_rows += counts->unsorted_rows;
    sum->duplicate_rows += counts->duplicate_rows;
    sum->rejected_files += counts->rejected_files;
    sum->rejected_json += counts->rejected_json;
}

static bool was_noted (const collector_t *self, const char *note)
{
    for (size_t i = 0; i < self->last_count; i++) {
        if (strcmp (self->last[i], note) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes the unit's notes. A week of two quarters that is rejected whole is noted by each of its
 * units that reads it, one after the other: the second time it is neither said nor counted. A row
 * is one unit's alone, so only files' notes come twice. */
static void take_notes (collector_t *self, const ledger_unit_t *unit)
{
    size_t count = unit->note_count < WIRE_NOTES_MAX ? unit->note_count : WIRE_NOTES_MAX;
    for (size_t i = 0; i < count; i++) {
        if (was_noted (self, unit->notes[i])) {
            self->counts.rejected_files -= self->counts.rejected_files > 0;
        } else if (self->note_count < WIRE_NOTES_MAX) {
            memcpy (self->notes[self->note_count++], unit->notes[i], sizeof unit->notes[i]);
        }
    }
    self->last_count = count;
    if (count > 0) {
        memcpy (self->last, unit->notes, count * sizeof *unit->notes);
    }
}

/* Writes the units that are whole, in order. With `gaps` all of them, over those that are missing.
 * */
static void release_units (collector_t *self, bool gaps)
{
    ledger_unit_t unit;
    hit_t hit;
    int64_t start = cpu_thread_ns ();
    while (!self->failed && ledger_release (self->ledger, gaps, &unit)) {
        while (ledger_next_hit (self->ledger, &hit)) {
            write_hit (self, unit.symbol, &hit);
        }
        add_counts (&self->counts, unit.counts);
        take_notes (self, &unit);
        self->changed = true;
    }
    self->sink_ns += cpu_thread_ns () - start;
}

/* The worker's link; a new one for a worker not heard of. NULL when there are too many. */
static link_t *link_of (collector_t *self, uint32_t worker)
{
    for (size_t i = 0; i < self->link_count; i++) {
        if (self->links[i].worker == worker) {
            return &self->links[i].link;
        }
    }
    if (self->link_count == LINKS_MAX) {
        return NULL;
    }
    wire_link_state_t *link = &self->links[self->link_count++];
    *link = (wire_link_state_t){.worker = worker};
    return &link->link;
}

static bool take_item (collector_t *self, const wire_object_t *object)
{
    switch (object->kind) {
    case WIRE_HIT:
        return object->hit.hit.scan < self->run->scan_count &&
               object->hit.hit.value_count == self->run->scans[object->hit.hit.scan].column_count &&
               ledger_hit (self->ledger, &object->hit);
    case WIRE_DONE:
        return ledger_done (self->ledger, &object->done);
    default:
        return false;
    }
}

/* One data message: its LINK decides whether it is applied. A message that cannot be read after it
 * was numbered is as good as lost: a gap. */
static void take_message (collector_t *self, const char *bytes, size_t size)
{
    wire_object_t object;
    wire_reader_begin (self->reader, bytes, size);
    link_t *link = NULL;
    if (wire_next (self->reader, &object) == 1 && object.kind == WIRE_LINK && self->run) {
        link = link_of (self, object.link.worker);
    }
    if (!link) {
        self->refused++;
        return;
    }
    self->changed = true;
    link_verdict_t verdict = link_take (link, object.link.session, object.link.n);
    if (verdict != LINK_TAKE && verdict != LINK_FIRST) {
        return;
    }
    int rc;
    while ((rc = wire_next (self->reader, &object)) == 1) {
        if (!take_item (self, &object)) {
            rc = -1;
            break;
        }
    }
    if (rc != 0) {
        self->refused++;
        link->gap = true;
    }
}

static bool take_data (collector_t *self)
{
    const char *bytes;
    size_t size;
    for (int i = 0; i < TAKE_AT_ONCE; i++) {
        if (!channel_receive (self->pull, NULL, &bytes, &size, &self->refused)) {
            return false;
        }
        take_message (self, bytes, size);
    }
    return true;
}

/* The broker's word on the run. Everything that was sent before it is taken first: the workers'
 * DONE came to the broker by way of our own state. */
static void follow_phase (collector_t *self)
{
    if (self->closed || !self->run) {
        return;
    }
    if (self->phase == WIRE_PHASE_FINISH && ledger_released (self->ledger) >= self->units) {
        close_sinks (self, !self->failed);
    } else if (self->phase == WIRE_PHASE_STOP) {
        release_units (self, true);
        close_sinks (self, false);
    } else if (self->failed) {
        close_sinks (self, false);
    }
}

static void take_broker_state (collector_t *self, const wire_broker_state_t *state)
{
    if (state->serial <= self->broker_serial) {
        return;
    }
    self->broker_serial = state->serial;
    self->units = state->units;
    ledger_void (self->ledger, state->voids, state->void_count);
    self->over = self->over || state->phase == WIRE_PHASE_EXIT;
    self->phase = state->phase;
}

static void take_control (collector_t *self)
{
    const char *bytes;
    size_t size;
    while (channel_receive (self->control, NULL, &bytes, &size, &self->refused)) {
        wire_object_t object;
        wire_reader_begin (self->reader, bytes, size);
        if (wire_next (self->reader, &object) != 1) {
            self->refused++;
        } else if (object.kind == WIRE_WELCOME) {
            take_welcome (self, &object.welcome);
        } else if (object.kind == WIRE_BROKER_STATE) {
            take_broker_state (self, &object.broker_state);
        }
    }
}

static void flush_sinks (collector_t *self)
{
    mono_t now = mono_now ();
    if (self->closed || !self->sinks || mono_ms (self->flushed, now) < FLUSH_MS) {
        return;
    }
    self->flushed = now;
    for (size_t i = 0; i < self->config->sink_count && !self->failed; i++) {
        if (sink_flush (self->sinks[i]) != 0) {
            self->failed = true;
            self->changed = true;
        }
    }
}

/* ---- the loop ---- */

static void wait_for_something (collector_t *self, bool busy)
{
    zmq_pollitem_t items[] = {
        channel_poll (self->control, self->changed ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN),
        {.fd = self->signals, .events = ZMQ_POLLIN},
        channel_poll (self->pull, ZMQ_POLLIN),
    };
    int64_t left = STATE_MS - mono_ms (self->told, mono_now ());
    int count = self->run ? 3 : 2; /* no hit is understood before the welcome */
    zmq_poll (items, count, busy ? 0 : left > 0 ? (long) left : 0);
    if (process_next_signal (self->signals)) {
        self->over = true;
    }
}

static int open_collector (collector_t *self)
{
    self->signals = process_signals ();
    self->context = zmq_ctx_new ();
    if (self->signals < 0 || !self->context) {
        return -1;
    }
    self->ledger = ledger_new ();
    self->reader = wire_reader_new ();
    self->pull = channel_bind (self->context, CHANNEL_PULL, self->config->listen);
    self->control = channel_connect (self->context, CHANNEL_DEALER, self->config->broker);
    return self->pull && self->control ? 0 : -1;
}

static void close_collector (collector_t *self)
{
    if (!self->closed) {
        close_sinks (self, false);
    }
    free (self->sinks);
    channel_destroy (&self->control, 0);
    channel_destroy (&self->pull, 0);
    if (self->context) {
        zmq_ctx_term (self->context);
    }
    if (self->signals >= 0) {
        close (self->signals);
    }
    ledger_destroy (&self->ledger);
    wire_reader_destroy (&self->reader);
    free (self->run);
}

int collector_run (const collector_config_t *config)
{
    collector_t *self = memory_new (sizeof *self);
    self->config = config;
    self->signals = -1;
    self->changed = true;
    int rc = open_collector (self) == 0 ? 0 : 1;
    bool busy = false;
    while (rc == 0 && !self->over) {
        speak (self);
        wait_for_something (self, busy);
        take_control (self);
        busy = self->run && take_data (self);
        release_units (self, false);
        follow_phase (self);
        flush_sinks (self);
    }
    close_collector (self);
    rc = rc == 0 && self->failed ? 1 : rc;
    free (self);
    return rc;
}
