/* fastscanner scan: batch over CSV partitions. */
#include "broker.h"
#include "commands.h"
#include "job.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* "rejected: 3 rows, 1 file" - only what there is; nothing when nothing was. */
static uint64_t say_rejected (const broker_result_t *result, const market_problems_t *problems)
{
    const struct {
        uint64_t count;
        const char *one, *many;
    } kinds[] = {
        {result->counts.rejected_rows, "row", "rows"},
        {result->counts.rejected_files, "file", "files"},
        {result->counts.rejected_json + problems->rejected_json, "JSON file or entry",
         "JSON files or entries"},
        {problems->refused_symbols, "symbol", "symbols"},
    };
    buffer_t line = {0};
    uint64_t total = 0;
    char number[32];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].count > 0) {
            buffer_printf (&line, "%s%s %s", total ? ", " : "",
                           stats_count (kinds[i].count, number),
                           kinds[i].count == 1 ? kinds[i].one : kinds[i].many);
            total += kinds[i].count;
        }
    }
    if (total > 0) {
        log_warning ("rejected: %.*s", (int) line.size, line.bytes);
    }
    if (result->counts.unsorted_rows + result->counts.duplicate_rows > 0) {
        char other[32];
        log_warning ("%s rows were out of order, %s repeated a time (the later one counts)",
                     stats_count (result->counts.unsorted_rows, number),
                     stats_count (result->counts.duplicate_rows, other));
    }
    buffer_free (&line);
    return total;
}

/* "1 hit", "1,234 hits"; returns `text`. */
static char *count_of (uint64_t count, const char *what, char text[static 64])
{
    char number[32];
    snprintf (text, 64, "%s %s%s", stats_count (count, number), what, count == 1 ? "" : "s");
    return text;
}

static void say_summary (const job_t *job, const broker_result_t *result)
{
    double seconds = (double) result->wall_us / 1e6;
    double symbols = (double) result->units_done / job->plan.ranges;
    char texts[4][64], rates[2][32];
    log_info ("%s, %s, %s, %s", count_of ((uint64_t) (symbols + 0.5), "symbol", texts[0]),
              count_of (result->counts.candles, "candle", texts[1]),
              count_of (result->counts.rejected_rows, "rejected row", texts[2]),
              count_of (result->hits, "hit", texts[3]));
    if (result->aside_count > 0) {
        log_info ("%s set aside", count_of (result->aside_count, "symbol", texts[0]));
    }
    if (result->refused > 0) {
        log_warning ("%s between the processes refused: this is a bug, or somebody else's work",
                     count_of (result->refused, "message", texts[0]));
    }
    log_info ("%.2f s: %s symbols/s, %s candles/s", seconds,
              stats_rate (symbols / seconds, rates[0]),
              stats_rate ((double) result->counts.candles / seconds, rates[1]));
    int shares[STAGE_COUNT];
    buffer_t line = {0};
    stats_shares (&result->stats, shares);
    for (int i = 0; i < STAGE_COUNT; i++) {
        buffer_printf (&line, "%s%s %d", i ? ", " : "", stage_name ((stage_t) i), shares[i]);
    }
    log_info ("CPU %%: %.*s", (int) line.size, line.bytes);
    buffer_free (&line);
}

static int exit_code (const job_t *job, const broker_result_t *result, uint64_t rejected,
                      bool strict)
{
    if (result->interrupted) {
        return EXIT_INTERRUPTED;
    }
    if (result->failed || result->aside_count > 0) {
        return EXIT_FAILED;
    }
    if (result->counts.candles == 0) {
        log_error ("nothing to scan: no symbol had any candle that the scans read "
                   "(%s/data/candles/SYMBOL/%s)",
                   market_directory (job->market), "1d and the scans' frequencies");
        return EXIT_NOTHING;
    }
    return strict && rejected > 0 ? EXIT_STRICT : EXIT_DONE;
}

static int run_job (job_t *job, const options_t *options)
{
    broker_result_t result;
    broker_config_t config = {.plan = job->plan,
                              .workers = job->workers,
                              .sinks = job->sinks,
                              .sink_count = job->sink_count,
                              .progress = options_text (options, "progress")[0] == 'a',
                              .log_level = options_text (options, "log-level"),
                              .log_format = options_text (options, "log-format")};
    broker_run (&config, &result);
    uint64_t rejected = say_rejected (&result, market_problems (job->market));
    if (!result.failed) {
        say_summary (job, &result);
    }
    int rc = exit_code (job, &result, rejected, options_flag (options, "strict"));
    free (result.aside);
    return rc;
}

int command_scan (const options_t *options)
{
    job_t job = {0};
    day_t from, to;
    int rc = job_read_scans (&job, options);
    rc = rc ? rc : job_read_days (options, &from, &to);
    rc = rc ? rc : job_read_sinks (&job, options);
    rc = rc ? rc : job_open (&job, options, options_text (options, "symbols"), from, to);
    rc = rc ? rc : run_job (&job, options);
    job_close (&job);
    return rc;
}
