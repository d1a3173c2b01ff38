/* doors - a broker's ROUTER on a tcp port of the loopback, with keys of a directory of the test's own, for tests of
 * who is let in. */
#ifndef DOORS_H
#define DOORS_H

#include "channel.h"

#define DOORS_WAIT_MS 20000

typedef struct {
    char *directory; /* the keys' */
    bus_t *broker;
    channel_t *router;
    char endpoint[64]; /* its */
} doors_t;

/* For cmocka. The state is a doors_t. */
int doors_set_up (void **state);
int doors_tear_down (void **state);

/* DIR/ROLE or DIR/ROLE/FILE; the caller frees it. */
char *doors_path (const doors_t *self, const char *role, const char *file);

/* A bus of that role, with the keys of DIR/ROLE. */
bus_t *doors_bus (const doors_t *self, keys_role_t role);

/* A channel bound to a free port of the loopback. */
channel_t *doors_bind (bus_t *bus, channel_type_t type, char endpoint[static 64]);

/* Waits until that many were counted, and fails when there come more. */
void doors_wait (const bus_t *bus, bus_count_t kind, uint64_t count);
uint64_t doors_count (const bus_t *bus, bus_count_t kind);

/* Sends when the socket can. */
void doors_send (channel_t *channel, const char *text);
/* Waits for a message and compares it. */
void doors_hear (channel_t *channel, channel_peer_t *peer, const char *text);
/* Waits until that message has come; others are dropped. */
void doors_hear_at_last (channel_t *channel, const char *text);
/* Fails when there is one. */
void doors_hear_nothing (channel_t *channel);

/* A plain TCP connection to the endpoint, or a socket that listens there; -1. */
int doors_knock (const char *endpoint);
int doors_listen (const char *endpoint);

#endif
