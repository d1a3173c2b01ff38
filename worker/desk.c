/*     BEGIN, REFERENCE, CANDLES, CLOCK --> is it of the shard's generation, and next in it?
 *                                             | yes
 *             series_take: does the candle count? --> symbol_day_take --> found --> LIVE_HIT
 *                                             |
 *                                             +--> the shard is touched --> PROGRESS
 *
 * Only symbols with open buckets wait for a clock, and a shard knows when the first of them is due:
 * most clocks cost one comparison. */
#include "desk.h"

#include "desk_shard.h"
#include "desk_reference.h"
#include "desk_state.h"
#include "shard.h"

#include <stdlib.h>
#include <string.h>

/* Rows between a row and what is fetched for it: far enough to hide a miss, near enough to be kept. */
#define SYMBOL_AHEAD 12
#define DAY_AHEAD    6

struct desk {
    desk_rules_t rules;
    symbol_day_rules_t day_rules;
    desk_reference_t *reference;
    desk_shard_t shards[SHARD_COUNT];
    size_t held_count, symbol_count;
    size_t touched_count;
    uint32_t touched[SHARD_COUNT]; /* shards, in the order in which they were touched */
    desk_counts_t counts;
    size_t given_count, given_next; /* STATEs to be sent: of shards that were asked back */
    buffer_t given[SHARD_COUNT];
    /* what is being taken, for hits */
    outbox_t *out;
    uint32_t shard;
    int64_t stamp_us;
    const desk_symbol_t *symbol;
};

static void put_hit (void *argument, const hit_t *hit, int64_t arrival_ms)
{
    desk_t *self = argument;
    wire_live_hit_t item = {.shard = self->shard,
                            .generation = self->shards[self->shard].generation,
                            .arrival_ms = arrival_ms,
                            .day = exchange_day (hit->ts),
                            .stamp_us = self->stamp_us,
                            .hit = *hit};
    memcpy (item.symbol, self->symbol->name, sizeof item.symbol);
    wire_put_live_hit (outbox_message (self->out), &item);
}

desk_t *desk_new (const run_t *run, const calendar_t *calendar, const desk_rules_t *rules)
{
    desk_t *self = memory_new (sizeof *self);
    self->rules = *rules;
    self->day_rules = (symbol_day_rules_t){.run = run,
                                           .since_ms = rules->since_ms,
                                           .candle_timeout_ms = rules->candle_timeout_ms,
                                           .minute_ts = INT64_MIN,
                                           .found = put_hit,
                                           .argument = self};
    self->reference = desk_reference_new (run, calendar, &self->counts);
    return self;
}

static void drop_shard (desk_t *self, desk_shard_t *shard)
{
    self->held_count -= shard->held;
    self->symbol_count -= shard->symbol_count;
    desk_shard_drop (shard);
    shard->held = false;
    shard->sequence = 0;
    shard->candles = 0;
    shard->stamp_us = 0;
}

void desk_drop (desk_t *self)
{
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        drop_shard (self, &self->shards[i]);
        self->shards[i].generation = (session_t){0};
        self->shards[i].touched = false;
    }
    self->touched_count = 0;
    for (; self->given_next < self->given_count; self->given_next++) {
        buffer_free (&self->given[self->given_next]);
    }
    self->given_next = self->given_count = 0;
}

void desk_destroy (desk_t **self)
{
    if (*self) {
        desk_drop (*self);
        desk_reference_destroy (&(*self)->reference);
        free (*self);
        *self = NULL;
    }
}

/* ---- items ---- */

typedef enum { ITEM_NEXT, ITEM_OLD, ITEM_LOST } place_t;

/* Where an item stands that belongs to `generation` of a shard. */
static place_t place_of (const desk_shard_t *shard, session_t generation)
{
    int order = session_compare (generation, shard->generation);
    if (order < 0) {
        return ITEM_OLD;
    }
    return order == 0 && shard->held ? ITEM_NEXT : ITEM_LOST; /* lost: its BEGIN */
}

/* The same for a numbered one. */
static place_t numbered_place_of (const desk_shard_t *shard, session_t generation,
                                  uint64_t sequence)
{
    place_t place = place_of (shard, generation);
    return place == ITEM_NEXT && sequence != shard->sequence + 1 ? ITEM_LOST : place;
}

/* A numbered item was applied, of so many candles, the oldest of which has the stamp. */
static void advance (desk_t *self, uint32_t number, size_t candles, int64_t stamp_us)
{
    desk_shard_t *shard = &self->shards[number];
    shard->sequence++;
    if (!shard->touched) {
        shard->touched = true;
        shard->candles = 0;
        shard->stamp_us = 0;
        self->touched[self->touched_count++] = number;
    }
    if (candles > 0 && (shard->candles == 0 || stamp_us < shard->stamp_us)) {
        shard->stamp_us = stamp_us;
    }
    shard->candles += (uint32_t) candles;
}

static desk_symbol_t *add_symbol (desk_t *self, desk_shard_t *shard, const char *name, day_t closed)
{
    size_t before = shard->symbol_count;
    desk_symbol_t *symbol = desk_shard_add (shard, name, closed);
    self->symbol_count += shard->symbol_count - before;
    return symbol;
}

/* The last clock that completes nothing of the symbol's. */
static int64_t due_of (const desk_t *self, const desk_symbol_t *symbol)
{
    const series_t *series = &symbol->series;
    int64_t over = series->end_ms > series->arrival_ms ? series->end_ms : series->arrival_ms;
    int64_t due = symbol->today ? symbol_day_due (symbol->today, &self->day_rules) : INT64_MAX;
    over += self->rules.day_timeout_ms;
    return due == INT64_MAX || due < over ? due : over;
}

/* The shard goes on where another worker left it. */
static bool take_over (desk_t *self, desk_shard_t *shard, const wire_begin_t *item)
{
    self->symbol_count -= shard->symbol_count;
    desk_shard_drop (shard);
    bool good = desk_state_load (shard, self->day_rules.run, item->state);
    self->symbol_count += shard->symbol_count;
    shard->sequence = item->sequence;
    for (size_t i = 0; i < shard->waiting_count; i++) {
        int64_t due = due_of (self, shard->waiting[i]);
        shard->due_ms = due < shard->due_ms ? due : shard->due_ms;
    }
    return good;
}

static bool take_begin (desk_t *self, const wire_begin_t *item)
{
    desk_shard_t *shard = &self->shards[item->shard];
    if (session_compare (item->generation, shard->generation) <= 0) {
        return true;
    }
    drop_shard (self, shard);
    shard->held = true;
    shard->generation = item->generation;
    self->held_count++;
    for (size_t i = 0; i < item->symbol_count; i++) {
        add_symbol (self, shard, item->symbols[i].symbol, item->symbols[i].closed);
    }
    return item->state.size == 0 || take_over (self, shard, item);
}

/* What the shard did in the message so far is said before it is gone. */
static void say_progress (desk_t *self, uint32_t number)
{
    const desk_shard_t *shard = &self->shards[number];
    wire_progress_t item = {.shard = number,
                            .generation = shard->generation,
                            .sequence = shard->sequence,
                            .candles = shard->candles,
                            .stamp_us = shard->stamp_us};
    if (item.sequence > 0) { /* else a new generation began behind what was applied */
        wire_put_progress (outbox_message (self->out), &item);
    }
}

/* The shard is asked back: its state goes to the broker, and it is nobody's here. */
static bool take_yield (desk_t *self, const wire_yield_t *item)
{
    desk_shard_t *shard = &self->shards[item->shard];
    place_t place = place_of (shard, item->generation);
    if (place != ITEM_NEXT || item->sequence != shard->sequence) {
        return place == ITEM_OLD;
    }
    if (shard->touched) {
        say_progress (self, item->shard);
    }
    buffer_t bytes = {0};
    if (desk_state_save (shard, self->day_rules.run, &bytes) && self->given_count < SHARD_COUNT) {
        wire_state_t state = {.shard = item->shard,
                              .generation = item->generation,
                              .sequence = item->sequence,
                              .bytes = {bytes.bytes, bytes.size}};
        wire_put_state (&self->given[self->given_count++], &state);
    } /* else it is read again */
    buffer_free (&bytes);
    drop_shard (self, shard);
    return true;
}

static bool take_reference (desk_t *self, const wire_reference_t *item)
{
    desk_shard_t *shard = &self->shards[item->shard];
    place_t place = place_of (shard, item->generation);
    if (place == ITEM_NEXT) {
        desk_symbol_t *symbol = add_symbol (self, shard, item->symbol, DAY_NONE);
        symbol_day_destroy (&symbol->next);
        symbol->next = desk_reference_day (self->reference, item);
        symbol->next_day = item->day;
    }
    return place != ITEM_LOST;
}

/* ---- candles ---- */

/* A new date: the one before is complete. False when the new one's reference data is missing. */
static bool begin_date (desk_t *self, desk_symbol_t *symbol)
{
    if (symbol->today) {
        symbol_day_clock (symbol->today, &self->day_rules, 0, true);
        symbol_day_destroy (&symbol->today);
    }
    if (symbol->next_day != symbol->series.day) {
        return false;
    }
    symbol->today = symbol->next;
    symbol->next = NULL;
    symbol->next_day = DAY_NONE;
    return true;
}

static bool take_candle (desk_t *self, desk_shard_t *shard, desk_symbol_t *symbol,
                         const candle_t *candle, int64_t arrival_ms)
{
    self->symbol = symbol;
    series_verdict_t verdict =
        series_take (&symbol->series, candle->ts, arrival_ms, self->rules.day_timeout_ms, NULL);
    if (verdict != SERIES_TAKE && verdict != SERIES_NEW_DATE) {
        return true; /* the broker counts them */
    }
    if (verdict == SERIES_NEW_DATE && !begin_date (self, symbol)) {
        return false;
    }
    self->counts.candles++;
    if (symbol->today && symbol_day_take (symbol->today, &self->day_rules, candle, arrival_ms)) {
        int64_t due = due_of (self, symbol);
        desk_shard_wait (shard, symbol);
        shard->due_ms = due < shard->due_ms ? due : shard->due_ms;
    }
    return true;
}

/* Numbers the symbols that the item names. False when we do not know one: its reference data was lost. */
static bool number_symbols (desk_shard_t *shard, const wire_candles_t *item)
{
    for (size_t i = 0; i < item->symbol_count; i++) {
        desk_symbol_t *symbol = desk_shard_find (shard, item->symbols[i]);
        if (!symbol) {
            return false;
        }
        desk_shard_number (shard, symbol);
    }
    return true;
}

/* A value of a column; columns have any alignment. */
static int64_t integer_at (const wire_candles_t *item, wire_column_t column, size_t row)
{
    int64_t value;
    memcpy (&value, item->columns[column].bytes + row * sizeof value, sizeof value);
    return value;
}

static double number_at (const wire_candles_t *item, wire_column_t column, size_t row)
{
    double value;
    memcpy (&value, item->columns[column].bytes + row * sizeof value, sizeof value);
    return value;
}

static desk_symbol_t *symbol_at (const desk_shard_t *shard, const wire_candles_t *item, size_t row)
{
    uint32_t number;
    memcpy (&number, item->symbol.bytes + row * sizeof number, sizeof number);
    return shard->numbered[number];
}

/* A row's symbol, and then its day, are asked for while rows before it are taken: there are more symbols
 * than the caches hold, and the next row is of another one. (Half of a candle's time was waiting.) */
static void fetch_ahead (const desk_shard_t *shard, const wire_candles_t *item, size_t row)
{
    if (row + SYMBOL_AHEAD < item->count) {
        __builtin_prefetch (symbol_at (shard, item, row + SYMBOL_AHEAD), 1);
    }
    if (row + DAY_AHEAD < item->count) {
        symbol_day_fetch (symbol_at (shard, item, row + DAY_AHEAD)->today);
    }
}

static bool take_rows (desk_t *self, desk_shard_t *shard, const wire_candles_t *item)
{
    for (size_t row = 0; row < item->count; row++) {
        fetch_ahead (shard, item, row);
        candle_t candle = {.ts = integer_at (item, WIRE_COLUMN_TS, row),
                           .open = number_at (item, WIRE_COLUMN_OPEN, row),
                           .high = number_at (item, WIRE_COLUMN_HIGH, row),
                           .low = number_at (item, WIRE_COLUMN_LOW, row),
                           .close = number_at (item, WIRE_COLUMN_CLOSE, row),
                           .volume = number_at (item, WIRE_COLUMN_VOLUME, row)};
        if (!take_candle (self, shard, symbol_at (shard, item, row), &candle,
                          integer_at (item, WIRE_COLUMN_ARRIVAL, row))) {
            return false;
        }
    }
    return true;
}

static bool take_candles (desk_t *self, const wire_candles_t *item)
{
    desk_shard_t *shard = &self->shards[item->shard];
    place_t place = numbered_place_of (shard, item->generation, item->sequence);
    if (place != ITEM_NEXT || item->known != shard->numbered_count) {
        return place == ITEM_OLD;
    }
    self->shard = item->shard;
    self->stamp_us = item->stamp_us;
    if (!number_symbols (shard, item) || !take_rows (self, shard, item)) {
        shard->numbered_count = item->known; /* it named nobody */
        return false;
    }
    advance (self, item->shard, item->count, item->stamp_us);
    return true;
}

/* ---- the clock ---- */

/* Completes what is due, and keeps those waiting that still have open buckets. */
static void pass_time (desk_t *self, desk_shard_t *shard, const wire_clock_t *item)
{
    size_t kept = 0;
    shard->due_ms = INT64_MAX;
    for (size_t i = 0; i < shard->waiting_count; i++) {
        desk_symbol_t *symbol = shard->waiting[i];
        bool all = item->is_end ||
                   series_is_over (&symbol->series, item->clock_ms, self->rules.day_timeout_ms);
        self->symbol = symbol;
        if (symbol->today) {
            symbol_day_clock (symbol->today, &self->day_rules, item->clock_ms, all);
        }
        int64_t due = due_of (self, symbol);
        symbol->waits = due != INT64_MAX;
        if (symbol->waits) {
            shard->waiting[kept++] = symbol;
            shard->due_ms = due < shard->due_ms ? due : shard->due_ms;
        }
    }
    shard->waiting_count = kept;
}

static bool take_clock (desk_t *self, const wire_clock_t *item)
{
    desk_shard_t *shard = &self->shards[item->shard];
    place_t place = numbered_place_of (shard, item->generation, item->sequence);
    if (place != ITEM_NEXT) {
        return place == ITEM_OLD;
    }
    self->shard = item->shard;
    self->stamp_us = 0;
    if (item->is_end || item->clock_ms > shard->due_ms) {
        pass_time (self, shard, item);
    }
    advance (self, item->shard, 0, 0);
    return true;
}

/* ---- the desk ---- */

static bool take (desk_t *self, const wire_object_t *item)
{
    switch (item->kind) {
    case WIRE_BEGIN:
        return take_begin (self, &item->begin);
    case WIRE_REFERENCE:
        return take_reference (self, &item->reference);
    case WIRE_CANDLES:
        return take_candles (self, &item->candles);
    case WIRE_CLOCK:
        return take_clock (self, &item->clock);
    case WIRE_YIELD:
        return take_yield (self, &item->yield);
    default:
        return false;
    }
}

bool desk_take (desk_t *self, const wire_object_t *item, outbox_t *out)
{
    self->out = out;
    bool taken = take (self, item);
    self->counts.late = self->day_rules.late;
    return taken;
}

void desk_end_message (desk_t *self, outbox_t *out)
{
    self->out = out;
    for (size_t i = 0; i < self->touched_count; i++) {
        say_progress (self, self->touched[i]);
        self->shards[self->touched[i]].touched = false;
    }
    self->touched_count = 0;
}

bool desk_next_state (desk_t *self, buffer_t *message)
{
    if (self->given_next == self->given_count) {
        return false;
    }
    *message = self->given[self->given_next];
    self->given[self->given_next++] = (buffer_t){0};
    if (self->given_next == self->given_count) {
        self->given_next = self->given_count = 0;
    }
    return true;
}

void desk_hear (desk_t *self, const wire_live_broker_t *state, uint32_t worker)
{
    for (size_t i = 0; i < state->owner_count; i++) {
        const wire_owner_t *owner = &state->owners[i];
        desk_shard_t *shard = &self->shards[owner->shard];
        if (owner->worker != worker && session_compare (owner->generation, shard->generation) > 0) {
            drop_shard (self, shard);
            shard->generation = owner->generation; /* what is still under way to us is old */
        }
    }
}

const desk_counts_t *desk_counts (const desk_t *self)
{
    return &self->counts;
}

size_t desk_shards (const desk_t *self)
{
    return self->held_count;
}

size_t desk_symbols (const desk_t *self)
{
    return self->symbol_count;
}
