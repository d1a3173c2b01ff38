#include "redis_reader_inside.h"

#include "memory.h"

#include <string.h>

#define CHUNK        1000 /* streams of a command */
#define REPLY        256  /* entries of a reply, */
#define WAIT_REPLY   4096 /* ... of what came while we waited, so that there is seldom more of it, */
#define EACH_MIN     8    /* or so many of each stream */
#define BLOCK_MIN_MS 1000
#define BLOCK_MAX_MS 5000
#define PAUSE_MIN_US 1000
#define PAUSE_MAX_US 32000
#define SWEEP_US     20000 /* while there are rests, a sweep begins so often */

void reader_pause (redis_reader_t *self, int64_t us)
{
    self->pause_until = (mono_t){self->now.us + us};
}

void reader_push_rest (redis_reader_t *self, uint32_t row)
{
    if (self->rest_count == self->rest_capacity) {
        self->rest_capacity = self->rest_capacity * 2 + 64;
        self->rests = memory_resize (self->rests, self->rest_capacity, sizeof *self->rests);
    }
    self->rests[self->rest_count++] = row;
    self->streams->rows[row].rest = true;
}

static bool is_few (const redis_reader_t *self)
{
    return self->streams->count <= READER_FEW;
}

/* A cycle (a read that waits, or a sweep, and its rests) is over: when does the next begin, and how? */
void reader_note_cycle (redis_reader_t *self)
{
    if (self->count > 0 || self->sweeping || self->rest_count > 0 || !self->cycling) {
        return;
    }
    uint64_t much = self->streams->count / 20 > READER_FEW ? self->streams->count / 20 : READER_FEW;
    int64_t took_us = self->now.us - self->cycle_began.us;
    self->cycling = false;
    self->caught_up = !self->cut;
    self->lag_ms = self->caught_up ? 0 : self->lag_ms;
    self->waits_next = !self->is_replay && (is_few (self) || self->found == 0);
    if (self->found >= much) {
        self->hard_at = self->now;
    } else if (self->found > 0 && !self->is_replay) {
        int64_t pause_us = 2 * took_us;
        pause_us = pause_us < PAUSE_MIN_US ? PAUSE_MIN_US : pause_us;
        int64_t most_us = is_few (self) ? PAUSE_MIN_US : PAUSE_MAX_US; /* few cost nothing */
        reader_pause (self, pause_us < most_us ? pause_us : most_us);
    }
    if (self->speed > 0 && !self->has_base) {
        reader_find_base (self);
    }
    self->paced_each = !self->cut                               ? READER_PACED_EACH
                       : self->paced_each < READER_EACH_MAX / 4 ? self->paced_each * 4
                                                                : READER_EACH_MAX;
}

static bool is_wanted (const redis_reader_t *self, const redis_stream_t *stream)
{
    if (stream->wrong || stream->asked || stream->rest) {
        return false;
    }
    return !self->is_replay || (stream->has_end && !stream->ended &&
                                (stream->due_ms == 0 || reader_is_due (self, stream->due_ms)));
}

/* Those that are never alone under way stay small: only the first may be of all streams. */
static redis_request_t *new_request (redis_reader_t *self)
{
    self->first = self->count == 0 ? 0 : self->first;
    redis_request_t *request = &self->requests[(self->first + self->count) % READER_AHEAD];
    redis_request_clear (request);
    return request;
}

static void add (redis_reader_t *self, redis_request_t *request, uint32_t row)
{
    redis_stream_t *stream = &self->streams->rows[row];
    stream->asked = true;
    redis_request_add (request, row, stream->name, flow_position (self->flow, stream->number));
}

static bool send (redis_reader_t *self, redis_request_t *request, int64_t block_ms)
{
    if (request->count == 0) {
        return false;
    }
    uint32_t each = (block_ms > 0 ? WAIT_REPLY : REPLY) / request->count;
    each = each < EACH_MIN ? EACH_MIN : each > READER_EACH_MAX ? READER_EACH_MAX : each;
    if (self->speed > 0 && self->paced_each < each) {
        each = self->paced_each;
    }
    redis_command (self->redis, 1, (const char *[]){"TIME"}, NULL);
    redis_request_send (request, self->redis, each, block_ms);
    if (self->count++ == 0) {
        reader_expect (self);
    }
    return true;
}

static void begin_cycle (redis_reader_t *self)
{
    self->cycling = true;
    self->cycle_began = self->now;
    self->found = 0;
    self->cut = false;
}

/* All streams, to be woken. */
static bool send_wait (redis_reader_t *self)
{
    redis_request_t *request = new_request (self);
    for (uint32_t i = 0; i < self->streams->count; i++) {
        if (is_wanted (self, &self->streams->rows[i])) {
            add (self, request, i);
        }
    }
    int64_t ms = request->count / 4;
    begin_cycle (self);
    self->blocks = send (self, request,
                         ms < BLOCK_MIN_MS   ? BLOCK_MIN_MS
                         : ms > BLOCK_MAX_MS ? BLOCK_MAX_MS
                                             : ms);
    return self->blocks;
}

/* A share of those that have more, so that READER_AHEAD requests have them all: the oldest first. */
static bool send_rests (redis_reader_t *self)
{
    uint32_t share = self->rest_count + READER_AHEAD - 1, taken = 0;
    for (unsigned i = 0; i < self->count; i++) {
        share += self->requests[(self->first + i) % READER_AHEAD].count;
    }
    share = share / READER_AHEAD < CHUNK ? share / READER_AHEAD : CHUNK;
    redis_request_t *request = new_request (self);
    while (taken < self->rest_count && request->count < share) {
        uint32_t row = self->rests[taken++];
        self->streams->rows[row].rest = false;
        if (!self->streams->rows[row].wrong) {
            add (self, request, row);
        }
    }
    self->rest_count -= taken;
    memmove (self->rests, self->rests + taken, self->rest_count * sizeof *self->rests);
    return send (self, request, 0);
}

static bool send_chunk (redis_reader_t *self)
{
    redis_request_t *request = new_request (self);
    uint32_t all = self->streams->count, chunk = all / READER_AHEAD + 1;
    chunk = chunk < CHUNK ? chunk : CHUNK;
    for (; self->cursor < all && request->count < chunk; self->cursor++) {
        if (is_wanted (self, &self->streams->rows[self->cursor])) {
            add (self, request, self->cursor);
        }
    }
    self->sweeping = self->cursor < all;
    return send (self, request, 0);
}

bool reader_any_wanted (const redis_reader_t *self)
{
    for (uint32_t i = 0; i < self->streams->count; i++) {
        if (is_wanted (self, &self->streams->rows[i])) {
            return true;
        }
    }
    return false;
}

static void begin_sweep (redis_reader_t *self)
{
    if (!self->cycling) {
        begin_cycle (self);
    }
    self->sweep_began = self->now;
    self->sweeping = true;
    self->cursor = 0;
}

/* Sends the next request, if there is one to be sent now. */
bool reader_ask (redis_reader_t *self)
{
    bool idle = self->count == 0 && !self->sweeping && self->rest_count == 0;
    if (self->count == READER_AHEAD || self->blocks || self->now.us < self->pause_until.us) {
        return false;
    }
    if (idle && self->waits_next) {
        return send_wait (self);
    }
    if (idle ? reader_any_wanted (self)
             : self->rest_count > 0 && self->now.us - self->sweep_began.us >= SWEEP_US &&
                   !self->sweeping) {
        begin_sweep (self);
    }
    bool rest = self->rest_count > 0 && (self->rest_turn || !self->sweeping);
    self->rest_turn = !rest;
    if (rest) {
        return send_rests (self);
    }
    if (self->sweeping && send_chunk (self)) {
        return true;
    }
    reader_note_cycle (self); /* the rest of the sweep had nothing to ask for */
    return false;
}
