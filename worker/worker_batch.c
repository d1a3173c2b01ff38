#include "worker_inside.h"

#include "unit.h"

#include <stdlib.h>

typedef struct {
    member_t *member;
    uint32_t number; /* by which links name us */
    calendar_t *calendar;
    outbox_t *outbox;
    uint64_t serial; /* of our last state */
    /* the session */
    link_t link;
    uint64_t consumed;
    unit_times_t times;
    size_t unit_count;
    unit_t *units[WIRE_REACH];
} batch_t;

void *worker_batch_new (member_t *member, const wire_welcome_t *welcome)
{
    if (!member_take_welcome (member, welcome)) {
        return NULL;
    }
    batch_t *self = memory_new (sizeof *self);
    self->member = member;
    self->number = welcome->worker;
    self->calendar = calendar_new (welcome->holidays, welcome->holiday_count);
    self->outbox = outbox_new ();
    return self;
}

static void drop_units (batch_t *self)
{
    for (size_t i = 0; i < self->unit_count; i++) {
        unit_destroy (&self->units[i]);
    }
    self->unit_count = 0;
}

static void destroy (void *duty)
{
    batch_t *self = duty;
    drop_units (self);
    outbox_destroy (&self->outbox);
    calendar_destroy (&self->calendar);
    free (self);
}

/* ---- control ---- */

static void say (void *duty, bool blocked)
{
    batch_t *self = duty;
    wire_need_t needs[WIRE_REACH];
    wire_worker_state_t state = {.serial = ++self->serial,
                                 .link = self->link,
                                 .blocked = blocked,
                                 .consumed = self->consumed,
                                 .refused = self->member->refused,
                                 .parse_us = (uint64_t) self->times.parse_ns / 1000,
                                 .scan_us = (uint64_t) self->times.scan_ns / 1000,
                                 .cpu_us = (uint64_t) cpu_process_us (),
                                 .needs = needs};
    for (size_t i = 0; i < self->unit_count; i++) {
        const unit_t *unit = self->units[i];
        wire_need_t *need = &needs[state.need_count];
        need->partition_count = unit_needs (unit, &need->partitions);
        if (need->partition_count > 0) {
            need->unit = unit_id (unit);
            need->attempt = unit_attempt (unit);
            state.need_count++;
        }
    }
    buffer_t message = {0};
    wire_put_worker_state (&message, &state);
    member_say (self->member, &message);
}

static void hear (void *duty, const wire_object_t *object)
{
    batch_t *self = duty;
    if (object->kind == WIRE_BROKER_STATE && object->broker_state.phase == WIRE_PHASE_EXIT) {
        self->member->over = true;
    }
}

/* ---- data ---- */

static unit_t *find_unit (batch_t *self, uint32_t id, uint32_t attempt)
{
    for (size_t i = 0; i < self->unit_count; i++) {
        if (unit_id (self->units[i]) == id && unit_attempt (self->units[i]) == attempt) {
            return self->units[i];
        }
    }
    return NULL;
}

static void end_if_done (batch_t *self, unit_t *unit)
{
    if (!unit_is_done (unit)) {
        return;
    }
    for (size_t i = 0; i < self->unit_count; i++) {
        if (self->units[i] == unit) {
            unit_destroy (&self->units[i]);
            self->units[i] = self->units[--self->unit_count];
        }
    }
}

static bool take_item (void *owner, const wire_object_t *object)
{
    batch_t *self = owner;
    unit_t *unit = NULL;
    switch (object->kind) {
    case WIRE_UNIT:
        if (self->unit_count == WIRE_REACH ||
            object->unit.last - object->unit.first >= UNIT_DAYS_MAX ||
            find_unit (self, object->unit.unit, object->unit.attempt)) {
            return false;
        }
        self->units[self->unit_count++] =
            unit_new (self->member->run, self->calendar, &object->unit);
        return true;
    case WIRE_FILE:
        unit = find_unit (self, object->file.unit, object->file.attempt);
        if (unit) {
            unit_file (unit, &object->file, self->outbox, &self->times);
            end_if_done (self, unit);
        }
        return true;
    case WIRE_READY:
        unit = find_unit (self, object->ready.unit, object->ready.attempt);
        if (unit) {
            unit_ready (unit, self->outbox, &self->times);
            end_if_done (self, unit);
        }
        return true;
    default:
        return false;
    }
}

/* One data message: its LINK decides whether it is applied. */
static void take (void *duty, const char *bytes, size_t size)
{
    batch_t *self = duty;
    wire_link_t header;
    if (!member_begin_data (self->member, bytes, size, &header)) {
        return;
    }
    link_verdict_t verdict = link_take (&self->link, header.session, header.n);
    self->member->changed = true;
    if (verdict == LINK_FIRST) {
        drop_units (self);
        self->consumed = 0;
        outbox_begin (self->outbox, self->number, header.session);
    } else if (verdict != LINK_TAKE) {
        return;
    }
    member_take_items (self->member, &self->link, take_item, self);
    self->consumed += size;
}

static outbox_t *outbox (void *duty)
{
    batch_t *self = duty;
    return self->outbox;
}

const duty_kind_t worker_batch = {
    .hear = hear, .take = take, .say = say, .outbox = outbox, .destroy = destroy};
