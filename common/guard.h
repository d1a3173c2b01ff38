/* guard - the thread at the doors of a bus: it answers ZeroMQ's question who may come in, and reads what happens at
 * the tcp sockets.
 *
 *      libzmq --inproc://zeromq.zap.01--> REP: key --keys_find--> 200 or 400
 *      socket --inproc monitor----------> PAIR: accepted, handshake failed, disconnected --> counts
 *      our loop --inproc----------------> PAIR: one more socket to watch; the end
 *      each second ---------------------> keys_refresh
 *
 * It is a thread so that a flood at the doors holds up nobody's loop, and that the loop holds up nobody at the
 * doors: libzmq waits for the answer, and for room to say an event. (Its queues of events are unbounded for that;
 * what is in them is as much as comes while one log line is written.)
 *
 * czmq's zauth is not used for it. It ends the process by an assert when two files of its directory have one key;
 * a store that it was given cannot be changed while it runs, and while it is started anew libzmq lets everybody in
 * (ZMQ_ZAP_ENFORCE_DOMAIN is a draft); it knows no roles, and does not say who was refused.
 */
#ifndef GUARD_H
#define GUARD_H

#include "bus.h"

#include <stdatomic.h>

typedef _Atomic uint64_t guard_counts_t[BUS_COUNTS];

typedef struct guard guard_t;

/* `keys` NULL: nobody is asked for one. Keys and counts must live longer. NULL with the error logged. */
guard_t *guard_new (void *context, keys_t *keys, guard_counts_t *counts);
/* After all sockets were closed, before the context ends. */
void guard_destroy (guard_t **self);

/* The socket's events are read from now on; `endpoint` stands for it in the log. Before it is bound or connected
 * there. 0, or -1 with the error logged. */
int guard_watch (guard_t *self, void *socket, const char *endpoint, bool bound);
/* Before it is closed; of a socket that is not watched nothing happens. */
void guard_leave (guard_t *self, void *socket);

/* The name of a door (ZAP's domain) that `roles` may use. */
#define GUARD_DOMAIN 16
void guard_domain (unsigned roles, char domain[static GUARD_DOMAIN]);

#endif
