#include "worker.h"

#include "member.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    member_t member;
    channel_t *data, *hits;
    /* from the welcome */
    uint32_t number;
    calendar_t *calendar;
    /* the session */
    link_t link;
    outbox_t *outbox;
    bool blocked;
    uint64_t consumed;
    unit_times_t times;
    size_t unit_count;
    unit_t *units[WIRE_REACH];
    uint64_t serial; /* of our last state */
} worker_t;

/* ---- control ---- */

static void say_state (worker_t *self)
{
    wire_need_t needs[WIRE_REACH];
    wire_worker_state_t state = {.serial = ++self->serial,
                                 .link = self->link,
                                 .blocked = self->blocked,
                                 .consumed = self->consumed,
                                 .refused = self->member.refused,
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
    member_say (&self->member, &message);
}

static void speak (worker_t *self)
{
    if (member_is_due (&self->member)) {
        say_state (self);
    }
}

static void take_welcome (worker_t *self, const wire_welcome_t *welcome)
{
    if (!member_take_welcome (&self->member, welcome)) {
        return;
    }
    void *context = self->member.context;
    self->number = welcome->worker;
    self->calendar = calendar_new (welcome->holidays, welcome->holiday_count);
    self->data = channel_connect (context, CHANNEL_PULL, welcome->data_endpoint);
    self->hits = channel_connect (context, CHANNEL_PUSH, welcome->collector_endpoint);
    self->member.over = !self->data || !self->hits;
}

static void take_control (worker_t *self)
{
    wire_object_t object;
    while (member_hear (&self->member, &object)) {
        if (object.kind == WIRE_WELCOME) {
            take_welcome (self, &object.welcome);
        } else if (object.kind == WIRE_BROKER_STATE &&
                   object.broker_state.phase == WIRE_PHASE_EXIT) {
            self->member.over = true;
        }
    }
}

/* ---- data ---- */

static void drop_units (worker_t *self)
{
    for (size_t i = 0; i < self->unit_count; i++) {
        unit_destroy (&self->units[i]);
    }
    self->unit_count = 0;
}

static unit_t *find_unit (worker_t *self, uint32_t id, uint32_t attempt)
{
    for (size_t i = 0; i < self->unit_count; i++) {
        if (unit_id (self->units[i]) == id && unit_attempt (self->units[i]) == attempt) {
            return self->units[i];
        }
    }
    return NULL;
}

static void end_if_done (worker_t *self, unit_t *unit)
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
    worker_t *self = owner;
    unit_t *unit = NULL;
    switch (object->kind) {
    case WIRE_UNIT:
        if (self->unit_count == WIRE_REACH ||
            object->unit.last - object->unit.first >= UNIT_DAYS_MAX ||
            find_unit (self, object->unit.unit, object->unit.attempt)) {
            return false;
        }
        self->units[self->unit_count++] =
            unit_new (self->member.run, self->calendar, &object->unit);
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
static void take_message (worker_t *self, const char *bytes, size_t size)
{
    wire_link_t header;
    if (!member_begin_data (&self->member, bytes, size, &header)) {
        return;
    }
    link_verdict_t verdict = link_take (&self->link, header.session, header.n);
    self->member.changed = true;
    if (verdict == LINK_FIRST) {
        drop_units (self);
        self->consumed = 0;
        outbox_begin (self->outbox, self->number, header.session);
    } else if (verdict != LINK_TAKE) {
        return;
    }
    member_take_items (&self->member, &self->link, take_item, self);
    self->consumed += size;
}

/* Takes messages as long as what they make can be sent. True when there may be more. */
static bool take_data (worker_t *self)
{
    const char *bytes;
    size_t size;
    for (int i = 0; i < MEMBER_TAKE_AT_ONCE; i++) {
        if (!outbox_flush (self->outbox, self->hits, false) ||
            !channel_receive (self->data, NULL, &bytes, &size, &self->member.refused)) {
            return false;
        }
        take_message (self, bytes, size);
        speak (self);
    }
    return true;
}

/* ---- the loop ---- */

static void wait_for_something (worker_t *self, bool busy)
{
    zmq_pollitem_t data = {0};
    if (self->member.run) {
        data = self->blocked ? channel_poll (self->hits, ZMQ_POLLOUT)
                             : channel_poll (self->data, ZMQ_POLLIN);
    }
    member_wait (&self->member, self->member.run ? &data : NULL, busy);
}

/* Sends what was made: all of it, when there is no more to come now. */
static void send_hits (worker_t *self, bool busy)
{
    bool blocked = !outbox_flush (self->outbox, self->hits, !busy);
    self->member.changed = self->member.changed || blocked != self->blocked;
    self->blocked = blocked;
}

static void close_worker (worker_t *self)
{
    drop_units (self);
    channel_destroy (&self->data, 0);
    channel_destroy (&self->hits, 0);
    member_close (&self->member);
    outbox_destroy (&self->outbox);
    calendar_destroy (&self->calendar);
}

int worker_run (const worker_config_t *config)
{
    worker_t *self = memory_new (sizeof *self);
    wire_hello_t hello = {.role = WIRE_ROLE_WORKER, .incarnation = config->incarnation};
    snprintf (hello.name, sizeof hello.name, "%s", config->name);
    self->outbox = outbox_new ();
    int rc = member_open (&self->member, &hello, config->broker) == 0 ? 0 : 1;
    bool busy = false;
    while (rc == 0 && !self->member.over) {
        speak (self);
        wait_for_something (self, busy);
        take_control (self);
        busy = self->member.run && !self->member.over && take_data (self);
        if (self->member.run && !self->member.over) {
            send_hits (self, busy);
        }
    }
    close_worker (self);
    free (self);
    return rc;
}
