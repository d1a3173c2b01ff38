#include "worker.h"

#include "channel.h"
#include "clock.h"
#include "log.h"
#include "process.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_MS     1000 /* states and hellos are repeated so often */
#define TAKE_AT_ONCE 16   /* data messages before control and signals are looked at again */

typedef struct {
    const worker_config_t *config;
    void *context;
    channel_t *control, *data, *hits;
    int signals;
    bool over;
    /* from the welcome */
    uint32_t number;
    run_t *run; /* NULL until then */
    calendar_t *calendar;
    /* the session */
    link_t link;
    outbox_t *outbox;
    bool blocked;
    uint64_t consumed, refused;
    unit_times_t times;
    size_t unit_count;
    unit_t *units[WIRE_REACH];
    /* what the broker knows */
    uint64_t serial;
    bool changed; /* and could not be said yet: we wait until it can */
    mono_t told;
    wire_reader_t *control_reader, *data_reader;
} worker_t;

/* ---- control ---- */

static bool say_hello (worker_t *self)
{
    wire_hello_t hello = {.role = WIRE_ROLE_WORKER, .incarnation = self->config->incarnation};
    snprintf (hello.name, sizeof hello.name, "%s", self->config->name);
    buffer_t message = {0};
    wire_put_hello (&message, &hello);
    return channel_send (self->control, &message);
}

static bool say_state (worker_t *self)
{
    wire_need_t needs[WIRE_REACH];
    wire_worker_state_t state = {.serial = ++self->serial,
                                 .link = self->link,
                                 .blocked = self->blocked,
                                 .consumed = self->consumed,
                                 .refused = self->refused,
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
    return channel_send (self->control, &message);
}

/* Says again who we are, or how it is, when it changed or a second has passed. */
static void speak (worker_t *self)
{
    mono_t now = mono_now ();
    if (self->changed || mono_ms (self->told, now) >= STATE_MS) {
        self->told = now;
        self->changed = !(self->run ? say_state (self) : say_hello (self));
    }
}

static void take_welcome (worker_t *self, const wire_welcome_t *welcome)
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
    } else {
        self->run = run;
        self->data = channel_connect (self->context, CHANNEL_PULL, welcome->data_endpoint);
        self->hits = channel_connect (self->context, CHANNEL_PUSH, welcome->collector_endpoint);
    }
    if (!self->data || !self->hits) {
        self->over = true;
        return;
    }
    self->number = welcome->worker;
    self->calendar = calendar_new (welcome->holidays, welcome->holiday_count);
    self->changed = true;
}

static void take_control (worker_t *self)
{
    const char *bytes;
    size_t size;
    while (channel_receive (self->control, NULL, &bytes, &size, &self->refused)) {
        wire_object_t object;
        wire_reader_begin (self->control_reader, bytes, size);
        if (wire_next (self->control_reader, &object) != 1) {
            self->refused++;
        } else if (object.kind == WIRE_WELCOME) {
            take_welcome (self, &object.welcome);
        } else if (object.kind == WIRE_BROKER_STATE) {
            self->over = self->over || object.broker_state.phase == WIRE_PHASE_EXIT;
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

static bool take_item (worker_t *self, const wire_object_t *object)
{
    unit_t *unit = NULL;
    switch (object->kind) {
    case WIRE_UNIT:
        if (self->unit_count == WIRE_REACH ||
            object->unit.last - object->unit.first >= UNIT_DAYS_MAX ||
            find_unit (self, object->unit.unit, object->unit.attempt)) {
            return false;
        }
        self->units[self->unit_count++] = unit_new (self->run, self->calendar, &object->unit);
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

/* One data message: its LINK decides whether it is applied. A message that cannot be read after it
 * was numbered is as good as lost: a gap. */
static void take_message (worker_t *self, const char *bytes, size_t size)
{
    wire_object_t object;
    wire_reader_begin (self->data_reader, bytes, size);
    if (wire_next (self->data_reader, &object) != 1 || object.kind != WIRE_LINK) {
        self->refused++;
        return;
    }
    link_verdict_t verdict = link_take (&self->link, object.link.session, object.link.n);
    self->changed = true;
    if (verdict == LINK_FIRST) {
        drop_units (self);
        self->consumed = 0;
        outbox_begin (self->outbox, self->number, object.link.session);
    } else if (verdict != LINK_TAKE) {
        return;
    }
    int rc;
    while ((rc = wire_next (self->data_reader, &object)) == 1) {
        if (!take_item (self, &object)) {
            rc = -1;
            break;
        }
    }
    if (rc != 0) {
        self->refused++;
        self->link.gap = true;
    }
    self->consumed += size;
}

/* Takes messages as long as what they make can be sent. True when there may be more. */
static bool take_data (worker_t *self)
{
    const char *bytes;
    size_t size;
    for (int i = 0; i < TAKE_AT_ONCE; i++) {
        if (!outbox_flush (self->outbox, self->hits, false)) {
            return false;
        }
        if (!channel_receive (self->data, NULL, &bytes, &size, &self->refused)) {
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
    zmq_pollitem_t items[4];
    int count = 0;
    items[count++] =
        channel_poll (self->control, self->changed ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
    items[count++] = (zmq_pollitem_t){.fd = self->signals, .events = ZMQ_POLLIN};
    if (self->run) {
        items[count++] = self->blocked ? channel_poll (self->hits, ZMQ_POLLOUT)
                                       : channel_poll (self->data, ZMQ_POLLIN);
    }
    int64_t left = STATE_MS - mono_ms (self->told, mono_now ());
    zmq_poll (items, count, busy ? 0 : left > 0 ? (long) left : 0);
    if (process_next_signal (self->signals)) {
        self->over = true;
    }
}

static int open_worker (worker_t *self)
{
    self->signals = process_signals ();
    self->context = zmq_ctx_new ();
    if (self->signals < 0 || !self->context) {
        return -1;
    }
    self->control = channel_connect (self->context, CHANNEL_DEALER, self->config->broker);
    self->outbox = outbox_new ();
    self->control_reader = wire_reader_new ();
    self->data_reader = wire_reader_new ();
    return self->control ? 0 : -1;
}

static void close_worker (worker_t *self)
{
    drop_units (self);
    channel_destroy (&self->control, 0);
    channel_destroy (&self->data, 0);
    channel_destroy (&self->hits, 0);
    if (self->context) {
        zmq_ctx_term (self->context);
    }
    if (self->signals >= 0) {
        close (self->signals);
    }
    outbox_destroy (&self->outbox);
    wire_reader_destroy (&self->control_reader);
    wire_reader_destroy (&self->data_reader);
    calendar_destroy (&self->calendar);
    free (self->run);
}

int worker_run (const worker_config_t *config)
{
    worker_t *self = memory_new (sizeof *self);
    self->config = config;
    self->signals = -1;
    self->changed = true; /* the first hello at once */
    int rc = open_worker (self) == 0 ? 0 : 1;
    bool busy = false;
    while (rc == 0 && !self->over) {
        speak (self);
        wait_for_something (self, busy);
        take_control (self);
        busy = self->run && take_data (self);
        if (self->run) {
            bool blocked = !outbox_flush (self->outbox, self->hits, !busy);
            self->changed = self->changed || blocked != self->blocked;
            self->blocked = blocked;
        }
    }
    close_worker (self);
    free (self);
    return rc;
}
