#include "wires.h"

#include <math.h>
#include <string.h>

static bool same_double (double a, double b)
{
    return isnan (a) ? isnan (b) : a == b && signbit (a) == signbit (b);
}

static bool same_bytes (wire_bytes_t a, wire_bytes_t b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.bytes, b.bytes, a.size) == 0);
}

static bool same_session (session_t a, session_t b)
{
    return session_compare (a, b) == 0;
}

static bool same_link (const link_t *a, const link_t *b)
{
    return same_session (a->session, b->session) && a->last == b->last && a->gap == b->gap;
}

static bool same_links (const wire_link_state_t *a, size_t a_count, const wire_link_state_t *b,
                        size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++) {
        same = a[i].worker == b[i].worker && same_link (&a[i].link, &b[i].link);
    }
    return same;
}

static bool same_partition (const partition_t *a, const partition_t *b)
{
    return frequency_equal (a->frequency, b->frequency) && a->key == b->key;
}

/* Texts of one capacity, one behind the other. */
static bool same_texts (const char *a, const char *b, size_t count, size_t capacity)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp (a + i * capacity, b + i * capacity) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_notes (const char (*a)[WIRE_NOTE_MAX + 1], size_t a_count,
                        const char (*b)[WIRE_NOTE_MAX + 1], size_t b_count)
{
    return a_count == b_count &&
           (a_count == 0 || same_texts (a[0], b[0], a_count, WIRE_NOTE_MAX + 1));
}

static bool same_counts (const wire_counts_t *a, const wire_counts_t *b)
{
    return a->candles == b->candles && a->rejected_rows == b->rejected_rows &&
           a->unsorted_rows == b->unsorted_rows && a->duplicate_rows == b->duplicate_rows &&
           a->rejected_files == b->rejected_files && a->rejected_json == b->rejected_json;
}

static bool same_hello (const wire_hello_t *a, const wire_hello_t *b)
{
    return a->role == b->role && strcmp (a->name, b->name) == 0 &&
           a->incarnation == b->incarnation && strcmp (a->endpoint, b->endpoint) == 0;
}

static bool same_welcome (const wire_welcome_t *a, const wire_welcome_t *b)
{
    return a->worker == b->worker && same_session (a->session, b->session) &&
           strcmp (a->data_endpoint, b->data_endpoint) == 0 &&
           strcmp (a->collector_endpoint, b->collector_endpoint) == 0 &&
           a->all_hits == b->all_hits && a->scan_count == b->scan_count &&
           (a->scan_count == 0 ||
            same_texts (a->scans[0], b->scans[0], a->scan_count, SCAN_TEXT_MAX)) &&
           a->holiday_count == b->holiday_count &&
           (a->holiday_count == 0 ||
            memcmp (a->holidays, b->holidays, a->holiday_count * sizeof *a->holidays) == 0);
}

static bool same_need (const wire_need_t *a, const wire_need_t *b)
{
    bool same =
        a->unit == b->unit && a->attempt == b->attempt && a->partition_count == b->partition_count;
    for (uint32_t i = 0; same && i < a->partition_count; i++) {
        same = same_partition (&a->partitions[i], &b->partitions[i]);
    }
    return same;
}

static bool same_worker_state (const wire_worker_state_t *a, const wire_worker_state_t *b)
{
    bool same =
        a->serial == b->serial && same_link (&a->link, &b->link) && a->blocked == b->blocked &&
        a->consumed == b->consumed && a->refused == b->refused && a->parse_us == b->parse_us &&
        a->scan_us == b->scan_us && a->cpu_us == b->cpu_us && a->need_count == b->need_count;
    for (size_t i = 0; same && i < a->need_count; i++) {
        same = same_need (&a->needs[i], &b->needs[i]);
    }
    return same;
}

static bool same_collector_state (const wire_collector_state_t *a, const wire_collector_state_t *b)
{
    return a->serial == b->serial && a->incarnation == b->incarnation &&
           a->released == b->released && same_bytes (a->held, b->held) &&
           a->held_bytes == b->held_bytes && a->able == b->able && a->failed == b->failed &&
           a->closed == b->closed && a->hits == b->hits && a->refused == b->refused &&
           same_counts (&a->counts, &b->counts) && a->sink_us == b->sink_us &&
           a->cpu_us == b->cpu_us &&
           same_links (a->links, a->link_count, b->links, b->link_count) &&
           same_notes (a->notes, a->note_count, b->notes, b->note_count);
}

static bool same_broker_state (const wire_broker_state_t *a, const wire_broker_state_t *b)
{
    return a->serial == b->serial && a->phase == b->phase && a->units == b->units &&
           a->void_count == b->void_count &&
           (a->void_count == 0 ||
            memcmp (a->voids, b->voids, a->void_count * sizeof *a->voids) == 0);
}

static bool same_splits (const wire_split_t *a, size_t a_count, const wire_split_t *b,
                         size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++) {
        same = a[i].day == b[i].day && same_double (a[i].factor, b[i].factor);
    }
    return same;
}

static bool same_unit (const wire_unit_t *a, const wire_unit_t *b)
{
    return a->unit == b->unit && a->attempt == b->attempt && strcmp (a->symbol, b->symbol) == 0 &&
           a->first == b->first && a->last == b->last && a->is_first == b->is_first &&
           a->is_last == b->is_last && a->folders == b->folders && a->explain == b->explain &&
           a->when == b->when && same_splits (a->splits, a->split_count, b->splits, b->split_count);
}

static bool same_file (const wire_file_t *a, const wire_file_t *b)
{
    return a->unit == b->unit && a->attempt == b->attempt && a->content == b->content &&
           same_partition (&a->partition, &b->partition) && a->is_last == b->is_last &&
           strcmp (a->problem, b->problem) == 0 && same_bytes (a->bytes, b->bytes);
}

static bool same_candles (const wire_candles_t *a, const wire_candles_t *b)
{
    bool same = a->shard == b->shard && same_session (a->generation, b->generation) &&
                a->sequence == b->sequence && a->known == b->known &&
                a->symbol_count == b->symbol_count &&
                (a->symbol_count == 0 ||
                 same_texts (a->symbols[0], b->symbols[0], a->symbol_count, SYMBOL_MAX + 1)) &&
                a->count == b->count && same_bytes (a->symbol, b->symbol);
    for (size_t i = 0; same && i < sizeof a->columns / sizeof *a->columns; i++) {
        same = same_bytes (a->columns[i], b->columns[i]);
    }
    return same && a->stamp_us == b->stamp_us;
}

static bool same_found (const hit_t *a, const hit_t *b)
{
    const candle_t *left = &a->candle;
    const candle_t *right = &b->candle;
    bool same = a->scan == b->scan && a->ts == b->ts && left->ts == right->ts &&
                same_double (left->open, right->open) && same_double (left->high, right->high) &&
                same_double (left->low, right->low) && same_double (left->close, right->close) &&
                same_double (left->volume, right->volume) && a->value_count == b->value_count;
    for (int i = 0; same && i < a->value_count; i++) {
        same = same_double (a->values[i], b->values[i]);
    }
    return same;
}

static bool same_hit (const wire_hit_t *a, const wire_hit_t *b)
{
    return a->unit == b->unit && a->attempt == b->attempt && strcmp (a->symbol, b->symbol) == 0 &&
           same_found (&a->hit, &b->hit);
}

static bool same_done (const wire_done_t *a, const wire_done_t *b)
{
    return a->unit == b->unit && a->attempt == b->attempt && strcmp (a->symbol, b->symbol) == 0 &&
           same_counts (&a->counts, &b->counts) &&
           same_notes (a->notes, a->note_count, b->notes, b->note_count);
}

static bool same_explain (const wire_explain_t *a, const wire_explain_t *b)
{
    bool same = a->unit == b->unit && a->attempt == b->attempt && a->scan == b->scan &&
                a->is_rule == b->is_rule && a->hit == b->hit && strcmp (a->note, b->note) == 0 &&
                a->condition_count == b->condition_count;
    for (size_t i = 0; same && i < a->condition_count; i++) {
        const wire_condition_t *left = &a->conditions[i];
        const wire_condition_t *right = &b->conditions[i];
        same = strcmp (left->what, right->what) == 0 && strcmp (left->op, right->op) == 0 &&
               same_double (left->value, right->value) &&
               same_double (left->threshold, right->threshold) && left->is_time == right->is_time &&
               left->passed == right->passed;
    }
    return same;
}

static bool same_live_welcome (const wire_live_welcome_t *a, const wire_live_welcome_t *b)
{
    return a->worker == b->worker && same_session (a->session, b->session) &&
           strcmp (a->data_endpoint, b->data_endpoint) == 0 &&
           strcmp (a->collector_endpoint, b->collector_endpoint) == 0 && a->broker == b->broker &&
           a->since_ms == b->since_ms && a->candle_timeout_ms == b->candle_timeout_ms &&
           a->day_timeout_ms == b->day_timeout_ms && a->all_hits == b->all_hits &&
           a->scan_count == b->scan_count &&
           same_texts ((const char *) a->scans, (const char *) b->scans, a->scan_count,
                       SCAN_TEXT_MAX) &&
           a->holiday_count == b->holiday_count &&
           (a->holiday_count == 0 ||
            memcmp (a->holidays, b->holidays, a->holiday_count * sizeof *a->holidays) == 0) &&
           a->cell.index == b->cell.index && a->cell.count == b->cell.count;
}

static bool same_live_worker (const wire_live_worker_t *a, const wire_live_worker_t *b)
{
    return a->serial == b->serial && same_link (&a->link, &b->link) && a->blocked == b->blocked &&
           a->consumed == b->consumed && a->refused == b->refused && a->candles == b->candles &&
           a->late == b->late && a->rejected_rows == b->rejected_rows &&
           a->rejected_files == b->rejected_files && a->scan_us == b->scan_us &&
           a->cpu_us == b->cpu_us && a->memory_bytes == b->memory_bytes &&
           same_notes (a->notes, a->note_count, b->notes, b->note_count) &&
           a->leaving == b->leaving;
}

/* What an item names: a shard, its generation, a sequence. */
static bool same_item (uint32_t a_shard, session_t a_generation, uint64_t a_sequence,
                       uint32_t b_shard, session_t b_generation, uint64_t b_sequence)
{
    return a_shard == b_shard && same_session (a_generation, b_generation) &&
           a_sequence == b_sequence;
}

static bool same_live_collector (const wire_live_collector_t *a, const wire_live_collector_t *b)
{
    bool same = a->serial == b->serial && a->incarnation == b->incarnation &&
                a->broker == b->broker && a->epoch == b->epoch && a->since_ms == b->since_ms &&
                a->able == b->able && a->failed == b->failed && a->places == b->places &&
                a->hits == b->hits && a->repeats == b->repeats && a->refused == b->refused &&
                a->synced == b->synced && a->pending == b->pending &&
                a->commit_us == b->commit_us && a->cpu_us == b->cpu_us &&
                a->memory_bytes == b->memory_bytes &&
                same_links (a->links, a->link_count, b->links, b->link_count) &&
                a->shard_count == b->shard_count && a->sink_count == b->sink_count &&
                a->candles == b->candles && a->taken == b->taken &&
                same_bytes (a->hit_age, b->hit_age) && same_bytes (a->commit_age, b->commit_age);
    for (size_t i = 0; same && i < a->shard_count; i++) {
        const wire_shard_state_t *left = &a->shards[i];
        const wire_shard_state_t *right = &b->shards[i];
        same = left->claim == right->claim && left->candles == right->candles &&
               same_item (left->shard, left->generation, left->sequence, right->shard,
                          right->generation, right->sequence);
    }
    for (size_t i = 0; same && i < a->sink_count; i++) {
        same = strcmp (a->sinks[i].name, b->sinks[i].name) == 0 &&
               a->sinks[i].behind == b->sinks[i].behind &&
               a->sinks[i].failing == b->sinks[i].failing;
    }
    return same;
}

static bool same_live_broker (const wire_live_broker_t *a, const wire_live_broker_t *b)
{
    bool same = a->serial == b->serial && a->broker == b->broker && a->epoch == b->epoch &&
                a->phase == b->phase && a->owner_count == b->owner_count;
    for (size_t i = 0; same && i < a->owner_count; i++) {
        same = a->owners[i].shard == b->owners[i].shard &&
               a->owners[i].worker == b->owners[i].worker &&
               same_session (a->owners[i].generation, b->owners[i].generation);
    }
    return same;
}

static bool same_place (const wire_place_t *a, const wire_place_t *b)
{
    return strcmp (a->symbol, b->symbol) == 0 && strcmp (a->stream, b->stream) == 0 &&
           a->closed == b->closed && a->day == b->day && entry_id_compare (a->floor, b->floor) == 0;
}

static bool same_places (const wire_places_t *a, const wire_places_t *b)
{
    bool same = a->epoch == b->epoch && a->number == b->number && a->last == b->last &&
                a->symbol_count == b->symbol_count && a->stream_count == b->stream_count;
    for (size_t i = 0; same && i < a->symbol_count; i++) {
        same = same_place (&a->symbols[i], &b->symbols[i]);
    }
    for (size_t i = 0; same && i < a->stream_count; i++) {
        same = strcmp (a->streams[i].stream, b->streams[i].stream) == 0 &&
               entry_id_compare (a->streams[i].position, b->streams[i].position) == 0;
    }
    return same;
}

static bool same_begin (const wire_begin_t *a, const wire_begin_t *b)
{
    bool same = a->shard == b->shard && same_session (a->generation, b->generation) &&
                a->symbol_count == b->symbol_count && a->sequence == b->sequence &&
                same_bytes (a->state, b->state);
    for (size_t i = 0; same && i < a->symbol_count; i++) {
        same = strcmp (a->symbols[i].symbol, b->symbols[i].symbol) == 0 &&
               a->symbols[i].closed == b->symbols[i].closed;
    }
    return same;
}

static bool same_reference (const wire_reference_t *a, const wire_reference_t *b)
{
    bool same = a->shard == b->shard && same_session (a->generation, b->generation) &&
                strcmp (a->symbol, b->symbol) == 0 && a->day == b->day &&
                same_splits (a->splits, a->split_count, b->splits, b->split_count) &&
                a->file_count == b->file_count;
    for (size_t i = 0; same && i < a->file_count; i++) {
        const wire_reference_file_t *left = &a->files[i];
        const wire_reference_file_t *right = &b->files[i];
        same = left->content == right->content && left->key == right->key &&
               strcmp (left->problem, right->problem) == 0 &&
               same_bytes (left->bytes, right->bytes);
    }
    return same;
}

static bool same_clock (const wire_clock_t *a, const wire_clock_t *b)
{
    return same_item (a->shard, a->generation, a->sequence, b->shard, b->generation, b->sequence) &&
           a->clock_ms == b->clock_ms && a->is_end == b->is_end;
}

static bool same_live_hit (const wire_live_hit_t *a, const wire_live_hit_t *b)
{
    return a->shard == b->shard && same_session (a->generation, b->generation) &&
           strcmp (a->symbol, b->symbol) == 0 && a->arrival_ms == b->arrival_ms &&
           a->day == b->day && a->stamp_us == b->stamp_us && same_found (&a->hit, &b->hit);
}

bool wires_same (const wire_object_t *a, const wire_object_t *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case WIRE_HELLO:
        return same_hello (&a->hello, &b->hello);
    case WIRE_WELCOME:
        return same_welcome (&a->welcome, &b->welcome);
    case WIRE_WORKER_STATE:
        return same_worker_state (&a->worker_state, &b->worker_state);
    case WIRE_COLLECTOR_STATE:
        return same_collector_state (&a->collector_state, &b->collector_state);
    case WIRE_BROKER_STATE:
        return same_broker_state (&a->broker_state, &b->broker_state);
    case WIRE_LINK:
        return a->link.worker == b->link.worker &&
               same_session (a->link.session, b->link.session) && a->link.n == b->link.n;
    case WIRE_UNIT:
        return same_unit (&a->unit, &b->unit);
    case WIRE_FILE:
        return same_file (&a->file, &b->file);
    case WIRE_READY:
        return a->ready.unit == b->ready.unit && a->ready.attempt == b->ready.attempt;
    case WIRE_CANDLES:
        return same_candles (&a->candles, &b->candles);
    case WIRE_HIT:
        return same_hit (&a->hit, &b->hit);
    case WIRE_DONE:
        return same_done (&a->done, &b->done);
    case WIRE_EXPLAIN:
        return same_explain (&a->explain, &b->explain);
    case WIRE_LIVE_WELCOME:
        return same_live_welcome (&a->live_welcome, &b->live_welcome);
    case WIRE_LIVE_WORKER:
        return same_live_worker (&a->live_worker, &b->live_worker);
    case WIRE_LIVE_COLLECTOR:
        return same_live_collector (&a->live_collector, &b->live_collector);
    case WIRE_LIVE_BROKER:
        return same_live_broker (&a->live_broker, &b->live_broker);
    case WIRE_PLACES:
    case WIRE_KNOWN:
        return same_places (&a->places, &b->places);
    case WIRE_BEGIN:
        return same_begin (&a->begin, &b->begin);
    case WIRE_REFERENCE:
        return same_reference (&a->reference, &b->reference);
    case WIRE_CLOCK:
        return same_clock (&a->clock, &b->clock);
    case WIRE_LIVE_HIT:
        return same_live_hit (&a->live_hit, &b->live_hit);
    case WIRE_YIELD:
        return same_item (a->yield.shard, a->yield.generation, a->yield.sequence, b->yield.shard,
                          b->yield.generation, b->yield.sequence);
    case WIRE_STATE:
        return same_item (a->state.shard, a->state.generation, a->state.sequence, b->state.shard,
                          b->state.generation, b->state.sequence) &&
               same_bytes (a->state.bytes, b->state.bytes);
    case WIRE_PROGRESS:
        return same_item (a->progress.shard, a->progress.generation, a->progress.sequence,
                          b->progress.shard, b->progress.generation, b->progress.sequence) &&
               a->progress.candles == b->progress.candles &&
               a->progress.stamp_us == b->progress.stamp_us;
    }
    return false;
}
