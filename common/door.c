#include "door.h"

#include "memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <zmq.h>

#define SLACK_MS  1000 /* between a timer of libzmq and what we see of it */
#define FILES_MAX (1 << 22)
#define NONE      (-1)

typedef enum {
    DOOR_ASKED, /* it is to say who it is */
    DOOR_IN,
    DOOR_REFUSED /* its key was, and that was counted */
} door_state_t;

struct door_peer {
    const door_t *door; /* NULL: not there */
    door_state_t state;
    mono_t accepted;
    char address[INET6_ADDRSTRLEN]; /* empty: not known */
};

struct door {
    void *reader;
    char *endpoint;
    bool bound;
    int failed; /* what the next DISCONNECTED is counted as; NONE */
};

door_t *door_new (void *reader, const char *endpoint, bool bound)
{
    door_t *self = memory_new (sizeof *self);
    self->reader = reader;
    self->endpoint = memory_text (endpoint);
    self->bound = bound;
    self->failed = NONE;
    return self;
}

void door_destroy (door_t **self)
{
    if (*self) {
        zmq_close ((*self)->reader);
        free ((*self)->endpoint);
        free (*self);
        *self = NULL;
    }
}

void *door_reader (const door_t *self)
{
    return self->reader;
}

/* ---- who is at an open file ---- */

void door_peers_free (door_peers_t *self)
{
    free (self->peers);
    *self = (door_peers_t){0};
}

/* The peer may have gone, and its file may be another by now: then its address is not known, or in the worst case
 * that of the next one. It is for the log alone. */
static void find_address (int file, char address[static INET6_ADDRSTRLEN])
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    address[0] = '\0';
    if (getpeername (file, (struct sockaddr *) &name, &size) != 0) {
        return;
    }
    if (name.ss_family == AF_INET) {
        inet_ntop (AF_INET, &((struct sockaddr_in *) &name)->sin_addr, address, INET6_ADDRSTRLEN);
    } else if (name.ss_family == AF_INET6) {
        inet_ntop (AF_INET6, &((struct sockaddr_in6 *) &name)->sin6_addr, address,
                   INET6_ADDRSTRLEN);
    }
}

static void come (const door_t *self, door_peers_t *peers, int file, mono_t now)
{
    if (file < 0 || file >= FILES_MAX) {
        return;
    }
    size_t count = peers->count ? peers->count : 64;
    while (count <= (size_t) file) {
        count *= 2;
    }
    if (count > peers->count) {
        peers->peers = memory_resize (peers->peers, count, sizeof *peers->peers);
        memset (peers->peers + peers->count, 0, (count - peers->count) * sizeof *peers->peers);
        peers->count = count;
    }
    struct door_peer *peer = &peers->peers[file];
    peer->door = self;
    peer->state = DOOR_ASKED;
    peer->accepted = now;
    find_address (file, peer->address);
}

/* Who was at the file; it is forgotten. False when that is not known. */
static bool leave (const door_t *self, door_peers_t *peers, int file, struct door_peer *peer)
{
    bool known = file >= 0 && (size_t) file < peers->count && peers->peers[file].door == self;
    *peer = known ? peers->peers[file] : (struct door_peer){0};
    if (known) {
        peers->peers[file].door = NULL;
    }
    return known;
}

/* ---- events ---- */

/* Whose handshake it was that ended is not told; that of the youngest, most likely: a handshake takes a moment, and who
 * is still in one later says nothing. */
static void settle (const door_t *self, door_peers_t *peers, door_state_t state)
{
    struct door_peer *youngest = NULL;
    for (size_t i = 0; i < peers->count; i++) {
        struct door_peer *peer = &peers->peers[i];
        if (peer->door == self && peer->state == DOOR_ASKED &&
            (!youngest || peer->accepted.us >= youngest->accepted.us)) {
            youngest = peer;
        }
    }
    if (youngest) {
        youngest->state = state;
    }
}

static const char *denial (unsigned event)
{
    return event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? "our public key is not trusted there"
                                                    : "it ended the handshake: our public key is "
                                                      "not trusted there, or its own is another "
                                                      "than the one we have";
}

/* A handshake of one that we dialed has failed. */
static void fail_dialed (door_t *self, unsigned event, refusals_t *refusals, mono_t now)
{
    refusals_add (refusals, BUS_DENIED, self->endpoint, "", denial (event), now);
    self->failed = BUS_DENIED;
}

static void fail (door_t *self, unsigned event, door_peers_t *peers, refusals_t *refusals,
                  mono_t now)
{
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
        settle (self, peers, DOOR_REFUSED); /* who asked for the key has counted it */
        return;
    }
    if (self->failed != NONE) { /* its end did not come */
        refusals_add (refusals, (bus_count_t) self->failed, self->endpoint, "", NULL, now);
    }
    self->failed = event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ? BUS_FOREIGN : BUS_GONE;
}

/* What the end of a peer is counted as; NONE when it was counted before. */
static int kind_of_end (const door_t *self, bool known, const struct door_peer *peer, mono_t now)
{
    int64_t age_ms = known ? mono_ms (peer->accepted, now) : 0;
    if (self->failed == BUS_DENIED) {
        return NONE;
    }
    if (self->failed == BUS_GONE && age_ms >= BUS_HANDSHAKE_MS - SLACK_MS) {
        return BUS_SILENT;
    }
    if (self->failed != NONE) {
        return self->failed;
    }
    if (known && peer->state == DOOR_REFUSED) {
        return NONE;
    }
    bool asked = self->bound && known && peer->state == DOOR_ASKED;
    return asked && age_ms <= BUS_HANDSHAKE_MS + SLACK_MS ? BUS_FOREIGN : BUS_ENDED;
}

static void end (door_t *self, door_peers_t *peers, int file, refusals_t *refusals, mono_t now)
{
    struct door_peer peer;
    bool known = leave (self, peers, file, &peer);
    int kind = kind_of_end (self, known, &peer, now);
    self->failed = NONE;
    if (kind != NONE) {
        refusals_add (refusals, (bus_count_t) kind, self->endpoint, peer.address, NULL, now);
    }
}

static bool is_out_of_files (int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void take (door_t *self, unsigned event, int value, door_peers_t *peers,
                  refusals_t *refusals)
{
    mono_t now = mono_now ();
    switch (event) {
    case ZMQ_EVENT_ACCEPTED:
        come (self, peers, value, now);
        break;
    case ZMQ_EVENT_ACCEPT_FAILED:
        refusals_add (refusals, is_out_of_files (value) ? BUS_NO_FILE : BUS_GONE, self->endpoint,
                      "", NULL, now);
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        settle (self, peers, DOOR_IN);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        end (self, peers, value, refusals, now);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        if (self->bound) {
            fail (self, event, peers, refusals, now);
        } else {
            fail_dialed (self, event, refusals, now);
        }
        break;
    default: /* MONITOR_STOPPED comes in any case */
        break;
    }
}

void door_take (door_t *self, door_peers_t *peers, refusals_t *refusals, int most)
{
    for (int i = 0; i < most; i++) {
        uint8_t frame[6];
        char endpoint[8]; /* cut: we know it */
        uint16_t event;
        int32_t value;
        if (zmq_recv (self->reader, frame, sizeof frame, ZMQ_DONTWAIT) != sizeof frame) {
            return;
        }
        zmq_recv (self->reader, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
        memcpy (&event, frame, sizeof event);
        memcpy (&value, frame + sizeof event, sizeof value);
        take (self, event, value, peers, refusals);
    }
}
