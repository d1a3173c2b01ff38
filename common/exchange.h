/* exchange - dates and times of the exchange, America/New_York.
 *
 * A point in time is an int64_t of Unix seconds, named `ts`. A date is a day_t. "Local" always
 * means exchange local. The rules of summer time come from the system's tz database through the C
 * library, never from a table of ours; each year's changes are looked up once and kept, because
 * every row of every file asks.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A calendar date: days since 1970-01-01. 1900-01-01 to 2199-12-31 are accepted from outside. */
typedef int32_t day_t;

#define DAY_NONE  INT32_MIN
#define DAY_FIRST (-25567) /* 1900-01-01 */
#define DAY_LAST  84005    /* 2199-12-31 */

/* Sets the process's zone. Once, first of all in main, before any thread. -1 when the tz database
 * lacks the zone. */
int exchange_init (void);

/* The date of a proleptic Gregorian year, month 1-12, day of month 1-31 (not checked). */
day_t day_from (int year, int month, int day_of_month);
void day_split (day_t day, int *year, int *month, int *day_of_month);

/* 0 Monday ... 6 Sunday. */
int day_weekday (day_t day);

/* Reads exactly "YYYY-MM-DD" (`size` 10). False when it is not a date of the accepted range. */
bool day_parse (const char *text, size_t size, day_t *day);

/* Writes "YYYY-MM-DD" and a NUL; returns `text`. */
char *day_format (day_t day, char text[static 11]);

/* Seconds that local time is ahead of UTC at `ts` (-18000 in winter, -14400 in summer). */
int exchange_offset (int64_t ts);

/* The local date at `ts`, and the local minute of the day (0-1439). */
day_t exchange_day (int64_t ts);
int exchange_minute (int64_t ts);

/* The first second of a local date; `minute` minutes of local time after it, the earlier one where
 * it comes twice, the time after the gap where it does not come. */
int64_t exchange_midnight (day_t day);
int64_t exchange_ts (day_t day, int minute);

/* Writes "YYYY-MM-DD HH:MM:SS-04:00" and a NUL; returns `text`. */
char *exchange_format (int64_t ts, char text[static 26]);

/* Reads "YYYY-MM-DD", "YYYY-MM-DD HH:MM[:SS]" (a T serves for the space), each with an optional
 * offset "+HH:MM" or "Z" after a time. `*is_date` tells which. False when it is neither. */
bool exchange_parse (const char *text, int64_t *ts, bool *is_date);

#endif
