/* exchange - dates and times of the exchange, America/New_York.
 *
 *     ts --> span_at --> is it in the recent span? --> its offset                    a few ns
 *                          no --> the year's spans, found once: the C library asked
 *                                 every 30 days, then the change bisected            some us a year
 *
 * A span is a time in which the offset does not change. The cache is the process's own and is
 * filled without a lock: call from one thread.
 */
#include "exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZONE          "America/New_York"
#define SUMMER_TS     INT64_C (1688169600) /* 2023-07-01 00:00 UTC */
#define SUMMER_OFFSET (-14400)
#define WINTER_TS     INT64_C (1672531200) /* 2023-01-01 00:00 UTC */
#define WINTER_OFFSET (-18000)

#define DAY_SECONDS   86400
#define DAY_MINUTES   1440
#define PROBE_SECONDS (30 * DAY_SECONDS) /* the zone has no two changes within so short a time */

/* The accepted dates and a year on either side: local midnights and whole weeks reach over the
 * edges. */
#define YEAR_FIRST 1899
#define YEAR_LAST  2200
#define YEAR_COUNT (YEAR_LAST - YEAR_FIRST + 1)
#define YEAR_SPANS 4
#define TS_FIRST   (INT64_C (-25932) * DAY_SECONDS)    /* 1899-01-01 00:00 UTC */
#define TS_LAST    (INT64_C (84371) * DAY_SECONDS - 1) /* 2200-12-31 23:59:59 UTC */

/* The offset of from <= ts < to. */
typedef struct {
    int64_t from, to;
    int offset;
} span_t;

typedef struct {
    int count; /* 0 = not looked up yet */
    span_t spans[YEAR_SPANS];
} year_t;

static const span_t no_span;
static const span_t *recent = &no_span; /* the span asked for last: the next row's too */
static year_t years[YEAR_COUNT];

static int64_t floor_divide (int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int zone_offset (int64_t ts)
{
    time_t time = ts;
    struct tm local;
    const struct tm *result = localtime_r (&time, &local);
    assert (result); /* fails only for years beyond int */
    return result ? (int) local.tm_gmtoff : 0;
}

int exchange_init (void)
{
    recent = &no_span;
    memset (years, 0, sizeof years);
    if (setenv ("TZ", ZONE, 1) != 0) {
        return -1;
    }
    tzset ();
    /* An unknown zone is UTC to the C library, without an error. */
    if (zone_offset (SUMMER_TS) != SUMMER_OFFSET || zone_offset (WINTER_TS) != WINTER_OFFSET) {
        return -1;
    }
    return 0;
}

/* The first ts after `from`, at most `to`, that has another offset than `from`; `to` when there is
 * none. */
static int64_t span_end (int64_t from, int64_t to, int offset)
{
    int64_t same = from;
    while (same < to) {
        int64_t other = to - same > PROBE_SECONDS ? same + PROBE_SECONDS : to;
        if (zone_offset (other) == offset) {
            same = other;
            continue;
        }
        while (other - same > 1) {
            int64_t middle = same + (other - same) / 2;
            if (zone_offset (middle) == offset) {
                same = middle;
            } else {
                other = middle;
            }
        }
        return other;
    }
    return to;
}

static void year_load (year_t *self, int year)
{
    int64_t end = (int64_t) day_from (year + 1, 1, 1) * DAY_SECONDS;
    int64_t from = (int64_t) day_from (year, 1, 1) * DAY_SECONDS;
    while (from < end) {
        assert (self->count < YEAR_SPANS);
        span_t *span = &self->spans[self->count++];
        span->from = from;
        span->offset = zone_offset (from);
        span->to = span_end (from, end, span->offset);
        from = span->to;
    }
}

/* A ts within the years known; the garbage beyond them gets the date of an edge, which is not an
 * accepted one. */
static int64_t ts_clamp (int64_t ts)
{
    if (ts < TS_FIRST) {
        return TS_FIRST;
    }
    return ts > TS_LAST ? TS_LAST : ts;
}

static const span_t *span_find (int64_t ts)
{
    int year, month, day_of_month;
    ts = ts_clamp (ts);
    day_split ((day_t) floor_divide (ts, DAY_SECONDS), &year, &month, &day_of_month);
    year_t *self = &years[year - YEAR_FIRST];
    if (self->count == 0) {
        year_load (self, year);
    }
    recent = self->spans;
    while (ts >= recent->to) {
        recent++;
    }
    return recent;
}

static inline const span_t *span_at (int64_t ts)
{
    return ts >= recent->from && ts < recent->to ? recent : span_find (ts);
}

/* Civil dates after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in
 * March, so that the leap day is a year's last, and repeat every 400 years = 146,097 days. 719,468
 * days lie before 1970-01-01. */
day_t day_from (int year, int month, int day_of_month)
{
    int shifted = year - (month <= 2);
    int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int year_of_era = shifted - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day_of_month - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void day_split (day_t day, int *year, int *month, int *day_of_month)
{
    int64_t shifted = (int64_t) day + 719468;
    int era = (int) floor_divide (shifted, 146097);
    int day_of_era = (int) (shifted - (int64_t) era * 146097);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;
    *day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    *month = march_month < 10 ? march_month + 3 : march_month - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

int day_weekday (day_t day)
{
    int weekday = (int) (((int64_t) day + 3) % 7); /* 1970-01-01 was a Thursday */
    return weekday < 0 ? weekday + 7 : weekday;
}

/* Reads `count` digits; -1 when one of them is none. */
static int digits_read (const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* Writes `value` in `count` digits (its last ones); returns the place after them. */
static char *digits_write (char *text, int value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        text[i] = (char) ('0' + value % 10);
        value /= 10;
    }
    return text + count;
}

bool day_parse (const char *text, size_t size, day_t *day)
{
    if (size != 10 || text[4] != '-' || text[7] != '-') {
        return false;
    }
    int year = digits_read (text, 4);
    int month = digits_read (text + 5, 2);
    int day_of_month = digits_read (text + 8, 2);
    if (year < 0 || month < 1 || month > 12 || day_of_month < 1) {
        return false;
    }
    day_t parsed = day_from (year, month, day_of_month);
    int parsed_year, parsed_month, parsed_day;
    day_split (parsed, &parsed_year, &parsed_month, &parsed_day);
    if (parsed_day != day_of_month || parsed < DAY_FIRST || parsed > DAY_LAST) {
        return false; /* a 31st of June is the 1st of July: another day of the month */
    }
    *day = parsed;
    return true;
}

char *day_format (day_t day, char text[static 11])
{
    int year, month, day_of_month;
    day_split (day, &year, &month, &day_of_month);
    char *next = digits_write (text, year < 0 ? 0 : year, 4);
    *next++ = '-';
    next = digits_write (next, month, 2);
    *next++ = '-';
    next = digits_write (next, day_of_month, 2);
    *next = '\0';
    return text;
}

int exchange_offset (int64_t ts)
{
    return span_at (ts)->offset;
}

static int64_t local_seconds (int64_t ts)
{
    ts = ts_clamp (ts);
    return ts + exchange_offset (ts);
}

day_t exchange_day (int64_t ts)
{
    return (day_t) floor_divide (local_seconds (ts), DAY_SECONDS);
}

int exchange_minute (int64_t ts)
{
    int64_t minutes = floor_divide (local_seconds (ts), 60);
    return (int) (minutes - floor_divide (minutes, DAY_MINUTES) * DAY_MINUTES);
}

int64_t exchange_midnight (day_t day)
{
    return exchange_ts (day, 0);
}

int64_t exchange_ts (day_t day, int minute)
{
    int64_t local = (int64_t) day * DAY_SECONDS + (int64_t) minute * 60;
    /* The exchange is behind UTC: the span of this ts began before the one asked for. */
    const span_t *early = span_at (local - DAY_SECONDS);
    int64_t ts = local - early->offset;
    if (ts < early->to) {
        return ts; /* the earlier one where the local time comes twice */
    }
    const span_t *late = span_at (early->to);
    ts = local - late->offset;
    return ts >= late->from ? ts : late->from; /* the gap's end where it does not come */
}

char *exchange_format (int64_t ts, char text[static 26])
{
    int64_t local = local_seconds (ts);
    day_t day = (day_t) floor_divide (local, DAY_SECONDS);
    int second = (int) (local - (int64_t) day * DAY_SECONDS);
    int ahead = exchange_offset (ts) / 60;
    day_format (day, text);
    char *next = text + 10;
    *next++ = ' ';
    next = digits_write (next, second / 3600, 2);
    *next++ = ':';
    next = digits_write (next, second / 60 % 60, 2);
    *next++ = ':';
    next = digits_write (next, second % 60, 2);
    *next++ = ahead < 0 ? '-' : '+';
    next = digits_write (next, abs (ahead) / 60, 2);
    *next++ = ':';
    next = digits_write (next, abs (ahead) % 60, 2);
    *next = '\0';
    return text;
}

/* Reads "HH:MM"; minutes, or -1. */
static int minutes_read (const char *text)
{
    int hours = digits_read (text, 2);
    if (hours < 0 || hours > 23 || text[2] != ':') {
        return -1;
    }
    int minutes = digits_read (text + 3, 2);
    return minutes < 0 || minutes > 59 ? -1 : hours * 60 + minutes;
}

/* Reads what may follow a time: nothing, "Z" or "+HH:MM". `*given` tells whether an offset was
 * there. */
static bool offset_read (const char *text, int *offset, bool *given)
{
    *given = *text != '\0';
    *offset = 0;
    if (!*given || strcmp (text, "Z") == 0) {
        return true;
    }
    int minutes = *text == '+' || *text == '-' ? minutes_read (text + 1) : -1;
    if (minutes < 0 || text[6] != '\0') {
        return false;
    }
    *offset = (*text == '-' ? -minutes : minutes) * 60;
    return true;
}

bool exchange_parse (const char *text, int64_t *ts, bool *is_date)
{
    day_t day;
    if (strnlen (text, 10) < 10 || !day_parse (text, 10, &day)) {
        return false;
    }
    text += 10;
    *is_date = *text == '\0';
    if (*is_date) {
        *ts = exchange_midnight (day);
        return true;
    }
    int minute = *text == ' ' || *text == 'T' ? minutes_read (text + 1) : -1;
    if (minute < 0) {
        return false;
    }
    text += 6;
    int second = 0;
    if (*text == ':') {
        second = digits_read (text + 1, 2);
        if (second < 0 || second > 59) {
            return false;
        }
        text += 3;
    }
    int offset;
    bool given;
    if (!offset_read (text, &offset, &given)) {
        return false;
    }
    int64_t start = given ? (int64_t) day * DAY_SECONDS + (int64_t) minute * 60 - offset
                          : exchange_ts (day, minute);
    *ts = start + second;
    return true;
}
