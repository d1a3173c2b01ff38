#include "bus.h"

#include "guard.h"
#include "log.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define TCP "tcp://"
#define BACKLOG                                                                                    \
    1024 /* connections that wait to be accepted: in a flood our own peers come back through it */
/* Sockets of a context: each watched one has two more for its events. */
#define SOCKETS_MAX 8192

/* Bits of ZMQ_AFFINITY. */
#define THREADS_MAX 64

struct bus {
    bus_config_t config;
    unsigned threads; /* that move bytes: one for who comes, one for each host that is dialed */
    char *hosts[THREADS_MAX]; /* dialed, each by the thread behind its number */
    void *context;
    keys_t *keys;   /* NULL: none */
    guard_t *guard; /* NULL: no tcp endpoint yet */
    guard_counts_t counts;
};

static const char *const count_names[BUS_COUNTS] = {
    [BUS_UNKNOWN] = "peers_unknown_key", [BUS_FOREIGN] = "peers_foreign",
    [BUS_SILENT] = "peers_silent",       [BUS_GONE] = "peers_gone",
    [BUS_NO_FILE] = "accepts_failed",    [BUS_REVOKED] = "messages_of_removed_keys",
    [BUS_ENDED] = "peers_ended",         [BUS_DENIED] = "dials_denied"};

const char *bus_count_name (bus_count_t count)
{
    return count_names[count];
}

bus_t *bus_new (const bus_config_t *config)
{
    bus_t *self = memory_new (sizeof *self);
    self->config = config ? *config : (bus_config_t){0};
    self->context = zmq_ctx_new ();
    if (!self->context) {
        log_error ("cannot start ZeroMQ: %s", zmq_strerror (errno));
        bus_destroy (&self);
        return NULL;
    }
    self->threads = self->config.dials + 1;
    self->threads = self->threads > THREADS_MAX ? THREADS_MAX : self->threads;
    zmq_ctx_set (self->context, ZMQ_IO_THREADS, (int) self->threads);
    zmq_ctx_set (self->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
    return self;
}

void bus_destroy (bus_t **self)
{
    if (*self) {
        guard_destroy (&(*self)->guard);
        if ((*self)->context) {
            zmq_ctx_term ((*self)->context);
        }
        keys_destroy (&(*self)->keys);
        for (unsigned i = 0; i < THREADS_MAX; i++) {
            free ((*self)->hosts[i]);
        }
        free (*self);
        *self = NULL;
    }
}

void *bus_context (const bus_t *self)
{
    return self->context;
}

/* ---- locks ---- */

bool bus_is_tcp (const char *endpoint)
{
    return strncmp (endpoint, TCP, strlen (TCP)) == 0;
}

static void set (void *socket, int option, int value)
{
    zmq_setsockopt (socket, option, &value, sizeof value);
}

bool bus_may_use (const bus_config_t *config, const char *endpoint)
{
    if (!endpoint || !bus_is_tcp (endpoint) || config->curve_dir || config->insecure) {
        return true;
    }
    log_error ("%s: tcp is open to everybody who reaches it: give --curve-dir DIR ('fastscanner "
               "keys DIR' makes "
               "one), or --insecure where only friends are",
               endpoint);
    return false;
}

static void choose_thread (void *socket, unsigned thread)
{
    uint64_t bits = UINT64_C (1) << thread;
    zmq_setsockopt (socket, ZMQ_AFFINITY, &bits, sizeof bits);
}

/* What is set on a socket holds for the endpoints that follow. */
static void take_off_lock (void *socket)
{
    set (socket, ZMQ_CURVE_SERVER,
         0); /* which makes it a plain one; the guard will be asked all the same */
}

static void lock_server (const bus_t *self, void *socket, unsigned roles)
{
    char domain[GUARD_DOMAIN];
    guard_domain (roles, domain);
    set (socket, ZMQ_CURVE_SERVER, 1);
    keys_apply (self->keys, socket);
    zmq_setsockopt (socket, ZMQ_ZAP_DOMAIN, domain, strlen (domain));
}

/* Before the first tcp endpoint: somebody must stand at the door when it opens. */
static int open_door (bus_t *self, void *socket, const char *endpoint, bool bound)
{
    if (!bus_may_use (&self->config, endpoint)) {
        return -1;
    }
    if (self->config.curve_dir && !self->keys) {
        self->keys = keys_open (self->config.curve_dir, self->config.role);
        if (!self->keys) {
            return -1;
        }
    }
    if (!self->guard) {
        self->guard = guard_new (self->context, self->keys, &self->counts);
    }
    return self->guard ? guard_watch (self->guard, socket, endpoint, bound) : -1;
}

int bus_bind_free (bus_t *self, void *socket, unsigned roles, const char *endpoint)
{
    if (bus_is_tcp (endpoint)) {
        if (open_door (self, socket, endpoint, true) != 0) {
            return -1;
        }
        choose_thread (socket, 0);
        set (socket, ZMQ_BACKLOG, BACKLOG);
        if (self->keys) {
            lock_server (self, socket, roles);
        }
    } else {
        take_off_lock (socket);
    }
    if (zmq_bind (socket, endpoint) == 0) {
        return 0;
    }
    if (errno == EADDRINUSE) {
        return 1;
    }
    log_error ("cannot listen on %s: %s", endpoint, zmq_strerror (errno));
    return -1;
}

int bus_bind (bus_t *self, void *socket, unsigned roles, const char *endpoint)
{
    int rc = bus_bind_free (self, socket, roles, endpoint);
    if (rc > 0) {
        log_error ("cannot listen on %s: %s", endpoint, zmq_strerror (EADDRINUSE));
    }
    return rc ? -1 : 0;
}

/* The thread that dials the host: its own, or when there are more hosts than threads, one that it shares. */
static unsigned thread_of (bus_t *self, const char *endpoint)
{
    const char *colon = strrchr (endpoint, ':');
    size_t size = colon ? (size_t) (colon - endpoint) : strlen (endpoint);
    for (unsigned i = 0; i + 1 < self->threads; i++) {
        if (!self->hosts[i]) {
            self->hosts[i] = memory_format ("%.*s", (int) size, endpoint);
        }
        if (strncmp (self->hosts[i], endpoint, size) == 0 && !self->hosts[i][size]) {
            return i + 1;
        }
    }
    return self->threads - 1;
}

static int dial (void *socket, const char *endpoint)
{
    if (zmq_connect (socket, endpoint) != 0) {
        log_error ("cannot connect to %s: %s", endpoint, zmq_strerror (errno));
        return -1;
    }
    return 0;
}

/* Dials once more: a DEALER takes a second zmq_connect to the same text for none, so the port gets as many zeros
 * before it. */
static int dial_again (void *socket, const char *endpoint, size_t times)
{
    const char *colon = strrchr (endpoint, ':');
    int host = colon ? (int) (colon - endpoint) : (int) strlen (endpoint);
    char *text =
        memory_format ("%.*s:%0*d%s", host, endpoint, (int) times, 0, colon ? colon + 1 : "");
    int rc = dial (socket, times > 0 ? text : endpoint);
    free (text);
    return rc;
}

static int dial_locked (bus_t *self, void *socket, keys_role_t role, const char *endpoint)
{
    char key[KEYS_TEXT];
    size_t count = 0;
    keys_apply (self->keys, socket);
    for (; keys_of (self->keys, role, count, key); count++) {
        zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, key, KEYS_TEXT);
        if (dial_again (socket, endpoint, count) != 0) {
            return -1;
        }
    }
    if (count == 0) {
        log_error ("%s: no public key of a %s in %s: put its %s-NAME.pub there", endpoint,
                   keys_role_name (role), self->config.curve_dir, keys_role_name (role));
        return -1;
    }
    return 0;
}

int bus_connect (bus_t *self, void *socket, keys_role_t role, const char *endpoint)
{
    if (!bus_is_tcp (endpoint)) {
        take_off_lock (socket);
        return dial (socket, endpoint);
    }
    if (open_door (self, socket, endpoint, false) != 0) {
        return -1;
    }
    choose_thread (socket, thread_of (self, endpoint));
    return self->keys ? dial_locked (self, socket, role, endpoint) : dial (socket, endpoint);
}

void bus_close (bus_t *self, void *socket)
{
    if (self->guard) {
        guard_leave (self->guard, socket);
    }
    zmq_close (socket);
}

/* ---- peers ---- */

bool bus_is_locked (const bus_t *self)
{
    return self->config.curve_dir != NULL;
}

keys_role_t bus_role (bus_t *self, const char *public_text)
{
    return self->keys ? keys_find (self->keys, public_text) : KEYS_NOBODY;
}

void bus_revoked (bus_t *self)
{
    self->counts[BUS_REVOKED]++;
}

void bus_stats (const bus_t *self, bus_stats_t *stats)
{
    for (unsigned i = 0; i < BUS_COUNTS; i++) {
        stats->counts[i] = self->counts[i];
    }
}
