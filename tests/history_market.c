/* The market of a history: three dates of some symbols' candles, in streams of their own or in one
 * that they share. Some come late, twice, or after their date's end; some are no candles; some are in
 * a stream that is not their symbol's. */
#include "history.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PACE (60000 / MINUTE_MS) /* of the market's time */

/* ---- chance ---- */

static uint64_t mix (uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint32_t sim_below (sim_t *self, uint64_t limit)
{
    self->random += 0x9e3779b97f4a7c15u;
    return (uint32_t) (mix (self->random) % limit);
}

bool sim_chance (sim_t *self, uint32_t percent)
{
    return sim_below (self, 100) < percent;
}

void sim_wrong (sim_t *self, const char *format, ...)
{
    if (self->failure[0] != 0) {
        return;
    }
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->failure, sizeof self->failure, format, arguments);
    va_end (arguments);
    TELL (self, "FAILED: %s", self->failure);
}

/* ---- time ---- */

static int64_t begin_of (const market_log_t *self, unsigned d)
{
    return exchange_ts (self->days[d], self->first_minute) * 1000;
}

static int64_t between (uint64_t now, uint64_t from, uint64_t to, int64_t a, int64_t b)
{
    return a + (b - a) / (int64_t) (to - from) * (int64_t) (now - from);
}

int64_t market_time (const market_log_t *self, uint64_t now_ms)
{
    int64_t last = 0;
    uint64_t last_end = 0;
    for (unsigned d = 0; d < DAYS; d++) {
        int64_t begin = begin_of (self, d);
        if (now_ms < self->begins_ms[d]) {
            return d > 0 ? between (now_ms, last_end, self->begins_ms[d], last, begin)
                         : begin - (int64_t) (self->begins_ms[0] - now_ms) * PACE;
        }
        if (now_ms < self->ends_ms[d]) {
            return begin + (int64_t) (now_ms - self->begins_ms[d]) * PACE;
        }
        last_end = self->ends_ms[d];
        last = begin + (int64_t) (last_end - self->begins_ms[d]) * PACE;
    }
    return now_ms >= self->freeze_ms
               ? self->last_ms + self->extra_ms
               : between (now_ms, last_end, self->freeze_ms, last, self->last_ms);
}

size_t market_visible (const log_t *stream, uint64_t now_ms)
{
    size_t low = 0, high = stream->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (stream->entries[middle].at_ms <= now_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int market_find (const sim_t *self, const char *symbol)
{
    for (uint32_t i = 0; i < self->market.symbol_count; i++) {
        if (strcmp (self->market.symbols[i], symbol) == 0) {
            return (int) i;
        }
    }
    return -1;
}

unsigned market_date (const market_log_t *self, day_t day)
{
    unsigned d = 0;
    while (d < DAYS && self->days[d] != day) {
        d++;
    }
    return d;
}

/* ---- entries ---- */

static void put (sim_t *self, uint32_t stream, uint64_t at_ms, uint32_t symbol, unsigned d, int i)
{
    log_t *log = &self->market.streams[stream];
    if (log->count == log->capacity) {
        log->capacity = log->capacity * 2 + 64;
        log->entries = memory_resize (log->entries, log->capacity, sizeof *log->entries);
    }
    double open = 90 + sim_below (self, 2000) / 100.0, close = 90 + sim_below (self, 2000) / 100.0;
    double high = open > close ? open : close, low = open < close ? open : close;
    log->entries[log->count++] = (entry_t){
        .at_ms = at_ms,
        .symbol = symbol,
        .rejected = sim_chance (self, 2),
        .candle = {exchange_ts (self->market.days[d], self->market.first_minute + i), open,
                   high + sim_below (self, 100) / 100.0, low - sim_below (self, 100) / 100.0, close,
                   1 + sim_below (self, 1000)}};
}

static void make_date (sim_t *self, uint32_t symbol, unsigned d)
{
    market_log_t *market = &self->market;
    uint32_t home = market->home[symbol], other = sim_below (self, market->stream_count);
    bool misplaces = sim_chance (self, 3);
    int last = -1;
    for (int i = 0; i < market->minutes; i++) {
        uint64_t at_ms = market->begins_ms[d] + (uint64_t) (i + 1) * MINUTE_MS;
        if (!sim_chance (self, 80)) {
            continue;
        }
        at_ms += sim_below (self, sim_chance (self, 8) ? 3 * MINUTE_MS : MINUTE_MS / 4);
        put (self, home, at_ms, symbol, d, i);
        last = i;
        if (sim_chance (self, 3)) {
            put (self, home, at_ms + 1 + sim_below (self, MINUTE_MS), symbol, d, i);
        }
        if (misplaces && sim_chance (self, 20)) {
            put (self, other, at_ms, symbol, d, i);
        }
        if (d > 0 && sim_chance (self, 1)) {
            put (self, home, at_ms, symbol, d - 1, market->minutes);
        }
    }
    if (last >= 0 && sim_chance (self, 30)) { /* a producer that comes back after the date's end */
        uint64_t until = d + 1 < DAYS ? market->begins_ms[d + 1] : market->freeze_ms;
        uint64_t at_ms =
            market->ends_ms[d] + sim_below (self, until - market->ends_ms[d] - MINUTE_MS);
        put (self, home, at_ms, symbol, d, last + (int) sim_below (self, 2));
        if (sim_chance (self, 30)) {
            put (self, home, at_ms + MINUTE_MS / 2, symbol, d, last + 2);
        }
    }
}

static int compare (const void *a, const void *b)
{
    const entry_t *x = a, *y = b;
    if (x->at_ms != y->at_ms) {
        return x->at_ms < y->at_ms ? -1 : 1;
    }
    if (x->symbol != y->symbol) {
        return x->symbol < y->symbol ? -1 : 1;
    }
    return x->candle.ts < y->candle.ts ? -1 : x->candle.ts > y->candle.ts;
}

static void number_entries (market_log_t *market, log_t *log)
{
    entry_id_t id = {0, 0};
    if (log->count > 0) {
        qsort (log->entries, log->count, sizeof *log->entries, compare);
    }
    for (size_t i = 0; i < log->count; i++) {
        entry_t *entry = &log->entries[i];
        uint64_t ms = (uint64_t) market_time (market, entry->at_ms);
        id = (entry_id_t){ms, ms == id.ms ? id.sequence + 1 : 0};
        entry->id = id;
        market->end_ms = entry->at_ms > market->end_ms ? entry->at_ms : market->end_ms;
        entry->at_ms = market->replay ? 0 : entry->at_ms;
    }
}

/* ---- the shape ---- */

static void name_symbols (sim_t *self)
{
    market_log_t *market = &self->market;
    bool together = sim_chance (self, 60); /* some share a shard */
    for (uint32_t i = 0; i < market->symbol_count; i++) {
        uint32_t tail = sim_below (self, 1000);
        bool joins = together && i > 0 && sim_chance (self, 50);
        do {
            snprintf (market->symbols[i], sizeof market->symbols[i], "%c%u", 'A' + (char) i,
                      tail++);
        } while (joins && shard_of (market->symbols[i]) != shard_of (market->symbols[(i - 1) / 2]));
    }
}

static void name_streams (sim_t *self)
{
    market_log_t *market = &self->market;
    uint32_t shared = sim_below (self, 3); /* none, all, some */
    uint32_t common = UINT32_MAX;
    for (uint32_t i = 0; i < market->symbol_count; i++) {
        if (shared == 1 || (shared == 2 && sim_chance (self, 50))) {
            if (common == UINT32_MAX) {
                common = market->stream_count++;
                market->streams[common].shared = true;
                snprintf (market->streams[common].name, sizeof market->streams[common].name,
                          "candles_min_all");
            }
            market->home[i] = common;
            continue;
        }
        char name[SYMBOL_MAX + 1];
        memcpy (name, market->symbols[i], sizeof name);
        log_t *stream = &market->streams[market->home[i] = market->stream_count++];
        snprintf (stream->name, sizeof stream->name, "candles_min_%.20s", name);
    }
}

static void set_times (sim_t *self)
{
    market_log_t *market = &self->market;
    static const int minutes[] = {4 * 60, 9 * 60 + 30, 23 * 60 + 30};
    day_t first = day_from (2023, 3, sim_chance (self, 50) ? 7 : 9);
    market->first_minute = minutes[sim_below (self, 3)];
    market->minutes = 10 + (int) sim_below (self, 8);
    uint64_t at_ms = 2000;
    for (unsigned d = 0; d < DAYS; d++, first++) {
        while (day_weekday (first) > 4) {
            first++;
        }
        market->days[d] = first;
        market->begins_ms[d] = at_ms;
        at_ms = market->ends_ms[d] = at_ms + (uint64_t) (market->minutes + 3) * MINUTE_MS;
        at_ms += 3000 + sim_below (self, 5000);
    }
    market->freeze_ms = at_ms;
    market->last_ms = begin_of (market, DAYS - 1) +
                      (sim_chance (self, 50) ? 60 * 60000 : 40 * 60 * INT64_C (60000));
}

void market_make (sim_t *self)
{
    market_log_t *market = &self->market;
    market->replay = sim_chance (self, 10);
    market->symbol_count = 2 + sim_below (self, SYMBOLS_MAX - 1);
    set_times (self);
    name_symbols (self);
    name_streams (self);
    for (unsigned d = 0; d < DAYS; d++) {
        for (uint32_t i = 0; i < market->symbol_count; i++) {
            if (sim_chance (self, 75)) {
                make_date (self, i, d);
            }
        }
    }
    for (uint32_t i = 0; i < market->stream_count; i++) {
        number_entries (market, &market->streams[i]);
    }
    if (market->replay) {
        market->end_ms /= 2;
    }
}

void market_free (market_log_t *self)
{
    for (uint32_t i = 0; i < self->stream_count; i++) {
        free (self->streams[i].entries);
    }
}

/* ---- reference data ---- */

int market_version (const sim_t *self)
{
    const market_log_t *market = &self->market;
    int version = 0;
    while (self->changing && version < DAYS - 1 &&
           self->now >= (market->ends_ms[version] + market->begins_ms[version + 1]) / 2) {
        version++;
    }
    return self->changing ? version : DAYS;
}

static void put_row (buffer_t *file, const char *symbol, day_t day)
{
    char text[11];
    uint64_t x = mix (shard_hash (SHARD_HASH_START, symbol, strlen (symbol)) + (uint64_t) day);
    double low = 80 + (double) (x % 1000) / 100, high = low + 1 + (double) (x / 1000 % 1000) / 100;
    buffer_printf (file, "%s,%.2f,%.2f,%.2f,%.2f,%u\n", day_format (day, text), low + 0.25,
                   high + 0.5, low, high, 1000 + (unsigned) (x % 777));
}

/* The rows of the trading days before, and of the history's own dates as they are finished. */
void market_reference (const sim_t *self, buffer_t *message, uint32_t shard, session_t generation,
                       const char *symbol, day_t day, int version)
{
    buffer_t file = {0};
    buffer_printf (&file, "datetime,open,high,low,close,volume\n");
    day_t first = self->market.days[0];
    for (day_t d = first - 9; d < first; d++) {
        if (day_weekday (d) < 5) {
            put_row (&file, symbol, d);
        }
    }
    for (int i = 0; i < version && i < DAYS; i++) {
        put_row (&file, symbol, self->market.days[i]);
    }
    wire_reference_file_t daily = {.content = WIRE_PARTITION,
                                   .key = partition_first (FREQUENCY_1D, first),
                                   .bytes = {file.bytes, file.size}};
    wire_reference_t reference = {
        .shard = shard, .generation = generation, .day = day, .file_count = 1, .files = &daily};
    snprintf (reference.symbol, sizeof reference.symbol, "%s", symbol);
    wire_put_reference (message, &reference);
    buffer_free (&file);
}
