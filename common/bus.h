/* bus - the process's ZeroMQ context, with locks on the doors that lead out of the machine.
 *
 *     ipc://, inproc://   nothing: the directory of an ipc socket is ours alone
 *     tcp://              CURVE, both ends: we know the key of whom we dial, and let in whose key we trust
 *
 *      peer --CURVE--> bound socket --ZAP: key?--> guard (a thread) --> keys: its role --> in, or not
 *                         |                           ^
 *                         +-- events of the socket ---+--> counts, a line in the log
 *
 * libzmq looks up the name of whom it dials in the thread that moves bytes, which may take 20 s where a container is down
 * and its name server asks others: so each host that is dialed has a thread of its own, and holds up itself alone.
 *
 * There is no guard, and nothing else that costs, until the first tcp endpoint. Who may come in is asked when a
 * peer connects; a key that is removed later is refused message by message (channel.h).
 */
#ifndef BUS_H
#define BUS_H

#include "keys.h"

/* A peer that has not said who it is after this time is cut off. */
#define BUS_HANDSHAKE_MS 5000

typedef struct {
    const char *curve_dir; /* keys.h; NULL: none */
    bool insecure;         /* without keys tcp is plain, and open to all who reach it */
    keys_role_t role;      /* ours */
    unsigned
        dials; /* hosts that it dials over tcp; 0: none, or the thread of those who come does */
} bus_config_t;

typedef struct bus bus_t;

/* NULL with the reason logged. `config` (copied; NULL: no tcp) is not looked at before the first tcp endpoint: what a
 * broker is told in the environment its local children hear too. */
bus_t *bus_new (const bus_config_t *config);
/* After all sockets were closed. */
void bus_destroy (bus_t **self);

/* ZeroMQ's context, for zmq_socket. */
void *bus_context (const bus_t *self);

bool bus_is_tcp (const char *endpoint);

/* False, with the error logged, when it is a tcp endpoint and `config` has neither keys nor `insecure`: a usage error.
 * NULL is no endpoint. */
bool bus_may_use (const bus_config_t *config, const char *endpoint);

/* A set of roles. */
#define BUS_ROLE(role) (1u << (role))

/* Binds the socket; of tcp peers only those of `roles` may connect. A socket may be bound to more endpoints, of
 * other kinds too. 0, or -1 with the error logged. */
int bus_bind (bus_t *self, void *socket, unsigned roles, const char *endpoint);
/* bus_bind, for who has other endpoints to try: 1, and nothing logged, when it is in use. */
int bus_bind_free (bus_t *self, void *socket, unsigned roles, const char *endpoint);

/* Connects the socket to the process of `role` there. Where the key of a role is being changed we trust two, and dial
 * with each: one of them is answered. 0, or -1 with the error logged. */
int bus_connect (bus_t *self, void *socket, keys_role_t role, const char *endpoint);

/* Closes a socket that was bound or connected here. */
void bus_close (bus_t *self, void *socket);

/* Whose key that is now: KEYS_NOBODY when it is not trusted, or not any more. */
keys_role_t bus_role (bus_t *self, const char *public_text);

/* What became of peers at our tcp endpoints. */
typedef enum {
    BUS_UNKNOWN, /* CURVE, with a key that is not trusted here */
    BUS_FOREIGN, /* plain, another protocol, or CURVE with another server's key */
    BUS_SILENT,  /* had not said who it is in time */
    BUS_GONE,    /* had not said who it is, and went: as a port scanner does */
    BUS_NO_FILE, /* could not be accepted: no open file was left (each try) */
    BUS_REVOKED, /* a message of a peer whose key was removed after it connected */
    BUS_ENDED,   /* was in, and is not any more: it went, was cut off, or sent what is too large */
    BUS_DENIED,  /* did not let us in */
    BUS_COUNTS
} bus_count_t;

/* "peers_unknown_key": for statistics. */
const char *bus_count_name (bus_count_t count);

typedef struct {
    uint64_t counts[BUS_COUNTS];
} bus_stats_t;

void bus_stats (const bus_t *self, bus_stats_t *stats);

/* Whether peers of tcp endpoints are to have keys. */
bool bus_is_locked (const bus_t *self);

/* Counts a message of a peer whose key was removed. */
void bus_revoked (bus_t *self);

#endif
