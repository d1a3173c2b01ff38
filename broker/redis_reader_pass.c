#include "redis_reader_inside.h"

#define SLICE 4096 /* entries passed on at once */
#define ROOM  256  /* ... between two questions whether there is room */

static redis_stream_t *stream_of (redis_reader_t *self, const redis_request_t *request, uint32_t k)
{
    return &self->streams->rows[request->rows[k]];
}

/* ---- paced replay ---- */

mono_t reader_due_at (const redis_reader_t *self, int64_t arrival_ms)
{
    double wait_us = (double) (arrival_ms - self->base_ms) * 1000 / self->speed;
    return (mono_t){self->base.us + (int64_t) wait_us};
}

bool reader_is_due (const redis_reader_t *self, int64_t arrival_ms)
{
    return self->has_base && reader_due_at (self, arrival_ms).us <= self->now.us;
}

/* The first sweep passes nothing on: it finds out where the replay's time begins. */
void reader_find_base (redis_reader_t *self)
{
    int64_t first = INT64_MAX;
    for (uint32_t i = 0; i < self->streams->count; i++) {
        const redis_stream_t *stream = &self->streams->rows[i];
        if (!stream->ended && stream->due_ms > 0 && stream->due_ms < first) {
            first = stream->due_ms;
        }
    }
    self->has_base = true;
    self->base_ms = first < INT64_MAX ? first : 0;
    self->base = self->now;
}

/* May the replay pass it on? */
static bool may_replay (redis_reader_t *self, redis_stream_t *stream, entry_id_t id)
{
    if (entry_id_compare (id, stream->end) > 0) {
        stream->ended = true;
        return false;
    }
    stream->due_ms = 0;
    if (self->speed > 0 && id.ms <= READER_ARRIVAL_MAX && !reader_is_due (self, (int64_t) id.ms)) {
        stream->due_ms = (int64_t) id.ms;
        return false;
    }
    return true;
}

/* ---- entries ---- */

static void enter_stream (redis_reader_t *self, const redis_request_t *request, uint32_t k)
{
    /* The flow may have been told meanwhile that ids went backwards: then this is not what it wants next. */
    entry_id_t position = flow_position (self->flow, stream_of (self, request, k)->number);
    self->k = k;
    self->skips = entry_id_compare (position, request->after[k]) != 0;
}

static void pass_row (redis_reader_t *self, redis_request_t *request, const redis_entry_t *entry)
{
    redis_stream_t *stream = stream_of (self, request, entry->k);
    if (entry->k != self->k) {
        enter_stream (self, request, entry->k);
    }
    request->seen[entry->k]++;
    self->skips = self->skips || (self->is_replay && !may_replay (self, stream, entry->id));
    if (self->skips) {
        return;
    }
    request->last[entry->k] = entry->id;
    redis_streams_count (self->streams, request->rows[entry->k], entry);
    if (entry->reason == REDIS_GOOD) {
        flow_entry (self->flow, stream->number, entry->id, entry->symbol, &entry->candle);
    } else {
        flow_skip (self->flow, stream->number, entry->id);
    }
    self->found++;
}

/* The stream's part of a whole reply is passed on: what follows from it. */
static void finish_stream (redis_reader_t *self, const redis_request_t *request, uint32_t k)
{
    redis_stream_t *stream = stream_of (self, request, k);
    entry_id_t last = request->last[k];
    bool cut = request->seen[k] == request->each, any = request->seen[k] > 0;
    if (entry_id_compare (flow_position (self->flow, stream->number), last) != 0) {
        return; /* it was told to go elsewhere */
    }
    int64_t clock_ms = any && last.ms <= READER_ARRIVAL_MAX ? (int64_t) last.ms : 0;
    if (self->is_replay) {
        bool all = !cut && stream->due_ms == 0;
        stream->ended = stream->ended || all || entry_id_compare (last, stream->end) >= 0;
        clock_ms = entry_id_compare (last, request->after[k]) > 0 ? clock_ms : 0;
    } else if (!cut && self->time_known && self->time_ms > clock_ms) {
        clock_ms = self->time_ms;
    }
    if (clock_ms > 0) {
        flow_clock (self->flow, stream->number, clock_ms);
    }
    if (cut && stream->due_ms == 0 && !stream->ended) {
        self->cut = true;
        if (!self->is_replay && !(self->blocks && request->count > READER_FEW)) {
            reader_push_rest (self, request->rows[k]); /* (many: a sweep follows in any case) */
        }
    }
}

static void measure (redis_reader_t *self, const redis_request_t *request)
{
    int64_t last_ms = 0;
    if (request->count > 0 && self->k < request->count) {
        entry_id_t last = request->last[self->k];
        last_ms = last.ms <= READER_ARRIVAL_MAX ? (int64_t) last.ms : 0;
    }
    self->caught_up = self->caught_up && !self->cut;
    if (!self->caught_up && last_ms > 0 && self->time_ms > last_ms) {
        self->lag_ms = self->time_ms - last_ms;
    }
}

void reader_release (redis_reader_t *self, const redis_request_t *request)
{
    for (uint32_t k = 0; k < request->count; k++) {
        stream_of (self, request, k)->asked = false;
    }
}

/* An entry that no buffer of ours holds: passed over, or we would ask for it for ever. */
static void skip_giant (redis_reader_t *self, const redis_request_t *request)
{
    redis_entry_t entry = {.id = self->giant, .k = self->giant_k, .reason = REDIS_TOO_LARGE};
    const redis_stream_t *stream = stream_of (self, request, self->giant_k);
    entry_id_t position = flow_position (self->flow, stream->number);
    if (entry_id_compare (position, request->last[self->giant_k]) == 0) {
        redis_streams_count (self->streams, request->rows[self->giant_k], &entry);
        flow_skip (self->flow, stream->number, self->giant);
    }
}

static void finish (redis_reader_t *self)
{
    redis_request_t *request = reader_head (self);
    reader_release (self, request);
    for (uint32_t k = 0; k < request->count && !self->partial; k++) {
        finish_stream (self, request, k);
    }
    if (self->has_giant) {
        skip_giant (self, request);
    }
    measure (self, request);
    bool woke = self->blocks && request->count > READER_FEW && self->found > 0;
    reader_pop (self);
    if (woke) {
        self->cycling = false; /* with one stream's entries: the others are swept at once */
        self->waits_next = false;
    } else {
        reader_note_cycle (self);
    }
}

/* Passes on some of the reply's entries. False: there is no room for more now. */
bool reader_pass_some (redis_reader_t *self)
{
    redis_request_t *request = reader_head (self);
    size_t count;
    const redis_entry_t *rows = redis_entries_rows (self->entries, &count);
    flow_stamp (self->flow, self->read_us);
    for (size_t end = self->row + SLICE; self->row < count && self->row < end;) {
        if (!flow_has_room (self->flow)) {
            return false;
        }
        for (size_t i = 0; i < ROOM && self->row < count; i++) {
            pass_row (self, request, &rows[self->row++]);
        }
    }
    if (self->row == count) {
        finish (self);
    }
    return true;
}

void reader_begin_passing (redis_reader_t *self)
{
    self->stage = PASSING;
    self->read_us = wall_now_us ();
    self->row = 0;
    self->k = UINT32_MAX;
}
