#include "guard.h"

#include "door.h"
#include "log.h"
#include "memory.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ZAP           "inproc://zeromq.zap.01"
#define REFRESH_MS    1000
#define TAKE_AT_ONCE  256 /* events of a door, and questions, before the others are looked at */
#define ZAP_FRAMES    7
#define ZAP_FRAME_MAX 256 /* by its RFC (27) all are shorter */
#define ALLOWED       "200"
/* After a "400" libzmq's peer never tries again, not when its key is trusted either. After this it is cut off when
 * its time for the handshake is over, and then tries. */
#define NOT_NOW        "300"
#define DOMAIN_PATTERN "roles-%u"

/* A socket, and what stands for it in the thread. */
typedef struct {
    void *socket;
    door_t *door;
} watched_t;

/* What the thread is told: a door to watch, or to watch no more; none: the end. */
typedef struct {
    door_t *door;
    bool leave;
} order_t;

struct guard {
    void *context;
    void *outer; /* ours: PAIR to `inner` */
    pthread_t thread;
    bool runs;
    uint64_t named; /* monitors, for their names */
    watched_t *watched;
    size_t watched_count;
    /* the thread's */
    keys_t *keys;
    void *inner, *zap;
    door_t **doors;
    size_t door_count;
    zmq_pollitem_t *items;
    door_peers_t peers;
    refusals_t refusals;
    mono_t refreshed;
};

void guard_domain (unsigned roles, char domain[static GUARD_DOMAIN])
{
    snprintf (domain, GUARD_DOMAIN, DOMAIN_PATTERN, roles);
}

/* ---- who may come in ---- */

typedef struct {
    char bytes[ZAP_FRAME_MAX + 1]; /* and a NUL */
    size_t size;
} frame_t;

/* ZAP: version, request, domain, address, routing id, mechanism, key. False when there is no question. */
typedef enum {
    ZAP_VERSION,
    ZAP_REQUEST,
    ZAP_DOMAIN,
    ZAP_ADDRESS,
    ZAP_ROUTING_ID,
    ZAP_MECHANISM,
    ZAP_KEY
} zap_frame_t;

static bool receive_question (void *zap, frame_t frames[static ZAP_FRAMES])
{
    int more = 1;
    size_t size = sizeof more;
    for (int i = 0; more; i++) {
        char rest[ZAP_FRAME_MAX];
        char *place = i < ZAP_FRAMES ? frames[i].bytes : rest;
        int got = zmq_recv (zap, place, ZAP_FRAME_MAX, ZMQ_DONTWAIT);
        if (got < 0) {
            return false;
        }
        if (i < ZAP_FRAMES) {
            frames[i].size = got > ZAP_FRAME_MAX ? ZAP_FRAME_MAX : (size_t) got;
            frames[i].bytes[frames[i].size] = '\0';
        }
        zmq_getsockopt (zap, ZMQ_RCVMORE, &more, &size);
    }
    return true;
}

static void send_answer (void *zap, const frame_t *request, bool allowed, const char *user)
{
    zmq_send (zap, "1.0", 3, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    zmq_send (zap, request->bytes, request->size, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    zmq_send (zap, allowed ? ALLOWED : NOT_NOW, 3, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    zmq_send (zap, "", 0, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    zmq_send (zap, user, strlen (user),
              ZMQ_DONTWAIT | ZMQ_SNDMORE); /* as "User-Id" at its messages */
    zmq_send (zap, "", 0, ZMQ_DONTWAIT);
}

/* A key's characters are those of a log line; of a role at the wrong door its name is said too. */
static void say_refused (guard_t *self, const frame_t *frames, const char *key, keys_role_t role)
{
    char detail[128];
    snprintf (detail, sizeof detail, "%s%s%s", key, role != KEYS_NOBODY ? " of a " : "",
              role != KEYS_NOBODY ? keys_role_name (role) : "");
    refusals_add (&self->refusals, BUS_UNKNOWN, keys_directory (self->keys),
                  frames[ZAP_ADDRESS].bytes, detail, mono_now ());
}

static bool answer_one (guard_t *self)
{
    frame_t frames[ZAP_FRAMES] = {0};
    char key[KEYS_TEXT] = "";
    unsigned roles = 0;
    if (!receive_question (self->zap, frames)) {
        return false;
    }
    keys_role_t role = KEYS_NOBODY;
    if (strcmp (frames[ZAP_MECHANISM].bytes, "CURVE") == 0 && frames[ZAP_KEY].size == 32) {
        zmq_z85_encode (key, (const uint8_t *) frames[ZAP_KEY].bytes, 32);
        role = keys_find (self->keys, key);
    }
    /* Of a door that is locked libzmq lets no plain peer come so far: this one is at an ipc endpoint. */
    bool is_local = strcmp (frames[ZAP_MECHANISM].bytes, "NULL") == 0;
    bool known_door = sscanf (frames[ZAP_DOMAIN].bytes, DOMAIN_PATTERN, &roles) == 1;
    bool allowed =
        is_local || (known_door && role != KEYS_NOBODY && (roles & BUS_ROLE (role)) != 0);
    send_answer (self->zap, &frames[ZAP_REQUEST], allowed, allowed ? key : "");
    if (!allowed) {
        say_refused (self, frames, key, role);
    }
    return true;
}

/* ---- the thread ---- */

static void refresh (guard_t *self)
{
    mono_t now = mono_now ();
    if (self->keys && mono_ms (self->refreshed, now) >= REFRESH_MS) {
        self->refreshed = now;
        if (keys_refresh (self->keys)) {
            log_info (
                "%s was read again: keys of %zu workers, %zu collectors, %zu brokers are trusted",
                keys_directory (self->keys), keys_count (self->keys, KEYS_WORKER),
                keys_count (self->keys, KEYS_COLLECTOR), keys_count (self->keys, KEYS_BROKER));
        }
    }
}

static void add_door (guard_t *self, door_t *door)
{
    size_t count = ++self->door_count;
    self->doors = memory_resize (self->doors, count, sizeof (door_t *));
    self->items = memory_resize (self->items, count + 2, sizeof *self->items);
    self->doors[count - 1] = door;
}

static void remove_door (guard_t *self, door_t *door)
{
    for (size_t i = 0; i < self->door_count; i++) {
        if (self->doors[i] == door) {
            self->doors[i] = self->doors[--self->door_count];
        }
    }
    door_destroy (&door);
}

/* False when it is to end. */
static bool take_orders (guard_t *self)
{
    order_t order;
    while (zmq_recv (self->inner, &order, sizeof order, ZMQ_DONTWAIT) == sizeof order) {
        if (!order.door) {
            return false;
        }
        if (order.leave) {
            remove_door (self, order.door);
        } else {
            add_door (self, order.door);
        }
    }
    return true;
}

static void wait_for_something (guard_t *self)
{
    size_t count = 0;
    self->items[count++] = (zmq_pollitem_t){.socket = self->inner, .events = ZMQ_POLLIN};
    if (self->zap) {
        self->items[count++] = (zmq_pollitem_t){.socket = self->zap, .events = ZMQ_POLLIN};
    }
    for (size_t i = 0; i < self->door_count; i++) {
        self->items[count++] =
            (zmq_pollitem_t){.socket = door_reader (self->doors[i]), .events = ZMQ_POLLIN};
    }
    zmq_poll (self->items, (int) count, self->keys ? REFRESH_MS : -1);
}

static void *run (void *argument)
{
    guard_t *self = argument;
    bool over = false;
    while (!over) {
        wait_for_something (self);
        over = !take_orders (self);
        for (int i = 0; self->zap && i < TAKE_AT_ONCE && answer_one (self); i++) {
        }
        for (size_t i = 0; i < self->door_count; i++) {
            door_take (self->doors[i], &self->peers, &self->refusals, TAKE_AT_ONCE);
        }
        refresh (self);
    }
    return NULL;
}

/* ---- our side ---- */

static void *new_socket (void *context, int type)
{
    void *socket = zmq_socket (context, type);
    int zero = 0;
    if (socket) {
        zmq_setsockopt (socket, ZMQ_LINGER, &zero, sizeof zero);
        zmq_setsockopt (socket, ZMQ_SNDHWM, &zero, sizeof zero);
        zmq_setsockopt (socket, ZMQ_RCVHWM, &zero, sizeof zero);
    }
    return socket;
}

static int open_sockets (guard_t *self, const keys_t *keys)
{
    self->outer = new_socket (self->context, ZMQ_PAIR);
    self->inner = new_socket (self->context, ZMQ_PAIR);
    if (!self->outer || !self->inner || zmq_bind (self->inner, "inproc://guard") != 0 ||
        zmq_connect (self->outer, "inproc://guard") != 0) {
        return -1;
    }
    if (keys) {
        self->zap = new_socket (self->context, ZMQ_REP);
        return self->zap ? zmq_bind (self->zap, ZAP) : -1;
    }
    return 0;
}

/* Signals are for the loop. */
static int start_thread (guard_t *self)
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    errno = pthread_create (&self->thread, NULL, run, self);
    self->runs = errno == 0;
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return self->runs ? 0 : -1;
}

guard_t *guard_new (void *context, keys_t *keys, guard_counts_t *counts)
{
    guard_t *self = memory_new (sizeof *self);
    self->context = context;
    self->keys = keys;
    self->items = memory_new (2 * sizeof *self->items);
    self->refreshed = mono_now ();
    refusals_init (&self->refusals, counts);
    if (open_sockets (self, keys) != 0 || start_thread (self) != 0) {
        log_error ("cannot watch tcp sockets: %s", zmq_strerror (errno));
        guard_destroy (&self);
    }
    return self;
}

static void tell (guard_t *self, door_t *door, bool leave)
{
    order_t order = {.door = door, .leave = leave};
    zmq_send (self->outer, &order, sizeof order, 0);
}

static void end_thread (guard_t *self)
{
    tell (self, NULL, false);
    pthread_join (self->thread, NULL);
}

void guard_destroy (guard_t **guard)
{
    guard_t *self = *guard;
    if (!self) {
        return;
    }
    if (self->runs) {
        end_thread (self);
    }
    for (size_t i = 0; i < self->door_count; i++) {
        door_destroy (&self->doors[i]);
    }
    void *const sockets[] = {self->outer, self->inner, self->zap};
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
        if (sockets[i]) {
            zmq_close (sockets[i]);
        }
    }
    door_peers_free (&self->peers);
    free (self->doors);
    free (self->watched);
    free (self->items);
    free (self);
    *guard = NULL;
}

int guard_watch (guard_t *self, void *socket, const char *endpoint, bool bound)
{
    guard_leave (self, socket); /* a socket has one such queue of events */
    char name[48];
    snprintf (name, sizeof name, "inproc://door-%" PRIu64, self->named++);
    void *reader = new_socket (self->context, ZMQ_PAIR);
    /* The reader is there before an event is: libzmq would wait for it. */
    if (!reader || zmq_socket_monitor (socket, name, DOOR_EVENTS) != 0 ||
        zmq_connect (reader, name) != 0) {
        log_error ("cannot watch %s: %s", endpoint, zmq_strerror (errno));
        if (reader) {
            zmq_close (reader);
        }
        return -1;
    }
    self->watched = memory_resize (self->watched, self->watched_count + 1, sizeof *self->watched);
    watched_t *watched = &self->watched[self->watched_count++];
    *watched = (watched_t){.socket = socket, .door = door_new (reader, endpoint, bound)};
    tell (self, watched->door, false);
    return 0;
}

void guard_leave (guard_t *self, void *socket)
{
    for (size_t i = 0; i < self->watched_count; i++) {
        if (self->watched[i].socket == socket) {
            zmq_socket_monitor (socket, NULL, 0);
            tell (self, self->watched[i].door, true);
            self->watched[i] = self->watched[--self->watched_count];
            return;
        }
    }
}
