#include "unit_inside.h"

#include <math.h>
#include <stdlib.h>

/* The part that the file is; NULL when nobody asked for it. */
part_t *unit_find_part (unit_t *self, const partition_t *partition)
{
    for (size_t i = 0; i < self->part_count; i++) {
        part_t *part = &self->parts[i];
        if (part->partition.key == partition->key &&
            frequency_equal (part->partition.frequency, partition->frequency)) {
            return part;
        }
    }
    return NULL;
}

/* The frequency of the files that candles of the run's i-th frequency come from. */
static frequency_t source_of (const unit_t *self, size_t i)
{
    bool has_folder = self->order.folders >> i & 1;
    return has_folder ? self->run->frequencies[i] : FREQUENCY_1MIN;
}

static void want (unit_t *self, frequency_t frequency, day_t day, day_t use)
{
    partition_t partition = {frequency, partition_first (frequency, day)};
    part_t *part = unit_find_part (self, &partition);
    if (!part) {
        self->parts = memory_resize (self->parts, self->part_count + 1, sizeof *self->parts);
        part = &self->parts[self->part_count++];
        *part = (part_t){.partition = partition};
    }
    part->last_use = use;
}

uint64_t unit_allday_scans (const run_t *run)
{
    uint64_t scans = 0;
    for (size_t i = 0; i < run->scan_count; i++) {
        scans |= (uint64_t) rules_reads_prev_allday (&run->scans[i]) << i;
    }
    return scans;
}

/* The partitions that a planned day reads. */
static void want_for (unit_t *self, const planned_t *planned)
{
    const run_t *run = self->run;
    for (size_t i = 0; i < run->scan_count; i++) {
        if ((planned->scans >> i & 1) && run->frequency_of[i] >= 0) {
            want (self, source_of (self, (size_t) run->frequency_of[i]), planned->day,
                  planned->day);
        }
    }
    if (planned->scans & unit_allday_scans (run)) {
        want (self, FREQUENCY_1MIN, calendar_back (self->calendar, planned->day, 1), planned->day);
    }
}

static int compare_parts (const void *a, const void *b)
{
    const part_t *left = a, *right = b;
    if (left->partition.key != right->partition.key) {
        return left->partition.key < right->partition.key ? -1 : 1;
    }
    int l = frequency_minutes (left->partition.frequency);
    int r = frequency_minutes (right->partition.frequency);
    if (l != r) {
        return l < r ? -1 : 1;
    }
    return (int) left->partition.frequency.unit - (int) right->partition.frequency.unit;
}

void unit_plan_parts (unit_t *self)
{
    for (size_t i = 0; i < self->planned_count; i++) {
        want_for (self, &self->planned[i]);
    }
    if (self->part_count > 0) {
        qsort (self->parts, self->part_count, sizeof *self->parts, compare_parts);
        self->wanted = memory_new (self->part_count * sizeof *self->wanted);
        for (size_t i = 0; i < self->part_count; i++) {
            self->wanted[i] = self->parts[i].partition;
        }
    }
}

uint32_t unit_needs (const unit_t *self, const partition_t **partitions)
{
    *partitions = self->wanted;
    return self->part_next == 0 ? (uint32_t) self->part_count : 0;
}

/* Are the partitions that the day reads there? */
bool unit_is_there (unit_t *self, const planned_t *planned)
{
    for (size_t i = 0; i < self->part_count; i++) {
        const part_t *part = &self->parts[i];
        if (!part->whole && part->partition.key <= planned->day && part->last_use >= planned->day) {
            return false;
        }
    }
    return true;
}

/* Partitions that no planned day from here on reads. */
void unit_drop_parts (unit_t *self, day_t scanned)
{
    for (size_t i = 0; i < self->part_count; i++) {
        if (self->parts[i].whole && self->parts[i].last_use <= scanned) {
            candles_free (&self->parts[i].candles);
        }
    }
}

/* The rows of `day` in the partition that holds them; none when it has none. */
static const candle_t *rows_of (unit_t *self, frequency_t frequency, day_t day, size_t *count)
{
    partition_t partition = {frequency, partition_first (frequency, day)};
    part_t *part = unit_find_part (self, &partition);
    *count = 0;
    if (!part || part->candles.count == 0) {
        return NULL;
    }
    size_t first = candles_find (&part->candles, exchange_midnight (day));
    *count = candles_find (&part->candles, exchange_midnight (day + 1)) - first;
    return part->candles.rows + first;
}

/* The day's candles of the run's i-th frequency, built from 1min where the symbol has no folder of
 * it. */
const candle_t *unit_day_candles (unit_t *self, size_t i, day_t day, size_t *count)
{
    frequency_t source = source_of (self, i);
    const candle_t *rows = rows_of (self, source, day, count);
    if (frequency_equal (source, self->run->frequencies[i])) {
        return rows;
    }
    bucket_t bucket;
    candle_t closed;
    bucket_init (&bucket, self->run->frequencies[i]);
    self->built.count = 0;
    for (size_t k = 0; k < *count; k++) {
        if (bucket_feed (&bucket, &rows[k], &closed)) {
            candles_push (&self->built, &closed);
        }
    }
    if (bucket_close (&bucket, &closed)) {
        candles_push (&self->built, &closed);
    }
    *count = self->built.count;
    return self->built.rows;
}

/* prev_allday: the last close and the highest high of the trading day before, every session, with
 * the splits known on the day. */
void unit_previous_allday (unit_t *self, day_t day, double *close, double *high)
{
    size_t count;
    day_t before = calendar_back (self->calendar, day, 1);
    const candle_t *rows = rows_of (self, FREQUENCY_1MIN, before, &count);
    *close = *high = NAN;
    for (size_t i = 0; i < count; i++) {
        candle_t candle = daily_adjust (self->daily, rows[i], before);
        *close = candle.close;
        *high = i == 0 || candle.high > *high ? candle.high : *high;
    }
}
