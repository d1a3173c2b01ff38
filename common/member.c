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

int member_join (member_t *self, member_t *other, const char *broker)
{
    *other = (member_t){.broker = broker, .hello = self->hello, .changed = true, .signals = -1};
    other->control_reader = wire_reader_new ();
    other->bus = self->bus;
    member_t *last = self;
    while (last->next) {
        last = last->next;
    }
    last->next = other;
    dial (other);
    return other->control ? 0 : -1;
}

void member_close (member_t *self)
{
    for (member_t *other = self->next; other; other = other->next) {
        channel_destroy (&other->control, 0);
        wire_reader_destroy (&other->control_reader);
    }
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

static health_reason_t find_broker (const member_t *self, mono_t now)
{
    if (!self->greeted) {
        return HEALTH_NO_BROKER;
    }
    return mono_ms (self->heard, now) >= HEALTH_SILENT_MS ? HEALTH_BROKER_SILENT : HEALTH_READY;
}

health_state_t member_health (const member_t *self, mono_t now)
{
    health_state_t state = {.reason = HEALTH_READY};
    if (self->over || self->leaving) {
        state.reason = HEALTH_DRAINING;
    } else if (!self->next) {
        state.reason = find_broker (self, now);
    } else {
        for (const member_t *member = self; member; member = member->next) {
            state.count += find_broker (member, now) != HEALTH_READY;
        }
        state.reason = state.count > 0 ? HEALTH_BROKERS_MISSING : HEALTH_READY;
    }
    return state;
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

/* Puts what the member waits for into `item`; the milliseconds until it is to say something. */
static int64_t wait_for_broker (const member_t *self, mono_t now, zmq_pollitem_t *item)
{
    int64_t since = mono_ms (self->told, now);
    bool may_say = self->changed && since >= self->pause_ms;
    *item = channel_poll (self->control, may_say ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
    return (self->changed && !may_say ? self->pause_ms : STATE_MS) - since;
}

bool member_wait_for (member_t *self, const zmq_pollitem_t *items, size_t count, int64_t limit_ms)
{
    zmq_pollitem_t all[1 + MEMBER_JOIN_MAX + MEMBER_WAIT_MAX];
    mono_t now = mono_now ();
    int64_t left = limit_ms >= 0 ? limit_ms : STATE_MS;
    size_t own = 0;
    all[own++] = (zmq_pollitem_t){.fd = self->signals, .events = ZMQ_POLLIN};
    for (const member_t *member = self; member; member = member->next) {
        int64_t due = wait_for_broker (member, now, &all[own++]);
        left = due < left ? due : left;
    }
    if (count > 0) {
        memcpy (all + own, items, count * sizeof *items);
    }
    int ready = zmq_poll (all, (int) (own + count), left > 0 ? (long) left : 0);
    take_signal (self);
    for (size_t i = own; ready > 0 && i < own + count; i++) {
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
