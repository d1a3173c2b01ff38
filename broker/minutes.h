/* minutes - the report of each minute: how many of the expected symbols came, which did not, how late
 * the last was.
 *
 *     minute 10:31: 9,871 of 9,915 symbols, 44 missing, last candle +0.8 s
 *
 *     candle that counted --minutes_take--> bit (symbol, day, minute) --> "came"
 *                                             of the 5 days before    --> "expected"
 *     source clock --minutes_clock--> minute due --> report --minutes_next-->
 *
 * Which symbols are expected in a minute of a day: those that had a candle in that minute on more than
 * half of the last MINUTES_DAYS trading days before it on which any symbol had one then (so a day on
 * which the broker was not running at that time says nothing). Is there no such day, then all that
 * had a candle earlier that day, and the text says "of N seen so far today".
 *
 * When: MINUTES_WAIT_MS after the minute's end on the source's clock, or, where days before say what is
 * to be expected, as soon as the clock has passed the end and all of these are there. The clock that
 * counts is the least of all streams, so before it passes nothing of the minute may be missing only
 * because it was not read yet.
 *
 * Which minutes: of trading days, those of which a candle arrived within MINUTES_LIVE_MS of their end:
 * history that is filled in later is counted, and makes no reports. Everything is keyed by the
 * candle's own minute, so days may come in any order and at any speed. (A replay's candles did arrive in
 * time: it has reports, as many as it has minutes; whoever takes them knows what to do with them.)
 *
 * Memory: a bit for each symbol, minute and day, as a set of symbols for each minute that had a candle:
 * at most 1,080 bytes a symbol. A report is some operations on such sets. State and arithmetic alone,
 * no clock and no file.
 */
#ifndef MINUTES_H
#define MINUTES_H

#include "calendar.h"
#include "minute_report.h"

#define MINUTES_DAYS    5
#define MINUTES_WAIT_MS 10000
#define MINUTES_LIVE_MS (10 * 60 * 1000)
#define MINUTES_QUEUE   1024 /* reports that wait to be taken: more are made when there is room */

typedef struct minutes minutes_t;

typedef struct {
    uint64_t candles; /* taken */
    uint64_t reports; /* made */
    uint64_t after;   /* candles that came after their minute's report */
    uint64_t old;     /* candles of days older than those that are kept */
    uint64_t dropped; /* reports that nobody took */
} minutes_counts_t;

/* The calendar must outlive it. */
minutes_t *minutes_new (const calendar_t *calendar);
void minutes_destroy (minutes_t **self);

/* What is known of earlier days: the symbol had a candle in that minute (0-1439) of the day. */
void minutes_seed (minutes_t *self, uint32_t symbol, day_t day, int minute);

/* A 1-minute candle that counted. Symbols are small numbers without gaps. */
void minutes_take (minutes_t *self, uint32_t symbol, int64_t ts, int64_t arrival_ms);

/* Nothing that is still to come arrived before `clock_ms`. */
void minutes_clock (minutes_t *self, int64_t clock_ms);

/* The next report, oldest first. False when there is none. */
bool minutes_next (minutes_t *self, minute_report_t *report);

const minutes_counts_t *minutes_counts (const minutes_t *self);

#endif
