/* door - one watched tcp socket: what its events say of the peers that come and go.
 *
 * libzmq's events have no peer: ACCEPTED and DISCONNECTED name an open file, a failed handshake nothing. But the
 * file of one that failed is closed at once, so the DISCONNECTED that follows it is the same peer's. Of a peer that
 * spoke another protocol there is no failure at all, only its end.
 */
#ifndef DOOR_H
#define DOOR_H

#include "refusals.h"

#define DOOR_EVENTS                                                                                \
    (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED |                       \
     ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |                             \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)

typedef struct door door_t;

/* Takes the socket that reads the events, and closes it in the end. */
door_t *door_new (void *reader, const char *endpoint, bool bound);
void door_destroy (door_t **self);

void *door_reader (const door_t *self);

/* Who comes through: open files are the process's, so all doors share one table of them. A value. */
typedef struct {
    struct door_peer *peers; /* by open file */
    size_t count;
} door_peers_t;

void door_peers_free (door_peers_t *self);

/* Takes the next events, `most` of them. */
void door_take (door_t *self, door_peers_t *peers, refusals_t *refusals, int most);

#endif
