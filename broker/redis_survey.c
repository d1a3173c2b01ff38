#include "redis_survey.h"

#include "log.h"
#include "memory.h"
#include "redis_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT        ((size_t) 32 << 20)
#define SLICE        100 /* streams that are looked at together */
#define KEYS         "1000"
#define SCAN_MS      2000
#define LOOK_MS      500 /* what is wrong with a stream is to be said within a second */
#define LOOK_LAST_MS 3000
#define ROUND_MS     4000 /* a round of many streams takes about so long */
#define PAUSE        50   /* times what a slice took, */
#define PAUSE_LEAST  10   /* at least */
#define REFUSED_MS   50
#define REFUSED_MAX  5000
#define HEAVY_ROUNDS                                                                               \
    64 /* a stream whose look took too much is looked at in one of so many rounds */

typedef enum { NOTHING, SCANNING, LOOKING } task_t;

struct redis_survey {
    redis_streams_t *streams;
    const redis_patterns_t *patterns;
    redis_t *redis;
    bool once;
    uint64_t life;
    mono_t now;
    task_t task, last; /* under way; before it */
    mono_t began;      /* it */
    mono_t pause_until;
    int64_t refused_ms;

    bool found;     /* every pattern was searched once */
    bool scans;     /* a round is under way */
    size_t pattern; /* where it is */
    char cursor[32];
    mono_t scan_at; /* the next round */

    redis_info_t info;
    bool looks; /* a round is under way */
    uint64_t rounds;
    uint32_t next; /* the next stream to be asked for */
    uint32_t asked[SLICE], asked_count, answered;
    entry_id_t asked_at[SLICE];     /* where the main reader was when it was asked */
    char refusal[REDIS_INFO_ERROR]; /* of one of them, or "" */
    mono_t look_at, looked;         /* the next round; the last one was begun */
    uint64_t wanted, doing, done;   /* looks at all: asked for, under way, done */
};

redis_survey_t *redis_survey_new (redis_streams_t *streams, const redis_patterns_t *patterns,
                                  redis_t *redis, bool once)
{
    redis_survey_t *self = memory_new (sizeof *self);
    self->streams = streams;
    self->patterns = patterns;
    self->redis = redis;
    self->once = once;
    self->refused_ms = REFUSED_MS;
    self->wanted = 1;
    redis_set_limit (redis, LIMIT);
    for (size_t i = 0; i < patterns->count; i++) {
        const redis_pattern_t *one = &patterns->patterns[i];
        if (one->is_name) {
            redis_streams_add (streams, one->text, strlen (one->text), NULL);
        }
    }
    return self;
}

void redis_survey_destroy (redis_survey_t **self)
{
    free (*self);
    *self = NULL;
}

void redis_survey_ask (redis_survey_t *self)
{
    self->wanted++;
}

bool redis_survey_is_ready (const redis_survey_t *self)
{
    return self->found && self->done == self->wanted;
}

static mono_t after_ms (mono_t from, int64_t ms)
{
    return (mono_t){from.us + ms * 1000};
}

static bool is_past (const redis_survey_t *self, mono_t when)
{
    return self->now.us >= when.us;
}

/* ---- pauses ---- */

static void rest (redis_survey_t *self)
{
    int64_t took_us = self->now.us - self->began.us;
    int64_t slices = self->streams->count / SLICE + 1;
    int64_t share_us = ROUND_MS * 1000 / slices;
    int64_t pause_us = share_us > PAUSE_LEAST * took_us ? share_us : PAUSE_LEAST * took_us;
    pause_us = pause_us < PAUSE * took_us ? pause_us : PAUSE * took_us;
    self->pause_until = (mono_t){self->now.us + pause_us};
    self->task = NOTHING;
    self->refused_ms = REFUSED_MS;
    redis_streams_taken (self->streams, REDIS_SURVEY);
}

static void refused (redis_survey_t *self, const char *error)
{
    redis_streams_refused (self->streams, REDIS_SURVEY, error);
    self->pause_until = after_ms (self->now, self->refused_ms);
    self->refused_ms = self->refused_ms * 2 < REFUSED_MAX ? self->refused_ms * 2 : REFUSED_MAX;
    self->task = NOTHING;
    self->scans = self->looks = false;
}

/* ---- searching ---- */

static void skip_names (redis_survey_t *self)
{
    const redis_patterns_t *patterns = self->patterns;
    while (self->pattern < patterns->count && patterns->patterns[self->pattern].is_name) {
        self->pattern++;
    }
    if (self->pattern == patterns->count) {
        self->found = true;
        self->scans = false;
        self->scan_at = after_ms (self->now, SCAN_MS);
    }
}

static void begin_scan (redis_survey_t *self)
{
    self->scans = true;
    self->pattern = 0;
    strcpy (self->cursor, "0");
    skip_names (self);
}

static void send_scan (redis_survey_t *self)
{
    redis_set_functions (self->redis, NULL, NULL);
    const char *pattern = self->patterns->patterns[self->pattern].text;
    redis_command (
        self->redis, 8,
        (const char *[]){"SCAN", self->cursor, "MATCH", pattern, "COUNT", KEYS, "TYPE", "stream"},
        NULL);
    self->task = self->last = SCANNING;
    self->began = self->now;
}

static void take_names (redis_survey_t *self, const redisReply *names)
{
    const redis_pattern_t *pattern = &self->patterns->patterns[self->pattern];
    for (size_t i = 0; i < names->elements; i++) {
        const redisReply *name = names->element[i];
        if (name->type == REDIS_REPLY_STRING) {
            char symbol[SYMBOL_MAX + 1];
            redis_streams_add (self->streams, name->str, name->len,
                               redis_pattern_symbol (pattern, name->str, symbol));
        }
    }
}

static void take_scan (redis_survey_t *self, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR) {
        refused (self, reply->str);
        return;
    }
    const redisReply *cursor = reply->elements == 2 ? reply->element[0] : NULL;
    if (!cursor || cursor->type != REDIS_REPLY_STRING || cursor->len >= sizeof self->cursor ||
        reply->element[1]->type != REDIS_REPLY_ARRAY) {
        redis_give_up (self->redis, "an answer to SCAN that is none");
        return;
    }
    memcpy (self->cursor, cursor->str, cursor->len + 1);
    take_names (self, reply->element[1]);
    if (strcmp (self->cursor, "0") == 0) {
        self->pattern++;
        skip_names (self);
    }
    rest (self);
}

/* ---- looking ---- */

static void begin_looks (redis_survey_t *self)
{
    for (uint32_t i = 0; self->doing != self->wanted && i < self->streams->count; i++) {
        self->streams->rows[i].heavy = false; /* each is looked at once for each ask */
    }
    self->looks = true;
    self->next = 0;
    self->doing = self->wanted;
    self->looked = self->now;
    self->rounds++;
}

static void end_looks (redis_survey_t *self)
{
    self->looks = false;
    self->done = self->doing;
    self->look_at = after_ms (self->looked, LOOK_MS);
}

static void send_looks (redis_survey_t *self)
{
    self->info = (redis_info_t){0};
    redis_set_functions (self->redis, redis_info_functions (), &self->info);
    self->asked_count = self->answered = 0;
    self->refusal[0] = '\0';
    for (; self->next < self->streams->count && self->asked_count < SLICE; self->next++) {
        const redis_stream_t *stream = &self->streams->rows[self->next];
        if (!stream->heavy || self->rounds % HEAVY_ROUNDS == 0) {
            redis_command (self->redis, 3, (const char *[]){"XINFO", "STREAM", stream->name}, NULL);
            self->asked_at[self->asked_count] = flow_position (self->streams->flow, stream->number);
            self->asked[self->asked_count++] = self->next;
        }
    }
    if (self->asked_count == 0) {
        end_looks (self);
        return;
    }
    self->task = self->last = LOOKING;
    self->began = self->now;
}

static void set_end (redis_stream_t *stream, bool exists, entry_id_t newest, entry_id_t position)
{
    stream->has_end = true;
    stream->end = newest;
    stream->ended = !exists || entry_id_compare (newest, position) <= 0;
}

/* What was found of the stream. */
static void look (redis_survey_t *self, redis_stream_t *stream, bool exists, entry_id_t oldest,
                  entry_id_t newest)
{
    flow_t *flow = self->streams->flow;
    entry_id_t position = flow_position (flow, stream->number);
    stream->wrong = stream->wrong_said = false;
    if (self->once && !stream->has_end) {
        set_end (stream, exists, newest, position);
    }
    /* Nothing was read of it, and it has nothing since `begin`: no ids went backwards. */
    if (entry_id_compare (position, self->streams->begin) == 0 &&
        entry_id_compare (newest, position) < 0) {
        newest = position;
    }
    /* The main reader went past the answer while that was on its way: there is more than it says. */
    if (entry_id_compare (position, self->asked_at[self->answered - 1]) != 0 &&
        entry_id_compare (newest, position) < 0) {
        if (!exists) {
            return;
        }
        newest = position;
    }
    flow_look (flow, stream->number, exists, oldest, newest);
}

static void look_at_wrong (redis_survey_t *self, redis_stream_t *stream)
{
    stream->wrong = true;
    if (!stream->wrong_said) {
        log_warning ("%s is no stream: not read until it is one", stream->name);
        self->streams->refused++;
        stream->wrong_said = true;
    }
    flow_look (self->streams->flow, stream->number, false, (entry_id_t){0, 0}, (entry_id_t){0, 0});
}

static void take_look (redis_survey_t *self)
{
    static const entry_id_t none = {0, 0};
    redis_stream_t *stream = &self->streams->rows[self->asked[self->answered++]];
    const redis_info_t *info = &self->info;
    entry_id_t oldest, newest;
    if (strncmp (info->error, "ERR no such key", 15) == 0) {
        look (self, stream, false, none, none);
    } else if (strncmp (info->error, "WRONGTYPE", 9) == 0) {
        look_at_wrong (self, stream);
    } else if (info->error[0]) {
        memcpy (self->refusal, info->error, sizeof self->refusal);
    } else if (redis_info_ids (info, &oldest, &newest)) {
        stream->heavy = false;
        look (self, stream, true, oldest, newest);
    }
    self->info = (redis_info_t){0};
}

static void end_slice (redis_survey_t *self)
{
    if (self->refusal[0]) {
        refused (self, self->refusal);
        return;
    }
    rest (self);
    if (self->next >= self->streams->count) {
        end_looks (self);
    }
}

static void take_looks (redis_survey_t *self)
{
    while (self->task == LOOKING && redis_reply (self->redis)) {
        take_look (self);
        if (self->answered == self->asked_count) {
            end_slice (self);
        }
    }
}

/* ---- the connection ---- */

/* An entry at an end of the stream is larger than what may be held: what came before it counts. */
static void note_giant (redis_survey_t *self)
{
    redis_counts_t counts;
    redis_counts (self->redis, &counts);
    if (self->task == LOOKING && counts.too_large && self->answered < self->asked_count) {
        self->streams->rows[self->asked[self->answered]].heavy = true;
        take_look (self);
        self->streams->rows[self->asked[self->answered - 1]].heavy = true;
    }
}

static void note_connection (redis_survey_t *self)
{
    bool up = redis_state (self->redis) == REDIS_UP;
    uint64_t life = up ? redis_life (self->redis) : 0;
    if (life == self->life) {
        return;
    }
    if (self->life != 0) {
        note_giant (self);
    }
    self->life = life;
    self->task = NOTHING;
    self->scans = self->looks = false;
}

/* ---- what is due ---- */

static bool is_urgent (const redis_survey_t *self)
{
    return !redis_survey_is_ready (self);
}

static bool are_looks_due (const redis_survey_t *self)
{
    if (self->done != self->wanted) {
        return self->found;
    }
    return !self->once && (self->looks || is_past (self, self->look_at));
}

static bool is_scan_due (const redis_survey_t *self)
{
    return !self->found || (!self->once && (self->scans || is_past (self, self->scan_at)));
}

/* Looks that are not needed at once make room. */
static void put_off (redis_survey_t *self)
{
    mono_t last = after_ms (self->looked, LOOK_LAST_MS);
    if (!self->looks && is_past (self, self->look_at)) {
        self->look_at = last;
    }
}

static void begin_next (redis_survey_t *self)
{
    bool look = are_looks_due (self), scan = is_scan_due (self);
    if (look && scan) {
        look = self->done != self->wanted || self->last == SCANNING;
        scan = !look;
    }
    if (scan) {
        if (!self->scans) {
            begin_scan (self);
        }
        if (self->scans) {
            send_scan (self);
        }
    } else if (look) {
        if (!self->looks || (self->done != self->wanted && self->doing != self->wanted)) {
            begin_looks (self);
        }
        send_looks (self);
    }
}

bool redis_survey_turn (redis_survey_t *self, bool hard, mono_t now)
{
    self->now = now;
    redis_turn (self->redis, now);
    note_connection (self);
    task_t was = self->task;
    if (self->task == SCANNING) {
        redisReply *reply = redis_reply (self->redis);
        if (reply) {
            take_scan (self, reply);
            freeReplyObject (reply);
        }
    } else if (self->task == LOOKING) {
        take_looks (self);
    }
    note_connection (self);
    if (hard) {
        put_off (self);
    }
    if (self->life != 0 && self->task == NOTHING &&
        (is_past (self, self->pause_until) ||
         (is_urgent (self) && self->refused_ms == REFUSED_MS))) {
        begin_next (self);
        redis_flush (self->redis);
    }
    return was != NOTHING && self->task != was;
}

int64_t redis_survey_due_ms (const redis_survey_t *self, mono_t now)
{
    if (self->life == 0 || self->task != NOTHING || (self->once && !is_urgent (self))) {
        return -1;
    }
    mono_t due = self->look_at.us < self->scan_at.us ? self->look_at : self->scan_at;
    if (is_urgent (self) || self->scans || self->looks) {
        due = now;
    }
    if (due.us < self->pause_until.us && !(is_urgent (self) && self->refused_ms == REFUSED_MS)) {
        due = self->pause_until;
    }
    return due.us > now.us ? (due.us - now.us + 999) / 1000 : 0;
}
