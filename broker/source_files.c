/* Replay of 1-minute candle files: each symbol of the market is a stream `file:SYMBOL`, an entry's id
 * is (candle start + 60 s, 0).
 *
 *   speed max   week by week, in each symbol by symbol: file --> flow_entry, as long as flow_has_room
 *   Nx          files --> window of some minutes of all symbols --> by time, when the replay's clock gets
 *               to their arrival; meanwhile the next window is filled. Times without any candle for more than
 *               GAP_MS (nights, weekends) are skipped.
 *   again       what the flow asks for: its streams one by one, from files read once more
 *
 * Entries are passed in each symbol's own order, from the flow's position on: a journal that knows an
 * open date before the range is read from there. What is read again ends at the main position.
 *
 * Memory: one week of one symbol, twice; at Nx two windows, which get shorter the more symbols there
 * are: 10,000 symbols have an hour in each, at most 34 MB.
 */
#include "source_files_inside.h"

#include <stdio.h>
#include <stdlib.h>

#define SLICE_US    5000 /* work of a turn */
#define WINDOW_ROWS 600000
#define WINDOW_MIN  5
#define WINDOW_MAX  1440

int64_t source_files_after (const source_files_t *self, entry_id_t id)
{
    if (id.ms == 0) {
        return exchange_midnight (self->from);
    }
    if (id.ms >= (uint64_t) self->end_ts * 1000) {
        return self->end_ts;
    }
    int64_t ts = (int64_t) (id.ms / 1000) - 60;
    return ts + (entry_id_compare (source_files_id (ts), id) <= 0);
}

static size_t poll_source (void *source, struct pollfd *items)
{
    (void) source;
    (void) items;
    return 0;
}

static int64_t due_ms (const void *source, mono_t now)
{
    const source_files_t *self = source;
    if (self->due.us == 0) {
        return -1;
    }
    int64_t us = self->due.us - now.us;
    return us > 0 ? (us + 999) / 1000 : 0;
}

static bool turn (void *source, bool stop, mono_t now)
{
    source_files_t *self = source;
    int64_t end_us = mono_now ().us + SLICE_US;
    bool more = true;
    self->due.us = 0;
    flow_stamp (self->flow, wall_now_us ());
    while (more && !self->failed && mono_now ().us < end_us) {
        more = source_files_again (self);
        if (!more && !stop && !self->over) {
            more = source_files_pass (self, now);
        }
    }
    return more && !self->failed;
}

static bool is_over (const void *source)
{
    return ((const source_files_t *) source)->over;
}

static bool failed (const void *source)
{
    return ((const source_files_t *) source)->failed;
}

static void get_counts (const void *source, source_counts_t *counts)
{
    const source_files_t *self = source;
    *counts = self->counts;
    counts->connected = true;
    counts->rejected = self->file.rejected_rows + self->file.rejected_files;
    counts->bytes = self->file.bytes + self->again.bytes;
}

static void destroy (void *source)
{
    source_files_t *self = source;
    minute_file_free (&self->file);
    minute_file_free (&self->again);
    minute_window_free (&self->windows[0]);
    minute_window_free (&self->windows[1]);
    free (self->feeds);
    free (self->feed_of);
    free (self);
}

static const source_kind_t kind = {.poll = poll_source,
                                   .due_ms = due_ms,
                                   .turn = turn,
                                   .is_over = is_over,
                                   .failed = failed,
                                   .counts = get_counts,
                                   .destroy = destroy};

/* Makes the symbol's stream, read from where the flow is, or the range's beginning. */
static void add_feed (source_files_t *self, size_t symbol)
{
    char name[SYMBOL_MAX + 8];
    feed_t *feed = &self->feeds[symbol];
    entry_id_t begin = entry_id_before (source_files_id (exchange_midnight (self->from)));
    snprintf (name, sizeof name, "file:%s", market_symbol (self->market, symbol));
    *feed = (feed_t){
        .stream = SOURCE_FILES_NO_STREAM, .reported = DAY_NONE, .next_ts = SOURCE_FILES_NEVER};
    if (!flow_wants (self->flow, market_symbol (self->market, symbol))) {
        return;
    }
    long stream = flow_add_stream (self->flow, name, market_symbol (self->market, symbol), begin);
    if (stream < 0) {
        self->counts.refused_streams++;
        return;
    }
    feed->stream = (uint32_t) stream;
    int64_t next_ts = source_files_after (self, flow_position (self->flow, feed->stream));
    feed->next_ts = next_ts < self->end_ts ? next_ts : SOURCE_FILES_NEVER;
}

static void add_feeds (source_files_t *self)
{
    self->week = partition_first (FREQUENCY_1MIN, self->from);
    for (size_t i = 0; i < self->count; i++) {
        add_feed (self, i);
        const feed_t *feed = &self->feeds[i];
        if (feed->next_ts != SOURCE_FILES_NEVER && source_files_week (feed->next_ts) < self->week) {
            self->week = source_files_week (feed->next_ts);
        }
    }
    self->stream_count = flow_stream_count (self->flow);
    self->feed_of = memory_resize (NULL, self->stream_count, sizeof *self->feed_of);
    for (uint32_t i = 0; i < self->stream_count; i++) {
        self->feed_of[i] = (uint32_t) self->count;
    }
    for (size_t i = 0; i < self->count; i++) {
        if (self->feeds[i].stream != SOURCE_FILES_NO_STREAM) {
            self->feed_of[self->feeds[i].stream] = (uint32_t) i;
        }
    }
}

int source_files_open (source_t *source, flow_t *flow, const source_files_config_t *config,
                       char *error, size_t error_size)
{
    if (config->to < config->from) {
        snprintf (error, error_size, "the last day is before the first");
        return -1;
    }
    source_files_t *self = memory_new (sizeof *self);
    self->flow = flow;
    self->market = config->market;
    self->from = config->from;
    self->to = config->to;
    self->speed = config->speed;
    self->end_ts = exchange_midnight (config->to + 1);
    self->count = market_symbol_count (config->market);
    self->feeds = memory_new (self->count * sizeof *self->feeds);
    minute_file_init (&self->file, config->market);
    minute_file_init (&self->again, config->market);
    add_feeds (self);
    if (self->speed > 0) {
        size_t fit = self->count ? WINDOW_ROWS / self->count : WINDOW_MAX;
        uint32_t minutes = fit < WINDOW_MIN   ? WINDOW_MIN
                           : fit > WINDOW_MAX ? WINDOW_MAX
                                              : (uint32_t) fit;
        minute_window_init (&self->windows[0], self->count, minutes);
        minute_window_init (&self->windows[1], self->count, minutes);
    }
    *source = (source_t){&kind, self};
    return 0;
}
