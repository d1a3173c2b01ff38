/* Whatever the bytes and however they are cut: the candles are in order, one of each time, of the
 * file's dates and sound, the counts add up, and the cuts make no difference.
 *
 *     input: 'm', 'h' or 'd' (the frequency), a byte (the size of the chunks), the file
 *
 * The file's partition holds 2023-03-13. A number is also read on its own: as strtod reads it, or
 * not at all.
 */
#undef NDEBUG
#include "fuzz.h"

#include "csv.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int result;
    candles_t candles;
    csv_counts_t counts;
    uint64_t calls;       /* of reject */
    uint64_t reason_hash; /* of all lines and reasons */
} outcome_t;

static void note (void *argument, uint64_t line, const char *reason)
{
    outcome_t *outcome = argument;
    outcome->calls++;
    outcome->reason_hash = outcome->reason_hash * 31 + line;
    for (; *reason; reason++) {
        assert (*reason >= ' ' && *reason <= '~');
        outcome->reason_hash = outcome->reason_hash * 31 + (unsigned char) *reason;
    }
}

static frequency_t frequency_of (uint8_t byte)
{
    if (byte == 'd') {
        return FREQUENCY_1D;
    }
    return byte == 'h' ? (frequency_t){1, 'h'} : FREQUENCY_1MIN;
}

static outcome_t read_file (frequency_t frequency, const char *bytes, size_t size, size_t chunk)
{
    outcome_t outcome = {0};
    csv_t *csv = csv_new ();
    csv_begin (csv, frequency, partition_first (frequency, day_from (2023, 3, 13)), DAY_FIRST,
               DAY_LAST, &outcome.candles, note, &outcome);
    for (size_t i = 0; i < size; i += chunk) {
        csv_feed (csv, bytes + i, size - i < chunk ? size - i : chunk);
    }
    outcome.result = csv_end (csv, &outcome.counts);
    csv_destroy (&csv);
    return outcome;
}

static void check_sound (const outcome_t *outcome, frequency_t frequency)
{
    day_t first = partition_first (frequency, day_from (2023, 3, 13));
    day_t last = partition_last (frequency, first);
    int64_t before = INT64_MIN;
    for (size_t i = 0; i < outcome->candles.count; i++) {
        const candle_t *candle = &outcome->candles.rows[i];
        day_t day = frequency.unit == 'd' ? candle_day (candle) : exchange_day (candle->ts);
        assert (candle->ts > before && candle->ts % 60 == 0);
        assert (day >= first && day <= last);
        assert (candle->open > 0 && candle->high > 0 && candle->low > 0 && candle->close > 0);
        assert (candle->high >= candle->low && candle->volume >= 0);
        assert (isfinite (candle->open + candle->close) && isfinite (candle->volume));
        before = candle->ts;
    }
    if (outcome->result == 0) {
        assert (outcome->counts.candles == outcome->candles.count);
        assert (outcome->counts.rejected == outcome->calls);
    } else {
        assert (outcome->result == -1 && outcome->calls == 1 && outcome->candles.count == 0);
    }
}

static void check_same (const outcome_t *a, const outcome_t *b)
{
    assert (a->result == b->result && a->calls == b->calls && a->reason_hash == b->reason_hash);
    assert (memcmp (&a->counts, &b->counts, sizeof a->counts) == 0);
    assert (a->candles.count == b->candles.count);
    assert (a->candles.count == 0 || memcmp (a->candles.rows, b->candles.rows,
                                             a->candles.count * sizeof *a->candles.rows) == 0);
}

static void check_number (const char *bytes, size_t size)
{
    char text[64] = "";
    size = size < sizeof text ? size : sizeof text - 1;
    memcpy (text, bytes, size);
    double value;
    if (csv_number (text, size, &value)) {
        char *end;
        double expected = strtod (text, &end);
        assert (end == text + size && memcmp (&value, &expected, sizeof value) == 0);
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static bool ready = false;
    if (!ready) {
        ready = exchange_init () == 0;
        assert (ready);
    }
    if (size < 2) {
        return 0;
    }
    frequency_t frequency = frequency_of (data[0]);
    const char *bytes = (const char *) data + 2;
    size -= 2;
    outcome_t whole = read_file (frequency, bytes, size, size + 1);
    outcome_t cut = read_file (frequency, bytes, size, (size_t) data[1] + 1);
    check_sound (&whole, frequency);
    check_same (&whole, &cut);
    check_number (bytes, size);
    candles_free (&whole.candles);
    candles_free (&cut.candles);
    return 0;
}
