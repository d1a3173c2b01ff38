/* broker_inside - what the parts of the broker share: broker.c (the loop and the data's way),
 * broker_children.c (processes and signals) and broker_control.c (control messages). For them alone.
 */
#ifndef BROKER_INSIDE_H
#define BROKER_INSIDE_H

#include "batch.h"
#include "broker.h"
#include "channel.h"
#include "clock.h"
#include "local.h"
#include "progress.h"

/* A worker's place: its process comes and goes, its place stays. */
typedef struct {
    channel_peer_t peer; /* of the life that said hello */
    bool known;          /* it did */
    int waited;          /* seconds of our loop since it was started, until it joined */
    bool joined;         /* it sent a state: it can work */
    uint64_t incarnation;
    session_t session;
    channel_t *data;
    buffer_t out; /* the message that is being filled; empty, or begun with its LINK */
    uint64_t n;   /* of the last message begun */
    bool delivering;
    delivery_t delivery;
    bool ended; /* we ended its process: what it had was given back already */
    uint64_t parse_us, scan_us, refused; /* of this life */
} seat_t;

typedef struct {
    const broker_config_t *config;
    broker_result_t *result;
    bus_t *bus;
    channel_t *control;
    channel_t *pull; /* explaining: we are the collector */
    local_t *local;
    int signals;
    batch_t *batch;
    size_t seat_count;
    seat_t *seats;
    zmq_pollitem_t *polled; /* for zmq_poll: signals, control, pull, and a place for each seat */
    channel_peer_t collector;
    bool collector_known;
    bool collector_killed;        /* it could not be told to go: its end is no failure */
    wire_collector_state_t heard; /* the collector's last state, without what it points to */
    char *hits_endpoint, *control_endpoint;
    char collector_endpoint[WIRE_ENDPOINT_MAX + 1]; /* where hits go, as the collector said */
    char (*scans)[SCAN_TEXT_MAX];
    uint64_t epoch, sessions, lives;
    wire_phase_t phase;
    bool over, told_exit;
    int interrupts; /* signals to stop so far */
    bool changed;   /* our state did */
    uint64_t serial, refused;
    size_t notes_logged, aside_logged;
    int64_t read_ns;
    mono_t started, told, counted, exit_told;
    progress_t progress;
    wire_reader_t *reader;
} broker_t;

/* Milliseconds on the clock that batch is told. */
uint64_t broker_now_ms (const broker_t *self);

/* The run cannot succeed, and ends here; the reason was logged. */
void broker_fail (broker_t *self);

/* The life in the seat is over: its channel, message and delivery go. */
void broker_leave_seat (seat_t *seat);

/* Starts the collector, unless we are it, and all workers. 0, or -1 with the error logged. */
int broker_start_children (broker_t *self);

/* Takes what the signalfd has: children that ended, and the user's word to stop. */
void broker_take_signals (broker_t *self);

/* Takes all control messages that are there. True when there were any. */
bool broker_take_control (broker_t *self);

/* Explaining: takes the one worker's items, which come to us. */
void broker_take_explanations (broker_t *self);

/* Says our whole state to everybody when it changed or a second has passed. */
void broker_speak (broker_t *self);

#define BROKER_STATE_MS 1000 /* the broker's state is repeated so often */

#endif
