/* One turn of the loop in a live run:
 *
 *     messages (16 at most) --> commits --write--> journal --sync--> followers step --> state
 *
 * A transaction takes what is there, so that a load makes them larger, not more. It is synced at once
 * when it has hits that sinks wait for, and otherwise within 100 ms, beside the transactions that follow;
 * a follower's cursor is synced by itself.
 */
#include "collector_inside.h"

#include "commits.h"
#include "followers.h"
#include "known.h"
#include "log.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE_MS      2    /* between states that changes cause */
#define RETRY_MS      100  /* until a transaction, or a sync, that failed is tried again */
#define SYNC_MS       100  /* what is committed survives a power cut so soon */
#define SYNC_HITS_MS  5    /* and hits, unless the last sync is less than that ago */
#define SILENT_MS     3000 /* of a broker: we say hello again, in case there is a new one */
#define LEAVE_MS      5000 /* for sinks to get even at the end */
#define LEAVE_POLL_MS 50
#define BEHIND_ROWS   100000 /* a sink that lags by more has stopped following, or nearly so */
#define FORGET_MS     (3600 * INT64_C (1000))
#define FORGET_FIRST  (60 * INT64_C (1000))
#define DAY_MS        (86400 * INT64_C (1000))

/* What we know of a broker. */
typedef struct {
    uint64_t broker; /* the incarnation that we answer; 0: none yet */
    cell_t cell;
    uint64_t broker_serial; /* of its last state */
    mono_t heard;
    bool known_due;  /* it is to be told what the journal knows */
    uint64_t serial; /* of our last state to it */
} peer_t;

typedef struct {
    collector_t *base;
    peer_t *peers; /* one for each member */
    run_t run;
    journal_t *journal;
    store_t store;
    commits_t *commits;
    followers_t *followers;
    int64_t commit_ns; /* CPU time in the journal's transactions */
    bool unsynced;
    mono_t committed; /* the first commit that is not synced */
    mono_t synced;
    mono_t retry; /* nothing is written or synced before */
    mono_t forget;
} live_t;

static int64_t left_ms (mono_t since, int64_t wait_ms, mono_t now)
{
    int64_t left = wait_ms - mono_ms (since, now);
    return left > 0 ? left : 0;
}

static int64_t sooner (int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* ---- control ---- */

static peer_t *peer_of (live_t *self, const member_t *member)
{
    bool first = member == &self->base->member;
    return &self->peers[first ? 0 : member - self->base->others];
}

/* Our state is another one than it was. */
static void note_change (live_t *self)
{
    for (member_t *member = &self->base->member; member; member = member->next) {
        member->changed = true;
    }
}

static void live_say (void *handle, member_t *member)
{
    live_t *self = handle;
    peer_t *peer = peer_of (self, member);
    buffer_t message = {0};
    wire_live_collector_t state = {0};
    commits_state (self->commits, peer->broker, peer->cell, &state);
    state.serial = ++peer->serial;
    state.incarnation = self->base->config->incarnation;
    state.since_ms = journal_since_ms (self->journal);
    state.refused += self->base->member.refused;
    state.synced = journal_synced (self->journal);
    state.commit_us = (uint64_t) self->commit_ns / 1000;
    state.cpu_us = (uint64_t) cpu_process_us ();
    state.memory_bytes = process_memory_bytes ();
    state.sink_count = self->base->config->sink_count;
    state.sinks = followers_states (self->followers);
    wire_put_live_collector (&message, &state);
    member_say (member, &message);
    if (mono_ms (peer->heard, mono_now ()) >= SILENT_MS) {
        member_greet (member);
    }
}

static bool is_same_run (const run_t *a, const run_t *b)
{
    bool same = a->scan_count == b->scan_count && a->all_hits == b->all_hits;
    for (size_t i = 0; same && i < a->scan_count; i++) {
        same = strcmp (a->scans[i].id, b->scans[i].id) == 0 && a->scans[i].hash == b->scans[i].hash;
    }
    return same;
}

/* Another broker may come to us, but not with another run: our sinks' columns are of this one. */
static void take_welcome (live_t *self, member_t *member, const wire_live_welcome_t *welcome)
{
    char error[256];
    run_t *run = memory_new (sizeof *run);
    peer_t *peer = peer_of (self, member);
    int rc =
        run_read (run, welcome->scans, welcome->scan_count, welcome->all_hits, error, sizeof error);
    if (rc != 0 || !is_same_run (run, &self->run)) {
        log_error ("the broker at %s has other scans: this collector ends, start it again for them",
                   member->broker);
        self->base->code = 1;
        self->base->member.over = true;
    } else {
        peer->broker_serial = welcome->broker == peer->broker ? peer->broker_serial : 0;
        peer->broker = welcome->broker;
        peer->cell = welcome->cell;
        peer->heard = mono_now ();
        peer->known_due = true;
        member->greeted = member->changed = true;
        member->pause_ms = PAUSE_MS;
        commits_greet (self->commits, welcome->broker, welcome->session.epoch, welcome->cell);
    }
    free (run);
}

static void take_broker (live_t *self, peer_t *peer, const wire_live_broker_t *state)
{
    if (state->broker != peer->broker || state->serial <= peer->broker_serial) {
        return;
    }
    peer->broker_serial = state->serial;
    peer->heard = mono_now ();
    self->base->member.over = self->base->member.over || state->phase == WIRE_PHASE_EXIT;
}

static void live_hear (void *handle, member_t *member, const wire_object_t *object)
{
    live_t *self = handle;
    switch (object->kind) {
    case WIRE_LIVE_WELCOME:
        take_welcome (self, member, &object->live_welcome);
        break;
    case WIRE_LIVE_BROKER:
        take_broker (self, peer_of (self, member), &object->live_broker);
        break;
    case WIRE_PLACES:
        commits_places (self->commits, &object->places);
        break;
    default:
        break;
    }
}

/* What the journal knows goes to a broker that has its epoch, behind the state that says so. */
static void say_known_to (live_t *self, member_t *member)
{
    wire_live_collector_t state = {0};
    peer_t *peer = peer_of (self, member);
    if (!peer->known_due) {
        return;
    }
    commits_state (self->commits, peer->broker, peer->cell, &state);
    if (state.epoch == 0) {
        return;
    }
    peer->known_due = false; /* what does not go is asked for again */
    live_say (self, member);
    known_send (self->journal, state.epoch, peer->cell, member->control);
}

static void say_known (live_t *self)
{
    for (member_t *member = &self->base->member; member; member = member->next) {
        say_known_to (self, member);
    }
}

/* ---- the journal ---- */

static void live_take (void *handle, const char *bytes, size_t size)
{
    live_t *self = handle;
    if (!commits_take (self->commits, bytes, size)) {
        member_refuse (&self->base->member);
    }
}

static bool live_able (void *handle)
{
    live_t *self = handle;
    return commits_able (self->commits);
}

static bool may_write (const live_t *self, mono_t now)
{
    return mono_ms (self->retry, now) >= 0;
}

static void retry_later (live_t *self, mono_t now)
{
    self->retry = (mono_t){now.us + RETRY_MS * 1000};
}

static void write_commits (live_t *self, mono_t now)
{
    if (!commits_pending (self->commits) || !may_write (self, now)) {
        return;
    }
    int64_t start = cpu_thread_ns ();
    if (commits_write (self->commits) != 0) {
        retry_later (self, now);
    } else if (!self->unsynced) {
        self->unsynced = true;
        self->committed = now;
    }
    self->commit_ns += cpu_thread_ns () - start;
    note_change (self);
}

/* Milliseconds until it is time to sync; -1 when there is nothing to. */
static int64_t sync_due_ms (const live_t *self, mono_t now)
{
    bool hits = journal_rows (self->journal) > journal_synced (self->journal);
    if (journal_is_syncing (self->journal) || (!self->unsynced && !hits)) {
        return -1;
    }
    int64_t due =
        hits ? left_ms (self->synced, SYNC_HITS_MS, now) : left_ms (self->committed, SYNC_MS, now);
    int64_t retry = mono_ms (now, self->retry);
    return retry > due ? retry : due;
}

/* Waits for the disk. */
static void sync_now (live_t *self, mono_t now)
{
    int64_t start = cpu_thread_ns ();
    if (journal_sync (self->journal) != 0) {
        self->unsynced = true;
        retry_later (self, now);
    } else {
        self->unsynced = false;
        self->synced = now;
    }
    self->commit_ns += cpu_thread_ns () - start;
    note_change (self);
}

static void sync_journal (live_t *self, mono_t now)
{
    int rc = journal_sync_end (self->journal);
    if (rc < 0) {
        sync_now (self, now); /* as only that mends it */
        return;
    }
    if (rc == 0) {
        note_change (self);
    }
    if (sync_due_ms (self, now) != 0) {
        return;
    }
    if (journal_sync_begin (self->journal)) {
        self->unsynced = false;
        self->synced = now;
    } else {
        sync_now (self, now);
    }
}

static void forget (live_t *self, mono_t now)
{
    if (mono_ms (self->forget, now) < 0) {
        return;
    }
    self->forget = (mono_t){now.us + FORGET_MS * 1000};
    int64_t keep_ms = self->base->config->keep_days * DAY_MS;
    followers_forget (self->followers, (int64_t) time (NULL) * 1000 - keep_ms);
}

/* ---- the run ---- */

static size_t live_waits (void *handle, zmq_pollitem_t *items, size_t max, int64_t *due_ms)
{
    live_t *self = handle;
    mono_t now = mono_now ();
    size_t count = followers_waits (self->followers, items, max - 1, now, due_ms);
    if (journal_is_syncing (self->journal)) {
        items[count++] =
            (zmq_pollitem_t){.fd = journal_sync_fd (self->journal), .events = ZMQ_POLLIN};
    }
    *due_ms = sooner (*due_ms, sync_due_ms (self, now));
    if (commits_pending (self->commits)) {
        *due_ms = sooner (*due_ms, left_ms (now, mono_ms (now, self->retry), now));
    }
    return count;
}

static void live_turn (void *handle, bool busy, bool ready)
{
    live_t *self = handle;
    mono_t now = mono_now ();
    (void) busy;
    write_commits (self, now);
    say_known (self);
    sync_journal (self, now);
    followers_turn (self->followers, ready, now);
    forget (self, now);
}

static health_state_t live_health (void *handle)
{
    live_t *self = handle;
    uint32_t failing = 0;
    uint64_t behind = 0;
    const wire_sink_state_t *sinks = followers_states (self->followers);
    for (size_t i = 0; i < self->base->config->sink_count; i++) {
        failing += sinks[i].failing;
        behind = sinks[i].behind > behind ? sinks[i].behind : behind;
    }
    if (!commits_able (self->commits)) {
        return (health_state_t){.reason = HEALTH_NO_JOURNAL};
    }
    if (failing > 0) {
        return (health_state_t){HEALTH_SINKS_FAIL, failing};
    }
    bool is_behind = behind > BEHIND_ROWS;
    return (health_state_t){is_behind ? HEALTH_SINK_BEHIND : HEALTH_READY,
                            is_behind ? health_count (behind) : 0};
}

/* A wait at the end: for the sinks alone. */
static void wait_for_sinks (live_t *self)
{
    zmq_pollitem_t items[MEMBER_WAIT_MAX];
    int64_t due_ms = LEAVE_POLL_MS;
    size_t count = live_waits (self, items, MEMBER_WAIT_MAX, &due_ms);
    zmq_poll (items, (int) count, (long) due_ms);
}

/* What has come is taken and written, and sinks get a while for it. */
static void leave (live_t *self)
{
    const char *bytes;
    size_t size;
    mono_t start = mono_now (), now = start;
    for (bool over = false; !over && mono_ms (start, now) < LEAVE_MS; now = mono_now ()) {
        while (live_able (self) && collector_receive (self->base, &bytes, &size)) {
            live_take (self, bytes, size);
        }
        write_commits (self, now);
        if (may_write (self, now)) {
            sync_now (self, now);
        }
        followers_turn (self->followers, true, now);
        over = !commits_pending (self->commits) && !self->unsynced &&
               followers_are_even (self->followers);
        if (!over) {
            wait_for_sinks (self);
        }
    }
}

static void destroy (live_t *self)
{
    followers_destroy (&self->followers);
    commits_destroy (&self->commits);
    journal_destroy (&self->journal);
    free (self->peers);
    free (self);
}

static void live_end (void *handle)
{
    live_t *self = handle;
    leave (self);
    destroy (self);
}

static int open_followers (live_t *self)
{
    const collector_config_t *config = self->base->config;
    follower_config_t with = {.run = &self->run,
                              .redis_user = config->redis_user,
                              .redis_password_file = config->redis_password_file};
    bool usage;
    self->followers =
        followers_open (self->journal, config->sinks, config->sink_count, &with, &usage);
    if (!self->followers) {
        self->base->code = usage ? 2 : 1;
    }
    return self->followers ? 0 : -1;
}

static int open_journal (live_t *self, const wire_live_welcome_t *welcome)
{
    commits_start_t start;
    self->base->code = 1;
    self->journal = journal_open (self->base->config->state, &self->run, welcome->since_ms);
    if (!self->journal) {
        return -1;
    }
    journal_start (self->journal, &start);
    self->store = journal_store (self->journal);
    self->commits = commits_new (&self->run, &self->store, &start);
    self->base->code = 0;
    return 0;
}

void *collector_live_new (collector_t *base, member_t *member, const wire_live_welcome_t *welcome)
{
    char error[256];
    live_t *self = memory_new (sizeof *self);
    mono_t now = mono_now ();
    self->base = base;
    self->peers = memory_new (base->config->broker_count * sizeof *self->peers);
    self->forget = (mono_t){now.us + FORGET_FIRST * 1000};
    if (run_read (&self->run, welcome->scans, welcome->scan_count, welcome->all_hits, error,
                  sizeof error) != 0) {
        log_error ("the broker's welcome is not understood: %s", error);
        base->code = 1;
    } else if (open_journal (self, welcome) == 0 && open_followers (self) == 0) {
        take_welcome (self, member, welcome);
        return self;
    }
    destroy (self);
    return NULL;
}

const collector_kind_t collector_live = {
    .say = live_say,
    .hear = live_hear,
    .take = live_take,
    .able = live_able,
    .turn = live_turn,
    .waits = live_waits,
    .health = live_health,
    .end = live_end,
};
