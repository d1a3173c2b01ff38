#include "job.h"

#include "log.h"
#include "reference.h"
#include "sink.h"

#include <stdlib.h>
#include <unistd.h>

int job_take_scans (job_t *self, const char *const *texts, size_t count, frequency_t frequency,
                    bool all_hits)
{
    char error[512];
    scan_t *scans = memory_new (count * sizeof *scans);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = scan_parse (texts[i], frequency, &scans[i], error, sizeof error);
    }
    if (rc == 0) {
        rc = run_init (&self->run, scans, count, all_hits, error, sizeof error);
    }
    free (scans);
    if (rc != 0) {
        log_error ("%s", error);
        return EXIT_USAGE;
    }
    return 0;
}

int job_read_scans (job_t *self, const options_t *options)
{
    frequency_t frequency;
    const char *freq = options_text (options, "freq");
    if (!frequency_parse (freq, &frequency)) {
        log_error ("--freq '%s' is no frequency: give Nmin or Nh that divides a day evenly, or 1d",
                   freq);
        return EXIT_USAGE;
    }
    size_t count = options_count (options, "scan");
    const char **texts = memory_new ((count + 1) * sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        texts[i] = options_item (options, "scan", i);
    }
    int rc = job_take_scans (self, texts, count, frequency, options_flag (options, "all-hits"));
    free (texts);
    return rc;
}

int job_read_cell (const options_t *options, cell_t *cell)
{
    const char *text = options_text (options, "partition");
    *cell = (cell_t){0};
    if (text && !cell_parse (text, cell)) {
        log_error ("--partition '%s': give I/N with 0 <= I < N <= %d, such as 0/4", text,
                   SHARD_COUNT);
        return EXIT_USAGE;
    }
    return 0;
}

int job_check_live (const run_t *run)
{
    for (size_t i = 0; i < run->scan_count; i++) {
        const scan_t *scan = &run->scans[i];
        if (run->frequency_of[i] < 0) {
            log_error ("--scan %s: it reads daily candles, which do not come as a stream: "
                       "'fastscanner scan' runs it",
                       scan->id);
            return EXIT_USAGE;
        }
        if (scan_lookback (scan) > REFERENCE_LOOKBACK_MAX) {
            log_error ("--scan %s: it looks back %d trading days: a live run takes at most %d",
                       scan->id, scan_lookback (scan), REFERENCE_LOOKBACK_MAX);
            return EXIT_USAGE;
        }
    }
    return 0;
}

int job_read_days (const options_t *options, day_t *from, day_t *to)
{
    if (!options_date (options, "from", from)) {
        log_error ("--from DATE is required: the first day to scan, YYYY-MM-DD");
        return EXIT_USAGE;
    }
    if (!options_date (options, "to", to)) {
        *to = *from;
    }
    if (*to < *from) {
        log_error ("--to %s is before --from %s", options_text (options, "to"),
                   options_text (options, "from"));
        return EXIT_USAGE;
    }
    return 0;
}

int job_read_sinks (job_t *self, const options_t *options)
{
    char error[512];
    size_t given = options_count (options, "out");
    self->sink_count = given ? given : 1;
    self->sinks = memory_new (self->sink_count * sizeof *self->sinks);
    self->sinks[0] = isatty (STDOUT_FILENO) ? "table:" : "csv:-";
    for (size_t i = 0; i < given; i++) {
        self->sinks[i] = options_item (options, "out", i);
    }
    sink_run_t run = {self->run.scans, self->run.scan_count};
    if (sink_check_all (self->sinks, self->sink_count, &run, SINK_BATCH, error, sizeof error) !=
        0) {
        log_error ("%s", error);
        return EXIT_USAGE;
    }
    return 0;
}

uint32_t job_workers (const options_t *options)
{
    long given = options_number (options, "workers");
    return (uint32_t) (given > 0 ? given : sysconf (_SC_NPROCESSORS_ONLN));
}

int job_open (job_t *self, const options_t *options, const char *symbols, day_t from, day_t to)
{
    char first[11], last[11];
    cell_t cell;
    int rc = job_read_cell (options, &cell);
    self->market = rc ? NULL : market_open_cell (options_text (options, "data"), symbols, cell);
    if (!self->market) {
        return EXIT_USAGE;
    }
    if (market_symbol_count (self->market) == 0) {
        log_error ("nothing to scan: %s",
                   !cell_is_whole (cell)
                       ? "no symbol of this partition has a directory in data/candles"
                   : symbols ? "none of the symbols asked for has a directory in data/candles"
                             : "data/candles has no directory of a symbol");
        return EXIT_NOTHING;
    }
    if (calendar_count (market_calendar (self->market), from, to) == 0) {
        log_error ("nothing to scan: no trading day from %s to %s", day_format (from, first),
                   day_format (to, last));
        return EXIT_NOTHING;
    }
    self->plan = (delivery_plan_t){.market = self->market,
                                   .run = &self->run,
                                   .from = from,
                                   .to = to,
                                   .ranges = delivery_ranges (&self->run, from, to)};
    self->workers = job_workers (options);
    uint64_t units = (uint64_t) market_symbol_count (self->market) * self->plan.ranges;
    if (units > UINT32_MAX / 2) {
        log_error ("%llu units of work are more than one run takes: give a shorter --from and --to",
                   (unsigned long long) units);
        return EXIT_USAGE;
    }
    /* More workers than units would only wait. */
    self->workers = units < self->workers ? (uint32_t) units : self->workers;
    return 0;
}

void job_close (job_t *self)
{
    market_destroy (&self->market);
    free (self->sinks);
}
