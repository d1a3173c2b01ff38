/* csv_row - one line of a candle file.
 *
 * Valid rows take the short way, csv_row_read: one pass from left to right. A row that it does not
 * take is cut into its fields for the reason. Both read a field with the same functions, so they
 * cannot disagree.
 */
#include "csv_row.h"

#include "number.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DAY_SECONDS 86400
#define TIME_SIZE   9  /* " HH:MM:SS" */
#define QUOTE_MAX   20 /* bytes of a field that a reason shows */
#define QUOTE_TEXT  (4 * QUOTE_MAX + sizeof "''...")

enum { DATETIME, OPEN, HIGH, LOW, CLOSE, VOLUME };

static const char *const column_names[CSV_COLUMN_COUNT] = {"datetime", "open",  "high",
                                                           "low",      "close", "volume"};

/* A piece of a line. */
typedef struct {
    const char *text; /* NULL when the line does not have it */
    const char *end;
} field_t;

void csv_row_init (csv_row_t *self, bool daily)
{
    *self = (csv_row_t){.daily = daily};
}

/* Takes the field at `*next` and moves on to the one after it, NULL after the last. */
static field_t field_take (const char **next, const char *end)
{
    field_t field = {*next, end};
    if (*next) {
        const char *comma = memchr (*next, ',', (size_t) (end - *next));
        field.end = comma ? comma : end;
        *next = comma ? comma + 1 : NULL;
    }
    return field;
}

/* The column of that name, or -1. */
static int column_find (field_t name)
{
    size_t size = (size_t) (name.end - name.text);
    for (int column = 0; column < CSV_COLUMN_COUNT; column++) {
        if (strlen (column_names[column]) == size &&
            memcmp (column_names[column], name.text, size) == 0) {
            return column;
        }
    }
    return -1;
}

const char *csv_row_header (csv_row_t *self, const char *text, const char *end)
{
    bool found[CSV_COLUMN_COUNT] = {false};
    int count = 0, skip = 0;
    self->skips = false;
    self->is_usual = true;
    while (text) {
        int column = column_find (field_take (&text, end));
        if (column < 0 || found[column]) {
            skip++;
            continue;
        }
        found[column] = true;
        self->steps[count++] = (csv_step_t){skip, column};
        self->skips = self->skips || skip > 0;
        self->is_usual = self->is_usual && !self->skips && column == count - 1;
        skip = 0;
    }
    for (int column = 0; column < CSV_COLUMN_COUNT; column++) {
        if (!found[column]) {
            return column_names[column];
        }
    }
    return NULL;
}

/* The number that two digits are; more than 99 when they are not digits. */
static inline unsigned two_digits (const char *text)
{
    unsigned tens = (unsigned char) (text[0] - '0');
    unsigned ones = (unsigned char) (text[1] - '0');
    return tens < 10 && ones < 10 ? tens * 10 + ones : 100;
}

/* Remembers the month of a date that was read. */
static void month_keep (csv_row_t *self, const char *text, day_t day)
{
    int year, month, day_of_month;
    day_split (day, &year, &month, &day_of_month);
    day_t first = day - day_of_month + 1;
    day_t next = month < 12 ? day_from (year, month + 1, 1) : day_from (year + 1, 1, 1);
    memcpy (self->month, text, CSV_MONTH_SIZE);
    self->month_days = (unsigned) (next - first);
    self->month_ts = (int64_t) (first - 1) * DAY_SECONDS;
}

/* Reads the date that starts at `text`. Most are of the month of the row before: a look at its days
 * is a quarter of what reading year and month again takes. */
static inline bool date_read (csv_row_t *self, const char *text, const char *end, int64_t *ts)
{
    if (end - text < CSV_DATE_SIZE) {
        return false;
    }
    if (memcmp (text, self->month, CSV_MONTH_SIZE) != 0) {
        day_t day;
        if (!day_parse (text, CSV_DATE_SIZE, &day)) {
            return false;
        }
        month_keep (self, text, day);
    }
    unsigned day = two_digits (text + CSV_MONTH_SIZE);
    *ts = self->month_ts + (int64_t) day * DAY_SECONDS;
    return day >= 1 && day <= self->month_days;
}

const char *csv_row_datetime (csv_row_t *self, const char *text, const char *end, int64_t *ts)
{
    if (!date_read (self, text, end, ts)) {
        return NULL;
    }
    text += CSV_DATE_SIZE;
    if (self->daily) {
        return text;
    }
    if (end - text < TIME_SIZE || text[0] != ' ' || text[3] != ':' || text[6] != ':') {
        return NULL;
    }
    unsigned hour = two_digits (text + 1);
    unsigned minute = two_digits (text + 4);
    unsigned second = two_digits (text + 7);
    if (hour > 23 || minute > 59 || second > 59) {
        return NULL;
    }
    *ts += hour * 3600 + minute * 60 + second;
    return text + TIME_SIZE;
}

/* Past fields of no interest; NULL when the row has no more. */
static const char *fields_skip (const char *next, const char *end, int count)
{
    for (; count > 0 && next; count--) {
        next = memchr (next, ',', (size_t) (end - next));
        next += next != NULL;
    }
    return next;
}

const char *csv_row_read (csv_row_t *self, const char *text, const char *end, candle_t *candle)
{
    double values[CSV_COLUMN_COUNT];
    const char *next = text;
    for (int i = 0; i < CSV_COLUMN_COUNT; i++) {
        const csv_step_t *step = &self->steps[i];
        if (i > 0) {
            if (next == end || *next != ',') {
                return NULL;
            }
            next++;
        }
        if (step->skip > 0) {
            next = fields_skip (next, end, step->skip);
            if (!next) {
                return NULL;
            }
        }
        next = step->column == DATETIME ? csv_row_datetime (self, next, end, &candle->ts)
                                        : number_read (next, end, &values[step->column]);
        if (!next) {
            return NULL;
        }
    }
    candle->open = values[OPEN];
    candle->high = values[HIGH];
    candle->low = values[LOW];
    candle->close = values[CLOSE];
    candle->volume = values[VOLUME];
    return next;
}

static void fields_split (const csv_row_t *self, const char *text, const char *end,
                          field_t fields[static CSV_COLUMN_COUNT])
{
    for (int i = 0; i < CSV_COLUMN_COUNT; i++) {
        for (int skip = self->steps[i].skip; skip > 0; skip--) {
            field_take (&text, end);
        }
        fields[self->steps[i].column] = field_take (&text, end);
    }
}

/* Writes the field's first bytes in quotes, what is not printable as \xNN. */
static char *field_quote (field_t field, char text[static QUOTE_TEXT])
{
    char *next = text;
    *next++ = '\'';
    for (int i = 0; i < QUOTE_MAX && field.text + i < field.end; i++) {
        unsigned char byte = (unsigned char) field.text[i];
        if (byte >= ' ' && byte <= '~' && byte != '\\') {
            *next++ = (char) byte;
        } else {
            next += snprintf (next, sizeof "\\xNN", "\\x%02x", byte);
        }
    }
    snprintf (next, sizeof "...'", "%s'", field.end - field.text > QUOTE_MAX ? "..." : "");
    return text;
}

/* What is wrong with the fields after datetime: `reason`. */
static void explain_fields (const field_t fields[static CSV_COLUMN_COUNT],
                            char reason[static CSV_REASON_TEXT])
{
    for (int column = DATETIME; column < CSV_COLUMN_COUNT; column++) {
        field_t field = fields[column];
        double value;
        if (!field.text) {
            snprintf (reason, CSV_REASON_TEXT, "no field '%s'", column_names[column]);
            return;
        }
        if (column != DATETIME && number_read (field.text, field.end, &value) != field.end) {
            char quote[QUOTE_TEXT];
            snprintf (reason, CSV_REASON_TEXT, "%s is not a number", field_quote (field, quote));
            return;
        }
    }
    assert (false); /* csv_row_read would have taken it */
}

bool csv_row_explain (csv_row_t *self, const char *text, const char *end, int64_t *ts,
                      char reason[static CSV_REASON_TEXT])
{
    field_t fields[CSV_COLUMN_COUNT];
    fields_split (self, text, end, fields);
    field_t datetime = fields[DATETIME];
    if (!datetime.text) {
        explain_fields (fields, reason);
        return false;
    }
    const char *read = csv_row_datetime (self, datetime.text, datetime.end, ts);
    if (!read || read < datetime.end) {
        snprintf (reason, CSV_REASON_TEXT, "datetime is not YYYY-MM-DD%s",
                  self->daily ? "" : " HH:MM:SS");
        return false;
    }
    explain_fields (fields, reason);
    return true;
}
