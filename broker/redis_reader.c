#include "redis_reader_inside.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT       ((size_t) 32 << 20) /* bytes of a field that are held */
#define STEPS       8                   /* replies or slices of a turn */
#define HARD_MS     100
#define ROOM_MS     20
#define REFUSED_MS  50
#define REFUSED_MAX 5000

redis_reader_t *redis_reader_new (redis_streams_t *streams, redis_t *redis, bool is_replay,
                                  double speed)
{
    redis_reader_t *self = memory_new (sizeof *self);
    self->streams = streams;
    self->flow = streams->flow;
    self->redis = redis;
    self->entries = redis_entries_new ();
    self->is_replay = is_replay;
    self->speed = is_replay ? speed : 0;
    self->paced_each = READER_PACED_EACH;
    self->refused_ms = REFUSED_MS;
    redis_set_parser (redis, redis_entries_read, self->entries);
    redis_set_limit (redis, LIMIT);
    return self;
}

void redis_reader_destroy (redis_reader_t **self)
{
    redis_reader_t *reader = *self;
    if (!reader) {
        return;
    }
    *self = NULL;
    for (unsigned i = 0; i < READER_AHEAD; i++) {
        redis_request_free (&reader->requests[i]);
    }
    redis_entries_destroy (&reader->entries);
    free (reader->rests);
    free (reader);
}

/* The oldest request begins with the reply of its TIME. */
void reader_expect (redis_reader_t *self)
{
    self->stage = TIME;
    self->time_known = false;
    redis_entries_ask_time (self->entries);
}

void reader_pop (redis_reader_t *self)
{
    self->first = (self->first + 1) % READER_AHEAD;
    self->count--;
    self->blocks = false;
    self->partial = self->has_giant = false;
    if (self->count > 0) {
        reader_expect (self);
    }
}

/* ---- replies ---- */

/* The server does not want to: later. */
static void refused (redis_reader_t *self)
{
    const char *error = redis_entries_error (self->entries);
    if (strncmp (error, "WRONGTYPE", 9) == 0) {
        self->wants_look = true; /* it does not say which: a look does */
    } else {
        redis_streams_refused (self->streams, REDIS_READER, error);
    }
    reader_pause (self, self->refused_ms * 1000);
    self->refused_ms = self->refused_ms * 2 < REFUSED_MAX ? self->refused_ms * 2 : REFUSED_MAX;
}

static void take_reply (redis_reader_t *self)
{
    redis_answer_t answer = redis_entries_answer (self->entries);
    if (self->stage == TIME) {
        self->time_known = answer == REDIS_ANSWER_TIME;
        if (self->time_known) {
            self->time_ms = redis_entries_time_ms (self->entries);
        } else {
            refused (self);
        }
        self->stage = ENTRIES;
        redis_request_expect (reader_head (self), self->entries);
        return;
    }
    if (answer == REDIS_ANSWER_ERROR) {
        refused (self);
        reader_release (self, reader_head (self));
        reader_pop (self);
        self->cycling = false;
        self->waits_next = false;
        return;
    }
    if (self->time_known) {
        self->refused_ms = REFUSED_MS;
        redis_streams_taken (self->streams, REDIS_READER);
    }
    if (self->blocks) {
        self->cycle_began = self->now; /* waiting is no work */
    }
    reader_begin_passing (self);
}

/* A part of the work on what came; false: there is nothing to do, or no room. */
static bool work (redis_reader_t *self)
{
    if (self->count == 0) {
        return false;
    }
    if (self->stage == PASSING) {
        return reader_pass_some (self);
    }
    if (!redis_reply (self->redis)) {
        return false;
    }
    take_reply (self);
    return true;
}

/* ---- a lost connection ---- */

/* Entries of the reply that broke off are as good as others; requests behind it are forgotten. */
static void lose (redis_reader_t *self)
{
    redis_counts_t counts;
    redis_counts (self->redis, &counts);
    if (self->count > 0 && self->stage == ENTRIES) {
        self->has_giant =
            counts.too_large && redis_entries_broken (self->entries, &self->giant_k, &self->giant);
        self->partial = true;
        reader_begin_passing (self);
    }
    while (self->count > (self->stage == PASSING ? 1 : 0)) {
        self->count--;
        reader_release (self, &self->requests[(self->first + self->count) % READER_AHEAD]);
    }
    for (uint32_t i = 0; i < self->rest_count; i++) {
        self->streams->rows[self->rests[i]].rest = false;
    }
    self->rest_count = 0;
    self->blocks = self->blocks && self->count > 0;
    self->sweeping = self->cycling = self->waits_next = self->caught_up = false;
    self->wants_look = true;
}

static void note_connection (redis_reader_t *self)
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
    self->wants_look = self->wants_look || life != 0;
}

/* ---- from outside ---- */

bool redis_reader_turn (redis_reader_t *self, bool reads, mono_t now)
{
    self->now = now;
    redis_turn (self->redis, now);
    note_connection (self);
    bool more = true, asked = false;
    for (int i = 0; i < STEPS && more; i++) {
        more = work (self) || (redis_turn (self->redis, now) == REDIS_UP && work (self));
    }
    note_connection (self); /* a reply may have ended it */
    while (reads && !self->wants_look && self->life != 0 && flow_has_room (self->flow) &&
           reader_ask (self)) {
        asked = true;
    }
    if (asked) {
        redis_flush (self->redis);
    }
    return more;
}

int64_t redis_reader_due_ms (const redis_reader_t *self, bool reads, mono_t now)
{
    int64_t due_us = -1;
    if (self->count == READER_AHEAD || self->blocks || !reads || self->life == 0) {
        due_us = -1;
    } else if (!flow_has_room (self->flow)) {
        return ROOM_MS;
    } else if (self->pause_until.us > now.us) {
        due_us = self->pause_until.us - now.us;
    } else if (!self->is_replay) {
        due_us = self->count == 0 && reader_any_wanted (self) ? 0 : -1;
    } else if (self->speed > 0 && self->has_base) {
        for (uint32_t i = 0; i < self->streams->count; i++) {
            const redis_stream_t *stream = &self->streams->rows[i];
            int64_t us = stream->due_ms > 0 && !stream->ended
                             ? reader_due_at (self, stream->due_ms).us - now.us
                             : INT64_MAX;
            us = us < 0 ? 0 : us;
            due_us = us < INT64_MAX && (due_us < 0 || us < due_us) ? us : due_us;
        }
    }
    if (self->count > 0 && self->stage == PASSING) {
        return flow_has_room (self->flow) ? 0 : ROOM_MS;
    }
    return due_us < 0 ? -1 : (due_us + 999) / 1000;
}

bool redis_reader_wants_look (redis_reader_t *self)
{
    bool wants = self->wants_look;
    self->wants_look = false;
    return wants;
}

bool redis_reader_is_hard (const redis_reader_t *self, mono_t now)
{
    return self->hard_at.us > 0 && mono_ms (self->hard_at, now) < HARD_MS;
}

bool redis_reader_caught_up (const redis_reader_t *self)
{
    return self->caught_up;
}

int64_t redis_reader_lag_ms (const redis_reader_t *self)
{
    return self->lag_ms;
}

bool redis_reader_is_over (const redis_reader_t *self)
{
    if (!self->is_replay || self->count > 0) {
        return false;
    }
    for (uint32_t i = 0; i < self->streams->count; i++) {
        if (!self->streams->rows[i].ended && !self->streams->rows[i].wrong) {
            return false;
        }
    }
    return true;
}
