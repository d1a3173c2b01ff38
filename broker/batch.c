#include "batch.h"

#include <stdlib.h>
#include <string.h>

typedef enum { WAITING, RUNNING, FINISHED, VOID } unit_state_t;

typedef struct {
    unit_state_t state;    /* WAITING of a unit that has started once: a suspect, to run alone */
    uint32_t attempt;      /* of the current or last run; 0 = none yet */
    uint32_t worker;       /* of RUNNING */
    bool suspect;          /* was in a worker that died */
    uint32_t alone_deaths; /* workers that died while it was alone in them */
    bool ours;             /* the worker waits for us: it is to be delivered something */
    bool asked;            /* its needs of this attempt were heard */
    uint32_t need_count;
    partition_t *needs; /* until they are served; or NULL */
} unit_t;

typedef struct {
    bool live;
    session_t session;
    uint64_t serial;                       /* of its last state */
    uint64_t sent, consumed;               /* bytes of this session */
    uint64_t sent_n, heard_n, collected_n; /* messages to it; as it reports; its own, collected */
    uint64_t moved_ms;                     /* when something outstanding last moved */
    bool gap;                              /* one of its links has one */
    uint32_t running;                      /* units in it, */
    uint32_t ours;                         /* and of these, such as wait for us */
    bool alone;                            /* a suspect runs in it */
    bool delivering;
    uint32_t delivery;     /* unit of the delivery under way */
    partition_t *serving;  /* what it serves; or NULL */
    uint32_t early_deaths; /* lives in a row that ended before they joined */
} worker_t;

struct batch {
    uint32_t ranges, units;
    uint64_t window;
    uint32_t oldest;   /* the first unit that is neither FINISHED nor VOID */
    uint32_t next;     /* the first that never started */
    uint32_t passed;   /* the collector has released all units below */
    uint32_t finished; /* units FINISHED or VOID, */
    uint32_t voids;    /* and of these, VOID */
    uint32_t waiting;  /* units below `next` that are WAITING */
    uint32_t needing;  /* units with needs */
    bool stopped;
    uint64_t held_bytes;
    uint64_t collector_serial;
    uint64_t collector_ms, turned_ms; /* when the collector last spoke, and batch_next ran */
    size_t worker_count;
    worker_t *workers;
    size_t aside_count;
    uint32_t *aside;
    bool *is_aside; /* of each symbol */
    unit_t
        ring[BATCH_AHEAD]; /* of units oldest .. oldest + BATCH_AHEAD - 1, at unit % BATCH_AHEAD */
};

static unit_t *unit_at (batch_t *self, uint32_t unit)
{
    return &self->ring[unit % BATCH_AHEAD];
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
    self->is_aside = memory_new (symbols * sizeof *self->is_aside);
    return self;
}

void batch_destroy (batch_t **self)
{
    if (*self) {
        for (size_t i = 0; i < BATCH_AHEAD; i++) {
            free ((*self)->ring[i].needs);
        }
        for (size_t w = 0; w < (*self)->worker_count; w++) {
            free ((*self)->workers[w].serving);
        }
        free ((*self)->workers);
        free ((*self)->aside);
        free ((*self)->is_aside);
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
    return self->finished;
}

uint32_t batch_void_count (const batch_t *self)
{
    return self->voids;
}

bool batch_done (const batch_t *self)
{
    return self->oldest == self->units;
}

bool batch_hopeless (const batch_t *self)
{
    for (uint32_t w = 0; w < self->worker_count; w++) {
        if (!batch_gave_up (self, w)) {
            return false;
        }
    }
    return true;
}

bool batch_gave_up (const batch_t *self, uint32_t w)
{
    return self->workers[w].early_deaths >= BATCH_EARLY_DEATHS;
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

static void drop_needs (batch_t *self, unit_t *unit)
{
    self->needing -= unit->needs != NULL;
    free (unit->needs);
    unit->needs = NULL;
}

/* Sets whether the worker waits for us with this unit, which runs in it. */
static void set_ours (batch_t *self, unit_t *unit, bool ours)
{
    worker_t *worker = &self->workers[unit->worker];
    worker->ours += (uint32_t) ours - (uint32_t) unit->ours;
    unit->ours = ours;
}

/* The unit runs or waits no more. */
static void leave (batch_t *self, unit_t *unit)
{
    if (unit->state == RUNNING) {
        worker_t *worker = &self->workers[unit->worker];
        set_ours (self, unit, false);
        worker->running--;
        worker->alone = worker->alone && worker->running > 0;
        drop_needs (self, unit);
    } else {
        self->waiting--;
    }
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
    leave (self, unit);
    unit->state = state;
    self->finished++;
    self->voids += state == VOID;
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
    self->is_aside[symbol] = true;
    for (uint32_t u = self->oldest; u < self->next; u++) {
        if (u / self->ranges == symbol) {
            finish (self, u, VOID);
        }
    }
}

static void suspect (batch_t *self, uint32_t u)
{
    unit_t *unit = unit_at (self, u);
    leave (self, unit);
    unit->state = WAITING;
    unit->alone_deaths += unit->suspect;
    unit->suspect = true;
    self->waiting++;
    if (unit->alone_deaths >= 2) {
        set_aside (self, u / self->ranges);
    }
}

void batch_lost (batch_t *self, uint32_t w)
{
    worker_t *worker = &self->workers[w];
    uint32_t early_deaths = worker->live ? 0 : worker->early_deaths + 1;
    for (uint32_t u = self->oldest; u < self->next && worker->running > 0; u++) {
        const unit_t *unit = unit_at (self, u);
        if (unit->state == RUNNING && unit->worker == w) {
            suspect (self, u);
        }
    }
    free (worker->serving);
    *worker = (worker_t){.early_deaths = early_deaths};
    advance (self);
}

static void take_need (batch_t *self, uint32_t w, const wire_need_t *need)
{
    if (!is_kept (self, need->unit) || need->partition_count == 0) {
        return;
    }
    unit_t *unit = unit_at (self, need->unit);
    bool current = unit->state == RUNNING && unit->worker == w && unit->attempt == need->attempt;
    if (!current || unit->ours || unit->asked) {
        return;
    }
    size_t size = need->partition_count * sizeof *unit->needs;
    unit->needs = memory_new (size);
    memcpy (unit->needs, need->partitions, size);
    unit->need_count = need->partition_count;
    unit->asked = true;
    self->needing++;
    set_ours (self, unit, true);
}

void batch_worker_state (batch_t *self, uint32_t w, const wire_worker_state_t *state,
                         uint64_t now_ms)
{
    worker_t *worker = &self->workers[w];
    if (!worker->live || state->serial <= worker->serial ||
        session_compare (state->link.session, worker->session) != 0) {
        return;
    }
    worker->serial = state->serial;
    if (state->link.last > worker->heard_n || state->blocked) {
        worker->moved_ms = now_ms; /* a blocked worker is not able: the time it has begins anew */
    }
    worker->gap = worker->gap || state->link.gap;
    worker->heard_n = state->link.last;
    worker->consumed = state->consumed;
    for (size_t i = 0; i < state->need_count; i++) {
        take_need (self, w, &state->needs[i]);
    }
}

/* Time in which the collector or we ourselves were not there is nobody's standing still. */
static void count_anew (batch_t *self, uint64_t now_ms)
{
    for (size_t w = 0; w < self->worker_count; w++) {
        self->workers[w].moved_ms = now_ms;
    }
}

/* A worker's link as the collector sees it. */
static void take_link (batch_t *self, const wire_link_state_t *seen, uint64_t now_ms)
{
    if (seen->worker >= self->worker_count) {
        return;
    }
    worker_t *worker = &self->workers[seen->worker];
    if (!worker->live || session_compare (seen->link.session, worker->session) != 0) {
        return;
    }
    worker->gap = worker->gap || seen->link.gap;
    if (seen->link.last > worker->collected_n) {
        worker->collected_n = seen->link.last;
        worker->moved_ms = now_ms;
    }
}

/* Units that the collector has released or holds are finished. */
static void take_finished (batch_t *self, uint32_t released, const wire_bytes_t *held)
{
    for (uint32_t u = self->oldest; u < self->next; u++) {
        uint32_t bit = u - released;
        if (u < released ||
            (bit / 8 < held->size && (unsigned char) held->bytes[bit / 8] >> (bit % 8) & 1)) {
            finish (self, u, FINISHED);
        }
    }
    advance (self);
}

void batch_collector_state (batch_t *self, const wire_collector_state_t *state, uint64_t now_ms)
{
    if (state->serial <= self->collector_serial) {
        return;
    }
    if (!state->able || now_ms - self->collector_ms > BATCH_SILENT_MS) {
        count_anew (self, now_ms);
    }
    self->collector_serial = state->serial;
    self->collector_ms = now_ms;
    self->held_bytes = state->held_bytes;
    for (size_t i = 0; i < state->link_count; i++) {
        take_link (self, &state->links[i], now_ms);
    }
    uint32_t released = state->released < self->next ? state->released : self->next;
    if (released > self->passed) {
        self->passed = released;
    }
    take_finished (self, state->released, &state->held);
}

void batch_sent (batch_t *self, uint32_t w, uint64_t bytes, uint64_t n, uint64_t now_ms)
{
    worker_t *worker = &self->workers[w];
    if (worker->sent_n == worker->heard_n) {
        worker->moved_ms = now_ms; /* nothing was outstanding: the time begins now */
    }
    worker->sent += bytes;
    worker->sent_n = n;
}

bool batch_wants (const batch_t *self, uint32_t w, uint32_t unit)
{
    const unit_t *u = &self->ring[unit % BATCH_AHEAD];
    return self->workers[w].live && is_kept (self, unit) && u->state == RUNNING && u->worker == w;
}

void batch_delivered (batch_t *self, uint32_t w)
{
    worker_t *worker = &self->workers[w];
    if (!worker->delivering) {
        return;
    }
    worker->delivering = false;
    free (worker->serving);
    worker->serving = NULL;
    if (batch_wants (self, w, worker->delivery)) {
        set_ours (self, unit_at (self, worker->delivery), false);
        worker->moved_ms = self->turned_ms;
    }
}

static bool has_room (const worker_t *worker, uint64_t window)
{
    return worker->sent - worker->consumed < window;
}

bool batch_may_send (const batch_t *self, uint32_t w, uint32_t unit)
{
    return unit == self->oldest || has_room (&self->workers[w], self->window);
}

static batch_step_t start (batch_t *self, uint32_t w, uint32_t u)
{
    unit_t *unit = unit_at (self, u);
    worker_t *worker = &self->workers[w];
    unit->state = RUNNING;
    unit->attempt++;
    unit->worker = w;
    unit->asked = false;
    set_ours (self, unit, true);
    worker->running++;
    worker->alone = unit->suspect;
    worker->delivering = true;
    worker->delivery = u;
    return (batch_step_t){.action = BATCH_START, .worker = w, .unit = u, .attempt = unit->attempt};
}

static batch_step_t serve (batch_t *self, uint32_t u)
{
    unit_t *unit = unit_at (self, u);
    worker_t *worker = &self->workers[unit->worker];
    worker->delivering = true;
    worker->delivery = u;
    worker->serving = unit->needs;
    unit->needs = NULL;
    self->needing--;
    return (batch_step_t){.action = BATCH_SERVE,
                          .worker = unit->worker,
                          .unit = u,
                          .attempt = unit->attempt,
                          .partition_count = unit->need_count,
                          .partitions = worker->serving};
}

static const char *broken (const batch_t *self, const worker_t *worker, uint64_t now_ms)
{
    if (!worker->live) {
        return NULL;
    }
    if (worker->gap) {
        return "a gap in its link";
    }
    bool outstanding = worker->sent_n > worker->heard_n || worker->running > worker->ours;
    bool still = outstanding && now_ms - worker->moved_ms > BATCH_STILL_MS;
    return still && now_ms - self->collector_ms <= BATCH_SILENT_MS ? "its link stands still" : NULL;
}

/* The first unit whose needs wait and can be served now; self->units when there is none. */
static uint32_t next_need (batch_t *self)
{
    uint32_t left = self->needing;
    for (uint32_t u = self->oldest; u < self->next && left > 0; u++) {
        const unit_t *unit = unit_at (self, u);
        if (unit->needs) {
            left--;
            if (!self->workers[unit->worker].delivering && batch_may_send (self, unit->worker, u)) {
                return u;
            }
        }
    }
    return self->units;
}

/* A worker without any unit, and without one that was given up but may still be scanned: all that
 * was sent is consumed. */
static bool is_empty (const worker_t *worker)
{
    return worker->running == 0 && worker->sent == worker->consumed;
}

/* The worker for a new unit: the free one with most window, but none with a suspect in it. For a
 * suspect itself one that is empty. -1: none. */
static int choose (const batch_t *self, bool suspect)
{
    int best = -1;
    for (size_t w = 0; w < self->worker_count; w++) {
        const worker_t *worker = &self->workers[w];
        bool fits = suspect ? is_empty (worker) : has_room (worker, self->window);
        if (!fits || !worker->live || worker->delivering || worker->alone) {
            continue;
        }
        if (best < 0 || worker->sent - worker->consumed <
                            self->workers[best].sent - self->workers[best].consumed) {
            best = (int) w;
        }
    }
    return best;
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
    while (in_reach (self) && self->is_aside[self->next / self->ranges]) {
        unit_at (self, self->next)->state = VOID;
        self->next++;
        self->finished++;
        self->voids++;
        advance (self);
    }
}

/* The unit to start next: the first suspect, or else a new one; self->units when none may start. */
static uint32_t next_unit (batch_t *self)
{
    uint32_t u;
    if (self->waiting > 0) {
        for (u = self->oldest; unit_at (self, u)->state != WAITING; u++) {
        }
    } else {
        skip_aside (self);
        u = in_reach (self) ? self->next : self->units;
    }
    bool full = self->held_bytes > BATCH_HELD_BYTES;
    return full && u != self->oldest ? self->units : u;
}

batch_step_t batch_next (batch_t *self, uint64_t now_ms)
{
    const batch_step_t wait = {.action = BATCH_WAIT};
    if (now_ms - self->turned_ms > BATCH_SILENT_MS) {
        count_anew (self, now_ms);
    }
    self->turned_ms = now_ms;
    for (uint32_t w = 0; w < self->worker_count; w++) {
        const char *why = broken (self, &self->workers[w], now_ms);
        if (why) {
            return (batch_step_t){.action = BATCH_KILL, .worker = w, .why = why};
        }
    }
    uint32_t u = next_need (self);
    if (u < self->units) {
        return serve (self, u);
    }
    u = self->stopped ? self->units : next_unit (self);
    if (u == self->units) {
        return wait;
    }
    bool suspect = u < self->next;
    int w = choose (self, suspect);
    if (w < 0) {
        return wait;
    }
    if (suspect) {
        self->waiting--;
    } else {
        self->next++;
    }
    return start (self, (uint32_t) w, u);
}

size_t batch_voids (const batch_t *self, uint32_t *voids)
{
    /* In order: the collector can always pass the first. Those below `oldest` too: it waits for
     * them. */
    size_t count = 0;
    for (uint32_t u = self->passed; u < self->next && count < BATCH_AHEAD; u++) {
        if (self->is_aside[u / self->ranges]) {
            voids[count++] = u;
        }
    }
    return count;
}
