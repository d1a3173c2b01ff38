#include "sample.h"
#include "candle_file.h"
#include "files.h"
#include "generator.h"
#include "holidays.h"
#include "log.h"
#include "sample_fundamentals.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    const sample_plan_t *plan;
    calendar_t *calendar;
    generator_t *generator;
    day_t *holidays;
    size_t holiday_count;
    int sheet_count;
    candle_file_t sheets[1 + SAMPLE_FREQUENCIES_MAX]; /* the first is 1d, the others intraday */
    candles_t minutes;
    sample_fundamentals_t fundamentals;
    buffer_t splits; /* the splits' file */
    uint64_t files;  /* without those of the sheets */
} sample_t;

/* Are the plan's numbers possible? */
static int check_plan (const sample_plan_t *plan)
{
    assert (plan->frequency_count <= SAMPLE_FREQUENCIES_MAX);
    if (plan->count < 1 || plan->count > GENERATOR_SYMBOLS_MAX) {
        log_error ("%zu symbols cannot be made: 1 to %d", plan->count, GENERATOR_SYMBOLS_MAX);
        return -1;
    }
    if (plan->from > plan->to) {
        log_error ("the range ends before it begins");
        return -1;
    }
    if (plan->from < day_from (1972, 1, 1) || plan->to > day_from (2198, 12, 31)) {
        log_error ("the range must lie between 1972-01-01 and 2198-12-31");
        return -1;
    }
    return 0;
}

/* Makes DIR/data/candles and what leads there, unless somebody's candles are in it. */
static int make_directories (const char *directory)
{
    static const char *const folders[] = {"", "/data", "/data/candles", "/data/holidays",
                                          "/data/fundamentals"};
    char *candles = memory_format ("%s/data/candles", directory);
    int is_empty = files_directory_is_empty (candles);
    if (is_empty == 0) {
        log_error ("%s already holds candles: give another directory, or delete it first", candles);
    }
    free (candles);
    int rc = is_empty == 1 ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < sizeof folders / sizeof *folders; i++) {
        char *folder = memory_format ("%s%s", directory, folders[i]);
        rc = files_make_directory (folder);
        free (folder);
    }
    return rc;
}

/* Holidays of all years that the candles touch: the lookback is less than a year. */
static void find_holidays (sample_t *self)
{
    int first, last, month, day_of_month;
    day_split (self->plan->from, &first, &month, &day_of_month);
    day_split (self->plan->to, &last, &month, &day_of_month);
    self->holidays = memory_new ((size_t) (last - first + 3) * HOLIDAYS_MAX * sizeof (day_t));
    for (int year = first - 1; year <= last + 1; year++) {
        int count = holidays_of_year (year, self->holidays + self->holiday_count);
        self->holiday_count += (size_t) count;
    }
}

static void add_sheet (sample_t *self, frequency_t frequency)
{
    for (int i = 0; i < self->sheet_count; i++) {
        if (frequency_equal (self->sheets[i].frequency, frequency)) {
            return;
        }
    }
    candle_file_init (&self->sheets[self->sheet_count++], frequency);
}

static void sample_init (sample_t *self, const sample_plan_t *plan)
{
    *self = (sample_t){.plan = plan};
    find_holidays (self);
    self->calendar = calendar_new (self->holidays, self->holiday_count);
    generator_plan_t market = {
        .seed = plan->seed,
        .count = plan->count,
        .from = plan->from,
        .to = plan->to,
        .daily_from = calendar_back (self->calendar, plan->from, SAMPLE_LOOKBACK),
    };
    self->generator = generator_new (&market, self->calendar);
    add_sheet (self, FREQUENCY_1D);
    for (size_t i = 0; i < plan->frequency_count; i++) {
        add_sheet (self, plan->frequencies[i]);
    }
}

static void sample_free (sample_t *self)
{
    for (int i = 0; i < self->sheet_count; i++) {
        candle_file_free (&self->sheets[i]);
    }
    sample_fundamentals_free (&self->fundamentals);
    candles_free (&self->minutes);
    buffer_free (&self->splits);
    generator_destroy (&self->generator);
    calendar_destroy (&self->calendar);
    free (self->holidays);
}

static int write_file (sample_t *self, const char *name, const buffer_t *bytes)
{
    char *path = memory_format ("%s/data/%s", self->plan->directory, name);
    int rc = files_write (path, bytes);
    free (path);
    self->files++;
    return rc;
}

static int write_holidays (sample_t *self)
{
    buffer_t json = {0};
    char date[11];
    for (size_t i = 0; i < self->holiday_count; i++) {
        buffer_printf (&json, "%s\n  \"%s\"", i ? "," : "[", day_format (self->holidays[i], date));
    }
    buffer_printf (&json, "\n]\n");
    int rc = write_file (self, "holidays/US_exchange_holidays.json", &json);
    buffer_free (&json);
    return rc;
}

/* Adds the symbol's splits to those of the market. */
static void gather_splits (sample_t *self, const char *symbol)
{
    size_t count;
    const generator_split_t *splits = generator_splits (self->generator, &count);
    for (size_t i = 0; i < count; i++) {
        char date[11];
        if (i == 0) {
            buffer_printf (&self->splits, "%s\n  \"%s\": [", self->splits.size ? "," : "{", symbol);
        }
        buffer_printf (&self->splits,
                       "%s{\"execution_date\": \"%s\", \"split_from\": %.0f, \"split_to\": %.0f}",
                       i ? ", " : "", day_format (splits[i].day, date), splits[i].from,
                       splits[i].to);
    }
    buffer_printf (&self->splits, "%s", count ? "]" : "");
}

static int write_splits (sample_t *self)
{
    buffer_printf (&self->splits, self->splits.size ? "\n}\n" : "{}\n");
    return write_file (self, "polygon_splits.json", &self->splits);
}

/* Makes the symbol's days, one by one, into rows of all sheets. */
static int write_days (sample_t *self)
{
    candles_t *minutes = self->sheet_count > 1 ? &self->minutes : NULL;
    int rc = 0;
    day_t day;
    candle_t daily;
    bool traded;
    while (rc == 0 &&
           (day = generator_next (self->generator, &daily, minutes, &traded)) != DAY_NONE) {
        if (traded) {
            rc = candle_file_row (&self->sheets[0], day, &daily);
            sample_fundamentals_day (&self->fundamentals, day, daily.close);
        }
        for (int i = 1; rc == 0 && i < self->sheet_count; i++) {
            rc = candle_file_minutes (&self->sheets[i], day, minutes);
        }
    }
    return rc;
}

static int write_fundamentals (sample_t *self, const char *symbol)
{
    if (self->plan->no_fundamentals || !sample_fundamentals_known (&self->fundamentals)) {
        return 0;
    }
    char *name = memory_format ("fundamentals/%s.json", symbol);
    int rc = write_file (self, name, sample_fundamentals_json (&self->fundamentals));
    free (name);
    return rc;
}

static int write_symbol (sample_t *self, size_t index)
{
    const char *symbol = generator_symbol (self->generator, index);
    generator_start (self->generator, index);
    gather_splits (self, symbol);
    sample_fundamentals_start (&self->fundamentals, self->generator, self->plan, index);
    char *folder = memory_format ("%s/data/candles/%s", self->plan->directory, symbol);
    int rc = files_make_directory (folder);
    for (int i = 0; rc == 0 && i < self->sheet_count; i++) {
        rc = candle_file_start (&self->sheets[i], folder);
    }
    free (folder);
    if (rc == 0) {
        rc = write_days (self);
    }
    for (int i = 0; rc == 0 && i < self->sheet_count; i++) {
        rc = candle_file_end (&self->sheets[i]);
    }
    return rc == 0 ? write_fundamentals (self, symbol) : -1;
}

int sample_write (const sample_plan_t *plan, sample_summary_t *summary)
{
    if (check_plan (plan) < 0 || make_directories (plan->directory) < 0) {
        return -1;
    }
    sample_t self;
    sample_init (&self, plan);
    int rc = write_holidays (&self);
    for (size_t i = 0; rc == 0 && i < plan->count; i++) {
        rc = write_symbol (&self, i);
    }
    if (rc == 0) {
        rc = write_splits (&self);
    }
    if (rc == 0) {
        *summary = (sample_summary_t){.files = self.files};
        for (int i = 0; i < self.sheet_count; i++) {
            summary->files += self.sheets[i].file_count;
            summary->rows += self.sheets[i].row_count;
        }
    }
    sample_free (&self);
    return rc;
}
