#include "redis_streams.h"

#include "log.h"
#include "memory.h"
#include "redis_patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGGED_MAX  10     /* rejected entries of a run that are logged */
#define STRANGE_MAX 100000 /* names that are refused and remembered; more are passed over */

void redis_streams_init (redis_streams_t *self, flow_t *flow, entry_id_t begin)
{
    *self = (redis_streams_t){.flow = flow, .begin = begin};
}

void redis_streams_free (redis_streams_t *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        free (self->rows[i].name);
    }
    free (self->rows);
    free (self->by_number);
    names_free (&self->names);
    names_free (&self->strange);
    *self = (redis_streams_t){0};
}

/* Every round finds the name again: it is told by what fits of it. */
static void refuse (redis_streams_t *self, const char *name, size_t size)
{
    char text[WIRE_STREAM_MAX + 1];
    uint32_t known = self->strange.count;
    snprintf (text, sizeof text, "%.*s", size < sizeof text ? (int) size : (int) sizeof text, name);
    if (known == STRANGE_MAX || names_add (&self->strange, text) < known) {
        return;
    }
    if (self->refused++ == 0) {
        log_warning ("stream '%.*s'%s is refused: a name has 1 to %d characters, none a control",
                     size < 64 ? (int) size : 64, name, size > 64 ? "..." : "", WIRE_STREAM_MAX);
    }
}

static void note_number (redis_streams_t *self, uint32_t number)
{
    if (number >= self->number_count) {
        uint32_t count = number + number / 2 + 64;
        self->by_number = memory_resize (self->by_number, count, sizeof *self->by_number);
        for (uint32_t i = self->number_count; i < count; i++) {
            self->by_number[i] = REDIS_STREAMS_NONE;
        }
        self->number_count = count;
    }
    self->by_number[number] = self->count;
}

/* Of another broker's part? One that no part has is told once, and counted. */
static bool is_ours (redis_streams_t *self, const char *name, const char *symbol)
{
    cell_t cell = flow_cell (self->flow);
    cell_verdict_t verdict = cell_stream (cell, name, symbol);
    if (verdict == CELL_MIXED && self->strange.count < STRANGE_MAX) {
        uint32_t known = self->strange.count;
        if (names_add (&self->strange, name) == known && self->refused++ == 0) {
            log_error ("stream '%.64s' is refused: with --partition I/%u a stream that symbols "
                       "share is called "
                       "NAME:J/M, holds those whose shard mod M is J, and %u divides M",
                       name, cell.count, cell.count);
        }
    }
    return verdict == CELL_OURS;
}

void redis_streams_add (redis_streams_t *self, const char *name, size_t size, const char *symbol)
{
    char text[WIRE_STREAM_MAX + 1];
    uint32_t known = self->names.count;
    if (!redis_stream_valid (name, size)) {
        refuse (self, name, size);
        return;
    }
    snprintf (text, sizeof text, "%.*s", (int) size, name);
    if (!is_ours (self, text, symbol)) {
        return;
    }
    if (known - self->count >= STRANGE_MAX || names_add (&self->names, text) < known) {
        return;
    }
    long number = flow_add_stream (self->flow, text, symbol, self->begin);
    if (number < 0) {
        return; /* the flow has counted and said it */
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity * 2 + 64;
        self->rows = memory_resize (self->rows, self->capacity, sizeof *self->rows);
    }
    note_number (self, (uint32_t) number);
    self->rows[self->count++] =
        (redis_stream_t){.name = memory_text (text), .number = (uint32_t) number};
}

uint32_t redis_streams_row (const redis_streams_t *self, uint32_t number)
{
    return number < self->number_count ? self->by_number[number] : REDIS_STREAMS_NONE;
}

void redis_streams_count (redis_streams_t *self, uint32_t row, const redis_entry_t *entry)
{
    self->entries++;
    if (entry->reason == REDIS_GOOD) {
        return;
    }
    self->rejected++;
    if (self->logged < LOGGED_MAX) {
        char id[ENTRY_ID_TEXT], reason[REDIS_REASON_TEXT];
        log_warning ("%s %s: %s", self->rows[row].name, entry_id_format (entry->id, id),
                     redis_entry_reason (entry, reason));
        if (++self->logged == LOGGED_MAX) {
            log_warning ("entries that are rejected from here on are counted only");
        }
    }
}

void redis_streams_refused (redis_streams_t *self, redis_user_t user, const char *error)
{
    static const char *const what[REDIS_USERS] = {
        "to let us read streams", "to let us read streams again", "to let us look at streams"};
    char *refusal = self->refusals[user];
    size_t size = strcspn (error, " ");
    self->retries++;
    if (strlen (refusal) == size && strncmp (refusal, error, size) == 0) {
        return;
    }
    snprintf (refusal, sizeof self->refusals[user], "%.*s", (int) (size < 63 ? size : 63), error);
    log_error ("Redis refuses %s: %s%s; trying again", what[user], error,
               strncmp (error, "NO", 2) == 0
                   ? " (our user needs XREAD XINFO SCAN TIME SELECT PING, and to read the streams)"
                   : "");
}

void redis_streams_taken (redis_streams_t *self, redis_user_t user)
{
    self->refusals[user][0] = '\0';
}
