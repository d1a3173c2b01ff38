#include "member.h"

#include "log.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REDIAL_MS 10000 /* without a welcome: longer than a refused handshake takes */
#define STATE_MS                                                                                   \
    400 /* states and hellos are repeated so often: well below the least --dead-after */

/* What is there stays when a new one cannot be had. */
static void dial (member_t *self)
{
    channel_t *fresh = channel_connect (self->bus, CHANNEL_DEALER, self->broker);
    self->dialed = mono_now ();
    if (fresh) {
        channel_destroy (&self->control, 0);
        self->control = fresh;
    }
}

int member_open (member_t *self, const wire_hello_t *hello, const char *broker,
                 const bus_config_t *locks)
{
    *self = (member_t){
        .broker = broker, .hello = *hello, .changed = true}; /* the first hello at once */
    self->control_reader = wire_reader_new ();
    self->data_reader = wire_reader_new ();
    self->signals = process_signals ();
    self->bus = bus_new (locks);
    if (self->signals >= 0 && self->bus) {
        dial (self);
    }
    return self->control ? 0 : -1;
}

void member_close (member_t *self)
{
    channel_destroy (&self->control, 0);
    bus_destroy (&self->bus);
    if (self->signals >= 0) {
        close (self->signals);
    }
    wire_reader_destroy (&self->control_reader);
    wire_reader_destroy (&self->data_reader);
    free (self->run);
    self->run = NULL;
}

void member_refuse (member_t *self)
{
    if (self->refused++ == 0) {
        log_warning ("a message that is no valid one was refused");
    }
}

bool member_is_due (member_t *self)
{
    mono_t now = mono_now ();
    if (mono_ms (self->told, now) < (self->changed ? self->pause_ms : STATE_MS)) {
        return false;
    }
    self->told = now;
    if (!self->greeted) {
        if (bus_is_tcp (self->broker) && mono_ms (self->dialed, now) >= REDIAL_MS) {
            dial (self);
        }
        member_greet (self);
    }
    return self->greeted;
}

void member_greet (member_t *self)
{
    buffer_t message = {0};
    wire_put_hello (&message, &self->hello);
    member_say (self, &message);
}

void member_say (member_t *self, buffer_t *message)
{
    self->changed = !channel_send (self->control, message);
}

bool member_hear (member_t *self, wire_object_t *object)
{
    const char *bytes;
    size_t size;
    while (channel_receive (self->control, NULL, &bytes, &size, &self->refused)) {
        wire_reader_begin (self->control_reader, bytes, size);
        if (wire_next (self->control_reader, object) == 1) {
            self->heard = mono_now ();
            return true;
        }
        member_refuse (self);
    }
    return false;
}

health_state_t member_health (const member_t *self, mono_t now)
{
    bool silent = mono_ms (self->heard, now) >= HEALTH_SILENT_MS;
    health_reason_t reason = self->over || self->leaving ? HEALTH_DRAINING
                             : !self->greeted            ? HEALTH_NO_BROKER
                             : silent                    ? HEALTH_BROKER_SILENT
                                                         : HEALTH_READY;
    return (health_state_t){.reason = reason};
}

bool member_take_welcome (member_t *self, const wire_welcome_t *welcome)
{
    if (self->run) {
        return false;
    }
    char error[256];
    run_t *run = memory_new (sizeof *run);
    if (run_read (run, welcome->scans, welcome->scan_count, welcome->all_hits, error,
                  sizeof error) != 0) {
        log_error ("the broker's welcome is not understood: %s", error);
        free (run);
        self->over = true;
        return false;
    }
    self->run = run;
    self->greeted = true;
    self->changed = true;
    return true;
}

bool member_begin_data (member_t *self, const char *bytes, size_t size, wire_link_t *link)
{
    wire_object_t object;
    wire_reader_begin (self->data_reader, bytes, size);
    if (wire_next (self->data_reader, &object) != 1 || object.kind != WIRE_LINK) {
        member_refuse (self);
        return false;
    }
    *link = object.link;
    return true;
}

void member_take_items (member_t *self, link_t *link, member_take_fn *take, void *owner)
{
    wire_object_t item;
    int rc = 1;
    while (rc == 1) {
        rc = wire_next (self->data_reader, &item);
        if (rc == 1 && !take (owner, &item)) {
            rc = -1;
        }
    }
    if (rc < 0) {
        member_refuse (self);
        link->gap = true;
    }
}

static void take_signal (member_t *self)
{
    if (!process_next_signal (self->signals)) {
        return;
    }
    self->over = !self->may_leave || self->leaving;
    self->leaving = true;
    self->left = mono_now ();
    self->changed = true;
}

bool member_wait_for (member_t *self, const zmq_pollitem_t *items, size_t count, int64_t limit_ms)
{
    zmq_pollitem_t all[2 + MEMBER_WAIT_MAX];
    int64_t since = mono_ms (self->told, mono_now ());
    bool may_say = self->changed && since >= self->pause_ms;
    int64_t left = (self->changed && !may_say ? self->pause_ms : STATE_MS) - since;
    short events = may_say ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
    all[0] = channel_poll (self->control, events);
    all[1] = (zmq_pollitem_t){.fd = self->signals, .events = ZMQ_POLLIN};
    if (count > 0) {
        memcpy (all + 2, items, count * sizeof *items);
    }
    left = limit_ms >= 0 && limit_ms < left ? limit_ms : left;
    int ready = zmq_poll (all, (int) (2 + count), left > 0 ? (long) left : 0);
    take_signal (self);
    for (size_t i = 2; ready > 0 && i < 2 + count; i++) {
        if (all[i].revents) {
            return true;
        }
    }
    return false;
}

void member_wait (member_t *self, const zmq_pollitem_t *data, bool busy)
{
    member_wait_for (self, data, data ? 1 : 0, busy ? 0 : -1);
}
