/* The reference data of a symbol: which files, how large, and what is said of those that are not
 * usable. */
#include "check.h"

#include "log.h"
#include "reference.h"
#include "spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *directory;
    market_t *market;
    reference_t reference;
    buffer_t message;
    wire_reader_t *reader;
    wire_object_t object;
} fixture_t;

/* The test's directory is the working directory. */
static int set_up (void **state)
{
    fixture_t *self = memory_new (sizeof *self);
    *state = self;
    self->directory = directory_new ();
    self->reader = wire_reader_new ();
    static const char *const folders[] = {"data", "data/candles", "data/fundamentals",
                                          "data/candles/A", "data/candles/A/1d"};
    int rc = chdir (self->directory);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        rc |= mkdir (folders[i], 0777);
    }
    return rc;
}

static int tear_down (void **state)
{
    fixture_t *self = *state;
    int rc = chdir ("/");
    reference_free (&self->reference);
    market_destroy (&self->market);
    buffer_free (&self->message);
    wire_reader_destroy (&self->reader);
    directory_destroy (&self->directory);
    free (self);
    return rc;
}

static day_t day_of (const char *text)
{
    day_t day;
    assert_true (day_parse (text, strlen (text), &day));
    return day;
}

static const session_t generation = {7, 9};

/* The message with the symbol's reference, read back. */
static const wire_reference_t *put (fixture_t *self, const char *symbol, const char *day,
                                    int lookback)
{
    if (!self->market) {
        self->market = market_open_live (".", NULL);
        reference_init (&self->reference, self->market, lookback);
    }
    self->reference.lookback = lookback;
    self->message.size = 0;
    reference_put (&self->reference, &self->message, 3, generation, symbol, day_of (day));
    assert_true (self->message.size < WIRE_MESSAGE_MAX);
    wire_reader_begin (self->reader, self->message.bytes, self->message.size);
    assert_int_equal (wire_next (self->reader, &self->object), 1);
    assert_int_equal (self->object.kind, WIRE_REFERENCE);
    const wire_reference_t *reference = &self->object.reference;
    assert_int_equal (reference->shard, 3);
    assert_int_equal (session_compare (reference->generation, generation), 0);
    assert_string_equal (reference->symbol, symbol);
    assert_int_equal (reference->day, day_of (day));
    return reference;
}

static void check_file (const wire_reference_t *reference, size_t index, wire_content_t content,
                        const char *key, const char *text)
{
    assert_true (index < reference->file_count);
    const wire_reference_file_t *file = &reference->files[index];
    assert_int_equal (file->content, content);
    assert_int_equal (file->key, key ? day_of (key) : 0);
    assert_string_equal (file->problem, "");
    assert_int_equal (file->bytes.size, strlen (text));
    assert_memory_equal (file->bytes.bytes, text, strlen (text));
}

static void write_year (int year, const char *text)
{
    char path[64];
    snprintf (path, sizeof path, "data/candles/A/1d/%d.csv", year);
    file_write (path, text);
}

/* Only the years that the lookback touches travel, oldest first, then the fundamentals, and the
 * splits; a year without a file is left out. */
static void test_files (void **state)
{
    fixture_t *self = *state;
    write_year (2021, "of 2021");
    write_year (2022, "of 2022");
    write_year (2023, "of 2023");
    file_write ("data/fundamentals/A.json", "{}");
    file_write ("data/polygon_splits.json",
                "{\"A\": [{\"execution_date\": \"2023-02-01\", \"split_from\": 1, "
                "\"split_to\": 4}]}");
    const wire_reference_t *reference = put (self, "A", "2023-03-13", 112);
    assert_int_equal (reference->file_count, 3);
    check_file (reference, 0, WIRE_PARTITION, "2022-01-01", "of 2022");
    check_file (reference, 1, WIRE_PARTITION, "2023-01-01", "of 2023");
    check_file (reference, 2, WIRE_FUNDAMENTALS, NULL, "{}");
    assert_int_equal (reference->split_count, 1);
    assert_true (reference->splits[0].factor == 0.25);
    reference = put (self, "A", "2023-03-13", 20);
    assert_int_equal (reference->file_count, 2);
    check_file (reference, 0, WIRE_PARTITION, "2023-01-01", "of 2023");
    reference = put (self, "A", "2023-01-01", 1); /* the year before alone: [12-30, 01-01) */
    assert_int_equal (reference->file_count, 2);
    check_file (reference, 0, WIRE_PARTITION, "2022-01-01", "of 2022");
    assert_int_equal (unlink ("data/candles/A/1d/2022.csv"), 0);
    reference = put (self, "A", "2023-03-13", 400);
    assert_int_equal (reference->file_count, 3);
    check_file (reference, 0, WIRE_PARTITION, "2021-01-01", "of 2021");
    check_file (reference, 1, WIRE_PARTITION, "2023-01-01", "of 2023");
    assert_int_equal (self->reference.problems, 0);
}

/* A symbol that nobody listed, without any file, is a reference too. */
static void test_unknown (void **state)
{
    fixture_t *self = *state;
    const wire_reference_t *reference = put (self, "NEW", "2023-03-13", 112);
    assert_int_equal (reference->file_count, 0);
    assert_int_equal (reference->split_count, 0);
}

/* However long the lookback is, no more files travel than a message may have. */
static void test_bound (void **state)
{
    fixture_t *self = *state;
    for (int year = 2010; year <= 2023; year++) {
        write_year (year, "");
    }
    file_write ("data/fundamentals/A.json", "{}");
    const wire_reference_t *reference = put (self, "A", "2023-03-13", 2000);
    assert_int_equal (reference->file_count, WIRE_REFERENCE_FILES);
    check_file (reference, 0, WIRE_PARTITION, "2021-01-01", "");
}

static void write_size (const char *path, size_t size)
{
    file_write (path, "");
    assert_int_equal (truncate (path, (off_t) size), 0);
}

static void check_problem (const wire_reference_t *reference, size_t index, const char *expected)
{
    assert_true (index < reference->file_count);
    assert_int_equal (reference->files[index].bytes.size, 0);
    if (!strstr (reference->files[index].problem, expected)) {
        fail_msg ("'%s' lacks '%s'", reference->files[index].problem, expected);
    }
}

/* A file that is too large, or no file, is named as a problem, and the others travel. */
static void test_problems (void **state)
{
    fixture_t *self = *state;
    write_size ("data/candles/A/1d/2022.csv", WIRE_REFERENCE_FILE_MAX + 1);
    assert_int_equal (mkdir ("data/candles/A/1d/2023.csv", 0777), 0);
    file_write ("data/fundamentals/A.json", "{}");
    const wire_reference_t *reference = put (self, "A", "2023-03-13", 112);
    assert_int_equal (reference->file_count, 3);
    check_problem (reference, 0, "larger than 1 MiB");
    check_problem (reference, 1, "directory");
    check_file (reference, 2, WIRE_FUNDAMENTALS, NULL, "{}");
    assert_int_equal (self->reference.problems, 2);
    write_size ("data/candles/A/1d/2022.csv", (64u << 20) + 1);
    reference = put (self, "A", "2023-03-13", 112);
    check_problem (reference, 0, "larger than 64 MiB");
}

/* Files that are each small enough, and together too large for a message: the last is the problem. */
static void test_total (void **state)
{
    fixture_t *self = *state;
    write_size ("data/candles/A/1d/2021.csv", WIRE_REFERENCE_FILE_MAX);
    write_size ("data/candles/A/1d/2022.csv", WIRE_REFERENCE_FILE_MAX);
    write_size ("data/candles/A/1d/2023.csv", WIRE_REFERENCE_FILE_MAX);
    const wire_reference_t *reference = put (self, "A", "2023-03-13", 400);
    assert_int_equal (reference->file_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal (reference->files[i].problem, "");
        assert_int_equal (reference->files[i].bytes.size, WIRE_REFERENCE_FILE_MAX);
    }
    file_write ("data/fundamentals/A.json", "{}");
    reference = put (self, "A", "2023-03-13", 400);
    assert_int_equal (reference->file_count, 4);
    check_problem (reference, 3, "together");
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
    log_init ("test_reference", LOG_ERROR, LOG_TEXT);
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_files),    TEST (test_unknown), TEST (test_bound),
        TEST (test_problems), TEST (test_total),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
