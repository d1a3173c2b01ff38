/* channel - a ZeroMQ socket with every option set in code, and messages that are handed over
 * without a copy.
 *
 * Nothing rests on a socket: it reconnects in silence, and what a dead connection held is gone.
 * Links (link.h) notice and states (wire.h) repeat. No call here blocks.
 *
 * What is set, and why: IMMEDIATE, so that a message goes to a peer that is there; LINGER finite,
 * so that ending waits for no dead peer; SNDHWM and RCVHWM as given; MAXMSGSIZE WIRE_MESSAGE_MAX;
 * heartbeats and handshake and reconnect intervals, so that a cut line is noticed in seconds;
 * ROUTER_MANDATORY, so that sending to a peer that is gone fails. Locks are the bus's.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "bus.h"
#include "memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

typedef enum { CHANNEL_PUSH, CHANNEL_PULL, CHANNEL_ROUTER, CHANNEL_DEALER } channel_type_t;

/* How many messages may queue on one side of a data channel. Bytes are bounded by the broker's
 * windows. */
#define CHANNEL_DATA_QUEUE    256
#define CHANNEL_CONTROL_QUEUE 1000

typedef struct channel channel_t;

/* A socket bound or connected to `endpoint`. NULL with the error logged. The bus must live longer. Over tcp (bus.h)
 * a ROUTER lets workers and collectors in, others workers alone; a PUSH dials a collector, others a broker. */
channel_t *channel_bind (bus_t *bus, channel_type_t type, const char *endpoint);
channel_t *channel_connect (bus_t *bus, channel_type_t type, const char *endpoint);
/* channel_bind, for who has other endpoints to try: NULL without a word when it is in use. */
channel_t *channel_bind_free (bus_t *bus, channel_type_t type, const char *endpoint);

/* Binds it to one more endpoint. 0, or -1 with the error logged. */
int channel_also_bind (channel_t *self, const char *endpoint);

/* Closes; what was sent and not taken by the network yet has up to `linger_ms` in the background.
 * */
void channel_destroy (channel_t **self, int linger_ms);

/* Sends the message; takes it in every case and leaves `message` empty. True when it went. PUSH:
 * one that cannot go now is held here, the one; call channel_flush, and send nothing else, until it
 * went. Others carry repeated states: one that cannot go now is dropped. */
bool channel_send (channel_t *self, buffer_t *message);

/* Tries again what is held. True when nothing is held any more. */
bool channel_flush (channel_t *self);

/* The peer of a ROUTER: its routing id; and the role of its key, KEYS_NOBODY where peers have none. */
typedef struct {
    uint8_t size;
    uint8_t bytes[32];
    keys_role_t role;
} channel_peer_t;

bool channel_peer_equal (const channel_peer_t *a, const channel_peer_t *b);

/* False when the peer's key is that of another role. */
bool channel_peer_may (const channel_peer_t *peer, keys_role_t role);

/* Sends to one peer of a ROUTER; false, and the message is dropped, when the peer is gone or its
 * queue is full. */
bool channel_send_to (channel_t *self, const channel_peer_t *peer, buffer_t *message);

/* The next message, if there is one: true. `*bytes` live until the next call. `peer` is set for a
 * ROUTER, else may be NULL. Messages of an unexpected number of frames are dropped and counted in
 * `*refused`, and so are those of a peer whose key is not trusted any more. */
bool channel_receive (channel_t *self, channel_peer_t *peer, const char **bytes, size_t *size,
                      uint64_t *refused);

/* The address from which the message came that was received last; "" when there is none (ipc). Lives until
 * the next call of channel_receive. */
const char *channel_peer_address (const channel_t *self);

/* For zmq_poll. */
zmq_pollitem_t channel_poll (const channel_t *self, short events);

#endif
