#include "live_inside.h"

#include "log.h"
#include "process.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PAUSE_MS       50 /* before a child is started again, doubling */
#define PAUSE_MAX_MS   5000
#define GOOD_LIFE_MS   10000 /* a life that was so long ends the doubling */
#define ARGUMENT_COUNT 24

static size_t collector_index (const live_t *self)
{
    return self->local_count; /* children: the workers, then the collector */
}

static void note_start (live_t *self, child_t *child)
{
    child->running = true;
    child->started = mono_now ();
    child->incarnation = ++self->lives;
}

/* Its life ended: when may the next begin? */
static void note_end (child_t *child)
{
    mono_t now = mono_now ();
    bool good = mono_ms (child->started, now) >= GOOD_LIFE_MS;
    child->running = false;
    child->pause_ms = good || child->pause_ms == 0 ? PAUSE_MS : child->pause_ms * 2;
    child->pause_ms = child->pause_ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : child->pause_ms;
    child->next = (mono_t){now.us + child->pause_ms * 1000};
}

static int start_worker (live_t *self, uint32_t w)
{
    child_t *child = &self->seats[w].child;
    note_start (self, child);
    return local_start_worker (self->local, w, self->control_endpoint, child->incarnation,
                               self->config->log_level, self->config->log_format);
}

static int start_collector (live_t *self)
{
    const live_config_t *config = self->config;
    char incarnation[24], keep[24];
    note_start (self, &self->collector_child);
    snprintf (incarnation, sizeof incarnation, "%" PRIu64, self->collector_child.incarnation);
    snprintf (keep, sizeof keep, "%ld", config->keep_days);
    const char *fixed[] = {"--broker",      self->control_endpoint,
                           "--listen",      self->hits_endpoint,
                           "--incarnation", incarnation,
                           "--state",       self->state,
                           "--keep",        keep,
                           "--log-level",   config->log_level,
                           "--log-format",  config->log_format};
    size_t count = sizeof fixed / sizeof *fixed;
    const char **arguments =
        memory_new ((ARGUMENT_COUNT + 2 * config->sink_count + 1) * sizeof *arguments);
    memcpy (arguments, fixed, sizeof fixed);
    if (config->redis_user) {
        arguments[count++] = "--redis-user";
        arguments[count++] = config->redis_user;
    }
    if (config->redis_password_file) {
        arguments[count++] = "--redis-password-file";
        arguments[count++] = config->redis_password_file;
    }
    for (size_t i = 0; i < config->sink_count; i++) {
        arguments[count++] = "--out";
        arguments[count++] = config->sinks[i];
    }
    int rc = local_start (self->local, collector_index (self), "fastscanner-collector", arguments);
    free (arguments);
    return rc;
}

/* SEGV and its like: the process did it to itself, by what it was given. */
static bool is_fault (int status)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    for (size_t i = 0; WIFSIGNALED (status) && i < sizeof faults / sizeof *faults; i++) {
        if (WTERMSIG (status) == faults[i]) {
            return true;
        }
    }
    return false;
}

static void worker_ended (live_t *self, uint32_t w, int status)
{
    live_seat_t *seat = &self->seats[w];
    char text[80];
    note_end (&seat->child);
    live_close_seat (self, w);
    if (self->phase == LIVE_LEAVING) {
        return;
    }
    log_warning ("worker-%u %s: it is started again, its shards are read again", w,
                 local_describe (status, text, sizeof text));
    flow_lost (self->flow, w, is_fault (status), true, (uint64_t) (mono_now ().us / 1000));
    self->owners_changed = true;
}

static void collector_ended (live_t *self, int status)
{
    char text[80];
    note_end (&self->collector_child);
    bool was_heard =
        flow_epoch (self->flow) > 0; /* one of its lives was: its sinks and journal were good */
    self->collector_known = self->collector_heard = false;
    self->known_next = 0;
    if (self->phase == LIVE_LEAVING && WIFEXITED (status) && WEXITSTATUS (status) == 0) {
        return;
    }
    if (WIFEXITED (status) && WEXITSTATUS (status) == 2) {
        self->result->usage = true; /* it said what is wrong */
        live_fail (self);
    } else if (self->phase == LIVE_LEAVING || (WIFEXITED (status) && !was_heard)) {
        log_error ("the collector %s: the run ends", local_describe (status, text, sizeof text));
        live_fail (self);
    } else {
        log_warning ("the collector %s: it is started again, what it had not committed is "
                     "computed again",
                     local_describe (status, text, sizeof text));
    }
}

static void reap (live_t *self)
{
    int status;
    long child;
    while ((child = local_reap (self->local, &status)) >= 0) {
        if ((size_t) child == collector_index (self)) {
            collector_ended (self, status);
        } else {
            worker_ended (self, (uint32_t) child, status);
        }
    }
}

/* The first time what came is finished; the second time it ends at once. */
static void interrupt (live_t *self)
{
    if (self->interrupts++ > 0) {
        self->result->interrupted = true;
        self->over = true;
    } else if (self->phase == LIVE_OPENING) {
        self->result->stopped = true;
        self->over = true; /* nothing was read: there is nothing to finish */
    } else if (self->phase == LIVE_ENDING) {
        log_info ("stopping: what was read has --drain to finish; once more ends it at once");
        self->phase_since = mono_now ();
    } else if (self->phase == LIVE_RUNNING) {
        log_info ("stopping: what was read is finished; once more ends it at once");
        self->result->stopped = true;
        live_enter (self, LIVE_ENDING);
    }
}

void live_take_signals (live_t *self)
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

int live_start_children (live_t *self)
{
    int rc = self->config->no_local ? 0 : start_collector (self);
    for (uint32_t w = 0; w < self->local_count && rc == 0; w++) {
        rc = start_worker (self, w);
    }
    return rc;
}

static bool is_due (const child_t *child)
{
    return !child->running && mono_ms (child->next, mono_now ()) >= 0;
}

/* A program that cannot be started now, while it is being replaced by a newer one, may be later. */
void live_tend_children (live_t *self)
{
    if (self->phase == LIVE_LEAVING || self->over) {
        return;
    }
    if (!self->config->no_local && is_due (&self->collector_child) && start_collector (self) != 0) {
        note_end (&self->collector_child);
    }
    for (uint32_t w = 0; w < self->local_count; w++) {
        child_t *child = &self->seats[w].child;
        if (is_due (child) && start_worker (self, w) != 0) {
            note_end (child);
        }
    }
}
