#include "channel.h"

#include "log.h"
#include "wire.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What CURVE adds to a message: nonce, its own command's name, and what proves that it is whole. */
#define CURVE_ROOM 64
/* Unanswered, the kernel asks again after 1, 2, 4, ... 64 s: a host that is back is not to wait for that. */
#define CONNECT_MS 2000

struct channel {
    bus_t *bus;
    channel_type_t type;
    void *socket;
    zmq_msg_t received; /* what the last receive returned */
    bool holds;         /* `held` could not go yet */
    zmq_msg_t held;
};

static int set (void *socket, int option, int value)
{
    return zmq_setsockopt (socket, option, &value, sizeof value);
}

static int set_options (channel_t *self)
{
    bool control = self->type == CHANNEL_ROUTER || self->type == CHANNEL_DEALER;
    int queue = control ? CHANNEL_CONTROL_QUEUE : CHANNEL_DATA_QUEUE;
    int64_t largest = WIRE_MESSAGE_MAX + (bus_is_locked (self->bus) ? CURVE_ROOM : 0);
    void *socket = self->socket;
    int rc = set (socket, ZMQ_IMMEDIATE, 1) | set (socket, ZMQ_LINGER, 0) |
             set (socket, ZMQ_SNDHWM, queue) | set (socket, ZMQ_RCVHWM, queue) |
             zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) |
             set (socket, ZMQ_HEARTBEAT_IVL, 1000) | set (socket, ZMQ_HEARTBEAT_TIMEOUT, 10000) |
             set (socket, ZMQ_HANDSHAKE_IVL, BUS_HANDSHAKE_MS) |
             set (socket, ZMQ_CONNECT_TIMEOUT, CONNECT_MS) | set (socket, ZMQ_RECONNECT_IVL, 10) |
             set (socket, ZMQ_RECONNECT_IVL_MAX, 1000);
    if (self->type == CHANNEL_ROUTER) {
        rc |= set (socket, ZMQ_ROUTER_MANDATORY, 1);
    }
    return rc;
}

static channel_t *new_channel (bus_t *bus, channel_type_t type)
{
    static const int types[] = {ZMQ_PUSH, ZMQ_PULL, ZMQ_ROUTER, ZMQ_DEALER};
    channel_t *self = memory_new (sizeof *self);
    self->bus = bus;
    self->type = type;
    zmq_msg_init (&self->received);
    self->socket = zmq_socket (bus_context (bus), types[type]);
    if (!self->socket || set_options (self) != 0) {
        log_error ("cannot open a socket: %s", zmq_strerror (errno));
        channel_destroy (&self, 0);
    }
    return self;
}

/* Who may come in. */
static unsigned roles_of (const channel_t *self)
{
    return BUS_ROLE (KEYS_WORKER) | (self->type == CHANNEL_ROUTER ? BUS_ROLE (KEYS_COLLECTOR) : 0);
}

int channel_also_bind (channel_t *self, const char *endpoint)
{
    return bus_bind (self->bus, self->socket, roles_of (self), endpoint);
}

channel_t *channel_bind (bus_t *bus, channel_type_t type, const char *endpoint)
{
    channel_t *self = new_channel (bus, type);
    if (self && channel_also_bind (self, endpoint) != 0) {
        channel_destroy (&self, 0);
    }
    return self;
}

channel_t *channel_bind_free (bus_t *bus, channel_type_t type, const char *endpoint)
{
    channel_t *self = new_channel (bus, type);
    if (self && bus_bind_free (bus, self->socket, roles_of (self), endpoint) != 0) {
        channel_destroy (&self, 0);
    }
    return self;
}

channel_t *channel_connect (bus_t *bus, channel_type_t type, const char *endpoint)
{
    channel_t *self = new_channel (bus, type);
    keys_role_t role = type == CHANNEL_PUSH ? KEYS_COLLECTOR : KEYS_BROKER;
    if (self && bus_connect (bus, self->socket, role, endpoint) != 0) {
        channel_destroy (&self, 0);
    }
    return self;
}

void channel_destroy (channel_t **self, int linger_ms)
{
    if (*self) {
        zmq_msg_close (&(*self)->received);
        if ((*self)->holds) {
            zmq_msg_close (&(*self)->held);
        }
        if ((*self)->socket) {
            set ((*self)->socket, ZMQ_LINGER, linger_ms);
            bus_close ((*self)->bus, (*self)->socket);
        }
        free (*self);
        *self = NULL;
    }
}

static void release (void *bytes, void *hint)
{
    (void) hint;
    free (bytes);
}

bool channel_flush (channel_t *self)
{
    if (self->holds && zmq_msg_send (&self->held, self->socket, ZMQ_DONTWAIT) >= 0) {
        self->holds = false;
    }
    return !self->holds;
}

bool channel_send (channel_t *self, buffer_t *message)
{
    assert (!self->holds);
    if (zmq_msg_init_data (&self->held, message->bytes, message->size, release, NULL) != 0) {
        abort (); /* out of memory */
    }
    *message = (buffer_t){0};
    self->holds = true;
    bool went = channel_flush (self);
    if (!went && self->type != CHANNEL_PUSH) {
        zmq_msg_close (&self->held);
        self->holds = false;
    }
    return went;
}

bool channel_peer_equal (const channel_peer_t *a, const channel_peer_t *b)
{
    return a->size == b->size && memcmp (a->bytes, b->bytes, a->size) == 0;
}

bool channel_peer_may (const channel_peer_t *peer, keys_role_t role)
{
    return peer->role == KEYS_NOBODY || peer->role == role;
}

bool channel_send_to (channel_t *self, const channel_peer_t *peer, buffer_t *message)
{
    if (zmq_send (self->socket, peer->bytes, peer->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        buffer_free (message);
        return false;
    }
    return channel_send (self, message);
}

static bool more (void *socket)
{
    int value = 0;
    size_t size = sizeof value;
    zmq_getsockopt (socket, ZMQ_RCVMORE, &value, &size);
    return value != 0;
}

/* The next frame into `received`; false when there is none. */
static bool receive_frame (channel_t *self)
{
    zmq_msg_close (&self->received);
    zmq_msg_init (&self->received);
    return zmq_msg_recv (&self->received, self->socket, ZMQ_DONTWAIT) >= 0;
}

/* The role of the message's peer; false when its key was removed after it connected. A message without a key is of a
 * peer without one: over ipc. */
static bool find_role (channel_t *self, keys_role_t *role)
{
    *role = KEYS_NOBODY;
    if (!bus_is_locked (self->bus)) {
        return true;
    }
    const char *key = zmq_msg_gets (&self->received, "User-Id");
    if (!key || !key[0]) {
        return true;
    }
    *role = bus_role (self->bus, key);
    if (*role == KEYS_NOBODY) {
        bus_revoked (self->bus);
    }
    return *role != KEYS_NOBODY;
}

/* Is it one frame, no larger than may be, of a peer that may send? */
static bool is_acceptable (channel_t *self, channel_peer_t *peer)
{
    keys_role_t role;
    if (more (self->socket) || zmq_msg_size (&self->received) > WIRE_MESSAGE_MAX ||
        !find_role (self, &role)) {
        return false;
    }
    if (peer) {
        peer->role = role;
    }
    return true;
}

bool channel_receive (channel_t *self, channel_peer_t *peer, const char **bytes, size_t *size,
                      uint64_t *refused)
{
    while (receive_frame (self)) {
        bool good = true;
        if (self->type == CHANNEL_ROUTER) {
            size_t length = zmq_msg_size (&self->received);
            good = peer && length <= sizeof peer->bytes && more (self->socket);
            if (good) {
                peer->size = (uint8_t) length;
                memcpy (peer->bytes, zmq_msg_data (&self->received), length);
                good = receive_frame (self);
            }
        }
        good = good && is_acceptable (self, peer);
        if (good) {
            *bytes = zmq_msg_data (&self->received);
            *size = zmq_msg_size (&self->received);
            return true;
        }
        while (more (self->socket) && receive_frame (self)) {
        }
        ++*refused;
    }
    return false;
}

const char *channel_peer_address (const channel_t *self)
{
    /* libzmq asks for a message that may be changed, and changes nothing. */
    const char *address = zmq_msg_gets ((zmq_msg_t *) (uintptr_t) &self->received, "Peer-Address");
    return address ? address : "";
}

zmq_pollitem_t channel_poll (const channel_t *self, short events)
{
    return (zmq_pollitem_t){.socket = self->socket, .events = events};
}
