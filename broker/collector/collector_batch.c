#include "collector_inside.h"

#include "ledger.h"
#include "log.h"
#include "sink.h"

#include <stdlib.h>
#include <string.h>

#define FLUSH_MS  1000 /* sinks' readers are at most so far behind */
#define LINKS_MAX 4096 /* workers whose links are remembered */

typedef struct {
    collector_t *base;
    member_t *member;
    sink_t **sinks;
    bool failed, closed;
    ledger_t *ledger;
    size_t link_count;
    wire_link_state_t links[LINKS_MAX];
    uint64_t hits;
    wire_counts_t counts;
    size_t note_count;
    char notes[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
    size_t last_count; /* notes of the unit released last */
    char last[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
    int64_t sink_ns;
    wire_phase_t phase;
    uint32_t units;
    uint64_t broker_serial;
    uint64_t serial; /* of our last state */
    mono_t flushed;
} batch_t;

/* ---- control ---- */

static void batch_say (void *handle, member_t *member)
{
    (void) member; /* a batch has one broker */
    batch_t *self = handle;
    char held[LEDGER_REACH / 8];
    wire_collector_state_t state = {
        .serial = ++self->serial,
        .incarnation = self->base->config->incarnation,
        .released = ledger_released (self->ledger),
        .held = {held, ledger_held (self->ledger, held)},
        .held_bytes = ledger_held_bytes (self->ledger),
        .able = !self->failed,
        .failed = self->failed,
        .closed = self->closed,
        .hits = self->hits,
        .refused = self->member->refused,
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
    member_say (self->member, &message);
}

static int open_sinks (batch_t *self)
{
    self->sinks = memory_new (self->base->config->sink_count * sizeof (sink_t *));
    sink_run_t run = {self->member->run->scans, self->member->run->scan_count};
    for (size_t i = 0; i < self->base->config->sink_count; i++) {
        self->sinks[i] = sink_open (self->base->config->sinks[i], &run);
        if (!self->sinks[i]) {
            return -1;
        }
    }
    return 0;
}

static void close_sinks (batch_t *self, bool whole)
{
    int64_t start = cpu_thread_ns ();
    for (size_t i = 0; self->sinks && i < self->base->config->sink_count; i++) {
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
    self->member->changed = true;
}

/* ---- units ---- */

static void write_hit (batch_t *self, const char *symbol, const hit_t *hit)
{
    for (size_t i = 0; i < self->base->config->sink_count && !self->failed; i++) {
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

static bool was_noted (const batch_t *self, const char *note)
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
static void take_notes (batch_t *self, const ledger_unit_t *unit)
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
 * Nothing any more when the sinks are closed: workers may still send. */
static void release_units (batch_t *self, bool gaps)
{
    ledger_unit_t unit;
    hit_t hit;
    int64_t start = cpu_thread_ns ();
    while (!self->failed && !self->closed && ledger_release (self->ledger, gaps, &unit)) {
        while (ledger_next_hit (self->ledger, &hit)) {
            write_hit (self, unit.symbol, &hit);
        }
        add_counts (&self->counts, unit.counts);
        take_notes (self, &unit);
        self->member->changed = true;
    }
    self->sink_ns += cpu_thread_ns () - start;
}

/* The worker's link; a new one for a worker not heard of. NULL when there are too many. */
static link_t *link_of (batch_t *self, uint32_t worker)
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

static bool take_item (void *owner, const wire_object_t *object)
{
    batch_t *self = owner;
    switch (object->kind) {
    case WIRE_HIT:
        return object->hit.hit.scan < self->member->run->scan_count &&
               object->hit.hit.value_count ==
                   self->member->run->scans[object->hit.hit.scan].column_count &&
               ledger_hit (self->ledger, &object->hit);
    case WIRE_DONE:
        return ledger_done (self->ledger, &object->done);
    default:
        return false;
    }
}

/* One data message: its LINK decides whether it is applied. */
static void batch_take (void *handle, const char *bytes, size_t size)
{
    batch_t *self = handle;
    wire_link_t header;
    if (!member_begin_data (self->member, bytes, size, &header)) {
        return;
    }
    link_t *link = link_of (self, header.worker);
    if (!link) {
        member_refuse (self->member);
        return;
    }
    self->member->changed = true;
    link_verdict_t verdict = link_take (link, header.session, header.n);
    if (verdict == LINK_TAKE || verdict == LINK_FIRST) {
        member_take_items (self->member, link, take_item, self);
    }
}

/* The broker's word on the run. */
static void follow_phase (batch_t *self)
{
    if (self->closed) {
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

static void take_broker_state (batch_t *self, const wire_broker_state_t *state)
{
    if (state->serial <= self->broker_serial) {
        return;
    }
    self->broker_serial = state->serial;
    self->units = state->units;
    ledger_void (self->ledger, state->voids, state->void_count);
    self->member->over = self->member->over || state->phase == WIRE_PHASE_EXIT;
    self->phase = state->phase;
}

static void batch_hear (void *handle, member_t *member, const wire_object_t *object)
{
    (void) member;
    batch_t *self = handle;
    if (object->kind == WIRE_BROKER_STATE) {
        take_broker_state (self, &object->broker_state);
    }
}

static void flush_sinks (batch_t *self)
{
    mono_t now = mono_now ();
    if (self->closed || !self->sinks || mono_ms (self->flushed, now) < FLUSH_MS) {
        return;
    }
    self->flushed = now;
    for (size_t i = 0; i < self->base->config->sink_count && !self->failed; i++) {
        if (sink_flush (self->sinks[i]) != 0) {
            self->failed = true;
            self->member->changed = true;
        }
    }
}

/* ---- the run ---- */

static void batch_turn (void *handle, bool busy, bool ready)
{
    batch_t *self = handle;
    (void) ready;
    release_units (self, false);
    if (!busy) {
        follow_phase (self); /* what was sent before the word is taken first */
    }
    flush_sinks (self);
}

static void batch_end (void *handle)
{
    batch_t *self = handle;
    if (!self->closed) {
        close_sinks (self, false);
    }
    if (self->failed) {
        self->base->code = 1;
    }
    free (self->sinks);
    ledger_destroy (&self->ledger);
    free (self);
}

void *collector_batch_new (collector_t *base, const wire_welcome_t *welcome)
{
    if (!member_take_welcome (&base->member, welcome)) {
        base->code = 1;
        return NULL;
    }
    batch_t *self = memory_new (sizeof *self);
    self->base = base;
    self->member = &base->member;
    self->ledger = ledger_new ();
    self->failed = open_sinks (self) != 0;
    return self;
}

const collector_kind_t collector_batch = {
    .say = batch_say,
    .hear = batch_hear,
    .take = batch_take,
    .turn = batch_turn,
    .end = batch_end,
};
