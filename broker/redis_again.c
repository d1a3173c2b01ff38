#include "redis_again.h"

#include "log.h"
#include "memory.h"
#include "redis_request.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT       ((size_t) 32 << 20) /* bytes of a field that are held */
#define AT_ONCE     2                   /* requests under way */
#define REFUSED_MS  50
#define REFUSED_MAX 5000

/* What the flow asked for. An entry that no buffer holds cuts it in two: the rest is asked for from
 * behind it. */
typedef struct {
    const flow_read_t *read;
    redis_request_t request; /* its rows are indices into `read` */
    uint32_t first;          /* streams before this one are read */
    entry_id_t from;         /* `first` is read from here, {0, 0}: from where it was asked for */
    uint32_t passed;         /* entries of `first` passed on already */
    bool sent;
} again_t;

struct redis_again {
    redis_streams_t *streams;
    flow_t *flow;
    redis_t *redis;
    redis_entries_t *entries;
    uint64_t life;
    mono_t now, pause_until;
    int64_t refused_ms;
    bool wants_look;
    again_t asked[AT_ONCE]; /* oldest first */
    unsigned first, count;
};

redis_again_t *redis_again_new (redis_streams_t *streams, redis_t *redis)
{
    redis_again_t *self = memory_new (sizeof *self);
    self->streams = streams;
    self->flow = streams->flow;
    self->redis = redis;
    self->entries = redis_entries_new ();
    self->refused_ms = REFUSED_MS;
    redis_set_parser (redis, redis_entries_read, self->entries);
    redis_set_limit (redis, LIMIT);
    return self;
}

void redis_again_destroy (redis_again_t **self)
{
    redis_again_t *again = *self;
    if (!again) {
        return;
    }
    *self = NULL;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        redis_request_free (&again->asked[i].request);
    }
    redis_entries_destroy (&again->entries);
    free (again);
}

static again_t *at (redis_again_t *self, unsigned i)
{
    return &self->asked[(self->first + i) % AT_ONCE];
}

static void pop (redis_again_t *self)
{
    self->first = (self->first + 1) % AT_ONCE;
    self->count--;
}

static void fail (redis_again_t *self)
{
    while (self->count > 0) {
        flow_again_fail (self->flow, at (self, 0)->read);
        pop (self);
    }
}

/* ---- entries ---- */

/* Passes on what was read. At most as many of a stream as were asked for: the flow takes fewer as its
 * end. */
static void pass (redis_again_t *self, again_t *one)
{
    size_t count;
    const redis_entry_t *rows = redis_entries_rows (self->entries, &count);
    uint32_t before = UINT32_MAX, passed = 0;
    flow_stamp (self->flow, wall_now_us ());
    for (size_t i = 0; i < count; i++) {
        uint32_t k = one->request.rows[rows[i].k];
        if (k != before) {
            passed = k == one->first ? one->passed : 0;
            before = k;
        }
        if (passed++ >= one->read->entries) {
            continue;
        }
        self->streams->entries++; /* what is wrong with it was said when it was read first */
        flow_again (self->flow, one->read, k, rows[i].id,
                    rows[i].reason == REDIS_GOOD ? rows[i].symbol : NULL, &rows[i].candle);
    }
    if (before != UINT32_MAX) {
        one->first = before;
        one->passed = passed;
    }
}

/* The reply broke off in an entry that is too large: what is before it counts, and the rest is asked for. */
static void pass_giant (redis_again_t *self, uint32_t k, entry_id_t id)
{
    again_t *one = at (self, 0);
    pass (self, one);
    uint32_t stream = one->request.rows[k];
    one->passed = one->first == stream ? one->passed : 0;
    one->first = stream;
    if (one->passed < one->read->entries) {
        self->streams->entries++;
        flow_again (self->flow, one->read, stream, id, NULL, NULL);
        one->passed++;
    }
    one->from = id;
    if (one->passed >= one->read->entries) {
        one->first++;
        one->passed = 0;
        one->from = (entry_id_t){0, 0};
    }
    one->sent = false;
}

/* ---- requests ---- */

/* False: there is nothing to be asked for, of it or any more. */
static bool send (redis_again_t *self, again_t *one)
{
    redis_request_clear (&one->request);
    for (uint32_t k = one->first; k < one->read->count; k++) {
        uint32_t row = redis_streams_row (self->streams, one->read->streams[k]);
        if (row == REDIS_STREAMS_NONE || self->streams->rows[row].wrong) {
            continue; /* there is nothing in it */
        }
        bool cut = k == one->first && one->from.ms > 0;
        redis_request_add (&one->request, k, self->streams->rows[row].name,
                           cut ? one->from : one->read->after[k]);
    }
    one->sent = one->request.count > 0;
    if (one->sent) {
        redis_request_send (&one->request, self->redis, one->read->entries, 0);
    }
    return one->sent;
}

static void end (redis_again_t *self)
{
    flow_again_end (self->flow, at (self, 0)->read);
    pop (self);
}

static void expect (redis_again_t *self)
{
    if (self->count > 0 && at (self, 0)->sent) {
        redis_request_expect (&at (self, 0)->request, self->entries);
    }
}

static bool ask (redis_again_t *self)
{
    if (self->count == AT_ONCE || self->now.us < self->pause_until.us) {
        return false;
    }
    const flow_read_t *read = flow_next_read (self->flow);
    if (!read) {
        return false;
    }
    again_t *one = at (self, self->count);
    *one = (again_t){.read = read, .request = one->request};
    if (!send (self, one)) {
        flow_again_end (self->flow, read);
        return false;
    }
    if (self->count++ == 0) {
        expect (self);
    }
    return true;
}

static void refused (redis_again_t *self)
{
    const char *error = redis_entries_error (self->entries);
    if (strncmp (error, "WRONGTYPE", 9) == 0) {
        self->wants_look = true;
    } else {
        redis_streams_refused (self->streams, REDIS_AGAIN, error);
    }
    self->pause_until = (mono_t){self->now.us + self->refused_ms * 1000};
    self->refused_ms = self->refused_ms * 2 < REFUSED_MAX ? self->refused_ms * 2 : REFUSED_MAX;
    flow_again_fail (self->flow, at (self, 0)->read);
    pop (self);
}

static bool take (redis_again_t *self)
{
    if (self->count == 0 || !redis_reply (self->redis)) {
        return false;
    }
    if (redis_entries_answer (self->entries) == REDIS_ANSWER_ERROR) {
        refused (self);
    } else {
        self->refused_ms = REFUSED_MS;
        redis_streams_taken (self->streams, REDIS_AGAIN);
        pass (self, at (self, 0));
        end (self);
    }
    expect (self);
    return true;
}

/* ---- the connection ---- */

static void lose (redis_again_t *self)
{
    redis_counts_t counts;
    uint32_t k;
    entry_id_t id;
    redis_counts (self->redis, &counts);
    bool giant = self->count > 0 && counts.too_large && at (self, 0)->sent &&
                 redis_entries_broken (self->entries, &k, &id);
    if (!giant) {
        fail (self);
        return;
    }
    for (; self->count > 1; self->count--) {
        flow_again_fail (self->flow, at (self, self->count - 1)->read);
    }
    pass_giant (self, k, id);
}

static void note_connection (redis_again_t *self)
{
    bool up = redis_state (self->redis) == REDIS_UP;
    uint64_t life = up ? redis_life (self->redis) : 0;
    if (life == self->life) {
        return;
    }
    if (self->life != 0) {
        lose (self);
    }
    self->life = life;
    if (life != 0 && self->count > 0) { /* the rest of what was cut */
        if (send (self, at (self, 0))) {
            expect (self);
        } else {
            end (self);
        }
    }
}

bool redis_again_turn (redis_again_t *self, mono_t now)
{
    self->now = now;
    bool more = false, asked = false;
    for (int i = 0; i < 8; i++) {
        redis_turn (self->redis, now);
        note_connection (self);
        if (!take (self)) {
            break;
        }
        more = true;
    }
    note_connection (self);
    while (self->life != 0 && ask (self)) {
        asked = true;
    }
    if (asked) {
        redis_flush (self->redis);
    }
    return more;
}

int64_t redis_again_due_ms (const redis_again_t *self, mono_t now)
{
    if (self->life == 0 || self->pause_until.us <= now.us) {
        return -1; /* what the flow wants is asked in each turn */
    }
    return (self->pause_until.us - now.us + 999) / 1000;
}

bool redis_again_holds (const redis_again_t *self)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (self->asked[(self->first + i) % AT_ONCE].read->holds) {
            return true;
        }
    }
    return false;
}

bool redis_again_wants_look (redis_again_t *self)
{
    bool wants = self->wants_look;
    self->wants_look = false;
    return wants;
}
