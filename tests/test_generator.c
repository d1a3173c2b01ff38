/* The synthetic market is the same for the same seed, valid candle by candle, and has all that
 * scanners look for. */
#include "check.h"
#include "generator.h"
#include "memory.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PREMARKET = 240, OPEN = 570, CLOSE = 960, END = 1200 };

typedef struct {
    calendar_t *calendar;
    generator_t *generator;
    candles_t minutes;
    candle_t daily;
} market_t;

/* A market with minutes in March 2023 and daily candles since September 2022. */
static void market_init (market_t *self, uint64_t seed, size_t count)
{
    generator_plan_t plan = {
        .seed = seed,
        .count = count,
        .from = day_from (2023, 3, 1),
        .to = day_from (2023, 3, 31),
        .daily_from = day_from (2022, 9, 1),
    };
    *self = (market_t){.calendar = calendar_new (NULL, 0)};
    self->generator = generator_new (&plan, self->calendar);
}

static void market_free (market_t *self)
{
    candles_free (&self->minutes);
    generator_destroy (&self->generator);
    calendar_destroy (&self->calendar);
}

static uint64_t hash (uint64_t seed, double value)
{
    unsigned char bytes[sizeof value];
    memcpy (bytes, &value, sizeof value);
    for (size_t i = 0; i < sizeof bytes; i++) {
        seed = (seed ^ bytes[i]) * 0x100000001b3;
    }
    return seed;
}

static uint64_t hash_candle (uint64_t seed, const candle_t *candle)
{
    seed = hash (seed, (double) candle->ts);
    seed = hash (hash (seed, candle->open), candle->high);
    seed = hash (hash (seed, candle->low), candle->close);
    return hash (seed, candle->volume);
}

/* The hash of every candle of the market's first 20 symbols. */
static uint64_t hash_market (uint64_t seed)
{
    uint64_t result = 0xcbf29ce484222325;
    market_t market;
    market_init (&market, seed, 20);
    for (size_t i = 0; i < 20; i++) {
        bool traded;
        generator_start (market.generator, i);
        while (generator_next (market.generator, &market.daily, &market.minutes, &traded) !=
               DAY_NONE) {
            if (traded) {
                result = hash_candle (result, &market.daily);
            }
            for (size_t k = 0; k < market.minutes.count; k++) {
                result = hash_candle (result, &market.minutes.rows[k]);
            }
        }
    }
    market_free (&market);
    return result;
}

/* The same seed gives the same candles, another seed others. */
static void test_seed (void **state)
{
    (void) state;
    assert_true (hash_market (1) == hash_market (1));
    assert_true (hash_market (1) != hash_market (2));
}

/* Compilers and machines agree on every bit: the market of seed 1 is pinned. */
static void test_pinned (void **state)
{
    (void) state;
    assert_int_equal (hash_market (1), 0xe7c72caf7053b71c);
}

/* Names are symbols, each comes once, and the awkward ones are there. */
static void test_names (void **state)
{
    (void) state;
    const size_t count = 50000;
    const size_t base = 27;
    const size_t codes = base * base * base * base;
    market_t market;
    market_init (&market, 1, count);
    unsigned char *seen = memory_new (codes);
    assert_string_equal (generator_symbol (market.generator, 0), "BRK.B");
    assert_string_equal (generator_symbol (market.generator, 1), "NA");
    assert_string_equal (generator_symbol (market.generator, 2), "NAN");
    for (size_t i = 0; i < count; i++) {
        const char *name = generator_symbol (market.generator, i);
        assert_true (symbol_valid (name, strlen (name)));
        size_t code = 0;
        for (const char *letter = name; i > 0 && *letter; letter++) {
            code = code * base + (size_t) (*letter - 'A' + 1);
        }
        assert_true (code < codes);
        assert_int_equal (seen[code]++, 0);
    }
    free (seen);
    market_free (&market);
}

static void check_price (double price)
{
    assert_true (price >= 0.01);
    assert_true (price == round (price * 100) / 100);
}

static void check_candle (const candle_t *candle)
{
    check_price (candle->open);
    check_price (candle->high);
    check_price (candle->low);
    check_price (candle->close);
    assert_true (candle->high >= candle->open && candle->high >= candle->close);
    assert_true (candle->low <= candle->open && candle->low <= candle->close);
    assert_true (candle->volume >= 1 && candle->volume == floor (candle->volume));
}

/* Minutes rise, lie on full minutes of the day from 04:00 to 19:59, and are valid candles. */
static void check_minutes (const candles_t *minutes, day_t day)
{
    int64_t last = 0;
    for (size_t i = 0; i < minutes->count; i++) {
        const candle_t *candle = &minutes->rows[i];
        check_candle (candle);
        assert_true (candle->ts > last && candle->ts % 60 == 0);
        assert_int_equal (exchange_day (candle->ts), day);
        assert_in_range (exchange_minute (candle->ts), PREMARKET, END - 1);
        last = candle->ts;
    }
}

/* The daily candle is what its regular session makes of it. */
static void check_consistent (const candle_t *daily, const candles_t *minutes)
{
    candle_t built = {.high = 0, .low = INFINITY};
    for (size_t i = 0; i < minutes->count; i++) {
        const candle_t *candle = &minutes->rows[i];
        int minute = exchange_minute (candle->ts);
        if (minute >= OPEN && minute < CLOSE) {
            built.open = built.open > 0 ? built.open : candle->open;
            built.high = fmax (built.high, candle->high);
            built.low = fmin (built.low, candle->low);
            built.close = candle->close;
            built.volume += candle->volume;
        }
    }
    assert_true (built.open == daily->open && built.close == daily->close);
    assert_true (built.high == daily->high && built.low == daily->low);
    assert_true (built.volume == daily->volume);
}

/* Every candle is valid, and each day's candle agrees with its minutes to the cent and share; days
 * outside the range have none; nothing is traded before the listing. */
static void test_candles (void **state)
{
    (void) state;
    market_t market;
    market_init (&market, 3, 200);
    for (size_t i = 0; i < 200; i++) {
        day_t day;
        bool traded;
        generator_start (market.generator, i);
        while ((day = generator_next (market.generator, &market.daily, &market.minutes, &traded)) !=
               DAY_NONE) {
            assert_true (calendar_is_trading (market.calendar, day));
            bool has_minutes = traded && day >= day_from (2023, 3, 1);
            assert_true (has_minutes == (market.minutes.count > 0));
            if (traded) {
                assert_int_equal (candle_day (&market.daily), day);
                assert_true (day >= generator_ipo (market.generator));
                check_candle (&market.daily);
            }
            if (has_minutes) {
                check_minutes (&market.minutes, day);
                check_consistent (&market.daily, &market.minutes);
            }
        }
    }
    market_free (&market);
}

/* Whether the minutes are wanted or not, the daily candles are the same. */
static void test_daily_alone (void **state)
{
    (void) state;
    market_t with, without;
    market_init (&with, 5, 30);
    market_init (&without, 5, 30);
    for (size_t i = 0; i < 30; i++) {
        day_t day;
        generator_start (with.generator, i);
        generator_start (without.generator, i);
        do {
            bool traded, traded_without;
            day = generator_next (with.generator, &with.daily, &with.minutes, &traded);
            assert_int_equal (
                generator_next (without.generator, &without.daily, NULL, &traded_without), day);
            assert_true (traded == traded_without);
            if (traded) {
                assert_memory_equal (&with.daily, &without.daily, sizeof with.daily);
            }
        } while (day != DAY_NONE);
    }
    market_free (&with);
    market_free (&without);
}

/* What was seen in a market, in symbol days. */
typedef struct {
    int premarket, after, gaps, halts, idle, overnight, runs, fades, shocks;
    int splits, listings;
} seen_t;

static void see_minutes (seen_t *seen, const candles_t *minutes)
{
    bool premarket = false, after = false, gap = false, halt = false, shock = false;
    int busy = 0; /* minutes in a row */
    for (size_t i = 0; i < minutes->count; i++) {
        const candle_t *candle = &minutes->rows[i];
        int minute = exchange_minute (candle->ts);
        premarket |= minute < OPEN;
        after |= minute >= CLOSE;
        if (i > 0 && minute >= OPEN && minute < CLOSE) {
            int missing = (int) (candle->ts - candle[-1].ts) / 60 - 1;
            gap |= missing > 0;
            halt |= missing >= 5 && busy >= 10;
            busy = missing == 0 ? busy + 1 : 0;
            shock |= fabs (candle->close - candle->open) > 0.01 * candle->open;
        }
    }
    seen->premarket += premarket;
    seen->after += after;
    seen->gaps += gap;
    seen->halts += halt;
    seen->shocks += shock;
}

static void see_day (seen_t *seen, const candle_t *daily, double previous)
{
    seen->overnight += fabs (daily->open - previous) > 0.04 * previous;
    seen->runs += daily->high > 1.2 * previous;
    seen->fades += daily->high > 1.2 * previous && daily->close < 0.85 * daily->high;
}

/* A split takes yesterday's price to about from / to of it: a day's move stays far below the
 * factor. */
static bool check_split (const generator_split_t *splits, size_t count, const candle_t *daily,
                         double *previous)
{
    for (size_t i = 0; i < count; i++) {
        if (splits[i].day == candle_day (daily)) {
            *previous *= splits[i].from / splits[i].to;
            assert_true (daily->open < *previous * 2.2 && daily->open > *previous / 1.5);
            return true;
        }
    }
    return false;
}

static void see_symbol (seen_t *seen, market_t *market)
{
    size_t split_count;
    const generator_split_t *splits = generator_splits (market->generator, &split_count);
    double previous = 0;
    bool traded;
    day_t day;
    while ((day = generator_next (market->generator, &market->daily, &market->minutes, &traded)) !=
           DAY_NONE) {
        if (!traded) {
            seen->idle += previous > 0;
            seen->listings += day + 1 == generator_ipo (market->generator);
            continue;
        }
        if (previous > 0) {
            seen->splits += check_split (splits, split_count, &market->daily, &previous);
            see_day (seen, &market->daily, previous);
        }
        see_minutes (seen, &market->minutes);
        previous = market->daily.close;
    }
}

/* In a market of 200 symbols everything happens that a scanner or a reader of files must cope with:
 * trading before the open and after the close, minutes and days without a trade, halts, overnight
 * gaps, shocks, runs that fade, splits and new listings. */
static void test_events (void **state)
{
    (void) state;
    seen_t seen = {0};
    market_t market;
    market_init (&market, 1, 200);
    for (size_t i = 0; i < 200; i++) {
        generator_start (market.generator, i);
        see_symbol (&seen, &market);
    }
    market_free (&market);
    assert_true (seen.premarket > 1000 && seen.after > 1000);
    assert_true (seen.gaps > 500 && seen.halts > 10 && seen.idle > 50);
    assert_true (seen.overnight > 50 && seen.shocks > 50);
    assert_true (seen.runs > 20 && seen.fades > 10);
    assert_true (seen.splits > 3 && seen.listings > 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_seed),        cmocka_unit_test (test_pinned),
        cmocka_unit_test (test_names),       cmocka_unit_test (test_candles),
        cmocka_unit_test (test_daily_alone), cmocka_unit_test (test_events),
    };
    return exchange_init () < 0 ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}
