/* csv_row - one line of a candle file to a candle, or to the reason why not. A part of csv. */
#ifndef CSV_ROW_H
#define CSV_ROW_H

#include "candle.h"

#define CSV_COLUMN_COUNT 6
#define CSV_DATE_SIZE    10  /* "YYYY-MM-DD" */
#define CSV_MONTH_SIZE   8   /* "YYYY-MM-" */
#define CSV_REASON_TEXT  160 /* bytes of the longest reason with its NUL */

/* The next column of a row from the left. */
typedef struct {
    int skip;   /* fields of no interest before it */
    int column; /* index in the table of columns */
} csv_step_t;

/* The form of a file's rows. A value that you embed. */
typedef struct {
    bool daily; /* datetime is a date */
    csv_step_t steps[CSV_COLUMN_COUNT];
    bool is_usual; /* the columns are those of the table, in its order, with nothing between */
    bool skips;    /* some fields between the columns are of no interest */
    char month[CSV_MONTH_SIZE]; /* of the date read last: most rows have it again */
    unsigned month_days;        /* how many it has */
    int64_t month_ts;           /* 00:00 UTC of the day before it */
} csv_row_t;

void csv_row_init (csv_row_t *self, bool daily);

/* Learns from the header [text, end) where the columns are; of two columns of one name the first
 * counts. NULL, or the name of a column that it lacks. */
const char *csv_row_header (csv_row_t *self, const char *text, const char *end);

/* Reads the datetime that starts at `text`, for daily candles a date; the end, or NULL. */
const char *csv_row_datetime (csv_row_t *self, const char *text, const char *end, int64_t *ts);

/* Reads the row at `text` in one pass, without judging its values. Returns where its last column
 * ends: the row is good if the line, or another field, ends there; NULL when a field is missing or
 * has another form. Never reads from `end` on, which may be the line's or, unless the row skips
 * fields, the buffer's: no field goes on past a line's end. The header must have been learnt. */
const char *csv_row_read (csv_row_t *self, const char *text, const char *end, candle_t *candle);

/* Finds out, field by field, why csv_row_read did not take a row. True when its datetime is right:
 * `*ts` is it. */
bool csv_row_explain (csv_row_t *self, const char *text, const char *end, int64_t *ts,
                      char reason[static CSV_REASON_TEXT]);

#endif
