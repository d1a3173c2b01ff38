#include "desk_state.h"

#include "pack.h"
#include "shard.h"
#include "wire.h"

#include <stdlib.h>

#define VERSION UINT64_C (0x6673737461746531) /* "fsstate1" */

static const int64_t NO_TS = INT64_MIN;

/* Of the scans, in their order, and of what of their hits is reported. */
static uint64_t identity_of (const run_t *run)
{
    uint64_t hash = SHARD_HASH_START;
    for (size_t i = 0; i < run->scan_count; i++) {
        hash = shard_hash (hash, &run->scans[i].hash, sizeof run->scans[i].hash);
    }
    uint8_t all = run->all_hits;
    return shard_hash (hash, &all, sizeof all);
}

/* ---- saving ---- */

static void save_symbol (const desk_symbol_t *symbol, const run_t *run, buffer_t *state)
{
    const series_t *series = &symbol->series;
    uint8_t size = (uint8_t) strlen (symbol->name);
    int64_t day = series->day, closed = series->closed, next_day = symbol->next_day;
    PACK (state, size);
    buffer_append (state, symbol->name, size);
    PACK (state, series->last_ts);
    PACK (state, series->arrival_ms);
    PACK (state, series->end_ms);
    PACK (state, day);
    PACK (state, closed);
    PACK (state, next_day);
    symbol_day_save (symbol->today, run, state);
    symbol_day_save (symbol->next, run, state);
}

/* Those with open buckets, in the order in which a clock completes them: by name, there are few. */
static void save_waiting (const desk_shard_t *shard, buffer_t *state)
{
    uint64_t count = shard->waiting_count;
    PACK (state, count);
    for (size_t i = 0; i < shard->waiting_count; i++) {
        uint8_t size = (uint8_t) strlen (shard->waiting[i]->name);
        PACK (state, size);
        buffer_append (state, shard->waiting[i]->name, size);
    }
}

static bool is_numbered (const desk_shard_t *shard, const desk_symbol_t *symbol)
{
    for (uint32_t i = 0; i < shard->numbered_count; i++) {
        if (shard->numbered[i] == symbol) {
            return true;
        }
    }
    return false;
}

bool desk_state_save (const desk_shard_t *shard, const run_t *run, buffer_t *state)
{
    size_t before = state->size;
    uint64_t head[] = {VERSION, identity_of (run), shard->symbol_count, shard->numbered_count};
    PACK (state, head);
    for (uint32_t i = 0; i < shard->numbered_count; i++) {
        save_symbol (shard->numbered[i], run, state);
    }
    for (size_t i = 0; i < shard->slot_count && shard->symbol_count > shard->numbered_count; i++) {
        if (shard->slots[i] && !is_numbered (shard, shard->slots[i])) {
            save_symbol (shard->slots[i], run, state);
        }
    }
    save_waiting (shard, state);
    if (state->size - before > WIRE_STATE_MAX) {
        state->size = before;
        return false;
    }
    return true;
}

/* ---- loading ---- */

static day_t load_day (unpack_t *from)
{
    int64_t day = unpack_within (from, INT32_MIN, INT32_MAX);
    from->bad = from->bad || (day != DAY_NONE && (day < DAY_FIRST || day > DAY_LAST));
    return from->bad ? DAY_NONE : (day_t) day;
}

static void load_series (unpack_t *from, series_t *series)
{
    UNPACK (from, series->last_ts);
    series->arrival_ms = unpack_within (from, INT64_MIN, WIRE_MS_MAX);
    series->end_ms = unpack_within (from, INT64_MIN, (WIRE_TS_LAST + 86400) * 1000);
    series->day = load_day (from);
    series->closed = load_day (from);
    bool is_time = series->last_ts >= WIRE_TS_FIRST && series->last_ts <= WIRE_TS_LAST;
    bool is_fresh = series->last_ts == NO_TS;
    from->bad = from->bad || (!is_time && !is_fresh) || is_fresh != (series->day == DAY_NONE);
}

static bool load_name (unpack_t *from, char name[SYMBOL_MAX + 1])
{
    uint8_t size;
    UNPACK (from, size);
    if (from->bad || size == 0 || size > SYMBOL_MAX) {
        return false;
    }
    unpack_bytes (from, name, size);
    name[size] = '\0';
    return !from->bad && symbol_valid (name, size);
}

static bool load_symbol (unpack_t *from, desk_shard_t *shard, const run_t *run, bool numbered)
{
    char name[SYMBOL_MAX + 1];
    if (!load_name (from, name) || desk_shard_find (shard, name)) {
        return false;
    }
    desk_symbol_t *symbol = desk_shard_add (shard, name, DAY_NONE);
    load_series (from, &symbol->series);
    symbol->next_day = load_day (from);
    bool good = !from->bad && symbol_day_load (&symbol->today, run, from) &&
                symbol_day_load (&symbol->next, run, from);
    if (good && numbered) {
        desk_shard_number (shard, symbol);
    }
    return good;
}

static bool load_waiting (unpack_t *from, desk_shard_t *shard)
{
    uint64_t count = 0;
    bool good = true;
    UNPACK (from, count);
    for (uint64_t i = 0; i < count && good; i++) {
        char name[SYMBOL_MAX + 1];
        desk_symbol_t *symbol = load_name (from, name) ? desk_shard_find (shard, name) : NULL;
        good = symbol && !symbol->waits;
        if (good) {
            desk_shard_wait (shard, symbol);
        }
    }
    return good && !from->bad;
}

bool desk_state_load (desk_shard_t *shard, const run_t *run, wire_bytes_t state)
{
    unpack_t from = {.at = state.bytes, .left = state.size};
    uint64_t head[4];
    UNPACK (&from, head);
    bool good = !from.bad && head[0] == VERSION && head[1] == identity_of (run) &&
                head[3] <= head[2] && head[2] <= state.size;
    for (uint64_t i = 0; i < head[2] && good; i++) {
        good = load_symbol (&from, shard, run, i < head[3]);
    }
    good = good && load_waiting (&from, shard) && from.left == 0;
    if (!good) {
        desk_shard_drop (shard);
    }
    return good;
}
