#include "outbox.h"

#include <stdlib.h>
#include <string.h>

struct outbox {
    wire_link_t link; /* of the open message */
    buffer_t open;    /* empty, or begun with its LINK */
    size_t first, count, capacity;
    buffer_t *queue; /* closed messages: queue[first .. first + count - 1] */
};

outbox_t *outbox_new (void)
{
    return memory_new (sizeof (outbox_t));
}

static void drop (outbox_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        buffer_free (&self->queue[self->first + i]);
    }
    self->first = self->count = 0;
    buffer_free (&self->open);
}

void outbox_destroy (outbox_t **self)
{
    if (*self) {
        drop (*self);
        free ((*self)->queue);
        free (*self);
        *self = NULL;
    }
}

void outbox_begin (outbox_t *self, uint32_t worker, session_t session)
{
    drop (self);
    self->link = (wire_link_t){.worker = worker, .session = session};
}

static void close_message (outbox_t *self)
{
    if (self->first + self->count == self->capacity) {
        if (self->first > 0) {
            memmove (self->queue, self->queue + self->first, self->count * sizeof *self->queue);
            self->first = 0;
        } else {
            self->capacity = self->capacity * 2 + 8;
            self->queue = memory_resize (self->queue, self->capacity, sizeof *self->queue);
        }
    }
    self->queue[self->first + self->count++] = self->open;
    self->open = (buffer_t){0};
}

buffer_t *outbox_message (outbox_t *self)
{
    if (self->open.size >= OUTBOX_MESSAGE) {
        close_message (self);
    }
    if (self->open.size == 0) {
        self->link.n++;
        wire_put_link (&self->open, &self->link);
    }
    return &self->open;
}

/* Closes the open message when it is large enough, or when all is to be sent. */
static void close_open (outbox_t *self, bool all)
{
    if (self->open.size >= OUTBOX_MESSAGE || (all && self->open.size > 0)) {
        close_message (self);
    }
}

bool outbox_pop (outbox_t *self, bool all, buffer_t *message)
{
    close_open (self, all);
    if (self->count == 0) {
        self->first = 0;
        return false;
    }
    *message = self->queue[self->first++];
    self->count--;
    return true;
}

bool outbox_flush (outbox_t *self, channel_t *channel, bool all)
{
    buffer_t message;
    close_open (self, all);
    while (channel_flush (channel) && outbox_pop (self, all, &message)) {
        channel_send (channel, &message);
    }
    return self->count == 0 && channel_flush (channel);
}
