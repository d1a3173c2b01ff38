/* Workers' places in a live run:
 *
 *     HELLO of our child --------------------> its seat --+
 *     HELLO from elsewhere --its name, or free--> a seat --+--> welcome: a data link of its own, a first session
 *     LIVE_WORKER of the peer that has the seat --> flow
 *     SIGTERM there --> leaving: flow moves its shards away --> none left: EXIT, and the seat is free
 *
 * A worker from elsewhere is known by its name. One of that name with another incarnation is its next
 * life: the one before is over, whether or not its connection stands.
 */
#include "live_inside.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS       256           /* of data links, behind that of --listen; used in turn */
#define WINDOW_MAX  (2560u << 10) /* bytes under way to one worker at most, */
#define WINDOWS_SUM (16u << 20)   /* and to all together: what bounds the broker's memory */
#define WINDOW_MIN  (512u << 10)

uint64_t live_now_ms (void)
{
    return (uint64_t) (mono_now ().us / 1000);
}

/* What each worker may have under way, when there are so many. */
uint64_t live_find_window (uint32_t workers)
{
    uint64_t window = WINDOWS_SUM / (workers > 0 ? workers : 1);
    return window > WINDOW_MAX ? WINDOW_MAX : window < WINDOW_MIN ? WINDOW_MIN : window;
}

static void set_window (live_t *self)
{
    uint32_t workers = 0;
    for (uint32_t w = 0; w < self->seat_count; w++) {
        workers += self->seats[w].taken;
    }
    flow_set_window (self->flow, live_find_window (workers));
}

/* ---- data links ---- */

/* A worker's life gets an endpoint of its own: what is on the way to the life before cannot reach it. */
static bool bind_local (live_t *self, live_seat_t *seat)
{
    char name[48];
    snprintf (name, sizeof name, "data-%zu.%" PRIu64, (size_t) (seat - self->seats),
              seat->incarnation);
    char *endpoint = local_endpoint (self->local, name);
    snprintf (seat->endpoint, sizeof seat->endpoint, "%s", endpoint);
    seat->data = channel_bind (self->bus, CHANNEL_PUSH, endpoint);
    free (endpoint);
    return seat->data != NULL;
}

/* The next port in turn that nobody has. */
static bool bind_remote (live_t *self, live_seat_t *seat)
{
    for (int i = 0; i < PORTS && !seat->data; i++) {
        unsigned port = self->listen_port + 1 + self->ports++ % PORTS;
        snprintf (seat->endpoint, sizeof seat->endpoint, "tcp://%s:%u", self->listen_host, port);
        seat->data = channel_bind_free (self->bus, CHANNEL_PUSH, seat->endpoint);
    }
    if (!seat->data) {
        log_error ("no port of %u to %u is free for a worker's data", self->listen_port + 1u,
                   self->listen_port + (unsigned) PORTS);
    }
    return seat->data != NULL;
}

static bool open_data (live_t *self, live_seat_t *seat)
{
    bool open = seat->control == self->control ? bind_local (self, seat) : bind_remote (self, seat);
    if (open) {
        set_window (self);
        uint32_t w = (uint32_t) (seat - self->seats);
        seat->session = flow_joined (self->flow, w, seat->name, live_now_ms ());
        self->owners_changed = true;
        self->any_joined = true;
    }
    return open;
}

/* Workers are welcomed when there is an epoch, and a collector to send hits to. */
static void welcome (live_t *self, live_seat_t *seat)
{
    if (flow_epoch (self->flow) == 0 || !self->collector.endpoint[0] ||
        self->phase == LIVE_LEAVING) {
        return;
    }
    if (!seat->data && !open_data (self, seat)) {
        if (seat->local) {
            live_fail (self);
        }
        return;
    }
    wire_live_welcome_t item = {.worker = (uint32_t) (seat - self->seats),
                                .session = seat->session,
                                .since_ms = self->heard.since_ms};
    snprintf (item.data_endpoint, sizeof item.data_endpoint, "%s", seat->endpoint);
    snprintf (item.collector_endpoint, sizeof item.collector_endpoint, "%s",
              self->collector.endpoint);
    live_welcome (self, seat->control, &seat->peer, &item);
}

void live_welcome_workers (live_t *self)
{
    for (uint32_t w = 0; w < self->seat_count; w++) {
        if (self->seats[w].known) {
            welcome (self, &self->seats[w]);
        }
    }
}

/* ---- seats ---- */

static live_seat_t *find_name (live_t *self, const char *name)
{
    for (uint32_t w = 0; w < self->seat_count; w++) {
        if (self->seats[w].taken && strcmp (self->seats[w].name, name) == 0) {
            return &self->seats[w];
        }
    }
    return NULL;
}

/* One that nobody has, or whose worker was given up. */
static live_seat_t *find_free (live_t *self)
{
    uint32_t found = self->seat_max;
    for (uint32_t w = self->local_count; w < self->seat_max && found == self->seat_max; w++) {
        found = self->seats[w].taken ? found : w;
    }
    for (uint32_t w = self->local_count; w < self->seat_max && found == self->seat_max; w++) {
        found = flow_is_live (self->flow, w) ? found : w;
    }
    if (found == self->seat_max) {
        return NULL;
    }
    if (self->seats[found].taken) {
        live_close_seat (self, found);
    }
    self->seat_count = found >= self->seat_count ? found + 1 : self->seat_count;
    return &self->seats[found];
}

void live_close_seat (live_t *self, uint32_t w)
{
    live_seat_t *seat = &self->seats[w];
    live_end_life (seat);
    channel_destroy (&seat->data, 0);
    seat->known = false;
    seat->taken = seat->local;
    self->worker_rows += seat->rejected_rows;
    self->worker_files += seat->rejected_files;
    seat->rejected_rows = seat->rejected_files = seat->notes = 0;
}

/* Our child speaks with the incarnation that we gave it. */
static live_seat_t *seat_local (live_t *self, const wire_hello_t *hello)
{
    live_seat_t *seat = find_name (self, hello->name);
    return seat && seat->local && seat->child.incarnation == hello->incarnation ? seat : NULL;
}

/* Two processes of one name that are both there: the one that began later stays. */
static bool is_second (const live_t *self, const live_seat_t *seat, const wire_hello_t *hello)
{
    return seat->known && hello->incarnation < seat->incarnation &&
           flow_is_live (self->flow, (uint32_t) (seat - self->seats));
}

/* Names stand in logs and in JSON. */
static bool is_name (const char *name)
{
    return name[0] && !name[strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_.-")];
}

static live_seat_t *seat_remote (live_t *self, const wire_hello_t *hello)
{
    live_seat_t *seat = is_name (hello->name) ? find_name (self, hello->name) : NULL;
    if (!is_name (hello->name)) {
        return NULL;
    }
    if (seat && (seat->local || is_second (self, seat, hello))) {
        if (self->seconds++ == 0) {
            log_warning (
                "a second worker is called %s: it is left out; give it a --name of its own",
                hello->name);
        }
        return NULL;
    }
    if (seat && seat->known && seat->incarnation != hello->incarnation) {
        uint32_t w = (uint32_t) (seat - self->seats);
        log_warning ("%s begins a new life: its shards are read again", hello->name);
        live_close_seat (self, w);
        flow_lost (self->flow, w, false, true, live_now_ms ());
    }
    if (!seat && !(seat = find_free (self))) {
        if (self->seconds++ == 0) {
            log_warning ("%s is left out: there are %u workers, and no more are taken", hello->name,
                         self->seat_max);
        }
        return NULL;
    }
    if (!seat->taken) {
        log_info ("%s joins", hello->name);
    }
    return seat;
}

void live_take_worker_hello (live_t *self, const wire_hello_t *hello, channel_t *control,
                             const channel_peer_t *peer)
{
    live_seat_t *seat =
        control == self->control ? seat_local (self, hello) : seat_remote (self, hello);
    if (!seat) {
        self->refused++;
        return;
    }
    snprintf (seat->name, sizeof seat->name, "%s", hello->name);
    seat->incarnation = hello->incarnation;
    seat->control = control;
    seat->peer = *peer;
    seat->known = seat->taken = true;
    welcome (self, seat);
}

/* A worker that handed all back was told to go. The seat of one that does not hear it any more is free when it is
 * needed. */
void live_tend_seats (live_t *self)
{
    for (uint32_t w = self->local_count; w < self->seat_count; w++) {
        live_seat_t *seat = &self->seats[w];
        if (!seat->known || !flow_has_left (self->flow, w)) {
            continue;
        }
        wire_live_broker_t state = {.serial = ++self->serial,
                                    .broker = self->broker,
                                    .epoch = flow_epoch (self->flow),
                                    .phase = WIRE_PHASE_EXIT};
        buffer_t message = {0};
        wire_put_live_broker (&message, &state);
        channel_send_to (seat->control, &seat->peer, &message);
        log_info ("%s leaves", seat->name);
        live_close_seat (self, w);
        flow_lost (self->flow, w, false, false, live_now_ms ());
        set_window (self);
    }
}

/* ---- states ---- */

/* What it found wrong in reference files, each once. */
static void log_notes (live_t *self, live_seat_t *seat, const wire_live_worker_t *state)
{
    for (; seat->notes < state->note_count; seat->notes++) {
        log_warning ("%s/%s", market_directory (self->config->market), state->notes[seat->notes]);
    }
}

static live_seat_t *find_peer (live_t *self, const channel_t *control, const channel_peer_t *peer)
{
    for (uint32_t w = 0; w < self->seat_count; w++) {
        live_seat_t *seat = &self->seats[w];
        if (seat->data && seat->control == control && channel_peer_equal (&seat->peer, peer)) {
            return seat;
        }
    }
    return NULL;
}

void live_take_worker_state (live_t *self, const wire_live_worker_t *state, channel_t *control,
                             const channel_peer_t *peer)
{
    live_seat_t *seat = find_peer (self, control, peer);
    if (!seat) {
        return;
    }
    log_notes (self, seat, state);
    seat->candles = state->candles;
    seat->late = state->late;
    seat->refused = state->refused;
    seat->rejected_rows = state->rejected_rows;
    seat->rejected_files = state->rejected_files;
    seat->scan_us = state->scan_us;
    seat->memory_bytes = state->memory_bytes;
    seat->cpu_us = state->cpu_us;
    flow_worker_state (self->flow, (uint32_t) (seat - self->seats), state, live_now_ms ());
}

void live_take_shard_state (live_t *self, const wire_state_t *state, channel_t *control,
                            const channel_peer_t *peer)
{
    const live_seat_t *seat = find_peer (self, control, peer);
    if (seat) {
        flow_take_state (self->flow, (uint32_t) (seat - self->seats), state);
        self->owners_changed = true;
    }
}
