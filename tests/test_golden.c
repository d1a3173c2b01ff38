/* `fastscanner scan` gives the hits of tests/golden, for each job alone and for all of a date range
 * in one pass, and writes the same bytes with 1, 2 and 5 workers.
 *
 *     market-M.tar.xz --tar--> jobs.json --> fastscanner scan --scan ... --out csv:N.csv --> hits_compare
 *                              hits/JOB.csv ---------------------------------------------------^
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "hits.h"
#include "memory.h"
#include "spawn.h"

enum {
    SCAN_MS = 120000, /* a run that takes longer hangs */
    UNPACK_MS = 60000,
    ARGUMENTS_MAX = 160,
};

static const char *const workers[] = {"1", "2", "5"};
enum { WORKERS = sizeof workers / sizeof *workers };

typedef struct {
    char *folder; /* jobs.json, market/, hits/, and what the runs write */
    json_t *document;
    const json_t *jobs;
    size_t wrong; /* jobs that were not as expected */
} market_t;

/* A command line, with the arguments that it owns. */
typedef struct {
    const char *argv[ARGUMENTS_MAX + 1];
    char *owned[ARGUMENTS_MAX];
    size_t count, owned_count;
} command_t;

static void command_add (command_t *self, const char *argument)
{
    assert_true (self->count < ARGUMENTS_MAX);
    self->argv[self->count++] = argument;
}

static void command_own (command_t *self, char *argument)
{
    command_add (self, argument);
    self->owned[self->owned_count++] = argument;
}

static void command_free (command_t *self)
{
    for (size_t i = 0; i < self->owned_count; i++) {
        free (self->owned[i]);
    }
}

static const char *text_of (const json_t *job, const char *key)
{
    const char *text = json_string_value (json_object_get (job, key));
    assert_non_null (text);
    return text;
}

static void append_value (buffer_t *self, const json_t *value)
{
    if (json_is_string (value)) {
        buffer_printf (self, "%s", json_string_value (value));
    } else if (json_is_integer (value)) {
        buffer_printf (self, "%lld", (long long) json_integer_value (value));
    } else {
        buffer_printf (self, "%.17g", json_real_value (value));
    }
}

static void append_parameter (buffer_t *self, const char *name, const json_t *value)
{
    if (json_is_false (value) || json_is_null (value)) {
        return;
    }
    buffer_printf (self, ",%s", name);
    if (json_is_true (value)) {
        return;
    }
    buffer_append (self, "=", 1);
    if (!json_is_array (value)) {
        append_value (self, value);
        return;
    }
    size_t i;
    const json_t *element;
    json_array_foreach (value, i, element)
    {
        if (i > 0) {
            buffer_append (self, "/", 1);
        }
        append_value (self, element);
    }
}

/* The value of --scan for a job: SCANNER,name=value,... or, as one of several,
 * ID:SCANNER,freq=...,name=value,... */
static char *scan_option (const json_t *job, bool one_of_many)
{
    buffer_t text = {0};
    if (one_of_many) {
        buffer_printf (&text, "%s:%s,freq=%s", text_of (job, "name"), text_of (job, "scanner"),
                       text_of (job, "freq"));
    } else {
        buffer_printf (&text, "%s", text_of (job, "scanner"));
    }
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get (job, "params"), name, value)
    {
        append_parameter (&text, name, value);
    }
    buffer_append (&text, "", 1);
    return text.bytes;
}

static bool same_range (const json_t *a, const json_t *b)
{
    return strcmp (text_of (a, "start"), text_of (b, "start")) == 0 &&
           strcmp (text_of (a, "end"), text_of (b, "end")) == 0;
}

/* The scans of one command line: `job` alone, or every job of its date range. */
static void add_scans (command_t *self, const market_t *market, const json_t *job, bool together)
{
    if (!together) {
        command_add (self, "--freq");
        command_add (self, text_of (job, "freq"));
        command_add (self, "--scan");
        command_own (self, scan_option (job, false));
        return;
    }
    size_t i;
    const json_t *other;
    json_array_foreach (market->jobs, i, other)
    {
        if (same_range (job, other)) {
            command_add (self, "--scan");
            command_own (self, scan_option (other, true));
        }
    }
}

static char *output_path (const market_t *self, const char *worker_count)
{
    return memory_format ("%s/out-%s.csv", self->folder, worker_count);
}

/* Runs the scans with a number of workers; false and a line on stdout when that failed. */
static bool run (const market_t *self, const json_t *job, bool together, const char *worker_count)
{
    char *out = output_path (self, worker_count);
    command_t command = {0};
    command_add (&command, TEST_BIN "/fastscanner");
    command_add (&command, "scan");
    command_add (&command, "--data");
    command_own (&command, memory_format ("%s/market", self->folder));
    command_add (&command, "--from");
    command_add (&command, text_of (job, "start"));
    command_add (&command, "--to");
    command_add (&command, text_of (job, "end"));
    command_add (&command, "--workers");
    command_add (&command, worker_count);
    command_add (&command, "--out");
    command_own (&command, memory_format ("csv:%s", out));
    command_add (&command, "--all-hits");
    command_add (&command, "--progress");
    command_add (&command, "never");
    add_scans (&command, self, job, together);

    unlink (out);
    spawn_t *process = spawn_run (command.argv, SCAN_MS);
    int code = spawn_code (process);
    if (code != 0) {
        print_message ("%s, %s workers: exit code %d\n%s\n", text_of (job, "name"), worker_count,
                       code, spawn_err (process));
    }
    spawn_destroy (&process);
    command_free (&command);
    free (out);
    return code == 0;
}

/* Runs the scans with each number of workers; whether all wrote the same bytes. */
static bool run_all (const market_t *self, const json_t *job, bool together)
{
    char *first = NULL;
    size_t first_size = 0;
    bool good = true;
    for (size_t i = 0; good && i < WORKERS; i++) {
        if (!run (self, job, together, workers[i])) {
            good = false;
            break;
        }
        size_t size = 0;
        char *path = output_path (self, workers[i]), *bytes = file_read (path, &size);
        if (!bytes || (first && (size != first_size || memcmp (first, bytes, size) != 0))) {
            print_message ("%s, %s workers: %s\n", text_of (job, "name"), workers[i],
                           bytes ? "other bytes than with 1" : "no output");
            good = false;
        }
        free (path);
        if (first) {
            free (bytes);
        } else {
            first = bytes;
            first_size = size;
        }
    }
    free (first);
    return good;
}

/* The hits of a job against the expected ones. */
static bool as_expected (const market_t *self, const json_t *job, bool together)
{
    const char *name = text_of (job, "name");
    char *expected_path = memory_format ("%s/hits/%s.csv", self->folder, name);
    char *actual_path = output_path (self, workers[0]);
    buffer_t why = {0};
    hits_t *expected = hits_read (expected_path, NULL, &why);
    hits_t *actual = hits_read (actual_path, together ? name : NULL, &why);
    size_t differences = expected && actual ? hits_compare (expected, actual, &why) : 1;
    if (differences > 0) {
        print_message ("%s: %zu differences\n%.*s", name, differences, (int) why.size, why.bytes);
    }
    hits_destroy (&expected);
    hits_destroy (&actual);
    buffer_free (&why);
    free (expected_path);
    free (actual_path);
    return differences == 0;
}

static void market_open (market_t *self, const char *name)
{
    *self = (market_t){.folder = directory_new ()};
    char *archive = memory_format ("%s/tests/golden/%s.tar.xz", TEST_SOURCE, name);
    char *jobs = memory_format ("%s/jobs.json", self->folder);
    const char *argv[] = {"tar", "-xf", archive, "-C", self->folder, NULL};
    spawn_t *tar = spawn_run (argv, UNPACK_MS);
    if (spawn_code (tar) != 0) {
        fail_msg ("%s", spawn_err (tar));
    }
    self->document = json_load_file (jobs, 0, NULL);
    self->jobs = json_object_get (self->document, "jobs");
    assert_true (json_array_size (self->jobs) > 0);
    spawn_destroy (&tar);
    free (archive);
    free (jobs);
}

/* Ends the test: fails when a job was not as expected. */
static void market_close (market_t *self)
{
    size_t count = json_array_size (self->jobs), wrong = self->wrong;
    json_decref (self->document);
    directory_destroy (&self->folder);
    if (wrong > 0) {
        fail_msg ("%zu of %zu jobs not as expected", wrong, count);
    }
}

static void check_alone (const char *name)
{
    market_t market;
    market_open (&market, name);
    size_t i;
    const json_t *job;
    json_array_foreach (market.jobs, i, job)
    {
        market.wrong += !(run_all (&market, job, false) && as_expected (&market, job, false));
    }
    market_close (&market);
}

static bool is_first_of_range (const market_t *self, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (same_range (json_array_get (self->jobs, i), json_array_get (self->jobs, index))) {
            return false;
        }
    }
    return true;
}

static void check_together (const char *name)
{
    market_t market;
    market_open (&market, name);
    size_t i, k;
    const json_t *first, *job;
    json_array_foreach (market.jobs, i, first)
    {
        if (!is_first_of_range (&market, i)) {
            continue;
        }
        bool good = run_all (&market, first, true);
        json_array_foreach (market.jobs, k, job)
        {
            if (same_range (first, job)) {
                market.wrong += !good || !as_expected (&market, job, true);
            }
        }
    }
    market_close (&market);
}

static void test_market_a_alone (void **state)
{
    (void) state;
    check_alone ("market-a");
}

static void test_market_a_together (void **state)
{
    (void) state;
    check_together ("market-a");
}

static void test_market_b_alone (void **state)
{
    (void) state;
    check_alone ("market-b");
}

static void test_market_b_together (void **state)
{
    (void) state;
    check_together ("market-b");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_market_a_alone),
        cmocka_unit_test (test_market_a_together),
        cmocka_unit_test (test_market_b_alone),
        cmocka_unit_test (test_market_b_together),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
