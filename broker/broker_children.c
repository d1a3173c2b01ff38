#include "broker_inside.h"

#include "log.h"
#include "process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static size_t collector_child (const broker_t *self)
{
    return self->seat_count; /* children: the workers, then the collector */
}

static int start_worker (broker_t *self, size_t w)
{
    seat_t *seat = &self->seats[w];
    *seat = (seat_t){.incarnation = ++self->lives};
    return local_start_worker (self->local, w, self->control_endpoint, seat->incarnation,
                               self->config->log_level, self->config->log_format);
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

void broker_leave_seat (seat_t *seat)
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
    self->result->refused += seat->refused;
    seat->parse_us = seat->scan_us = seat->refused = 0;
    bool given_back = seat->ended;
    broker_leave_seat (seat);
    if (self->phase != WIRE_PHASE_RUN) {
        return;
    }
    log_warning ("worker-%zu %s: what it had is scanned again", w,
                 local_describe (status, text, sizeof text));
    if (!given_back) {
        batch_lost (self->batch, (uint32_t) w);
    }
    self->changed = true;
    if (batch_hopeless (self->batch)) {
        log_error ("workers end before they can work: the run cannot go on");
        broker_fail (self);
    } else if (batch_gave_up (self->batch, (uint32_t) w)) {
        log_warning (
            "worker-%zu ends again and again before it can work: the run goes on without it", w);
    } else if (start_worker (self, w) != 0) {
        broker_fail (self);
    }
}

static void collector_ended (broker_t *self, int status)
{
    char text[80];
    bool ended = WIFEXITED (status) && WEXITSTATUS (status) == 0;
    bool good = self->phase == WIRE_PHASE_EXIT && (ended || self->collector_killed);
    if (good || self->result->failed) {
        return;
    }
    /* While the run is finished it renames: it may have died before that or after. */
    bool unknown = self->phase == WIRE_PHASE_FINISH;
    log_error ("the collector %s: the run ends, and %s", local_describe (status, text, sizeof text),
               unknown ? "whether the result was put in place is not known: look at it"
                       : "no result was put in place");
    broker_fail (self);
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
        bool has_collector =
            self->heard.serial > 0; /* else there is nothing to write, nor anybody */
        batch_stop (self->batch);
        self->phase = has_collector && !self->pull ? WIRE_PHASE_STOP : WIRE_PHASE_EXIT;
        self->changed = true;
        log_info ("interrupted: what is finished is written; once more ends it at once");
    }
}

void broker_take_signals (broker_t *self)
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

int broker_start_children (broker_t *self)
{
    if (self->config->sink_count > 0 && start_collector (self) != 0) {
        return -1;
    }
    for (size_t w = 0; w < self->seat_count; w++) {
        if (start_worker (self, w) != 0) {
            return -1;
        }
    }
    return 0;
}
