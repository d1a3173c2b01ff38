#include "broker.h"

#include "batch.h"
#include "channel.h"
#include "local.h"
#include "log.h"
#include "process.h"
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATE_MS 1000 /* the broker's state is repeated so often */
#define MESSAGE_SIZE                                                                               \
    (256u << 10) /* a data message is sent when it has so many bytes, or nothing more is to come */
#define WINDOW_MAX  (4u << 20)  /* bytes under way to one worker at most, */
#define WINDOWS_SUM (24u << 20) /* and to all together: what bounds the broker's memory */
#define WINDOW_MIN  (512u << 10)
#define ROUNDS      64   /* rounds of work before signals are looked at again */
#define EXIT_MS     3000 /* children that were told to go are killed after that */

/* A worker's place: its process comes and goes, its place stays. */
typedef struct {
    channel_peer_t peer; /* of the life that said hello */
    bool known;          /* it did */
    bool joined;         /* it sent a state: it can work */
    uint64_t incarnation;
    session_t session;
    channel_t *data;
    buffer_t out; /* the message that is being filled; empty, or begun with its LINK */
    uint64_t n;   /* of the last message begun */
    bool delivering;
    delivery_t delivery;
    uint64_t parse_us, scan_us; /* of this life */
} seat_t;

typedef struct {
    const broker_config_t *config;
    broker_result_t *result;
    void *context;
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
    wire_collector_state_t heard; /* the collector's last state, without what it points to */
    char *hits_endpoint, *control_endpoint;
    char (*scans)[SCAN_TEXT_MAX];
    uint64_t epoch, sessions, lives;
    wire_phase_t phase;
    bool over, told_exit;
    int interrupts; /* signals to stop so far */
    bool changed;   /* our state did */
    uint64_t serial, refused;
    size_t notes_logged, aside_logged;
    int64_t read_ns;
    mono_t started, told, exit_told;
    progress_t progress;
    wire_reader_t *reader;
} broker_t;

static uint64_t now_ms (const broker_t *self)
{
    return (uint64_t) mono_ms (self->started, mono_now ()) + 1;
}

static size_t collector_child (const broker_t *self)
{
    return self->seat_count; /* children: the workers, then the collector */
}

static void fail (broker_t *self)
{
    self->result->failed = true;
    self->over = true;
}

/* ---- processes
 * ------------------------------------------------------------------------------------------------
 * */

static int start_worker (broker_t *self, size_t w)
{
    seat_t *seat = &self->seats[w];
    char name[32], incarnation[24];
    *seat = (seat_t){.incarnation = ++self->lives};
    snprintf (name, sizeof name, "worker-%zu", w);
    snprintf (incarnation, sizeof incarnation, "%" PRIu64, seat->incarnation);
    const char *arguments[] = {"--broker",
                               self->control_endpoint,
                               "--name",
                               name,
                               "--incarnation",
                               incarnation,
                               "--log-level",
                               self->config->log_level,
                               "--log-format",
                               self->config->log_format,
                               NULL};
    return local_start (self->local, w, "fastscanner-worker", arguments);
}

static int start_collector (broker_t *self)
{
    const broker_config_t *config = self->config;
    const char *fixed[] = {"--broker",          self->control_endpoint, "--listen",
                           self->hits_endpoint, "--log-level",          config->log_level,
                           "--log-format",      config->log_format};
    size_t count = sizeof fixed / sizeof *fixed;
    const char **arguments = memory_new ((count + 2 * config->sink_count + 1) * sizeof *arguments);
    memcpy (arguments, fixed, sizeof fixed);
    for (size_t i = 0; i < config->sink_count; i++) {
        arguments[count++] = "--out";
        arguments[count++] = config->sinks[i];
    }
    int rc = local_start (self->local, collector_child (self), "fastscanner-collector", arguments);
    free (arguments);
    return rc;
}

static void leave_seat (seat_t *seat)
{
    channel_destroy (&seat->data, 0);
    buffer_free (&seat->out);
    delivery_drop (&seat->delivery);
    seat->delivering = seat->known = seat->joined = false;
}

static void worker_ended (broker_t *self, size_t w, int status)
{
    seat_t *seat = &self->seats[w];
    char text[80];
    self->result->stats.us[STAGE_PARSE] += (int64_t) seat->parse_us;
    self->result->stats.us[STAGE_SCAN] += (int64_t) seat->scan_us;
    seat->parse_us = seat->scan_us = 0;
    leave_seat (seat);
    if (self->phase != WIRE_PHASE_RUN) {
        return;
    }
    log_warning ("worker-%zu %s: what it had is scanned again", w,
                 local_describe (status, text, sizeof text));
    batch_lost (self->batch, (uint32_t) w);
    self->changed = true;
    if (batch_hopeless (self->batch)) {
        log_error ("workers end before they can work: nothing was scanned");
        fail (self);
    } else if (start_worker (self, w) != 0) {
        fail (self);
    }
}

static void collector_ended (broker_t *self, int status)
{
    char text[80];
    bool good = self->phase == WIRE_PHASE_EXIT && WIFEXITED (status) && WEXITSTATUS (status) == 0;
    if (good || self->result->failed) {
        return;
    }
    log_error ("the collector %s: the run ends, and no result was put in place",
               local_describe (status, text, sizeof text));
    fail (self);
}

static void reap (broker_t *self)
{
    int status;
    long child;
    while ((child = local_reap (self->local, &status)) >= 0) {
        if ((size_t) child == collector_child (self)) {
            collector_ended (self, status);
        } else {
            worker_ended (self, (size_t) child, status);
        }
    }
}

/* The first time the run is stopped in order; one that is being finished is let finish. The second
 * time it ends at once. */
static void interrupt (broker_t *self)
{
    bool again = self->interrupts++ > 0;
    if (again || self->phase == WIRE_PHASE_RUN) {
        self->result->interrupted = true;
    }
    if (again) {
        self->over = true;
    } else if (self->phase == WIRE_PHASE_RUN) {
        batch_stop (self->batch);
        self->phase = self->pull ? WIRE_PHASE_EXIT : WIRE_PHASE_STOP;
        self->changed = true;
    }
}

static void take_signals (broker_t *self)
{
    int signal;
    while ((signal = process_next_signal (self->signals))) {
        if (signal == SIGCHLD) {
            reap (self);
        } else {
            interrupt (self);
        }
    }
}

/* ---- control
 * --------------------------------------------------------------------------------------------------
 * */

static void welcome (broker_t *self, const channel_peer_t *peer, size_t number, session_t session,
                     const char *data_endpoint)
{
    const delivery_plan_t *plan = &self->config->plan;
    wire_welcome_t item = {.worker = (uint32_t) number,
                           .session = session,
                           .all_hits = plan->run->all_hits,
                           .scan_count = plan->run->scan_count,
                           .scans = (const char (*)[SCAN_TEXT_MAX]) self->scans};
    item.holidays = market_holidays (plan->market, &item.holiday_count);
    snprintf (item.data_endpoint, sizeof item.data_endpoint, "%s", data_endpoint);
    snprintf (item.collector_endpoint, sizeof item.collector_endpoint, "%s", self->hits_endpoint);
    buffer_t message = {0};
    wire_put_welcome (&message, &item);
    channel_send_to (self->control, peer, &message);
}

/* A worker's life begins: it gets a data endpoint and a session of its own. */
static void welcome_worker (broker_t *self, const wire_hello_t *hello, const channel_peer_t *peer)
{
    size_t w = 0;
    char name[32] = "";
    for (; w < self->seat_count; w++) {
        snprintf (name, sizeof name, "worker-%zu", w);
        if (strcmp (name, hello->name) == 0 && self->seats[w].incarnation == hello->incarnation) {
            break;
        }
    }
    if (w == self->seat_count) {
        self->refused++;
        return;
    }
    seat_t *seat = &self->seats[w];
    snprintf (name, sizeof name, "data-%zu.%" PRIu64, w, seat->incarnation);
    char *endpoint = local_endpoint (self->local, name);
    if (!seat->data) {
        seat->data = channel_bind (self->context, CHANNEL_PUSH, endpoint);
        seat->session = (session_t){self->epoch, ++self->sessions};
    }
    seat->peer = *peer;
    seat->known = true;
    if (seat->data) {
        welcome (self, peer, w, seat->session, endpoint);
    } else {
        fail (self);
    }
    free (endpoint);
}

static void take_hello (broker_t *self, const wire_hello_t *hello, const channel_peer_t *peer)
{
    if (hello->role == WIRE_ROLE_WORKER) {
        welcome_worker (self, hello, peer);
    } else {
        self->collector = *peer;
        self->collector_known = true;
        welcome (self, peer, 0, (session_t){self->epoch, 0}, "");
    }
}

static void take_worker_state (broker_t *self, const wire_worker_state_t *state,
                               const channel_peer_t *peer)
{
    for (size_t w = 0; w < self->seat_count; w++) {
        seat_t *seat = &self->seats[w];
        if (!seat->known || !channel_peer_equal (&seat->peer, peer)) {
            continue;
        }
        if (!seat->joined) {
            seat->joined = true;
            batch_joined (self->batch, (uint32_t) w, seat->session, now_ms (self));
        }
        seat->parse_us = state->parse_us;
        seat->scan_us = state->scan_us;
        batch_worker_state (self->batch, (uint32_t) w, state, now_ms (self));
    }
}

/* Messages that were located in the input, each once; the symbols' directory is put before them. */
static void log_notes (broker_t *self, const wire_collector_state_t *state)
{
    for (; self->notes_logged < state->note_count; self->notes_logged++) {
        log_warning ("%s/%s", market_directory (self->config->plan.market),
                     state->notes[self->notes_logged]);
    }
}

static void take_collector_state (broker_t *self, const wire_collector_state_t *state,
                                  const channel_peer_t *peer)
{
    if (!self->collector_known || !channel_peer_equal (&self->collector, peer) ||
        state->serial <= self->heard.serial) {
        return;
    }
    self->heard = *state;
    log_notes (self, state);
    batch_collector_state (self->batch, state, now_ms (self));
    if (state->failed && !self->result->failed) {
        self->result->failed = true; /* the collector said why */
        self->phase = WIRE_PHASE_EXIT;
        self->changed = true;
    }
    if (state->closed && self->phase != WIRE_PHASE_EXIT) {
        self->phase = WIRE_PHASE_EXIT;
        self->changed = true;
    }
}

static void take_control (broker_t *self)
{
    const char *bytes;
    size_t size;
    channel_peer_t peer;
    while (channel_receive (self->control, &peer, &bytes, &size, &self->refused)) {
        wire_object_t object;
        wire_reader_begin (self->reader, bytes, size);
        if (wire_next (self->reader, &object) != 1) {
            self->refused++;
        } else if (object.kind == WIRE_HELLO) {
            take_hello (self, &object.hello, &peer);
        } else if (object.kind == WIRE_WORKER_STATE) {
            take_worker_state (self, &object.worker_state, &peer);
        } else if (object.kind == WIRE_COLLECTOR_STATE) {
            take_collector_state (self, &object.collector_state, &peer);
        }
    }
}

/* Our whole state to everybody. */
static void say_state (broker_t *self)
{
    uint32_t voids[BATCH_AHEAD];
    wire_broker_state_t state = {.serial = ++self->serial,
                                 .phase = self->phase,
                                 .units = batch_units (self->batch),
                                 .void_count = batch_voids (self->batch, voids),
                                 .voids = voids};
    for (size_t w = 0; w <= self->seat_count; w++) {
        bool is_collector = w == self->seat_count;
        if (is_collector ? self->collector_known : self->seats[w].known) {
            buffer_t message = {0};
            wire_put_broker_state (&message, &state);
            channel_send_to (self->control, is_collector ? &self->collector : &self->seats[w].peer,
                             &message);
        }
    }
    self->changed = false;
}

static void speak (broker_t *self)
{
    mono_t now = mono_now ();
    if (self->changed || mono_ms (self->told, now) >= STATE_MS) {
        self->told = now;
        say_state (self);
    }
}

/* Explaining: the one worker's items come to us. */
static void take_explanations (broker_t *self)
{
    const char *bytes;
    size_t size;
    while (self->pull && channel_receive (self->pull, NULL, &bytes, &size, &self->refused)) {
        wire_object_t object;
        wire_reader_begin (self->reader, bytes, size);
        while (wire_next (self->reader, &object) == 1) {
            if (object.kind == WIRE_EXPLAIN &&
                object.explain.scan < self->config->plan.run->scan_count) {
                self->config->explain (self->config->argument, &object.explain);
            } else if (object.kind == WIRE_DONE) {
                wire_collector_state_t state = {
                    .serial = 1, .released = 1, .able = true, .counts = object.done.counts};
                self->heard = state;
                state.note_count = object.done.note_count;
                state.notes = object.done.notes;
                log_notes (self, &state);
                batch_collector_state (self->batch, &state, now_ms (self));
            }
        }
    }
}

/* ---- data
 * -----------------------------------------------------------------------------------------------------
 * */

/* The message that goes next to the worker, begun if it is not. */
static buffer_t *seat_message (seat_t *seat, size_t w)
{
    if (seat->out.size == 0) {
        wire_put_link (&seat->out, &(wire_link_t){(uint32_t) w, seat->session, ++seat->n});
    }
    return &seat->out;
}

static void send_message (broker_t *self, size_t w)
{
    seat_t *seat = &self->seats[w];
    if (seat->out.size > 0 && channel_flush (seat->data)) {
        batch_sent (self->batch, (uint32_t) w, seat->out.size, seat->n, now_ms (self));
        channel_send (seat->data, &seat->out);
    }
}

static void take_step (broker_t *self, const batch_step_t *step)
{
    const delivery_plan_t *plan = &self->config->plan;
    seat_t *seat = &self->seats[step->worker];
    switch (step->action) {
    case BATCH_START:
        delivery_start (&seat->delivery, plan, step->unit, step->attempt,
                        seat_message (seat, step->worker));
        seat->delivering = true;
        break;
    case BATCH_SERVE:
        delivery_serve (&seat->delivery, plan, step->unit, step->attempt, step->partitions,
                        step->partition_count);
        seat->delivering = true;
        break;
    case BATCH_KILL:
        log_warning ("worker-%u: %s: it is ended", step->worker, step->why);
        local_kill (self->local, step->worker);
        leave_seat (seat); /* its end comes by SIGCHLD; nothing more is given to it */
        batch_lost (self->batch, step->worker);
        break;
    case BATCH_WAIT:
        break;
    }
}

/* Goes on with the worker's delivery. True when something was done. */
static bool feed (broker_t *self, size_t w)
{
    seat_t *seat = &self->seats[w];
    if (!seat->delivering || !channel_flush (seat->data)) {
        return false;
    }
    uint32_t unit = seat->delivery.unit;
    bool wanted = batch_wants (self->batch, (uint32_t) w, unit);
    if (wanted && !batch_may_send (self->batch, (uint32_t) w, unit)) {
        return false;
    }
    if (!wanted) {
        delivery_drop (&seat->delivery);
    }
    bool whole = true;
    if (wanted) {
        int64_t start = cpu_thread_ns ();
        whole = delivery_fill (&seat->delivery, seat_message (seat, w), MESSAGE_SIZE);
        self->read_ns += cpu_thread_ns () - start;
    }
    if (whole) {
        seat->delivering = false;
        batch_delivered (self->batch, (uint32_t) w);
    }
    if (seat->out.size >= MESSAGE_SIZE) {
        send_message (self, w);
    }
    return true;
}

/* Does what batch says until nothing is to be done. True when there may be more after a look at the
 * signals. */
static bool work (broker_t *self)
{
    bool more = true;
    for (int round = 0; more && round < ROUNDS && self->phase == WIRE_PHASE_RUN; round++) {
        batch_step_t step;
        more = false;
        while ((step = batch_next (self->batch, now_ms (self))).action != BATCH_WAIT) {
            take_step (self, &step);
            more = true;
        }
        for (size_t w = 0; w < self->seat_count; w++) {
            more = feed (self, w) || more;
        }
        take_control (self);
    }
    for (size_t w = 0; w < self->seat_count && !more; w++) {
        send_message (self, w);
    }
    return more;
}

/* ---- the loop
 * -------------------------------------------------------------------------------------------------
 * */

static void log_aside (broker_t *self)
{
    for (; self->aside_logged < batch_aside_count (self->batch); self->aside_logged++) {
        const market_t *market = self->config->plan.market;
        log_error (
            "%s killed two workers alone: it is set aside, its hits are missing from the result",
            market_symbol (market, batch_aside (self->batch, self->aside_logged)));
        self->changed = true;
    }
}

static void follow_phase (broker_t *self)
{
    if (self->phase == WIRE_PHASE_RUN && batch_done (self->batch)) {
        self->phase = self->pull ? WIRE_PHASE_EXIT : WIRE_PHASE_FINISH;
        self->changed = true;
    }
    if (self->phase == WIRE_PHASE_EXIT && !self->told_exit) {
        self->told_exit = true;
        self->exit_told = mono_now ();
        for (size_t w = 0; w < self->seat_count; w++) {
            if (!self->seats[w].known) {
                local_kill (self->local, w); /* it cannot be told */
            }
        }
    }
    if (self->phase == WIRE_PHASE_EXIT &&
        (local_count (self->local) == 0 || mono_ms (self->exit_told, mono_now ()) > EXIT_MS)) {
        self->over = true;
    }
}

static long wait_ms (const broker_t *self)
{
    mono_t now = mono_now ();
    int64_t wait = STATE_MS - mono_ms (self->told, now), due = progress_due (&self->progress, now);
    if (due >= 0 && due < wait) {
        wait = due;
    }
    return wait > 0 ? (long) wait : 0;
}

static void wait_for_something (broker_t *self, bool busy)
{
    size_t count = 0;
    zmq_pollitem_t *items = self->polled;
    items[count++] = (zmq_pollitem_t){.fd = self->signals, .events = ZMQ_POLLIN};
    items[count++] = channel_poll (self->control, ZMQ_POLLIN);
    if (self->pull) {
        items[count++] = channel_poll (self->pull, ZMQ_POLLIN);
    }
    for (size_t w = 0; w < self->seat_count; w++) {
        if (self->seats[w].data && !channel_flush (self->seats[w].data)) {
            items[count++] = channel_poll (self->seats[w].data, ZMQ_POLLOUT);
        }
    }
    zmq_poll (items, (int) count, busy ? 0 : wait_ms (self));
}

static int open_broker (broker_t *self)
{
    const broker_config_t *config = self->config;
    const delivery_plan_t *plan = &config->plan;
    self->seat_count = config->workers;
    self->seats = memory_new (self->seat_count * sizeof *self->seats);
    self->polled = memory_new ((self->seat_count + 3) * sizeof *self->polled);
    self->signals = process_signals ();
    self->local = local_new (self->seat_count + 1);
    self->context = zmq_ctx_new ();
    if (self->signals < 0 || !self->local || !self->context) {
        return -1;
    }
    self->control_endpoint = local_endpoint (self->local, "control");
    self->hits_endpoint = local_endpoint (self->local, "hits");
    self->scans = memory_new (plan->run->scan_count * sizeof *self->scans);
    for (size_t i = 0; i < plan->run->scan_count; i++) {
        scan_format (&plan->run->scans[i], self->scans[i]);
    }
    uint64_t window = WINDOWS_SUM / self->seat_count;
    window = window > WINDOW_MAX ? WINDOW_MAX : window < WINDOW_MIN ? WINDOW_MIN : window;
    self->batch = batch_new ((uint32_t) market_symbol_count (plan->market), plan->ranges,
                             config->workers, window);
    self->control = channel_bind (self->context, CHANNEL_ROUTER, self->control_endpoint);
    if (self->control && config->sink_count == 0) {
        self->pull = channel_bind (self->context, CHANNEL_PULL, self->hits_endpoint);
    }
    if (!self->control || (config->sink_count == 0 && !self->pull) ||
        (config->sink_count > 0 && start_collector (self) != 0)) {
        return -1;
    }
    for (size_t w = 0; w < self->seat_count; w++) {
        if (start_worker (self, w) != 0) {
            return -1;
        }
    }
    return 0;
}

static void close_broker (broker_t *self)
{
    for (size_t w = 0; self->seats && w < self->seat_count; w++) {
        worker_ended (self, w, 0);
    }
    local_destroy (&self->local);
    channel_destroy (&self->control, 0);
    channel_destroy (&self->pull, 0);
    if (self->context) {
        zmq_ctx_term (self->context);
    }
    if (self->signals >= 0) {
        close (self->signals);
    }
    batch_destroy (&self->batch);
    wire_reader_destroy (&self->reader);
    free (self->seats);
    free (self->polled);
    free (self->scans);
    free (self->hits_endpoint);
    free (self->control_endpoint);
}

static int64_t used_us (int who)
{
    struct rusage usage;
    getrusage (who, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * (int64_t) 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void fill_result (broker_t *self)
{
    broker_result_t *result = self->result;
    result->hits = self->heard.hits;
    result->counts = self->heard.counts;
    result->wall_us = mono_now ().us - self->started.us;
    if (!self->batch) {
        return;
    }
    result->units = batch_units (self->batch);
    result->units_done = batch_finished (self->batch);
    result->aside_count = batch_aside_count (self->batch);
    result->aside = memory_new (result->aside_count * sizeof *result->aside);
    for (size_t i = 0; i < result->aside_count; i++) {
        result->aside[i] = batch_aside (self->batch, i);
    }
    result->stats.us[STAGE_READ] = self->read_ns / 1000;
    result->stats.us[STAGE_SINK] = (int64_t) self->heard.sink_us;
}

void broker_run (const broker_config_t *config, broker_result_t *result)
{
    broker_t *self = memory_new (sizeof *self);
    *result = (broker_result_t){0};
    self->config = config;
    self->result = result;
    self->signals = -1;
    self->started = self->told = mono_now ();
    self->epoch = (uint64_t) time (NULL);
    self->reader = wire_reader_new ();
    progress_init (&self->progress, config->progress, self->started);
    if (open_broker (self) != 0) {
        result->failed = true;
        self->over = true;
    }
    bool busy = false;
    while (!self->over) {
        wait_for_something (self, busy);
        take_signals (self);
        take_control (self);
        take_explanations (self);
        busy = !self->over && work (self);
        log_aside (self);
        follow_phase (self);
        if (!self->over) {
            speak (self);
            progress_show (&self->progress, batch_finished (self->batch), batch_units (self->batch),
                           self->heard.hits, mono_now ());
        }
    }
    progress_clear (&self->progress);
    log_around (NULL, NULL, NULL);
    self->phase = WIRE_PHASE_EXIT;
    fill_result (self);
    close_broker (self);
    int cores = (int) sysconf (_SC_NPROCESSORS_ONLN);
    stats_close (&result->stats, used_us (RUSAGE_SELF) + used_us (RUSAGE_CHILDREN), result->wall_us,
                 cores);
    free (self);
}
