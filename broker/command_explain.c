/* fastscanner explain SYMBOL WHEN: each condition of gate and rule, from one local worker. */
#include "broker.h"
#include "commands.h"
#include "job.h"
#include "log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const run_t *run;
    const char *symbol;
    const char *when;
    uint32_t scans; /* explained so far */
} explaining_t;

static const char *format_value (double value, bool is_time, char text[static NUMBER_TEXT])
{
    if (isnan (value)) {
        return "missing";
    }
    if (isinf (value)) {
        return value > 0 ? "inf" : "-inf";
    }
    if (is_time) {
        snprintf (text, NUMBER_TEXT, "%02d:%02d", (int) value / 60, (int) value % 60);
    } else {
        number_format (value, text);
    }
    return text;
}

static void print_condition (const wire_condition_t *condition)
{
    char value[NUMBER_TEXT], threshold[NUMBER_TEXT];
    const char *verdict = condition->passed          ? "pass"
                          : isnan (condition->value) ? "fail (missing)"
                                                     : "fail";
    printf ("    %-28s %22s  %-2s %-10s  %s\n", condition->what,
            format_value (condition->value, condition->is_time, value), condition->op,
            format_value (condition->threshold, condition->is_time, threshold), verdict);
}

static void print_item (void *argument, const wire_explain_t *item)
{
    explaining_t *self = argument;
    const scan_t *scan = &self->run->scans[item->scan];
    if (!item->is_rule) {
        char text[SCAN_TEXT_MAX];
        scan_format (scan, text);
        printf ("%s%s %s\n  %s\n", self->scans++ ? "\n" : "", self->symbol, self->when, text);
    }
    printf ("  %s\n", item->is_rule ? "rule, at the candle" : "gate, once a day");
    for (size_t i = 0; i < item->condition_count; i++) {
        print_condition (&item->conditions[i]);
    }
    if (item->note[0]) {
        printf ("    %s\n", item->note);
    }
    if (item->is_rule) {
        printf ("  => the rule %s\n", item->hit ? "holds" : "does not hold");
    } else {
        printf ("  => the gate %s\n", item->hit ? "lets the day through" : "keeps the day out");
    }
}

static int explain_job (job_t *job, const options_t *options, int64_t when)
{
    broker_result_t result;
    explaining_t explaining = {.run = &job->run,
                               .symbol = options_operand (options, 0),
                               .when = options_operand (options, 1)};
    job->plan.explain = true;
    job->plan.when = when;
    broker_config_t config = {.plan = job->plan,
                              .workers = 1,
                              .log_level = options_text (options, "log-level"),
                              .log_format = options_text (options, "log-format"),
                              .explain = print_item,
                              .argument = &explaining};
    broker_run (&config, &result);
    free (result.aside);
    if (result.interrupted) {
        return EXIT_INTERRUPTED;
    }
    if (result.failed || result.aside_count > 0 || explaining.scans < job->run.scan_count) {
        return EXIT_FAILED;
    }
    if (result.counts.candles == 0) {
        log_error ("%s has no candle that the scans read", explaining.symbol);
        return EXIT_NOTHING;
    }
    return EXIT_DONE;
}

/* A scan of candles within the day needs to know which. */
static int check_time (const run_t *run, const char *text, bool is_date)
{
    for (size_t i = 0; i < run->scan_count && is_date; i++) {
        if (run->frequency_of[i] >= 0) {
            char frequency[FREQUENCY_TEXT];
            log_error ("%s looks at candles of %s: give a time too, as in '%s 09:31'",
                       run->scans[i].id, frequency_format (run->scans[i].frequency, frequency),
                       text);
            return EXIT_USAGE;
        }
    }
    return 0;
}

int command_explain (const options_t *options)
{
    job_t job = {0};
    int64_t when;
    bool is_date;
    const char *symbol = options_operand (options, 0), *text = options_operand (options, 1);
    if (!exchange_parse (text, &when, &is_date)) {
        log_error ("'%s' is no time: give '2023-03-13 09:31' (exchange local), one with an offset, "
                   "or a date",
                   text);
        return EXIT_USAGE;
    }
    if (!symbol_valid (symbol, strlen (symbol))) {
        log_error ("'%s' is no symbol", symbol);
        return EXIT_USAGE;
    }
    day_t day = exchange_day (when);
    int rc = job_read_scans (&job, options);
    rc = rc ? rc : check_time (&job.run, text, is_date);
    rc = rc ? rc : job_open (&job, options, symbol, day, day);
    rc = rc ? rc : explain_job (&job, options, when);
    job_close (&job);
    return rc;
}
