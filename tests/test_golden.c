/* `fastscanner scan` gives the hits of tests/golden, for each job alone and for all of a date range
 * in one pass, and writes the same bytes with 1, 2 and 5 workers.
 *
 *     market-M.tar.xz --tar--> jobs.json --> fastscanner scan --scan ... --out csv:N.csv --> hits_compare
 *                              hits/JOB.csv ---------------------------------------------------^
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "jobs.h"
#include "memory.h"
#include "spawn.h"

enum {
    SCAN_MS = 120000, /* a run that takes longer hangs */
};

static const char *const workers[] = {"1", "2", "5"};
enum { WORKERS = sizeof workers / sizeof *workers };

static bool same_range (const json_t *a, const json_t *b)
{
    return strcmp (jobs_text (a, "start"), jobs_text (b, "start")) == 0 &&
           strcmp (jobs_text (a, "end"), jobs_text (b, "end")) == 0;
}

/* The scans of one command line: `job` alone, or every job of its date range. */
static void add_scans (command_line_t *self, const jobs_t *market, const json_t *job, bool together)
{
    if (!together) {
        command_line_add (self, "--freq");
        command_line_add (self, jobs_text (job, "freq"));
        command_line_add (self, "--scan");
        command_line_own (self, jobs_scan (job, false));
        return;
    }
    size_t i;
    const json_t *other;
    json_array_foreach (market->jobs, i, other)
    {
        if (same_range (job, other)) {
            command_line_add (self, "--scan");
            command_line_own (self, jobs_scan (other, true));
        }
    }
}

static char *output_path (const jobs_t *self, const char *worker_count)
{
    return memory_format ("%s/out-%s.csv", self->folder, worker_count);
}

/* Runs the scans with a number of workers; false and a line on stdout when that failed. */
static bool run (const jobs_t *self, const json_t *job, bool together, const char *worker_count)
{
    char *out = output_path (self, worker_count);
    command_line_t command = {0};
    command_line_add (&command, TEST_BIN "/fastscanner");
    command_line_add (&command, "scan");
    command_line_add (&command, "--data");
    command_line_own (&command, memory_format ("%s/market", self->folder));
    command_line_add (&command, "--from");
    command_line_add (&command, jobs_text (job, "start"));
    command_line_add (&command, "--to");
    command_line_add (&command, jobs_text (job, "end"));
    command_line_add (&command, "--workers");
    command_line_add (&command, worker_count);
    command_line_add (&command, "--out");
    command_line_own (&command, memory_format ("csv:%s", out));
    command_line_add (&command, "--all-hits");
    command_line_add (&command, "--progress");
    command_line_add (&command, "never");
    add_scans (&command, self, job, together);

    unlink (out);
    spawn_t *process = spawn_run (command.argv, SCAN_MS);
    int code = spawn_code (process);
    if (code != 0) {
        print_message ("%s, %s workers: exit code %d\n%s\n", jobs_text (job, "name"), worker_count,
                       code, spawn_err (process));
    }
    spawn_destroy (&process);
    command_line_free (&command);
    free (out);
    return code == 0;
}

/* Runs the scans with each number of workers; whether all wrote the same bytes. */
static bool run_all (const jobs_t *self, const json_t *job, bool together)
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
            print_message ("%s, %s workers: %s\n", jobs_text (job, "name"), workers[i],
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

/* The hits of a job, of the run with the first number of workers. */
static bool as_expected (const jobs_t *self, const json_t *job, bool together)
{
    char *path = output_path (self, workers[0]);
    bool good = jobs_as_expected (self, job, path, together);
    free (path);
    return good;
}

static void check_alone (const char *name)
{
    jobs_t market;
    jobs_open (&market, name);
    size_t i;
    const json_t *job;
    json_array_foreach (market.jobs, i, job)
    {
        market.wrong += !(run_all (&market, job, false) && as_expected (&market, job, false));
    }
    jobs_close (&market);
}

static bool is_first_of_range (const jobs_t *self, size_t index)
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
    jobs_t market;
    jobs_open (&market, name);
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
    jobs_close (&market);
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
