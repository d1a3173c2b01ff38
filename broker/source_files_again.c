#include "source_files_inside.h"

#include "log.h"

static void fail_again (source_files_t *self, size_t symbol)
{
    log_error ("%s/data/candles/%s/1min: its files changed during the replay: candles are gone",
               market_directory (self->market), market_symbol (self->market, symbol));
    flow_again_fail (self->flow, self->read);
    self->read = NULL;
    self->failed = true;
}

/* Begins with stream number `k`, or ends the request. */
static void begin_stream (source_files_t *self)
{
    if (self->k == self->read->count) {
        flow_again_end (self->flow, self->read);
        self->read = NULL;
        return;
    }
    self->given = 0;
    self->reached = self->read->after[self->k];
    self->again_week = source_files_week (source_files_after (self, self->reached));
}

static void end_stream (source_files_t *self, size_t symbol)
{
    bool is_whole =
        self->given == self->read->entries || self->reached.ms >= self->feeds[symbol].passed_ms;
    if (!is_whole) {
        fail_again (self, symbol);
        return;
    }
    self->k++;
    begin_stream (self);
}

/* Gives the flow what was read, up to the main position. True when the stream is through. */
static bool give (source_files_t *self, size_t symbol, entry_id_t position)
{
    for (size_t i = 0; i < self->again.candles.count; i++) {
        const candle_t *candle = &self->again.candles.rows[i];
        entry_id_t id = source_files_id (candle->ts);
        if (entry_id_compare (id, self->reached) <= 0) {
            continue;
        }
        if (self->given == self->read->entries || entry_id_compare (id, position) > 0) {
            return true;
        }
        flow_again (self->flow, self->read, self->k, id, market_symbol (self->market, symbol),
                    candle);
        self->reached = id;
        self->given++;
        self->counts.entries++;
    }
    self->again_week += 7;
    return false;
}

bool source_files_again (source_files_t *self)
{
    if (!self->read) {
        self->read = flow_next_read (self->flow);
        if (self->read) {
            self->k = 0;
            begin_stream (self);
        }
        return self->read != NULL;
    }
    uint32_t stream = self->read->streams[self->k];
    size_t symbol = stream < self->stream_count ? self->feed_of[stream] : self->count;
    entry_id_t position = flow_position (self->flow, stream);
    if (symbol == self->count) { /* not ours */
        self->k++;
        begin_stream (self);
    } else if (minute_file_is_open (&self->again)) {
        if (minute_file_step (&self->again) && give (self, symbol, position)) {
            end_stream (self, symbol);
        }
    } else if (entry_id_compare (source_files_id (exchange_midnight (self->again_week)), position) >
               0) {
        end_stream (self, symbol);
    } else if (!minute_file_open (&self->again, market_symbol (self->market, symbol),
                                  self->again_week, self->from, self->to, true)) {
        self->again_week += 7;
    }
    return true;
}
