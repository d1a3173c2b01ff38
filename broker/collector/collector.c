#include "collector.h"

#include "collector_inside.h"
#include "pulse.h"

#include <stdio.h>
#include <stdlib.h>

#define PULSE_MS 50 /* it is looked at so often how we are */

typedef struct {
    collector_t base;
    const collector_kind_t *kind;
    void *run; /* of that kind; NULL until the welcome */
    pulse_t *pulse;
    mono_t pulsed;
} process_t;

bool collector_receive (collector_t *self, const char **bytes, size_t *size)
{
    return channel_receive (self->pull, NULL, bytes, size, &self->member.refused);
}

/* ---- control ---- */

/* The first welcome says which kind of run this is; it is said again until it was heard. */
static void take_welcome (process_t *self, member_t *member, const wire_object_t *object)
{
    if (object->kind == WIRE_WELCOME && self->base.config->broker_count == 1) {
        self->kind = &collector_batch;
        self->run = collector_batch_new (&self->base, &object->welcome);
    } else if (object->kind == WIRE_LIVE_WELCOME) {
        self->kind = &collector_live;
        self->run = collector_live_new (&self->base, member, &object->live_welcome);
    } else {
        /* a run that ends welcomes nobody any more */
        self->base.member.over =
            object->kind == WIRE_LIVE_BROKER && object->live_broker.phase == WIRE_PHASE_EXIT;
        return;
    }
    self->base.member.over = self->base.member.over || !self->run;
}

static void take_control_of (process_t *self, member_t *member)
{
    wire_object_t object;
    while (!self->base.member.over && member_hear (member, &object)) {
        if (self->run) {
            self->kind->hear (self->run, member, &object);
        } else {
            take_welcome (self, member, &object);
        }
    }
}

static void take_control (process_t *self)
{
    for (member_t *member = &self->base.member; member; member = member->next) {
        take_control_of (self, member);
    }
}

static void say (process_t *self)
{
    for (member_t *member = &self->base.member; member; member = member->next) {
        if (member_is_due (member)) {
            self->kind->say (self->run, member);
        }
    }
}

/* ---- data ---- */

static bool is_able (const process_t *self)
{
    return self->run && (!self->kind->able || self->kind->able (self->run));
}

/* True when there may be more. */
static bool take_data (process_t *self)
{
    const char *bytes;
    size_t size;
    for (int i = 0; i < MEMBER_TAKE_AT_ONCE; i++) {
        if (!is_able (self) || !collector_receive (&self->base, &bytes, &size)) {
            return false;
        }
        self->kind->take (self->run, bytes, size);
    }
    return true;
}

/* ---- the loop ---- */

/* True when something that the run waits for is ready. No hit is understood before the welcome. */
static bool wait_for_something (process_t *self, bool busy)
{
    zmq_pollitem_t items[MEMBER_WAIT_MAX];
    size_t count = 0;
    int64_t due_ms = -1;
    if (self->run && self->kind->waits) {
        count = self->kind->waits (self->run, items, MEMBER_WAIT_MAX - 1, &due_ms);
    }
    if (is_able (self)) {
        items[count++] = channel_poll (self->base.pull, ZMQ_POLLIN);
    }
    return member_wait_for (&self->base.member, items, count, busy ? 0 : due_ms);
}

static void tell_health (process_t *self)
{
    mono_t now = mono_now ();
    if (mono_ms (self->pulsed, now) < PULSE_MS && !self->base.member.over) {
        return;
    }
    self->pulsed = now;
    health_state_t state = member_health (&self->base.member, now);
    if (state.reason == HEALTH_READY && self->run && self->kind->health) {
        state = self->kind->health (self->run);
    }
    pulse_turn (self->pulse, state);
}

static int open_process (process_t *self)
{
    const collector_config_t *config = self->base.config;
    member_t *member = &self->base.member;
    wire_hello_t hello = {.role = WIRE_ROLE_COLLECTOR, .incarnation = config->incarnation};
    snprintf (hello.name, sizeof hello.name, "%s", config->name);
    snprintf (hello.endpoint, sizeof hello.endpoint, "%s",
              config->advertise ? config->advertise : config->listen);
    self->pulse = pulse_new (config->http);
    if (!self->pulse || member_open (member, &hello, config->brokers[0], &config->locks) != 0) {
        return -1;
    }
    self->base.others = memory_new (config->broker_count * sizeof *self->base.others);
    for (size_t i = 1; i < config->broker_count; i++) {
        if (member_join (member, &self->base.others[i], config->brokers[i]) != 0) {
            return -1;
        }
    }
    self->base.pull = channel_bind (member->bus, CHANNEL_PULL, config->listen);
    return self->base.pull ? 0 : -1;
}

static void close_process (process_t *self)
{
    if (self->run) {
        self->kind->end (self->run);
    }
    channel_destroy (&self->base.pull, 0);
    member_close (&self->base.member);
    free (self->base.others);
    pulse_destroy (&self->pulse);
}

static void run_process (process_t *self)
{
    member_t *member = &self->base.member;
    bool busy = false;
    while (!member->over) {
        say (self);
        bool ready = wait_for_something (self, busy);
        take_control (self);
        busy = self->run && take_data (self);
        if (self->run) {
            self->kind->turn (self->run, busy, ready);
        }
        tell_health (self);
    }
}

int collector_run (const collector_config_t *config)
{
    process_t *self = memory_new (sizeof *self);
    self->base.config = config;
    if (open_process (self) == 0) {
        run_process (self);
    } else {
        self->base.code = 1;
    }
    close_process (self);
    int code = self->base.code;
    free (self);
    return code;
}
