#include "load_market.h"

#include "calendar.h"
#include "dice.h"
#include "generator.h"
#include "names.h"
#include "text.h"
#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_MINUTE 240 /* 04:00 */
#define RING_MIN     8   /* minutes */
#define DAYS_MORE                                                                                  \
    400              /* the generator's, behind those that are looked back on: some have no trade */
#define ROW_TEXT  80 /* bytes of the longest row of a daily file: five numbers of 32 bits */
#define DAYS_STEP 256 /* days made room for at once */

/* Prices in cents: a candle in 20 bytes. */
typedef struct {
    uint32_t open, high, low, close, volume;
} row_t;

struct load_market {
    uint32_t count;
    int lookback;
    calendar_t *calendar; /* weekdays */
    generator_t *generator;
    names_t names;    /* number: index */
    uint32_t minutes; /* of the ring */
    row_t *ring;      /* by minute, then symbol */
    row_t *daily;     /* by symbol, `lookback` each, oldest first */
    uint64_t *hits;   /* of the ring's minutes before this one; the last: of all */
    bool *hitting;    /* by the ring's rows */
    size_t day_count;
    day_t *days; /* trading days, in order, and their first minute */
    int64_t *begins;
    size_t recent; /* the day asked for last */
    /* for REFERENCE */
    day_t dated; /* of which `dates` are the trading days before */
    char (*dates)[11];
    day_t *dated_days;
    buffer_t text;
};

/* ---- making it ---- */

static uint32_t cents (double price)
{
    double value = price * 100 + 0.5;
    return value < 1 ? 1 : value > 1e9 ? 1000000000 : (uint32_t) value;
}

static row_t row_of (const candle_t *candle)
{
    return (row_t){.open = cents (candle->open),
                   .high = cents (candle->high),
                   .low = cents (candle->low),
                   .close = cents (candle->close),
                   .volume = candle->volume > 4e9 ? 4000000000 : (uint32_t) candle->volume};
}

static uint32_t larger (uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The least and the most that one of the daily candles ranged over, the close before it counted. */
static void find_ranges (const row_t *daily, int count, uint32_t *least, uint32_t *most)
{
    *least = UINT32_MAX;
    *most = 0;
    for (int i = 1; i < count; i++) {
        uint32_t before = daily[i - 1].close;
        uint32_t low = daily[i].low < before ? daily[i].low : before;
        uint32_t range = larger (daily[i].high, before) - low;
        *least = range < *least ? range : *least;
        *most = larger (*most, range);
    }
}

/* One that hits rises by more than any range, the others by less than half of the least; what never
 * moves has no ATR and no hit. */
static bool shape_row (row_t *row, bool hits, uint32_t least, uint32_t most)
{
    hits = hits && least > 0;
    if (hits) {
        row->close = row->open + most + 1;
    } else if (row->close > row->open + least * 2 / 5) {
        row->close = row->open + least * 2 / 5;
    }
    row->high = larger (row->high, row->close);
    return hits;
}

/* The symbol's minutes in the ring, those of one day again and again. */
static void fill_ring (load_market_t *self, uint64_t seed, uint32_t symbol,
                       const candles_t *minutes)
{
    uint32_t least, most;
    find_ranges (self->daily + (size_t) symbol * (size_t) self->lookback, self->lookback, &least,
                 &most);
    dice_t dice;
    dice_init (&dice, seed, symbol, DAY_NONE);
    for (uint32_t m = 0; m < self->minutes; m++) {
        size_t at = (size_t) m * self->count + symbol;
        bool hits = dice_integer (&dice, 1, LOAD_HIT_EVERY) == 1;
        self->ring[at] = row_of (&minutes->rows[m % minutes->count]);
        self->hitting[at] = shape_row (&self->ring[at], hits, least, most);
    }
}

/* The symbol's first days that have a trade, and the minutes of the one after. */
static void make_symbol (load_market_t *self, uint64_t seed, uint32_t symbol, candles_t *minutes)
{
    row_t *daily = self->daily + (size_t) symbol * (size_t) self->lookback;
    int count = 0;
    candle_t candle = {.open = 10, .high = 10, .low = 10, .close = 10, .volume = 1000};
    bool traded;
    generator_start (self->generator, symbol);
    minutes->count = 0;
    while ((count < self->lookback || minutes->count == 0) &&
           generator_next (self->generator, &candle, minutes, &traded) != DAY_NONE) {
        if (traded && count < self->lookback) {
            daily[count++] = row_of (&candle);
        }
    }
    for (; count < self->lookback; count++) { /* listed too late: its last day again */
        daily[count] = row_of (&candle);
    }
    if (minutes->count == 0) {
        candles_push (minutes, &candle);
    }
    fill_ring (self, seed, symbol, minutes);
}

static void count_hits (load_market_t *self)
{
    self->hits = memory_new ((self->minutes + 1) * sizeof *self->hits);
    for (uint32_t m = 0; m < self->minutes; m++) {
        self->hits[m + 1] = self->hits[m];
        for (uint32_t symbol = 0; symbol < self->count; symbol++) {
            self->hits[m + 1] += self->hitting[(size_t) m * self->count + symbol];
        }
    }
}

load_market_t *load_market_new (uint64_t seed, uint32_t count, int lookback)
{
    load_market_t *self = memory_new (sizeof *self);
    self->count = count;
    self->lookback = lookback + 2;
    self->calendar = calendar_new (NULL, 0);
    self->dated = DAY_NONE;
    day_t from = calendar_back (self->calendar, LOAD_FIRST_DAY, 1);
    generator_plan_t plan = {.seed = seed,
                             .count = count,
                             .daily_from =
                                 calendar_back (self->calendar, from, self->lookback + DAYS_MORE),
                             .to = from};
    plan.from = calendar_back (self->calendar, from, DAYS_MORE);
    self->generator = generator_new (&plan, self->calendar);
    uint32_t fit = LOAD_RING_ROWS / count;
    self->minutes = fit < RING_MIN ? RING_MIN : fit > LOAD_DAY_MINUTES ? LOAD_DAY_MINUTES : fit;
    self->ring = memory_new ((size_t) self->minutes * count * sizeof *self->ring);
    self->hitting = memory_new ((size_t) self->minutes * count * sizeof *self->hitting);
    self->daily = memory_new ((size_t) self->lookback * count * sizeof *self->daily);
    self->dates = memory_new ((size_t) self->lookback * sizeof *self->dates);
    self->dated_days = memory_new ((size_t) self->lookback * sizeof *self->dated_days);
    candles_t minutes = {0};
    for (uint32_t i = 0; i < count; i++) {
        names_add (&self->names, generator_symbol (self->generator, i));
        make_symbol (self, seed, i, &minutes);
    }
    candles_free (&minutes);
    count_hits (self);
    return self;
}

void load_market_destroy (load_market_t **market)
{
    load_market_t *self = *market;
    if (!self) {
        return;
    }
    generator_destroy (&self->generator);
    calendar_destroy (&self->calendar);
    names_free (&self->names);
    buffer_free (&self->text);
    free (self->ring);
    free (self->hitting);
    free (self->daily);
    free (self->hits);
    free (self->days);
    free (self->begins);
    free (self->dates);
    free (self->dated_days);
    free (self);
    *market = NULL;
}

uint32_t load_market_count (const load_market_t *self)
{
    return self->count;
}

const char *load_market_symbol (const load_market_t *self, uint32_t symbol)
{
    return generator_symbol (self->generator, symbol);
}

uint32_t load_market_find (const load_market_t *self, const char *name)
{
    return names_find (&self->names, name);
}

/* ---- time ---- */

/* Makes days up to number `day`. False: there are not so many. */
static bool make_days (load_market_t *self, uint64_t day)
{
    while (self->day_count <= day) {
        day_t last = self->day_count ? self->days[self->day_count - 1] : LOAD_FIRST_DAY - 1;
        day_t next = calendar_next (self->calendar, last + 1);
        if (next == DAY_NONE || next >= DAY_LAST) {
            return false;
        }
        if (self->day_count % DAYS_STEP == 0) {
            self->days =
                memory_resize (self->days, self->day_count + DAYS_STEP, sizeof *self->days);
            self->begins =
                memory_resize (self->begins, self->day_count + DAYS_STEP, sizeof *self->begins);
        }
        self->days[self->day_count] = next;
        /* The hour in which clocks change is before: from 04:00 on a minute is 60 seconds. */
        self->begins[self->day_count++] = exchange_ts (next, FIRST_MINUTE);
    }
    return true;
}

int64_t load_market_ts (load_market_t *self, uint64_t minute)
{
    uint64_t day = minute / LOAD_DAY_MINUTES;
    if (!make_days (self, day)) {
        return -1;
    }
    return self->begins[day] + (int64_t) (minute % LOAD_DAY_MINUTES) * 60;
}

static bool is_of_day (const load_market_t *self, size_t day, int64_t ts)
{
    return day < self->day_count && ts >= self->begins[day] &&
           ts < self->begins[day] + LOAD_DAY_MINUTES * 60;
}

uint64_t load_market_minute (load_market_t *self, int64_t ts)
{
    if (!is_of_day (self, self->recent, ts)) {
        size_t low = 0, high = self->day_count;
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            *(self->begins[middle] <= ts ? &low : &high) = middle;
        }
        self->recent = low;
        assert (is_of_day (self, low, ts));
    }
    return self->recent * LOAD_DAY_MINUTES + (uint64_t) (ts - self->begins[self->recent]) / 60;
}

day_t load_market_day (load_market_t *self, uint64_t minute)
{
    uint64_t day = minute / LOAD_DAY_MINUTES;
    return make_days (self, day) ? self->days[day] : DAY_NONE;
}

day_t load_market_next_day (load_market_t *self, uint64_t minute)
{
    return load_market_day (self, minute + LOAD_DAY_MINUTES);
}

/* ---- candles ---- */

static const row_t *row_at (const load_market_t *self, uint64_t minute, uint32_t symbol)
{
    return &self->ring[minute % self->minutes * self->count + symbol];
}

static void put_candle (const row_t *row, candle_t *candle)
{
    candle->open = row->open / 100.0;
    candle->high = row->high / 100.0;
    candle->low = row->low / 100.0;
    candle->close = row->close / 100.0;
    candle->volume = row->volume;
}

void load_market_candle (const load_market_t *self, uint32_t symbol, uint64_t minute,
                         candle_t *candle)
{
    put_candle (row_at (self, minute, symbol), candle);
}

void load_market_candles (load_market_t *self, uint32_t symbol, uint32_t count, uint64_t minute,
                          candle_t *candles)
{
    const row_t *rows = row_at (self, minute, symbol);
    int64_t ts = load_market_ts (self, minute);
    for (uint32_t i = 0; i < count; i++) {
        candles[i].ts = ts;
        put_candle (&rows[i], &candles[i]);
    }
}

uint64_t load_market_hits (const load_market_t *self, uint64_t minute, uint32_t symbol)
{
    uint64_t hits = minute / self->minutes * self->hits[self->minutes];
    size_t m = minute % self->minutes;
    hits += self->hits[m];
    for (uint32_t i = 0; i < symbol; i++) {
        hits += self->hitting[m * self->count + i];
    }
    return hits;
}

/* ---- reference data ---- */

static void date_rows (load_market_t *self, day_t day)
{
    self->dated = day;
    for (int i = 0; i < self->lookback; i++) {
        self->dated_days[i] = calendar_back (self->calendar, day, self->lookback - i);
        day_format (self->dated_days[i], self->dates[i]);
    }
}

static char *put_price (char *at, uint32_t price)
{
    *at++ = ',';
    at = text_put_whole (at, price / 100);
    *at++ = '.';
    *at++ = (char) ('0' + price % 100 / 10);
    *at++ = (char) ('0' + price % 10);
    return at;
}

/* Not printf, which took a tenth of the broker's time: as fast as it goes a day passes in a second, and each
 * brings these rows of all symbols. */
static void put_row (load_market_t *self, const char *date, const row_t *row)
{
    char *start = buffer_reserve (&self->text, ROW_TEXT), *at = start;
    for (; *date; date++) {
        *at++ = *date;
    }
    at = put_price (at, row->open);
    at = put_price (at, row->high);
    at = put_price (at, row->low);
    at = put_price (at, row->close);
    *at++ = ',';
    at = text_put_whole (at, row->volume);
    *at++ = '\n';
    self->text.size += (size_t) (at - start);
}

/* The daily candles as files of years: how many. Their bytes lie one behind the other in the text. */
static size_t put_files (load_market_t *self, const row_t *daily,
                         wire_reference_file_t files[WIRE_REFERENCE_FILES])
{
    static const char header[] = "datetime,open,high,low,close,volume\n";
    size_t count = 0;
    for (int i = 0; i < self->lookback; i++) {
        day_t key = partition_first (FREQUENCY_1D, self->dated_days[i]);
        size_t before = self->text.size;
        if (count == 0 || files[count - 1].key != key) {
            if (count == WIRE_REFERENCE_FILES) {
                break;
            }
            files[count++] = (wire_reference_file_t){.content = WIRE_PARTITION, .key = key};
            buffer_append (&self->text, header, sizeof header - 1);
        }
        put_row (self, self->dates[i], &daily[i]);
        files[count - 1].bytes.size += self->text.size - before;
    }
    return count;
}

void load_market_reference (load_market_t *self, buffer_t *message, uint32_t shard,
                            session_t generation, const char *symbol, day_t day)
{
    wire_reference_file_t files[WIRE_REFERENCE_FILES];
    wire_reference_t reference = {
        .shard = shard, .generation = generation, .day = day, .files = files};
    snprintf (reference.symbol, sizeof reference.symbol, "%s", symbol);
    uint32_t number = names_find (&self->names, symbol);
    self->text.size = 0;
    if (day != self->dated) {
        date_rows (self, day);
    }
    if (number != NAMES_NONE) {
        reference.file_count =
            put_files (self, self->daily + (size_t) number * (size_t) self->lookback, files);
    }
    size_t at = 0;
    for (size_t i = 0; i < reference.file_count; i++) {
        files[i].bytes.bytes = self->text.bytes + at;
        at += files[i].bytes.size;
    }
    wire_put_reference (message, &reference);
}
