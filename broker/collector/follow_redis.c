/* Each row once, whatever dies and when:
 *
 *     IDLE --> LOOKS: WATCH cursors, streams; GET cursors; TYPE streams
 *       ^        |  our journal's, and once claimed with our token
 *       |        v
 *       |      WRITES: MULTI; XADD*; SET cursors (journal, our token, last row); EXEC
 *       |        |
 *       +--------+--- done: the rows are there and the cursors say so
 *                +--- nil: somebody wrote a cursor or a stream between: look again
 *                +--- lost before the answer: look again on the next connection, which knows
 *
 * Rows and cursors change in one step, so a cursor is always true. Whoever connects first claims the
 * cursors, by writing them with a token of its own: an EXEC of an older connection that is still under
 * way has come before, and is seen, or fails, because what it WATCHes has changed. Who finds another's
 * token was replaced, and begins anew.
 *
 * What a command inside EXEC may say must be known before, because Redis goes on behind an error: the
 * types are looked at under WATCH; no memory, a replica, missing rights are said when it is queued.
 */
#include "follow_redis.h"

#include "log.h"
#include "memory.h"
#include "sink_streams.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MS 1000
#define TURNS   8
#define CURSOR_LAG                                                                                 \
    1000 /* rows that the journal's copy of the cursor, for forgetting, may stay behind */

typedef enum { IDLE, LOOKS, WRITES } stage_t;

typedef struct {
    journal_t *journal;
    const char *text;
    const run_t *run;
    redis_t *redis;
    fault_t fault;
    sink_streams_t streams;
    layout_t *layouts; /* one a scan */
    char token[SINK_REDIS_TOKEN + 1];
    uint64_t life; /* of the connection that stage, token and claim belong to */
    bool claimed;
    bool foreign; /* a cursor is not ours to move */
    stage_t stage;
    size_t answers, expected;   /* replies of this stage: seen, all */
    char why[SINK_STREAMS_WHY]; /* the first thing that cannot be gone on with; "" */
    uint64_t row;               /* every stream has the rows up to here */
    char *cursor;               /* in the journal, a copy for forgetting */
    uint64_t noted;             /* what that says */
} redis_sink_t;

/* ---- commands ---- */

static void enter (redis_sink_t *self, stage_t stage)
{
    self->stage = stage;
    self->answers = self->expected = 0;
    self->why[0] = '\0';
}

static void look (redis_sink_t *self)
{
    enter (self, LOOKS);
    self->expected = sink_streams_look (&self->streams, self->redis);
}

static void send_word (redis_sink_t *self, const char *word)
{
    redis_command (self->redis, 1, &word, NULL);
    self->expected++;
}

static void send_rows (redis_sink_t *self, const feed_t *feed)
{
    for (size_t i = 0; i < feed->count; i++) {
        const journal_row_t *row = &feed->rows[i];
        const sink_stream_t *stream = sink_streams_of (&self->streams, &row->hit);
        if (row->row > stream->row) {
            sink_redis_add (self->redis, stream->name, &self->layouts[row->hit.scan], row,
                            self->run->all_hits);
            self->expected++;
        }
    }
}

/* Sends what the feed has behind the streams' rows; nothing but the claim when it has nothing. */
static void write_stretch (redis_sink_t *self, feed_t *feed)
{
    int more = feed_read (feed, self->row);
    if (more < 0) {
        snprintf (self->why, sizeof self->why, "the journal cannot be read");
        return;
    }
    enter (self, WRITES);
    send_word (self, "MULTI");
    if (more > 0) {
        send_rows (self, feed);
    }
    self->expected += sink_streams_move (&self->streams, self->redis, self->token,
                                         more > 0 ? feed->last : self->row);
    send_word (self, "EXEC");
}

/* ---- answers ---- */

static void take_look (redis_sink_t *self, size_t index, const redisReply *reply)
{
    char why[SINK_STREAMS_WHY] = "";
    sink_streams_verdict_t verdict =
        sink_streams_take (&self->streams, index, reply, self->claimed ? self->token : NULL, why);
    if (verdict == SINK_STREAMS_TAKEN) {
        redis_give_up (self->redis, "another process with a copy of this --state writes there too");
    }
    self->foreign = self->foreign || verdict == SINK_STREAMS_FOREIGN;
    if (!self->why[0]) {
        memcpy (self->why, why, sizeof why);
    }
}

/* An error inside EXEC comes when the rest is done: those hits are lost to the stream. What we know of
 * was looked for before. */
static void check_results (redis_sink_t *self, const redisReply *reply)
{
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) {
            log_error ("%s: hits up to row %" PRIu64 " were refused: %s", self->text,
                       self->streams.items[0].writing, reply->element[i]->str);
            return;
        }
    }
}

static void note (redis_sink_t *self)
{
    if (self->row - self->noted >= CURSOR_LAG &&
        journal_move_cursor (self->journal, self->cursor, self->row, "") == 0) {
        self->noted = self->row;
    }
}

static void take_exec (redis_sink_t *self, const redisReply *reply)
{
    enter (self, IDLE);
    if (reply->type != REDIS_REPLY_ARRAY) {
        return;
    }
    check_results (self, reply);
    self->claimed = true;
    sink_streams_moved (&self->streams);
    self->row = sink_streams_row (&self->streams);
    note (self);
    fault_clear (&self->fault, self->text);
}

static void take_reply (redis_sink_t *self, const redisReply *reply, feed_t *feed)
{
    size_t index = self->answers++;
    if (reply->type == REDIS_REPLY_ERROR) {
        if (!self->why[0]) {
            snprintf (self->why, sizeof self->why, "Redis: %s", reply->str);
        }
    } else if (self->stage == LOOKS) {
        take_look (self, index, reply);
    }
    if (self->answers < self->expected || self->why[0]) {
        return;
    }
    if (self->stage == WRITES) {
        take_exec (self, reply);
    } else if (self->stage == LOOKS) {
        self->row = sink_streams_row (&self->streams);
        write_stretch (self, feed);
    }
}

/* Takes replies while there are any. What cannot be gone on with ends the stage when all its replies
 * are here. */
static void take_replies (redis_sink_t *self, feed_t *feed, int64_t now_ms)
{
    redisReply *reply;
    while (redis_state (self->redis) == REDIS_UP && (reply = redis_reply (self->redis))) {
        take_reply (self, reply, feed);
        freeReplyObject (reply);
        if (self->why[0] && self->answers == self->expected) {
            fault_set (&self->fault, "%s: %s", self->text, self->why);
            fault_wait (&self->fault, now_ms);
            enter (self, IDLE);
        }
    }
}

/* ---- the part ---- */

/* A new connection knows nothing of the old one's. */
static bool is_up (redis_sink_t *self, int64_t now_ms)
{
    if (redis_turn (self->redis, (mono_t){now_ms * 1000}) != REDIS_UP) {
        enter (self, IDLE);
        return false;
    }
    if (redis_life (self->redis) != self->life) {
        self->life = redis_life (self->redis);
        self->claimed = self->foreign = false;
        sink_redis_draw (self->token);
        enter (self, IDLE);
    }
    return true;
}

static void look_if_due (redis_sink_t *self, int64_t now_ms)
{
    bool wants = !self->claimed || self->row < journal_synced (self->journal);
    bool ready = self->stage == IDLE && redis_state (self->redis) == REDIS_UP;
    if (ready && wants && fault_is_due (&self->fault, now_ms)) {
        look (self);
    }
}

/* A server that is near answers while we look: a stretch is two questions and answers. */
static bool redis_step (void *handle, feed_t *feed, int64_t now_ms)
{
    redis_sink_t *self = handle;
    for (int i = 0; i < TURNS && is_up (self, now_ms); i++) {
        take_replies (self, feed, now_ms);
        look_if_due (self, now_ms);
        if (redis_unsent (self->redis) == 0) {
            break;
        }
    }
    return false;
}

static int redis_poll (const void *handle, short *events)
{
    const redis_sink_t *self = handle;
    return redis_fd (self->redis, events);
}

static int64_t redis_due (const void *handle, int64_t now_ms)
{
    const redis_sink_t *self = handle;
    int64_t fault = fault_due_ms (&self->fault, now_ms);
    int64_t server = redis_due_ms (self->redis, (mono_t){now_ms * 1000});
    return fault < 0 || (server >= 0 && server < fault) ? server : fault;
}

static uint64_t redis_row (const void *handle)
{
    const redis_sink_t *self = handle;
    return self->row;
}

static bool redis_failing (const void *handle)
{
    const redis_sink_t *self = handle;
    redis_counts_t counts;
    redis_counts (self->redis, &counts);
    bool down = redis_state (self->redis) != REDIS_UP && counts.lost + counts.retries > 0;
    return self->fault.failing || down;
}

static const char *redis_cursor (const void *handle)
{
    const redis_sink_t *self = handle;
    return self->cursor;
}

static void redis_destroy_sink (void *handle)
{
    redis_sink_t *self = handle;
    sink_streams_free (&self->streams);
    for (size_t i = 0; i < self->run->scan_count; i++) {
        layout_free (&self->layouts[i]);
    }
    redis_destroy (&self->redis);
    free (self->layouts);
    free (self->cursor);
    free (self);
}

const follow_t follow_redis = {
    .step = redis_step,
    .poll = redis_poll,
    .due_ms = redis_due,
    .row = redis_row,
    .failing = redis_failing,
    .cursor = redis_cursor,
    .destroy = redis_destroy_sink,
};

/* ---- opening ---- */

static void make_layouts (redis_sink_t *self)
{
    const run_t *run = self->run;
    self->layouts = memory_new (run->scan_count * sizeof *self->layouts);
    for (size_t i = 0; i < run->scan_count; i++) {
        layout_init (&self->layouts[i], &run->scans[i], 1, false);
    }
}

/* Until the cursors are claimed or cannot be, a second at most. */
static void wait_for_claim (redis_sink_t *self, feed_t *feed)
{
    mono_t start = mono_now (), now = start;
    while (mono_ms (start, now) < OPEN_MS) {
        redis_step (self, feed, now.us / 1000);
        if (self->claimed || self->fault.failing || redis_state (self->redis) == REDIS_DOWN) {
            return;
        }
        struct pollfd waits = {0};
        waits.fd = redis_poll (self, &waits.events);
        poll (&waits, 1, (int) (OPEN_MS - mono_ms (start, now)));
        now = mono_now ();
    }
}

void *follow_redis_open (feed_t *feed, const char *text, const follower_config_t *config,
                         bool *usage)
{
    char error[512], mark[JOURNAL_MARK_MAX + 1];
    sink_redis_place_t address;
    if (sink_redis_read (text, &address, error, sizeof error) < 0) {
        log_error ("%s", error);
        sink_redis_place_free (&address);
        *usage = true;
        return NULL;
    }
    redis_sink_t *self = memory_new (sizeof *self);
    self->journal = feed->journal;
    self->text = text;
    self->run = config->run;
    self->redis = sink_redis_connect (&address, config->redis_user, config->redis_password_file);
    self->cursor = memory_format ("redis:%s?stream=%s", address.url, address.stream);
    sink_streams_init (&self->streams, self->journal, text, address.stream, self->run);
    make_layouts (self);
    sink_redis_place_free (&address);
    if (!journal_cursor (self->journal, self->cursor, &self->noted, mark)) {
        journal_move_cursor (self->journal, self->cursor, 0, "");
    }
    self->row = self->noted;
    wait_for_claim (self, feed);
    if (self->foreign) {
        *usage = true;
        redis_destroy_sink (self);
        return NULL;
    }
    return self;
}
