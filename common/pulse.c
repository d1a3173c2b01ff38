#include "pulse.h"

#include "http.h"
#include "notify.h"

#include <stdlib.h>

#define PLAIN "text/plain; charset=utf-8"

struct pulse {
    health_t health;
    http_t *http;     /* NULL: nobody asks */
    notify_t *notify; /* NULL: nobody is told */
};

static unsigned answer_alive (void *argument, buffer_t *body)
{
    bool alive = health_is_alive (argument, mono_now (), body);
    buffer_printf (body, "\n");
    return alive ? HTTP_OK : HTTP_UNAVAILABLE;
}

static unsigned answer_ready (void *argument, buffer_t *body)
{
    bool ready = health_is_ready (argument, mono_now (), body);
    buffer_printf (body, "\n");
    return ready ? HTTP_OK : HTTP_UNAVAILABLE;
}

static int open_http (pulse_t *self, const char *text)
{
    http_address_t address;
    const http_path_t paths[] = {
        {"/healthz", PLAIN, answer_alive, &self->health},
        {"/readyz", PLAIN, answer_ready, &self->health},
    };
    if (!http_address_check (text) || !http_address_read (text, &address)) {
        return -1;
    }
    self->http = http_new (&address, paths, sizeof paths / sizeof *paths);
    return self->http ? 0 : -1;
}

pulse_t *pulse_new (const char *http)
{
    pulse_t *self = memory_new (sizeof *self);
    health_init (&self->health, mono_now ());
    if (http && open_http (self, http) != 0) {
        pulse_destroy (&self);
        return NULL;
    }
    self->notify = notify_new ();
    return self;
}

void pulse_destroy (pulse_t **self)
{
    if (*self) {
        http_destroy (&(*self)->http);
        notify_destroy (&(*self)->notify);
        free (*self);
        *self = NULL;
    }
}

void pulse_turn (pulse_t *self, health_state_t state)
{
    if (!self) {
        return;
    }
    mono_t now = mono_now ();
    health_turned (&self->health, now);
    health_say (&self->health, state);
    if (self->notify) {
        buffer_t status = {0};
        health_put (state, &status);
        buffer_append (&status, "", 1);
        /* Started is turning: what it waits for may be a machine that is started later. */
        notify_turn (self->notify, now, true, state.reason == HEALTH_DRAINING, status.bytes);
        buffer_free (&status);
    }
}
