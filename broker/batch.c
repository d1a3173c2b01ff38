#include "batch.h"

#include <stdlib.h>
#include <string.h>

typedef enum { WAITING, RUNNING, FINISHED, VOID } unit_state_t;

typedef struct {
    unit_state_t state;
    uint32_t attempt;      /* of the current or last run; 0 = none yet */
    uint32_t worker;       /* of RUNNING */
    bool suspect;          /* was in a worker that died: runs alone */
    uint32_t alone_deaths; /* workers that died while it was alone in them */
    bool served;           /* its needs of this attempt are on their way, or were */
    uint32_t need_count;   /* partitions it waits for; 0 = none, or not asked */
    partition_t *needs;
} unit_t;

typedef struct {
    bool live;
    session_t session;
    uint64_t sent, consumed; /* bytes of this session */
    uint64_t sent_n;         /* messages sent */
    link_t heard;            /* as the worker reports its end */
    link_t collected;        /* as the collector reports the worker's other link */
    uint64_t moved_ms;       /* when something outstanding last moved */
    bool gap;                /* one of its links has one */
    uint32_t running;        /* units in it */
    bool delivering;
    uint32_t delivery; /* unit of the delivery under way */
    uint64_t serial;   /* of its last state */
} worker_t;

struct batch {
    uint32_t ranges, units;
    uint64_t window;
    uint32_t oldest;  /* the first unit that is neither FINISHED nor VOID */
    uint32_t next;    /* the first that never started */
    uint32_t passed;  /* the collector has released all units below */
    uint32_t waiting; /* suspects that wait */
    bool stopped;
    uint32_t early_deaths;
    uint64_t held_bytes;
    uint64_t collector_serial;
    size_t worker_count;
    worker_t *workers;
    size_t aside_count;
    uint32_t *aside;
    unit_t
        ring[BATCH_AHEAD]; /* of units oldest .. oldest + BATCH_AHEAD - 1, at unit % BATCH_AHEAD */
};

static unit_t *unit_at (const batch_t *self, uint32_t unit)
{
    return (unit_t *) &self->ring[unit % BATCH_AHEAD];
}

/* Is the unit one of those kept here: not before the oldest, not too far ahead? */
static bool is_kept (const batch_t *self, uint32_t unit)
{
    return unit >= self->oldest && unit < self->units && unit - self->oldest < BATCH_AHEAD;
}

batch_t *batch_new (uint32_t symbols, uint32_t ranges, uint32_t workers, uint64_t window)
{
    batch_t *self = memory_new (sizeof *self);
    self->ranges = ranges;
    self->units = symbols * ranges;
    self->window = window;
    self->worker_count = workers;
    self->workers = memory_new (workers * sizeof *self->workers);
    return self;
}

void batch_destroy (batch_t **self)
{
    if (*self) {
        for (size_t i = 0; i < BATCH_AHEAD; i++) {
            free ((*self)->ring[i].needs);
        }
        free ((*self)->workers);
        free ((*self)->aside);
        free (*self);
        *self = NULL;
    }
}

uint32_t batch_units (const batch_t *self)
{
    return self->units;
}

uint32_t batch_oldest (const batch_t *self)
{
    return self->oldest;
}

uint32_t batch_finished (const batch_t *self)
{
    uint32_t finished = self->oldest;
    for (uint32_t u = self->oldest; u < self->next; u++) {
        unit_state_t state = unit_at (self, u)->state;
        finished += state == FINISHED || state == VOID;
    }
    return finished;
}

bool batch_done (const batch_t *self)
{
    return self->oldest == self->units;
}

bool batch_hopeless (const batch_t *self)
{
    return self->early_deaths >= BATCH_EARLY_DEATHS;
}

void batch_stop (batch_t *self)
{
    self->stopped = true;
}

size_t batch_aside_count (const batch_t *self)
{
    return self->aside_count;
}

uint32_t batch_aside (const batch_t *self, size_t index)
{
    return self->aside[index];
}

static bool is_aside (const batch_t *self, uint32_t symbol)
{
    for (size_t i = 0; i < self->aside_count; i++) {
        if (self->aside[i] == symbol) {
            return true;
        }
    }
    return false;
}

/* The unit leaves the worker it runs in. */
static void leave_worker (batch_t *self, uint32_t u)
{
    unit_t *unit = unit_at (self, u);
    if (unit->state == RUNNING) {
        self->workers[unit->worker].running--;
    } else if (unit->state == WAITING && unit->suspect) {
        self->waiting--;
    }
    free (unit->needs);
    unit->needs = NULL;
    unit->need_count = 0;
}

/* Past finished and void units; the places of those passed are made ready for the units that come
 * into reach. */
static void advance (batch_t *self)
{
    while (self->oldest < self->next) {
        unit_t *unit = unit_at (self, self->oldest);
        if (unit->state != FINISHED && unit->state != VOID) {
            return;
        }
        *unit = (unit_t){0};
        self->oldest++;
    }
}

static void finish (batch_t *self, uint32_t u, unit_state_t state)
{
    unit_t *unit = unit_at (self, u);
    if (unit->state == FINISHED || unit->state == VOID) {
        return;
    }
    leave_worker (self, u);
    unit->state = state;
    if (state == FINISHED) {
        self->early_deaths = 0;
    }
}

void batch_joined (batch_t *self, uint32_t w, session_t session, uint64_t now_ms)
{
    self->workers[w] = (worker_t){.live = true, .session = session, .moved_ms = now_ms};
}

/* The symbol of a unit that killed two workers alone: none of its units that is not finished will
 * come. */
static void set_aside (batch_t *self, uint32_t symbol)
{
    self->aside = memory_resize (self->aside, self->aside_count + 1, sizeof *self->aside);
    self->aside[self->aside_count++] = symbol;
    for (uint32_t u = symbol * self->ranges; u < (symbol + 1) * self->ranges && u < self->next;
         u++) {
        if (is_kept (self, u)) {
            finish (self, u, VOID);
        }
    }
}

static void suspect (batch_t *self, uint32_t u, bool alone)
{
    unit_t *unit = unit_at (self, u);
    leave_worker (self, u);
    unit->state = WAITING;
    unit->alone_deaths += alone;
    unit->suspect = true;
    self->waiting++;
    if (unit->alone_deaths >= 2) {
        set_aside (self, u / self->ranges);
    }
}

void batch_lost (batch_t *self, uint32_t w)
{
    worker_t *worker = &self->workers[w];
    uint32_t running = worker->running;
    self->early_deaths += running == 0;
    for (uint32_t u = self->oldest; u < self->next && running > 0; u++) {
        unit_t *unit = unit_at (self, u);
        if (unit->state == RUNNING && unit->worker == w) {
            suspect (self, u, unit->suspect);
        }
    }
    *worker = (worker_t){0};
    advance (self);
}

static void take_need (batch_t *self, uint32_t w, const wire_need_t *need)
{
    if (!is_kept (self, need->unit)) {
        return;
    }
    unit_t *unit = unit_at (self, need->unit);
    bool current = unit->state == RUNNING && unit->worker == w && unit->attempt == need->attempt;
    if (!current || unit->served || unit->need_count > 0 || need->partition_count == 0) {
        return;
    }
    size_t size = need->partition_count * sizeof *unit->needs;
    unit->needs = memory_new (size);
    memcpy (unit->needs, need->partitions, size);
    unit->need_count = need->partition_count;
}

void batch_worker_state (batch_t *self, uint32_t w, const wire_worker_state_t *state,
                         uint64_t now_ms)
{
    worker_t *worker = &self->workers[w];
    bool fresh = worker->live && state->serial > worker->serial;
    if (!fresh) {
        return;
    }
    worker->serial = state->serial;
    bool current = session_compare (state->link.session, worker->session) == 0;
    if (state->link.gap && session_compare (state->link.session, worker->session) <= 0) {
        worker->gap = true;
    }
    if (!current) {
        return;
    }
    if (state->link.last > worker->heard.last || state->blocked) {
        worker->moved_ms = now_ms; /* a blocked worker is not able: the time it has begins anew */
    }
    worker->heard = state->link;
    worker->consumed = state->consumed;
    for (size_t i = 0; i < state->need_count; i++) {
        take_need (self, w, &state->needs[i]);
    }
}

void batch_collector_state (batch_t *self, const wire_collector_state_t *state, uint64_t now_ms)
{
    if (state->serial <= self->collector_serial) {
        return;
    }
    self->collector_serial = state->serial;
    self->held_bytes = state->held_bytes;
    for (size_t i = 0; i < state->link_count; i++) {
        const wire_link_state_t *seen = &state->links[i];
        if (seen->worker >= self->worker_count) {
            continue;
        }
        worker_t *worker = &self->workers[seen->worker];
        if (!worker->live || session_compare (seen->link.session, worker->session) > 0) {
            continue;
        }
        bool current = session_compare (seen->link.session, worker->session) == 0;
        worker->gap = worker->gap || (seen->link.gap && current);
        if (current && seen->link.last > worker->collected.last) {
            worker->collected = seen->link;
            worker->moved_ms = now_ms;
        }
    }
    if (!state->able) {
        for (size_t w = 0; w < self->worker_count; w++) {
            self->workers[w].moved_ms = now_ms; /* a silent collector is waited for */
        }
    }
    uint32_t released = state->released < self->next ? state->released : self->next;
    if (released > self->passed) {
        self->passed = released;
    }
    for (uint32_t u = self->oldest; u < released; u++) {
        finish (self, u, FINISHED);
    }
    for (size_t i = 0; i < state->held.size * 8; i++) {
        bool held = ((unsigned char) state->held.bytes[i / 8] >> (i % 8)) & 1;
        uint64_t u = (uint64_t) state->released + i;
        if (held && u < self->next && is_kept (self, (uint32_t) u)) {
            finish (self, (uint32_t) u, FINISHED);
        }
    }
    advance (self);
}

void batch_sent (batch_t *self, uint32_t w, uint64_t bytes, uint64_t n, uint64_t now_ms)
{
    worker_t *worker = &self->workers[w];
    if (worker->sent_n == worker->heard.last) {
        worker->moved_ms = now_ms; /* nothing was outstanding: the time begins now */
    }
    worker->sent += bytes;
    worker->sent_n = n;
}

void batch_delivered (batch_t *self, uint32_t w)
{
    worker_t *worker = &self->workers[w];
    if (!worker->delivering) {
        return;
    }
    worker->delivering = false;
    unit_t *unit = unit_at (self, worker->delivery);
    if (is_kept (self, worker->delivery) && unit->served) {
        free (unit->needs);
        unit->needs = NULL;
        unit->need_count = 0;
    }
}

static bool has_room (const worker_t *worker, uint64_t window)
{
    return worker->sent - worker->consumed < window;
}

bool batch_wants (const batch_t *self, uint32_t w, uint32_t unit)
{
    const unit_t *u = unit_at (self, unit);
    return self->workers[w].live && is_kept (self, unit) && u->state == RUNNING && u->worker == w;
}

bool batch_may_send (const batch_t *self, uint32_t w, uint32_t unit)
{
    return unit == self->oldest || has_room (&self->workers[w], self->window);
}

static batch_step_t deliver (batch_t *self, batch_action_t action, uint32_t w, uint32_t u)
{
    unit_t *unit = unit_at (self, u);
    self->workers[w].delivering = true;
    self->workers[w].delivery = u;
    return (batch_step_t){.action = action,
                          .worker = w,
                          .unit = u,
                          .attempt = unit->attempt,
                          .partition_count = unit->need_count,
                          .partitions = unit->needs};
}

static batch_step_t start (batch_t *self, uint32_t w, uint32_t u)
{
    unit_t *unit = unit_at (self, u);
    if (unit->suspect) {
        self->waiting--;
    }
    unit->state = RUNNING;
    unit->attempt++;
    unit->worker = w;
    unit->served = false;
    self->workers[w].running++;
    return deliver (self, BATCH_START, w, u);
}

/* The free worker with most window, of those that have room; with `empty` only one without any
 * unit. */
static int roomiest (const batch_t *self, bool empty, bool whatever)
{
    int best = -1;
    for (size_t w = 0; w < self->worker_count; w++) {
        const worker_t *worker = &self->workers[w];
        bool fits = worker->live && !worker->delivering && !worker->gap &&
                    (whatever || has_room (worker, self->window)) &&
                    (!empty || worker->running == 0);
        uint64_t open = worker->sent - worker->consumed;
        if (fits && (best < 0 || open < self->workers[best].sent - self->workers[best].consumed)) {
            best = (int) w;
        }
    }
    return best;
}

/* Is a suspect running alone in this worker? */
static bool is_taken (const batch_t *self, size_t w)
{
    for (uint32_t u = self->oldest; u < self->next && self->workers[w].running > 0; u++) {
        const unit_t *unit = unit_at (self, u);
        if (unit->state == RUNNING && unit->worker == w) {
            return unit->suspect;
        }
    }
    return false;
}

static const char *broken (const batch_t *self, const worker_t *worker, uint64_t now_ms)
{
    if (!worker->live) {
        return NULL;
    }
    if (worker->gap) {
        return "a gap in its link";
    }
    bool outstanding = worker->sent_n > worker->heard.last || worker->running > 0;
    if (!outstanding || now_ms - worker->moved_ms <= BATCH_STILL_MS) {
        return NULL;
    }
    for (uint32_t u = self->oldest; u < self->next; u++) {
        const unit_t *unit = unit_at (self, u);
        if (unit->state == RUNNING && unit->need_count > 0 &&
            &self->workers[unit->worker] == worker) {
            return NULL; /* it waits for us */
        }
    }
    return "its link stands still";
}

/* The first unit whose needs wait and can be served now. */
static bool next_need (const batch_t *self, uint32_t *u)
{
    for (uint32_t i = self->oldest; i < self->next; i++) {
        const unit_t *unit = unit_at (self, i);
        const worker_t *worker = &self->workers[unit->worker];
        if (unit->state == RUNNING && unit->need_count > 0 && !unit->served &&
            !worker->delivering && (i == self->oldest || has_room (worker, self->window))) {
            *u = i;
            return true;
        }
    }
    return false;
}

/* May the next unit come into being: there is one, and it is not too far ahead? */
static bool in_reach (const batch_t *self)
{
    return self->next < self->units && is_kept (self, self->next) &&
           self->next - self->passed < WIRE_REACH;
}

/* Brings units of symbols set aside past `next` in as void. */
static void skip_aside (batch_t *self)
{
    while (in_reach (self) && is_aside (self, self->next / self->ranges)) {
        unit_at (self, self->next)->state = VOID;
        self->next++;
        advance (self);
    }
}

static batch_step_t next_start (batch_t *self)
{
    const batch_step_t wait = {.action = BATCH_WAIT};
    bool full = self->held_bytes > BATCH_HELD_BYTES;
    if (self->waiting > 0) {
        for (uint32_t u = self->oldest; u < self->next; u++) {
            const unit_t *unit = unit_at (self, u);
            if (unit->state == WAITING && unit->suspect && (!full || u == self->oldest)) {
                int w = roomiest (self, true, true);
                return w < 0 ? wait : start (self, (uint32_t) w, u);
            }
        }
        return wait;
    }
    skip_aside (self);
    if (!in_reach (self) || (full && self->next != self->oldest)) {
        return wait;
    }
    int w = roomiest (self, false, self->next == self->oldest);
    if (w < 0 || is_taken (self, (size_t) w)) {
        w = roomiest (self, true, true); /* those taken by a suspect are left alone */
    }
    return w < 0 ? wait : start (self, (uint32_t) w, self->next++);
}

batch_step_t batch_next (batch_t *self, uint64_t now_ms)
{
    for (size_t w = 0; w < self->worker_count; w++) {
        const char *why = broken (self, &self->workers[w], now_ms);
        if (why) {
            return (batch_step_t){.action = BATCH_KILL, .worker = (uint32_t) w, .why = why};
        }
    }
    uint32_t u;
    if (next_need (self, &u)) {
        unit_t *unit = unit_at (self, u);
        unit->served = true;
        return deliver (self, BATCH_SERVE, unit->worker, u);
    }
    if (self->stopped) {
        return (batch_step_t){.action = BATCH_WAIT};
    }
    return next_start (self);
}

size_t batch_voids (const batch_t *self, uint32_t *voids)
{
    /* Void units below `oldest` that the collector has not passed are told too: it waits for them.
     * */
    size_t count = 0;
    for (size_t i = 0; i < self->aside_count; i++) {
        uint32_t first = self->aside[i] * self->ranges;
        for (uint32_t u = first; u < first + self->ranges && count < BATCH_AHEAD; u++) {
            if (u >= self->passed && u < self->next) {
                voids[count++] = u;
            }
        }
    }
    return count;
}
