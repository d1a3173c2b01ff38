#include "follower.h"

#include "follow.h"
#include "follow_redis.h"
#include "log.h"
#include "memory.h"
#include "sink_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_POLL_MS 50 /* streams beyond the one that poll waits for are looked at so often */

typedef struct {
    const follow_t *kind;
    void *handle;
} part_t;

struct follower {
    journal_t *journal;
    const char *text;
    feed_t feed;
    size_t part_count;
    part_t *parts;
};

/* ---- files of a sink ---- */

long follow_scan (const follow_file_t *self, const hit_t *hit)
{
    if (self->one_scan) {
        return hit->scan == self->scan ? 0 : -1;
    }
    return hit->scan;
}

void follow_file_free (follow_file_t *self)
{
    free (self->path);
    free (self->cursor);
    *self = (follow_file_t){0};
}

/* A file keeps its cursor however its path is written, and from wherever. */
static char *name_cursor (const sink_kind_t *kind, const char *path)
{
    char *identity = sink_path_identity (path);
    char *name = memory_format ("%s:%s", kind->name, identity);
    free (identity);
    return name;
}

static int open_file (follower_t *self, const sink_kind_t *kind, const char *path,
                      const sink_run_t *run, size_t index, bool *usage)
{
    follow_file_t target = {.backend = kind->live, .one_scan = sink_path_is_per_scan (path)};
    target.scan = (uint32_t) index;
    sink_kind_file (path, run, index, &target.path, &target.file);
    target.cursor = name_cursor (kind, target.path);
    part_t *part = &self->parts[self->part_count];
    if (sink_path_is_straight (target.path)) {
        part->kind = &follow_stream;
        part->handle = follow_stream_open (&self->feed, &target);
    } else {
        part->kind = &follow_file;
        part->handle = follow_file_open (&self->feed, &target, usage);
    }
    self->part_count += part->handle != NULL;
    return part->handle ? 0 : -1;
}

static int open_files (follower_t *self, const sink_kind_t *kind, const char *path,
                       const follower_config_t *config, bool *usage)
{
    sink_run_t run = {config->run->scans, config->run->scan_count};
    size_t count = sink_kind_files (path, &run);
    self->parts = memory_new (count * sizeof *self->parts);
    for (size_t i = 0; i < count; i++) {
        if (open_file (self, kind, path, &run, i, usage) < 0) {
            return -1;
        }
    }
    return 0;
}

static int open_redis (follower_t *self, const follower_config_t *config, bool *usage)
{
    self->parts = memory_new (sizeof *self->parts);
    self->parts->kind = &follow_redis;
    self->parts->handle = follow_redis_open (&self->feed, self->text, config, usage);
    self->part_count = self->parts->handle != NULL;
    return self->parts->handle ? 0 : -1;
}

follower_t *follower_open (journal_t *journal, const char *text, const follower_config_t *config,
                           bool *usage)
{
    char error[512];
    const char *path;
    *usage = false;
    const sink_kind_t *kind = sink_kind_split (text, SINK_LIVE, &path, error, sizeof error);
    if (!kind) {
        log_error ("%s", error);
        *usage = true;
        return NULL;
    }
    follower_t *self = memory_new (sizeof *self);
    self->journal = journal;
    self->text = text;
    feed_init (&self->feed, journal, text);
    int rc = kind->live ? open_files (self, kind, path, config, usage)
                        : open_redis (self, config, usage);
    if (rc < 0) {
        follower_destroy (&self);
    }
    return self;
}

void follower_destroy (follower_t **self_p)
{
    follower_t *self = *self_p;
    if (!self) {
        return;
    }
    for (size_t i = 0; i < self->part_count; i++) {
        self->parts[i].kind->destroy (self->parts[i].handle);
    }
    feed_free (&self->feed);
    free (self->parts);
    free (self);
    *self_p = NULL;
}

/* ---- following ---- */

/* Every part has its turn, so that none waits for another that has much to do. */
bool follower_step (follower_t *self, int64_t now_ms)
{
    bool more = false;
    for (size_t i = 0; i < self->part_count; i++) {
        const part_t *part = &self->parts[i];
        more = part->kind->step (part->handle, &self->feed, now_ms) || more;
    }
    return more;
}

/* The first part from `*index` on that waits for a descriptor; -1 when there is none. */
static int waiting (const follower_t *self, size_t *index, short *events)
{
    for (; *index < self->part_count; ++*index) {
        const part_t *part = &self->parts[*index];
        int fd = part->kind->poll ? part->kind->poll (part->handle, events) : -1;
        if (fd >= 0) {
            return fd;
        }
    }
    return -1;
}

int follower_poll (const follower_t *self, short *events)
{
    size_t index = 0;
    return waiting (self, &index, events);
}

static int64_t sooner (int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t follower_due_ms (const follower_t *self, int64_t now_ms)
{
    int64_t due = -1;
    short events;
    size_t index = 0;
    for (size_t i = 0; i < self->part_count; i++) {
        const part_t *part = &self->parts[i];
        due = sooner (due, part->kind->due_ms ? part->kind->due_ms (part->handle, now_ms) : -1);
    }
    if (waiting (self, &index, &events) >= 0 && (++index, waiting (self, &index, &events) >= 0)) {
        due = sooner (due, STREAM_POLL_MS);
    }
    return due;
}

/* Of all that is committed: what is not synced yet it does not get yet, and lacks all the same. */
static uint64_t behind (const follower_t *self)
{
    uint64_t last = journal_rows (self->journal), row = last;
    for (size_t i = 0; i < self->part_count; i++) {
        uint64_t has = self->parts[i].kind->row (self->parts[i].handle);
        row = has < row ? has : row;
    }
    return last - row;
}

bool follower_is_even (const follower_t *self)
{
    return behind (self) == 0;
}

void follower_state (const follower_t *self, wire_sink_state_t *state)
{
    *state = (wire_sink_state_t){.behind = behind (self)};
    snprintf (state->name, sizeof state->name, "%s", self->text);
    for (size_t i = 0; i < self->part_count; i++) {
        state->failing = state->failing || self->parts[i].kind->failing (self->parts[i].handle);
    }
}

const char *follower_cursor (const follower_t *self, size_t index)
{
    for (size_t i = 0; i < self->part_count; i++) {
        const char *name = self->parts[i].kind->cursor (self->parts[i].handle);
        if (name && index-- == 0) {
            return name;
        }
    }
    return NULL;
}
