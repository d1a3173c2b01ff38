#include "worker_inside.h"

#include "live_worker.h"
#include "log.h"
#include "process.h"

#include <stdlib.h>

/* Between states: a broker needs our counters in time to fill its window, not after each message. */
#define PAUSE_MS 5
/* ... unless so many bytes were taken since: under load it would wait for us. */
#define SILENT_MS  2000
#define LEAVE_MS   10000
#define TELL_BYTES (512u << 10)

typedef struct {
    member_t *member;
    live_worker_t *worker;
    size_t untold; /* bytes taken since our last state */
    mono_t heard;  /* the broker was last */
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
    member->may_leave = true;
    self->heard = mono_now ();
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
    self->heard = mono_now ();
    if (object->kind == WIRE_LIVE_BROKER) {
        live_worker_hear (self->worker, &object->live_broker);
        self->member->over = self->member->over || object->live_broker.phase == WIRE_PHASE_EXIT;
    }
}

/* A broker that is silent may be another by now, or know us by a connection that is no more: hello again. Who
 * leaves does not wait for ever. */
static void look_around (live_t *self)
{
    member_t *member = self->member;
    mono_t now = mono_now ();
    bool silent = mono_ms (self->heard, now) >= SILENT_MS;
    if (silent && !member->leaving) {
        member_greet (member);
    }
    if (member->leaving && silent) {
        member->over = true; /* there is nobody to hand anything to */
    } else if (member->leaving && mono_ms (member->left, now) >= LEAVE_MS) {
        log_warning ("the broker has not taken all back in time: the rest is read again elsewhere");
        member->over = true;
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
    state.leaving = self->member->leaving;
    wire_put_live_worker (&message, &state);
    member_say (self->member, &message);
    look_around (self);
}

/* Shards that were asked back. What cannot go now is lost: the broker has them read again. */
static void hand_back (live_t *self)
{
    buffer_t message = {0};
    while (live_worker_next_state (self->worker, &message)) {
        channel_send (self->member->control, &message);
    }
}

static void take (void *duty, const char *bytes, size_t size)
{
    live_t *self = duty;
    live_worker_take (self->worker, bytes, size);
    self->member->changed = true;
    hand_back (self);
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
