#include "worker_inside.h"

#include "live_worker.h"
#include "process.h"

#include <stdlib.h>

/* Between states: a broker needs our counters in time to fill its window, not after each message. */
#define PAUSE_MS 5
/* ... unless so many bytes were taken since: under load it would wait for us. */
#define TELL_BYTES (512u << 10)

typedef struct {
    member_t *member;
    live_worker_t *worker;
    size_t untold; /* bytes taken since our last state */
} live_t;

void *worker_live_new (member_t *member, const wire_live_welcome_t *welcome)
{
    live_worker_t *worker = live_worker_new (welcome);
    if (!worker) {
        member->over = true;
        return NULL;
    }
    live_t *self = memory_new (sizeof *self);
    self->member = member;
    self->worker = worker;
    member->greeted = true;
    member->changed = true;
    member->pause_ms = PAUSE_MS;
    return self;
}

static void destroy (void *duty)
{
    live_t *self = duty;
    live_worker_destroy (&self->worker);
    free (self);
}

static void hear (void *duty, const wire_object_t *object)
{
    live_t *self = duty;
    if (object->kind == WIRE_LIVE_BROKER) {
        live_worker_hear (self->worker, &object->live_broker);
        self->member->over = self->member->over || object->live_broker.phase == WIRE_PHASE_EXIT;
    }
}

static void say (void *duty, bool blocked)
{
    live_t *self = duty;
    self->untold = 0;
    wire_live_worker_t state;
    buffer_t message = {0};
    live_worker_state (self->worker, blocked, &state);
    state.refused += self->member->refused;
    state.cpu_us = (uint64_t) cpu_process_us ();
    state.memory_bytes = process_memory_bytes ();
    wire_put_live_worker (&message, &state);
    member_say (self->member, &message);
}

static void take (void *duty, const char *bytes, size_t size)
{
    live_t *self = duty;
    live_worker_take (self->worker, bytes, size);
    self->member->changed = true;
    self->untold += size;
    if (self->untold >= TELL_BYTES) {
        say (self, false);
    }
}

static outbox_t *outbox (void *duty)
{
    live_t *self = duty;
    return live_worker_outbox (self->worker);
}

const duty_kind_t worker_live = {hear, take, say, outbox, destroy, .at_once = true};
