/* minute_report - what is said of one minute: minutes.h makes it, this is its text. */
#ifndef MINUTE_REPORT_H
#define MINUTE_REPORT_H

#include "exchange.h"
#include "memory.h"

#define MINUTE_REPORT_NAMES 8 /* missing symbols that are named */

typedef struct {
    int64_t ts;       /* the minute's start, Unix seconds */
    day_t day;        /* exchange date */
    uint32_t symbols; /* that had a candle, expected or not */
    uint32_t expected;
    uint32_t missing; /* expected, and not there */
    uint32_t days;    /* on how many days before the expectation rests; 0: "seen so far today" */
    int64_t last_ms;  /* arrival of the last candle, less the minute's end; may be negative */
    uint32_t name_count;
    uint32_t names[MINUTE_REPORT_NAMES]; /* the first missing symbols, by index */
} minute_report_t;

/* Appends the report as a line without its end: "minute 10:31: 9,871 of 9,915 symbols, 44 missing (A,
 * B, ...), last candle +0.8 s". `name` gives a symbol's name; NULL: no names. */
void minute_report_format (const minute_report_t *self,
                           const char *(*name) (const void *argument, uint32_t symbol),
                           const void *argument, buffer_t *text);

#endif
