/* outbox - what a worker sends to the collector: items gathered into numbered messages of a good
 * size. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "channel.h"
#include "wire.h"

#define OUTBOX_MESSAGE (64u << 10) /* bytes at which a message is closed and queued */

typedef struct outbox outbox_t;

outbox_t *outbox_new (void);
void outbox_destroy (outbox_t **self);

/* A new session: what is queued is dropped, numbers start at 1. */
void outbox_begin (outbox_t *self, uint32_t worker, session_t session);

/* The message that the next item is to be put into (wire_put_...). */
buffer_t *outbox_message (outbox_t *self);

/* Sends what is queued, and with `all` the open message too, as far as the channel takes it now.
 * True when nothing that was to be sent is left; false: blocked. The queue's bound is that the
 * worker takes no input while it is blocked. */
bool outbox_flush (outbox_t *self, channel_t *channel, bool all);

/* The same without a channel: the next message that is to be sent is the caller's. False when there
 * is none. */
bool outbox_pop (outbox_t *self, bool all, buffer_t *message);

#endif
