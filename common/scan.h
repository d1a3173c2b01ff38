/* scan - what the user asks for: a scanner with its parameters. The scanners' one table.
 *
 *     --scan ID:NAME,k=v,...  --> scan_parse --> scan_t --> scan_format --> welcome message --> the worker's scan_parse
 *
 * Everything about a scanner but its rule's code is here: its name, parameters with defaults,
 * columns and the rule in words. The code is worker/rules.c, whose table has the same order; a test
 * ties them. Adding a scanner is one entry in `scanners`, one rule function, and, for a new
 * parameter, one entry in `scan_parameters` with its field in scan_t.
 */
#ifndef SCAN_H
#define SCAN_H

#include "frequency.h"
#include "text.h"

#define SCAN_SHIFTS_MAX  12
#define SCAN_COLUMNS_MAX (6 + 2 * SCAN_SHIFTS_MAX)
#define SCANS_MAX        64   /* scans in one run */
#define SCAN_TEXT_MAX    1024 /* bytes of the longest canonical text with its NUL */

typedef enum {
    SCAN_ATR_GAP_DOWN,
    SCAN_ATR_GAP_UP,
    SCAN_ATR_PARABOLIC_DOWN,
    SCAN_ATR_PARABOLIC_UP,
    SCAN_DAILY_ATR_PARABOLIC_DOWN,
    SCAN_DAILY_ATR_PARABOLIC_UP,
    SCAN_HIGH_RANGE_GAP_UP,
    SCAN_LOW_RANGE_GAP_DOWN,
    SCAN_SMALL_CAP_UP,
    SCAN_DAY2_GAP,
    SCANNER_COUNT
} scanner_kind_t;

/* How a parameter's value is written. */
typedef enum {
    PARAMETER_NUMBER,   /* double */
    PARAMETER_INTEGER,  /* int, >= 1 */
    PARAMETER_FLAG,     /* bool: bare, or =true/false */
    PARAMETER_TIME,     /* int, minute of the day: 09:30 */
    PARAMETER_WEEKDAYS, /* unsigned, bit 0 = Monday: 0/1/3 or mon/tue */
    PARAMETER_INTEGERS, /* scan_shifts_t periods: 2/10/15 */
    PARAMETER_NUMBERS   /* scan_shifts_t changes: 0.12/0.14 */
} parameter_type_t;

typedef struct {
    const char *name;
    parameter_type_t type;
    size_t offset; /* of its field in scan_t */
    const char *what;
} scan_parameter_t;

/* All parameters there are; a scanner's own list names which it takes. In canonical order. */
extern const scan_parameter_t scan_parameters[];
extern const size_t scan_parameter_count;

/* A parameter as one scanner takes it. */
typedef struct {
    const char *name;
    const char *
        otherwise; /* the default as it would be typed; "" = not applied when not given; NULL = required */
} scanner_parameter_t;

typedef struct {
    const char *name;
    const char *summary;                   /* one line */
    bool daily;                            /* runs at 1d only */
    bool up;                               /* looks at highs and rises; else at lows and falls */
    bool has_adv;                          /* has min_adv, min_adr: its gate reads them */
    bool reads_prev_allday;                /* a daily one: the day before in 1-minute candles too */
    const scanner_parameter_t *parameters; /* ends with a NULL name */
    const char *
        columns; /* "adv_14 adr_14 max_high_{n_days}d ..."; a brace names what scan_parse puts there */
    const char *rule; /* the rule in words, lines of at most 76 characters */
} scanner_t;

/* Indexed by scanner_kind_t. Its first member is the name, for text_nearest. */
extern const scanner_t scanners[SCANNER_COUNT];

/* The scanner of that name, or NULL. */
const scanner_t *scanner_find (const char *name);

typedef struct {
    char name[28];
    bool alert; /* the value k is written as text, "change_k" */
} scan_column_t;

/* A parsed scan. A value without pointers to free. Optional parameters not given are NAN (numbers)
 * or 0 (days_of_week).
 */
typedef struct {
    char id[SCAN_ID_MAX + 1];
    scanner_kind_t kind;
    frequency_t frequency;
    double min_adv, min_adr, max_adr;
    double min_market_cap, max_market_cap;
    bool include_null_market_cap;
    double min_days_from_earnings, max_days_from_earnings, min_days_since_ipo;
    unsigned days_of_week;
    int atr_lookback;
    double min_atr_multiplier, max_atr_multiplier;
    double min_volume;
    int start_time, end_time; /* minutes of the day, both inclusive */
    bool new_extreme;
    int n_days;
    double min_atr_gap;
    double min_gap, min_price, max_price, min_retrace;
    int shift_count; /* shift_periods and shift_min_changes have this many */
    int shift_change_count;
    int shift_periods[SCAN_SHIFTS_MAX];
    double shift_min_changes[SCAN_SHIFTS_MAX];
    int column_count;
    scan_column_t columns[SCAN_COLUMNS_MAX];
    uint64_t hash; /* FNV-1a of the canonical text without the id: the definition's identity */
} scan_t;

/* Reads `[ID:]NAME[,k=v]...`. `frequency` serves where the text has no `freq=`. 0, or -1 with one
 * line in `error` that says what to do and suggests the nearest name. */
int scan_parse (const char *text, frequency_t frequency, scan_t *scan, char *error,
                size_t error_size);

/* Writes the canonical text, which scan_parse reads back to the same scan:
 * `ID:NAME,freq=..,k=v,...`, every parameter that is set, in the table's order. Returns the length.
 * */
size_t scan_format (const scan_t *self, char text[static SCAN_TEXT_MAX]);

static inline const scanner_t *scan_scanner (const scan_t *self)
{
    return &scanners[self->kind];
}

/* How many trading days before a day its daily indicators reach back (at least 15). */
int scan_lookback (const scan_t *self);

#endif
