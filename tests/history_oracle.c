/* What an undisturbed run would find: each symbol's entries, of the stream that the journal says is
 * its own, in their order, given to one desk. No flow, no link, no recovery. */
#include "history.h"
#include "series.h"

#include <string.h>

long hits_index (const sim_t *self, const wire_live_hit_t *hit)
{
    const market_log_t *market = &self->market;
    int symbol = market_find (self, hit->symbol);
    day_t day = exchange_day (hit->hit.ts);
    unsigned d = market_date (market, day);
    int minute = exchange_minute (hit->hit.ts) - market->first_minute;
    if (symbol < 0 || d == DAYS || minute < 0 || minute >= MINUTES_MAX || hit->hit.scan >= SCANS ||
        hit->day != day) {
        return -1;
    }
    long index = ((long) hit->hit.scan * SYMBOLS_MAX + symbol) * DAYS + (long) d;
    return index * MINUTES_MAX + (self->run.all_hits ? minute : 0);
}

bool hits_same (const hits_table_t *a, const hits_table_t *b, long i)
{
    const hit_t *x = &a->hits[i], *y = &b->hits[i];
    return a->is[i] == b->is[i] && a->arrival_ms[i] == b->arrival_ms[i] && x->ts == y->ts &&
           memcmp (&x->candle, &y->candle, sizeof x->candle) == 0 &&
           x->value_count == y->value_count &&
           memcmp (x->values, y->values, (size_t) x->value_count * sizeof *x->values) == 0;
}

/* Takes what the desk found. */
static void collect (sim_t *self, outbox_t *out)
{
    buffer_t message;
    wire_object_t item;
    while (outbox_pop (out, true, &message)) {
        wire_reader_begin (self->reader, message.bytes, message.size);
        while (wire_next (self->reader, &item) == 1) {
            long i = item.kind == WIRE_LIVE_HIT ? hits_index (self, &item.live_hit) : -1;
            if (i >= 0 && !self->wanted.is[i]) {
                self->wanted.is[i] = true;
                self->wanted.hits[i] = item.live_hit.hit;
                self->wanted.arrival_ms[i] = item.live_hit.arrival_ms;
                self->tally->hits++;
            }
        }
        buffer_free (&message);
    }
}

static void give (sim_t *self, desk_t *desk, buffer_t *bytes, outbox_t *out)
{
    wire_object_t item;
    wire_reader_begin (self->reader, bytes->bytes, bytes->size);
    while (wire_next (self->reader, &item) == 1) {
        if (!desk_take (desk, &item, out)) {
            sim_wrong (self, "the oracle's desk refuses an item");
        }
    }
    desk_end_message (desk, out);
    bytes->size = 0;
    collect (self, out);
}

static void put_candle (buffer_t *bytes, uint32_t shard, uint64_t sequence,
                        const char (*name)[SYMBOL_MAX + 1], const entry_t *entry)
{
    uint32_t zero = 0;
    int64_t arrival_ms = (int64_t) entry->id.ms;
    const candle_t *candle = &entry->candle;
    wire_candles_t candles = {.shard = shard,
                              .generation = {1, 1},
                              .sequence = sequence,
                              .known = sequence > 1,
                              .symbol_count = sequence == 1,
                              .symbols = name,
                              .count = 1,
                              .symbol = {(const char *) &zero, 4},
                              .columns = {{(const char *) &candle->ts, 8},
                                          {(const char *) &arrival_ms, 8},
                                          {(const char *) &candle->open, 8},
                                          {(const char *) &candle->high, 8},
                                          {(const char *) &candle->low, 8},
                                          {(const char *) &candle->close, 8},
                                          {(const char *) &candle->volume, 8}}};
    wire_put_candles (bytes, &candles);
}

/* A desk of its own for each symbol: what others do has no say in it. */
static void fill_symbol (sim_t *self, uint32_t symbol, outbox_t *out)
{
    const market_log_t *market = &self->market;
    const log_t *stream = &market->streams[market->home[symbol]];
    const char (*name)[SYMBOL_MAX + 1] = &market->symbols[symbol];
    uint32_t shard = shard_of (*name);
    desk_t *desk = desk_new (&self->run, self->calendar, &self->rules);
    buffer_t bytes = {0};
    series_t series;
    uint64_t sequence = 0;
    series_init (&series, DAY_NONE);
    wire_put_begin (&bytes, &(wire_begin_t){.shard = shard, .generation = {1, 1}});
    for (size_t i = 0; i < stream->count; i++) {
        const entry_t *entry = &stream->entries[i];
        if (entry->symbol != symbol || entry->rejected) {
            continue;
        }
        day_t day;
        series_verdict_t verdict = series_take (&series, entry->candle.ts, (int64_t) entry->id.ms,
                                                self->rules.day_timeout_ms, &day);
        if (verdict == SERIES_NEW_DATE) {
            market_reference (self, &bytes, shard, (session_t){1, 1}, *name, day, DAYS);
        }
        if (verdict == SERIES_NEW_DATE || verdict == SERIES_TAKE) {
            put_candle (&bytes, shard, ++sequence, name, entry);
        }
    }
    sequence++;
    wire_clock_t clock = {.shard = shard,
                          .generation = {1, 1},
                          .sequence = sequence,
                          .clock_ms = market->last_ms,
                          .is_end = market->replay};
    wire_put_clock (&bytes, &clock);
    give (self, desk, &bytes, out);
    buffer_free (&bytes);
    desk_destroy (&desk);
}

void oracle_fill (sim_t *self)
{
    outbox_t *out = outbox_new ();
    outbox_begin (out, 0, (session_t){1, 1});
    for (uint32_t i = 0; i < self->market.symbol_count; i++) {
        const kept_t *kept = &self->disk.kept;
        for (uint32_t s = 0; s < self->market.stream_count && kept->has_place[i]; s++) {
            if (strcmp (self->market.streams[s].name, kept->places[i].stream) == 0) {
                self->market.home[i] = s;
            }
        }
        fill_symbol (self, i, out);
    }
    outbox_destroy (&out);
}
