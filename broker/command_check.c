/* fastscanner check: every option and its origin, the scans, the sinks, the market, and what a run
 * would do. */
#include "commands.h"
#include "job.h"
#include "log.h"
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the run's files of one frequency amount to. */
typedef struct {
    uint64_t folders, files, bytes, unreadable;
} found_t;

/* Looks at a symbol's partitions from `first` to `last`. */
static void look (const market_t *market, size_t symbol, frequency_t frequency, day_t first,
                  day_t last, found_t *found)
{
    if (!market_folders (market, symbol, &frequency, 1)) {
        return;
    }
    found->folders++;
    for (day_t key = partition_first (frequency, first); key <= last;
         key = partition_next (frequency, key)) {
        size_t size = 0;
        char problem[200];
        int file = market_open_partition (market, symbol, (partition_t){frequency, key}, &size,
                                          problem, sizeof problem);
        if (file >= 0) {
            found->files++;
            found->bytes += size;
            close (file);
        } else if (problem[0]) {
            char name[FREQUENCY_TEXT], text[PARTITION_TEXT];
            found->unreadable++;
            log_warning ("%s/data/candles/%s/%s/%s.csv: %s", market_directory (market),
                         market_symbol (market, symbol), frequency_format (frequency, name),
                         partition_format (frequency, key, text), problem);
        }
    }
}

static uint64_t look_at_all (const job_t *job, frequency_t frequency, day_t first, day_t last)
{
    found_t found = {0};
    char name[FREQUENCY_TEXT], texts[4][32];
    size_t count = market_symbol_count (job->market);
    for (size_t i = 0; i < count; i++) {
        look (job->market, i, frequency, first, last, &found);
    }
    printf ("  %-6s %s of %s symbols, %s files, %.1f MB\n", frequency_format (frequency, name),
            stats_count (found.folders, texts[0]), stats_count (count, texts[1]),
            stats_count (found.files, texts[2]), (double) found.bytes / 1e6);
    return found.unreadable;
}

static uint64_t print_market (const job_t *job)
{
    const delivery_plan_t *plan = &job->plan;
    const calendar_t *calendar = market_calendar (job->market);
    char first[11], last[11], text[32];
    size_t holidays;
    bool has_minutes = false;
    market_holidays (job->market, &holidays);
    day_t lookback = calendar_back (calendar, plan->from, job->run.lookback);
    printf ("\nmarket %s\n  %s symbols, %zu holidays known\n", market_directory (job->market),
            stats_count (market_symbol_count (job->market), text), holidays);
    int days = calendar_count (calendar, plan->from, plan->to);
    printf ("  days %s to %s: %d trading day%s; daily candles are read from %s on\n",
            day_format (plan->from, first), day_format (plan->to, last), days, days == 1 ? "" : "s",
            day_format (lookback, text));
    uint64_t unreadable = look_at_all (job, FREQUENCY_1D, lookback, plan->to);
    for (size_t i = 0; i < job->run.frequency_count; i++) {
        has_minutes = has_minutes || frequency_equal (job->run.frequencies[i], FREQUENCY_1MIN);
        unreadable += look_at_all (job, job->run.frequencies[i], plan->from, plan->to);
    }
    if (!has_minutes) {
        unreadable +=
            look_at_all (job, FREQUENCY_1MIN, calendar_back (calendar, plan->from, 1), plan->to);
    }
    return unreadable;
}

static void print_run (const job_t *job)
{
    char text[SCAN_TEXT_MAX], number[32];
    uint64_t units = (uint64_t) market_symbol_count (job->market) * job->plan.ranges;
    printf ("\nscans\n");
    for (size_t i = 0; i < job->run.scan_count; i++) {
        scan_format (&job->run.scans[i], text);
        printf ("  %s\n  (definition %016llx)\n", text,
                (unsigned long long) job->run.scans[i].hash);
    }
    printf ("\na run would do %s units of work (a symbol and a %s) in %u workers\n",
            stats_count (units, number), job->run.reads_minutes ? "quarter" : "year", job->workers);
    for (size_t i = 0; i < job->sink_count; i++) {
        printf ("  and write to %s\n", job->sinks[i]);
    }
}

int command_check (const options_t *options)
{
    job_t job = {0};
    day_t from, to;
    printf ("options\n");
    options_print (options, stdout);
    fflush (stdout);
    int rc = job_read_scans (&job, options);
    rc = rc ? rc : job_read_days (options, &from, &to);
    rc = rc ? rc : job_read_sinks (&job, options);
    rc = rc ? rc : job_open (&job, options, options_text (options, "symbols"), from, to);
    if (rc == 0) {
        uint64_t bad = print_market (&job);
        const market_problems_t *problems = market_problems (job.market);
        bad += problems->refused_symbols + problems->rejected_json;
        print_run (&job);
        rc = bad > 0 && options_flag (options, "strict") ? EXIT_STRICT : EXIT_DONE;
    }
    job_close (&job);
    return rc;
}
