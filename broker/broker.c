#include "broker_inside.h"

#include "log.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* A data message is sent when it is so large, or all is in it. Units must not wait for each other: a
 * message of them is small against BATCH_AHEAD files of theirs. What a unit asked for is larger, and
 * half as many wake-ups for it are 9 % of a run's CPU time. */
#define MESSAGE_START (256u << 10)
#define MESSAGE_SERVE (512u << 10)
#define MESSAGE_ROOM  (64u << 10) /* behind that, for its last file: see seat_message */
#define WINDOW_MAX    (2u << 20)  /* bytes under way to one worker at most, */
#define WINDOWS_SUM   (24u << 20) /* and to all together: what bounds the broker's memory */
#define WINDOW_MIN    (512u << 10)
#define ROUNDS        64   /* rounds of work before signals are looked at again */
#define EXIT_MS       3000 /* children that were told to go are killed after that */

uint64_t broker_now_ms (const broker_t *self)
{
    return (uint64_t) mono_ms (self->started, mono_now ()) + 1;
}

void broker_fail (broker_t *self)
{
    self->result->failed = true;
    self->over = true;
}

/* ---- data ---- */

/* The message that goes next to the worker, begun if it is not. */
/* A new one has its room at once: one that grows leaves holes of its former sizes. */
static buffer_t *seat_message (seat_t *seat, size_t w)
{
    if (seat->out.size == 0) {
        buffer_reserve (&seat->out, MESSAGE_START + MESSAGE_ROOM);
        wire_put_link (&seat->out, &(wire_link_t){(uint32_t) w, seat->session, ++seat->n});
    }
    return &seat->out;
}

static void send_message (broker_t *self, size_t w)
{
    seat_t *seat = &self->seats[w];
    if (seat->out.size > 0 && channel_flush (seat->data)) {
        batch_sent (self->batch, (uint32_t) w, seat->out.size, seat->n, broker_now_ms (self));
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
        broker_leave_seat (seat); /* its end comes by SIGCHLD; nothing more is given to it */
        seat->ended = true;
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
    size_t size = seat->delivery.start ? MESSAGE_START : MESSAGE_SERVE;
    if (wanted) {
        int64_t start = cpu_thread_ns ();
        whole = delivery_fill (&seat->delivery, seat_message (seat, w), size);
        self->read_ns += cpu_thread_ns () - start;
    }
    if (whole) {
        seat->delivering = false;
        batch_delivered (self->batch, (uint32_t) w);
    }
    if (seat->out.size >= size) {
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
        while ((step = batch_next (self->batch, broker_now_ms (self))).action != BATCH_WAIT) {
            take_step (self, &step);
            more = true;
        }
        for (size_t w = 0; w < self->seat_count; w++) {
            more = feed (self, w) || more;
        }
        more = broker_take_control (self) || more; /* what came may give us more to do */
    }
    for (size_t w = 0; w < self->seat_count && !more; w++) {
        send_message (self, w);
    }
    return more;
}

/* ---- the loop ---- */

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
        /* A run that found no candle at all is no result: what stood in its place stays. */
        bool nothing = self->heard.counts.candles == 0;
        self->phase = self->pull ? WIRE_PHASE_EXIT : nothing ? WIRE_PHASE_STOP : WIRE_PHASE_FINISH;
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
        if (!self->collector_known && !self->pull) {
            local_kill (self->local, self->seat_count);
            self->collector_killed = true;
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
    int64_t wait = BROKER_STATE_MS - mono_ms (self->told, now),
            due = progress_due (&self->progress, now);
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
    self->bus = bus_new (NULL);
    if (self->signals < 0 || !self->local || !self->bus) {
        return -1;
    }
    self->control_endpoint = local_endpoint (self->local, "control");
    self->hits_endpoint = local_endpoint (self->local, "hits");
    snprintf (self->collector_endpoint, sizeof self->collector_endpoint, "%s", self->hits_endpoint);
    self->scans = memory_new (plan->run->scan_count * sizeof *self->scans);
    for (size_t i = 0; i < plan->run->scan_count; i++) {
        scan_format (&plan->run->scans[i], self->scans[i]);
    }
    uint64_t window = WINDOWS_SUM / self->seat_count;
    window = window > WINDOW_MAX ? WINDOW_MAX : window < WINDOW_MIN ? WINDOW_MIN : window;
    self->batch = batch_new ((uint32_t) market_symbol_count (plan->market), plan->ranges,
                             config->workers, window);
    self->control = channel_bind (self->bus, CHANNEL_ROUTER, self->control_endpoint);
    if (self->control && config->sink_count == 0) {
        self->pull = channel_bind (self->bus, CHANNEL_PULL, self->hits_endpoint);
    }
    if (!self->control || (config->sink_count == 0 && !self->pull)) {
        return -1;
    }
    return broker_start_children (self);
}

static void close_broker (broker_t *self)
{
    for (size_t w = 0; self->seats && w < self->seat_count; w++) {
        broker_leave_seat (&self->seats[w]);
    }
    local_destroy (&self->local);
    channel_destroy (&self->control, 0);
    channel_destroy (&self->pull, 0);
    bus_destroy (&self->bus);
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
    result->units_done = batch_finished (self->batch) - batch_void_count (self->batch);
    result->aside_count = batch_aside_count (self->batch);
    result->aside = memory_new (result->aside_count * sizeof *result->aside);
    for (size_t i = 0; i < result->aside_count; i++) {
        result->aside[i] = batch_aside (self->batch, i);
    }
    for (size_t w = 0; w < self->seat_count; w++) {
        result->stats.us[STAGE_PARSE] += (int64_t) self->seats[w].parse_us;
        result->stats.us[STAGE_SCAN] += (int64_t) self->seats[w].scan_us;
        result->refused += self->seats[w].refused;
    }
    result->refused += self->refused + self->heard.refused;
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
    /* A process that was exec'ed in another's place has that one's children on its account. */
    int64_t cpu_before = used_us (RUSAGE_SELF) + used_us (RUSAGE_CHILDREN);
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
        broker_take_signals (self);
        broker_take_control (self);
        broker_take_explanations (self);
        busy = !self->over && work (self);
        log_aside (self);
        follow_phase (self);
        if (!self->over) {
            if (self->phase != WIRE_PHASE_RUN) {
                progress_clear (&self->progress); /* the collector may write to the terminal now */
            }
            broker_speak (self);
        }
        if (!self->over && self->phase == WIRE_PHASE_RUN) {
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
    int64_t cpu_us = used_us (RUSAGE_SELF) + used_us (RUSAGE_CHILDREN) - cpu_before;
    stats_close (&result->stats, cpu_us, result->wall_us, cores);
    free (self);
}
