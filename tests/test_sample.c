/* The sample's files are read back by the readers of the product, whole and without a
 * rejected row. */
#include "calendar.h"
#include "check.h"
#include "csv.h"
#include "fundamentals.h"
#include "log.h"
#include "memory.h"
#include "sample.h"
#include "spawn.h"

#include <ftw.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SYMBOLS = 30 };

static const frequency_t frequencies[] = {{1, 'm'}, {5, 'm'}, {1, 'h'}, {5, 'm'}, {1, 'd'}};

/* Two weeks over the change to summer time. */
static sample_plan_t plan_of (const char *directory)
{
    return (sample_plan_t){
        .directory = directory,
        .seed = 7,
        .count = SYMBOLS,
        .from = day_from (2023, 3, 6),
        .to = day_from (2023, 3, 17),
        .frequencies = frequencies,
        .frequency_count = sizeof frequencies / sizeof *frequencies,
    };
}

/* What walking over a sample's files finds: nftw has no argument for it. */
static struct {
    size_t prefix; /* bytes of the sample's own path */
    uint64_t files, rows, rejected, fundamentals;
    uint64_t hash; /* of all paths and contents; the sum, since files come in any order */
    unsigned frequencies;
} walked;

static uint64_t hash_bytes (uint64_t seed, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        seed = (seed ^ (unsigned char) bytes[i]) * 0x100000001b3;
    }
    return seed;
}

static void on_reject (void *argument, uint64_t line, const char *reason)
{
    print_error ("%s:%llu: %s\n", (const char *) argument, (unsigned long long) line, reason);
    walked.rejected++;
}

/* Reads a partition as the worker does; KEY as a date is what follows the last slash. */
static void walk_partition (char *path, const char *bytes, size_t size)
{
    char *key = strrchr (path, '/');
    char *folder = memory_format ("%.*s", (int) (key - path), path);
    frequency_t frequency;
    assert_true (frequency_parse (strrchr (folder, '/') + 1, &frequency));
    char date[11] = "0000-01-01";
    memcpy (date, key + 1, strcspn (key + 1, "."));
    day_t first;
    assert_true (day_parse (date, 10, &first));
    assert_int_equal (partition_first (frequency, first), first);

    candles_t candles = {0};
    csv_counts_t counts;
    csv_t *csv = csv_new ();
    csv_begin (csv, frequency, first, DAY_FIRST, DAY_LAST, &candles, on_reject, path);
    csv_feed (csv, bytes, size);
    assert_int_equal (csv_end (csv, &counts), 0);
    assert_true (counts.candles > 0 && counts.candles == candles.count);
    assert_true (counts.rejected == 0 && counts.unsorted == 0 && counts.duplicates == 0);
    walked.rows += counts.candles;
    walked.frequencies |= 1U << (frequency.unit == 'd' ? 0 : frequency_minutes (frequency) % 31);
    csv_destroy (&csv);
    candles_free (&candles);
    free (folder);
}

static void walk_fundamentals (const char *bytes, size_t size)
{
    static const char *const names[] = {"type",           "exchange",
                                        "country",        "city",
                                        "gic_industry",   "gic_sector",
                                        "ipo_date",       "shares_float",
                                        "beta",           "insiders_ownership_perc",
                                        "earnings_dates", "institutional_ownership_perc"};
    char error[256] = "";
    fundamentals_t fundamentals;
    assert_int_equal (fundamentals_parse (&fundamentals, bytes, size, error, sizeof error), 0);
    assert_true (fundamentals.cap_count > 1 && fundamentals.earnings_count > 1);
    fundamentals_free (&fundamentals);
    json_t *json = json_loadb (bytes, size, 0, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_non_null (json_object_get (json, names[i]));
    }
    json_decref (json);
    walked.fundamentals++;
}

static int on_file (const char *path, const struct stat *status, int type, struct FTW *level)
{
    (void) status;
    (void) level;
    if (type != FTW_F) {
        return 0;
    }
    size_t size;
    char *bytes = file_read (path, &size);
    char *name = memory_text (path);
    uint64_t hash =
        hash_bytes (0xcbf29ce484222325, path + walked.prefix, strlen (path) - walked.prefix);
    walked.hash += hash_bytes (hash, bytes, size);
    walked.files++;
    if (strstr (path, "/candles/")) {
        walk_partition (name, bytes, size);
    } else if (strstr (path, "/fundamentals/")) {
        walk_fundamentals (bytes, size);
    }
    free (name);
    free (bytes);
    return 0;
}

static void walk (const char *directory)
{
    memset (&walked, 0, sizeof walked);
    walked.prefix = strlen (directory);
    assert_int_equal (nftw (directory, on_file, 16, FTW_PHYS), 0);
}

/* Every file is read by csv.h and fundamentals.h without a complaint; the summary counts them
 * right; each frequency asked for is there once. */
static void test_read_back (void **state)
{
    (void) state;
    char *directory = directory_new ();
    sample_plan_t plan = plan_of (directory);
    sample_summary_t summary;
    assert_int_equal (sample_write (&plan, &summary), 0);
    walk (directory);
    assert_int_equal (walked.rejected, 0);
    assert_int_equal (walked.files, summary.files);
    assert_int_equal (walked.rows, summary.rows);
    assert_int_equal (walked.frequencies, 1U | 1U << 1 | 1U << 5 | 1U << (60 % 31));
    assert_in_range (walked.fundamentals, SYMBOLS / 2, SYMBOLS - 1);
    directory_destroy (&directory);
}

static uint64_t hash_of (uint64_t seed, bool no_fundamentals)
{
    char *directory = directory_new ();
    sample_plan_t plan = plan_of (directory);
    sample_summary_t summary;
    plan.seed = seed;
    plan.no_fundamentals = no_fundamentals;
    assert_int_equal (sample_write (&plan, &summary), 0);
    walk (directory);
    directory_destroy (&directory);
    return walked.hash;
}

/* The same seed writes the same bytes, another seed others; fundamentals can be left out. */
static void test_seed (void **state)
{
    (void) state;
    uint64_t hash = hash_of (7, false);
    assert_true (hash == hash_of (7, false));
    assert_true (hash != hash_of (8, false));
    hash_of (7, true);
    assert_int_equal (walked.fundamentals, 0);
}

static json_t *load (const char *directory, const char *name)
{
    char *path = memory_format ("%s/data/%s", directory, name);
    json_t *json = json_load_file (path, 0, NULL);
    assert_non_null (json);
    free (path);
    return json;
}

/* The holidays of every year that the candles touch are there, and no daily candle lies on one of
 * them; daily candles begin SAMPLE_LOOKBACK trading days before the range. */
static void test_holidays (void **state)
{
    (void) state;
    char *directory = directory_new ();
    sample_plan_t plan = plan_of (directory);
    sample_summary_t summary;
    assert_int_equal (sample_write (&plan, &summary), 0);
    json_t *json = load (directory, "holidays/US_exchange_holidays.json");
    size_t count = json_array_size (json);
    day_t *holidays = memory_new (count * sizeof *holidays);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value (json_array_get (json, i));
        assert_true (day_parse (text, strlen (text), &holidays[i]));
    }
    calendar_t *calendar = calendar_new (holidays, count);
    assert_false (calendar_is_trading (calendar, day_from (2022, 11, 24)));
    assert_false (calendar_is_trading (calendar, day_from (2023, 1, 2)));

    char date[11];
    day_format (calendar_back (calendar, plan.from, SAMPLE_LOOKBACK), date);
    char *path = memory_format ("%s/data/candles/NA/1d/2022.csv", directory);
    char *rows = file_read (path, NULL);
    const char *first = strchr (rows, '\n') + 1;
    assert_memory_equal (first, date, 10);
    assert_null (strstr (rows, "2022-11-24"));
    free (rows);
    free (path);
    calendar_destroy (&calendar);
    free (holidays);
    json_decref (json);
    directory_destroy (&directory);
}

/* Splits have the three fields that readers ask for, within the days of the daily candles. */
static void test_splits (void **state)
{
    (void) state;
    char *directory = directory_new ();
    sample_plan_t plan = plan_of (directory);
    sample_summary_t summary;
    plan.count = 200;
    plan.frequency_count = 0;
    assert_int_equal (sample_write (&plan, &summary), 0);
    json_t *json = load (directory, "polygon_splits.json");
    assert_true (json_object_size (json) > 5);
    const char *symbol;
    json_t *splits;
    json_object_foreach (json, symbol, splits)
    {
        for (size_t i = 0; i < json_array_size (splits); i++) {
            const json_t *split = json_array_get (splits, i);
            const char *text = json_string_value (json_object_get (split, "execution_date"));
            day_t day;
            assert_true (day_parse (text, strlen (text), &day));
            assert_true (day > day_from (2022, 6, 1) && day <= plan.to);
            assert_true (json_number_value (json_object_get (split, "split_from")) > 0);
            assert_true (json_number_value (json_object_get (split, "split_to")) > 0);
        }
    }
    json_decref (json);
    directory_destroy (&directory);
}

/* A directory with candles is left as it is; one with an empty data/candles, or without any, is
 * taken; one that cannot be made, and impossible plans, are refused. */
static void test_refusals (void **state)
{
    (void) state;
    char *directory = directory_new ();
    sample_plan_t plan = plan_of (directory);
    sample_summary_t summary;
    plan.frequency_count = 0;
    assert_int_equal (sample_write (&plan, &summary), 0);
    walk (directory);
    uint64_t before = walked.hash;
    plan.seed++;
    assert_int_equal (sample_write (&plan, &summary), -1);
    walk (directory);
    assert_true (walked.hash == before);

    char *missing = memory_format ("%s/a/b", directory);
    plan.directory = missing;
    assert_int_equal (sample_write (&plan, &summary), -1);
    missing[strlen (missing) - 2] = '\0';
    assert_int_equal (sample_write (&plan, &summary), 0);
    free (missing);

    char *empty = memory_format ("%s/empty", directory);
    plan.directory = empty;
    plan.count = 0;
    assert_int_equal (sample_write (&plan, &summary), -1);
    plan.count = 1;
    plan.from = plan.to + 1;
    assert_int_equal (sample_write (&plan, &summary), -1);
    plan.from = plan.to = day_from (1960, 1, 1);
    assert_int_equal (sample_write (&plan, &summary), -1);
    assert_int_equal (access (empty, F_OK), -1);
    free (empty);
    directory_destroy (&directory);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_read_back), cmocka_unit_test (test_seed),
        cmocka_unit_test (test_holidays),  cmocka_unit_test (test_splits),
        cmocka_unit_test (test_refusals),
    };
    log_init ("test_sample", LOG_ERROR, LOG_TEXT);
    return exchange_init () < 0 ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}
