/* fastscanner sample DIR: a synthetic market. */
#include "commands.h"
#include "job.h"
#include "log.h"
#include "sample.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

/* What --from and --to are when not given: a month that scans well. */
#define FROM "2023-03-01"
#define TO   "2023-03-31"

static int read_frequencies (const char *text, frequency_t *frequencies, size_t *count)
{
    char *copy = memory_text (text), *rest = copy, *one;
    int rc = 0;
    *count = 0;
    while (rc == 0 && (one = strsep (&rest, ","))) {
        if (*count == SAMPLE_FREQUENCIES_MAX) {
            log_error ("--freq %s: at most %d frequencies", text, SAMPLE_FREQUENCIES_MAX);
            rc = EXIT_USAGE;
        } else if (!frequency_parse (one, &frequencies[*count])) {
            log_error ("--freq: '%s' is no frequency: give a list such as 1d,1min,5min,1h", one);
            rc = EXIT_USAGE;
        } else {
            ++*count;
        }
    }
    free (copy);
    return rc;
}

static int read_days (const options_t *options, day_t *from, day_t *to)
{
    bool has_from = options_date (options, "from", from), has_to = options_date (options, "to", to);
    if (!has_from && !has_to) {
        day_parse (FROM, 10, from);
        day_parse (TO, 10, to);
    } else if (!has_from) {
        log_error ("--to without --from: give the first day too");
        return EXIT_USAGE;
    } else if (!has_to) {
        *to = *from;
    }
    if (*to < *from) {
        log_error ("--to %s is before --from %s", options_text (options, "to"),
                   options_text (options, "from"));
        return EXIT_USAGE;
    }
    return 0;
}

int command_sample (const options_t *options)
{
    frequency_t frequencies[SAMPLE_FREQUENCIES_MAX];
    sample_plan_t plan = {.directory = options_operand (options, 0),
                          .seed = (uint64_t) options_number (options, "seed"),
                          .count = (size_t) options_number (options, "count"),
                          .frequencies = frequencies};
    sample_summary_t summary;
    char files[32], rows[32];
    int rc = read_frequencies (options_text (options, "freq"), frequencies, &plan.frequency_count);
    rc = rc ? rc : read_days (options, &plan.from, &plan.to);
    if (rc != 0) {
        return rc;
    }
    if (sample_write (&plan, &summary) != 0) {
        return EXIT_FAILED;
    }
    log_info ("%s: %zu symbols, %s files, %s candles", plan.directory, plan.count,
              stats_count (summary.files, files), stats_count (summary.rows, rows));
    return EXIT_DONE;
}
