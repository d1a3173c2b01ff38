#include "worker.h"

#include "endpoint.h"
#include "pulse.h"
#include "worker_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    member_t member;
    pulse_t *pulse;
    channel_t *data, *hits;
    const duty_kind_t *kind;
    void *duty;         /* of that kind; NULL until the welcome */
    const char *broker; /* its endpoint */
    uint64_t whose;     /* the incarnation of the broker of a live duty */
    char data_endpoint[WIRE_ENDPOINT_MAX + 1], hits_endpoint[WIRE_ENDPOINT_MAX + 1];
    bool blocked; /* the collector takes nothing */
} worker_t;

/* ---- control ---- */

static void speak (worker_t *self)
{
    if (member_is_due (&self->member)) {
        self->kind->say (self->duty, self->blocked);
    }
}

/* A broker that listens on every address of its machine is dialed there as we dialed it first. */
static void connect_one (worker_t *self, channel_t **channel, channel_type_t type,
                         const char *endpoint)
{
    char host[ENDPOINT_HOST_MAX + 1] = "", reached[WIRE_ENDPOINT_MAX + 1];
    uint16_t port;
    endpoint_split (self->broker, host, &port);
    channel_destroy (channel, 0);
    if (endpoint_reach (endpoint, host, reached, sizeof reached)) {
        *channel = channel_connect (self->member.bus, type, reached);
    }
    self->member.over = self->member.over || !*channel;
}

static void connect_hits (worker_t *self, const char *endpoint)
{
    snprintf (self->hits_endpoint, sizeof self->hits_endpoint, "%s", endpoint);
    connect_one (self, &self->hits, CHANNEL_PUSH, endpoint);
}

static void connect_data (worker_t *self, const char *data_endpoint, const char *collector_endpoint)
{
    snprintf (self->data_endpoint, sizeof self->data_endpoint, "%s", data_endpoint);
    connect_one (self, &self->data, CHANNEL_PULL, data_endpoint);
    connect_hits (self, collector_endpoint);
}

static void drop_duty (worker_t *self)
{
    if (self->duty) {
        self->kind->destroy (self->duty);
        self->duty = NULL;
    }
}

static void begin_live (worker_t *self, const wire_live_welcome_t *welcome)
{
    drop_duty (self);
    self->kind = &worker_live;
    self->duty = worker_live_new (&self->member, welcome);
    self->whose = welcome->broker;
    self->blocked = false;
    if (self->duty) {
        connect_data (self, welcome->data_endpoint, welcome->collector_endpoint);
    }
}

/* A welcome to who has a duty: from another life of the broker, which knows nothing of what we have; from ours
 * behind a silence, with another data link; or because the collector is another one. */
static void take_live_welcome (worker_t *self, const wire_live_welcome_t *welcome)
{
    bool same = self->duty && self->kind == &worker_live && welcome->broker == self->whose &&
                strcmp (welcome->data_endpoint, self->data_endpoint) == 0;
    if (!same) {
        begin_live (self, welcome);
    } else if (strcmp (welcome->collector_endpoint, self->hits_endpoint) != 0) {
        connect_hits (self, welcome->collector_endpoint);
    }
}

/* The first welcome says which kind of run this is. */
static void take_welcome (worker_t *self, const wire_object_t *object)
{
    if (object->kind == WIRE_WELCOME) {
        const wire_welcome_t *welcome = &object->welcome;
        self->kind = &worker_batch;
        self->duty = worker_batch_new (&self->member, welcome);
        if (self->duty) {
            connect_data (self, welcome->data_endpoint, welcome->collector_endpoint);
        }
    } else if (object->kind == WIRE_LIVE_BROKER) {
        /* a run that ends welcomes nobody any more */
        self->member.over = object->live_broker.phase == WIRE_PHASE_EXIT;
    }
}

static void take_control (worker_t *self)
{
    wire_object_t object;
    while (!self->member.over && member_hear (&self->member, &object)) {
        if (object.kind == WIRE_LIVE_WELCOME) {
            take_live_welcome (self, &object.live_welcome);
        } else if (self->duty) {
            self->kind->hear (self->duty, &object);
        } else {
            take_welcome (self, &object);
        }
    }
}

/* ---- data ---- */

/* Takes messages as long as what they make can be sent. True when there may be more. */
static bool take_data (worker_t *self)
{
    const char *bytes;
    size_t size;
    for (int i = 0; i < MEMBER_TAKE_AT_ONCE; i++) {
        if (!outbox_flush (self->kind->outbox (self->duty), self->hits, false) ||
            !channel_receive (self->data, NULL, &bytes, &size, &self->member.refused)) {
            return false;
        }
        self->kind->take (self->duty, bytes, size);
        speak (self);
    }
    return true;
}

/* Sends what was made: all of it, when there is no more to come now, or when somebody waits for it. */
static void send_hits (worker_t *self, bool busy)
{
    bool all = !busy || self->kind->at_once;
    bool blocked = !outbox_flush (self->kind->outbox (self->duty), self->hits, all);
    self->member.changed = self->member.changed || blocked != self->blocked;
    self->blocked = blocked;
}

/* ---- the loop ---- */

static void wait_for_something (worker_t *self, bool busy)
{
    zmq_pollitem_t data = {0};
    if (self->duty) {
        data = self->blocked ? channel_poll (self->hits, ZMQ_POLLOUT)
                             : channel_poll (self->data, ZMQ_POLLIN);
    }
    member_wait (&self->member, self->duty ? &data : NULL, busy);
}

static void close_worker (worker_t *self)
{
    drop_duty (self);
    channel_destroy (&self->data, 0);
    channel_destroy (&self->hits, 0);
    member_close (&self->member);
    pulse_destroy (&self->pulse);
}

static int open_worker (worker_t *self, const worker_config_t *config)
{
    wire_hello_t hello = {.role = WIRE_ROLE_WORKER, .incarnation = config->incarnation};
    snprintf (hello.name, sizeof hello.name, "%s", config->name);
    self->broker = config->broker;
    self->pulse = pulse_new (config->http);
    int rc = self->pulse ? 0 : -1;
    return rc == 0 ? member_open (&self->member, &hello, config->broker, &config->locks) : rc;
}

int worker_run (const worker_config_t *config)
{
    worker_t *self = memory_new (sizeof *self);
    int rc = open_worker (self, config) == 0 ? 0 : 1;
    bool busy = false;
    while (rc == 0 && !self->member.over) {
        speak (self);
        wait_for_something (self, busy);
        take_control (self);
        busy = self->duty && !self->member.over && take_data (self);
        if (self->duty && !self->member.over) {
            send_hits (self, busy);
        }
        pulse_turn (self->pulse, member_health (&self->member, mono_now ()));
    }
    close_worker (self);
    free (self);
    return rc;
}
