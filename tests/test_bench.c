/* The table of scripts/bench: what was measured is what it says, and what was not it does not hide. */
#include "check.h"
#include "memory.h"
#include "stage.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MACHINE                                                                                    \
    "{\"date\":\"2026-01-02\",\"commit\":\"abc\",\"cpu\":\"a cpu\",\"cores\":2,\"memory\":\"1 "    \
    "GiB\","                                                                                       \
    "\"kernel\":\"6\",\"quick\":false}"
#define OURS(seconds)                                                                              \
    "{\"series\":\"daily.ours\",\"rows\":100,\"symbols\":3,\"candles\":100,\"seconds\":" seconds   \
    "}\n"
#define DUCKDB(rows, seconds)                                                                      \
    "{\"series\":\"daily.duckdb\",\"rows\":" rows                                                  \
    ",\"symbols\":3,\"version\":\"1.2\",\"seconds\":" seconds "}\n"
#define NO_POLARS "{\"series\":\"daily.polars\",\"note\":\"not present: no npm\"}\n"
#define THREE     OURS ("0.3") OURS ("0.5") OURS ("0.1")

typedef struct {
    stage_t *stage;
    json_t *json;
    char *markdown;
} table_t;

/* The table of a row for these samples; the exit code. */
static int make_table (table_t *self, const char *samples, const char *row)
{
    char *paths[] = {stage_path (self->stage, "samples.jsonl"),
                     stage_path (self->stage, "machine.json"),
                     stage_path (self->stage, "bench.json"), stage_path (self->stage, "bench.md")};
    file_write (paths[0], samples);
    file_write (paths[1], MACHINE);
    const char *const argv[] = {TEST_BENCH_TABLE, paths[0], paths[1], paths[2],
                                paths[3],         row,      NULL};
    spawn_t *table = spawn_run (argv, 10000);
    int code = spawn_code (table);
    spawn_destroy (&table);
    self->json = json_load_file (paths[2], 0, NULL);
    self->markdown = file_read (paths[3], NULL);
    return code;
}

static void drop_table (table_t *self)
{
    json_decref (self->json);
    free (self->markdown);
}

static double number_of (const table_t *self, size_t figure, const char *of, const char *name)
{
    const json_t *object = json_array_get (json_object_get (self->json, "figures"), figure);
    return json_number_value (json_object_get (of ? json_object_get (object, of) : object, name));
}

static void assert_near (double value, double expected)
{
    assert_true (fabs (value - expected) < 1e-6);
}

/* A figure is the median of its rounds, with the least and the most; the ratio is to the peer that is there, and the
 * one that is not says why. */
static void test_figures (void **state)
{
    table_t table = {.stage = *state};
    assert_int_equal (make_table (&table, THREE DUCKDB ("100", "1.5") NO_POLARS, "daily"), 0);
    assert_near (number_of (&table, 0, "ours", "median"), 0.3);
    assert_near (number_of (&table, 0, "ours", "least"), 0.1);
    assert_near (number_of (&table, 0, "ours", "most"), 0.5);
    assert_near (number_of (&table, 1, NULL, "ratio"), 0.2);
    assert_non_null (strstr (table.markdown, "| <= 0.5 s | 0.30 s (0.10-0.50) |  |  | yes |\n"));
    assert_non_null (
        strstr (table.markdown,
                "| <= 0.25 x | 0.30 s (0.10-0.50) | DuckDB 1.2: 1.50 s; Polars: not present: "
                "no npm | 0.200 | yes |\n"));
    assert_non_null (strstr (table.markdown, "pandas: not measured |  | not measured |\n"));
    drop_table (&table);
}

/* The faster peer counts, and a bound that is missed is missed. */
static void test_not_met (void **state)
{
    table_t table = {.stage = *state};
    const char *samples =
        THREE DUCKDB ("100", "1.5") "{\"series\":\"daily.polars\",\"seconds\":1}\n";
    assert_int_equal (make_table (&table, samples, "daily"), 0);
    assert_near (number_of (&table, 1, NULL, "ratio"), 0.3);
    assert_non_null (strstr (table.markdown, "| 0.300 | no |\n"));
    drop_table (&table);
}

/* What starting takes is subtracted; the rest is for each symbol. */
static void test_growth (void **state)
{
    table_t table = {.stage = *state};
    const char *samples = "{\"series\":\"growth.1\",\"seconds\":0.02}\n"
                          "{\"series\":\"growth.10000\",\"seconds\":0.52}\n"
                          "{\"series\":\"growth.100000\",\"seconds\":6.02}\n";
    assert_int_equal (make_table (&table, samples, "growth"), 0);
    assert_near (number_of (&table, 0, "ours", "median"), 60);
    assert_near (number_of (&table, 0, NULL, "ratio"), 1.2);
    drop_table (&table);
}

/* Two that count other rows, or candles that were not read, are an error and no figure. */
static void test_contradictions (void **state)
{
    table_t table = {.stage = *state};
    assert_int_equal (make_table (&table, THREE DUCKDB ("99", "1.5"), "daily"), 1);
    drop_table (&table);
    const char *few = "{\"series\":\"daily.ours\",\"rows\":100,\"candles\":99,\"seconds\":1}\n";
    assert_int_equal (make_table (&table, few, "daily"), 1);
    drop_table (&table);
    const char *other = "{\"series\":\"minute.ours\",\"rows\":7,\"symbols\":2,\"seconds\":1}\n";
    char *both = memory_format ("%s%s", THREE, other);
    assert_int_equal (make_table (&table, both, "daily"), 0);
    drop_table (&table);
    free (both);
}

/* A line that is cut off is an error. */
static void test_damage (void **state)
{
    table_t table = {.stage = *state};
    assert_int_equal (make_table (&table, OURS ("0.3") "{\"series\":\"da", "daily"), 1);
    drop_table (&table);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_figures, stage_open, stage_close),
        cmocka_unit_test_setup_teardown (test_not_met, stage_open, stage_close),
        cmocka_unit_test_setup_teardown (test_growth, stage_open, stage_close),
        cmocka_unit_test_setup_teardown (test_contradictions, stage_open, stage_close),
        cmocka_unit_test_setup_teardown (test_damage, stage_open, stage_close)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
