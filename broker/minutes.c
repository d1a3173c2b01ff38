#include "minutes.h"

#include "symbol_set.h"

#include <stdlib.h>
#include <string.h>

#define MINUTES_OF_DAY 1440
#define SLOTS          (MINUTES_DAYS + 1) /* the days kept: one, and those before it */
#define UNKNOWN        UINT32_MAX         /* whom a minute waits for is not counted yet */
#define NEVER          (UINT32_MAX - 1)   /* nobody knows: it waits for its time */
#define MINUTE_NONE    INT64_MIN

typedef enum { MINUTE_QUIET, MINUTE_OPEN, MINUTE_REPORTED } minute_state_t;

typedef struct {
    symbol_set_t seen; /* symbols that had a candle */
    uint32_t symbols;  /* how many */
    uint32_t waiting;  /* expected symbols that are missing, UNKNOWN or NEVER */
    int64_t ts;
    int64_t last_ms; /* the latest arrival */
    minute_state_t state;
} minute_t;

typedef struct {
    day_t day;           /* DAY_NONE: free */
    int open_count;      /* minutes that wait for their report ... */
    int open_first;      /* ... none of them before this one */
    symbol_set_t so_far; /* symbols seen before minute `so_far_end` */
    int so_far_end;
    minute_t minutes[MINUTES_OF_DAY];
} slot_t;

struct minutes {
    const calendar_t *calendar;
    slot_t slots[SLOTS]; /* in any order of days */
    int64_t recent_ts; /* of the candle before, which most candles share; MINUTE_NONE: forgotten */
    int recent_slot, recent_minute;
    uint32_t words; /* of a new set: room for all symbols so far */
    minutes_counts_t counts;
    size_t queue_first, queue_count;
    minute_report_t queue[MINUTES_QUEUE]; /* a ring */
};

/* The days before one that say what is to be expected in a minute. */
typedef struct {
    int count;
    const symbol_set_t *sets[MINUTES_DAYS];
} past_t;

minutes_t *minutes_new (const calendar_t *calendar)
{
    minutes_t *self = memory_new (sizeof *self);
    self->calendar = calendar;
    self->recent_ts = MINUTE_NONE;
    for (int i = 0; i < SLOTS; i++) {
        self->slots[i].day = DAY_NONE;
    }
    return self;
}

static void clear_slot (slot_t *self)
{
    for (int i = 0; i < MINUTES_OF_DAY; i++) {
        symbol_set_free (&self->minutes[i].seen);
    }
    symbol_set_free (&self->so_far);
    memset (self, 0, sizeof *self);
    self->day = DAY_NONE;
}

void minutes_destroy (minutes_t **minutes)
{
    minutes_t *self = *minutes;
    if (self) {
        for (int i = 0; i < SLOTS; i++) {
            clear_slot (&self->slots[i]);
        }
        free (self);
        *minutes = NULL;
    }
}

const minutes_counts_t *minutes_counts (const minutes_t *self)
{
    return &self->counts;
}

/* ---- days ---- */

static void report_all (minutes_t *self, int slot);

/* The day's place; the oldest day makes room for a newer one. -1: it is older than all that are kept,
 * or no trading day. */
static int slot_of (minutes_t *self, day_t day)
{
    int oldest = 0;
    for (int i = 0; i < SLOTS; i++) {
        if (self->slots[i].day == day) {
            return i;
        }
        oldest = self->slots[i].day < self->slots[oldest].day ? i : oldest;
    }
    if (day < self->slots[oldest].day || !calendar_is_trading (self->calendar, day)) {
        return -1;
    }
    report_all (self, oldest);
    clear_slot (&self->slots[oldest]);
    self->recent_ts = MINUTE_NONE;
    self->slots[oldest].day = day;
    return oldest;
}

/* Notes that the symbol had a candle. False when it was noted before. */
static bool note (minutes_t *self, int slot, int minute, uint32_t symbol)
{
    slot_t *day = &self->slots[slot];
    if (!symbol_set_add (&day->minutes[minute].seen, symbol, &self->words)) {
        return false;
    }
    day->minutes[minute].symbols++;
    if (minute < day->so_far_end) {
        symbol_set_add (&day->so_far, symbol, &self->words);
    }
    return true;
}

/* ---- what is to be expected ---- */

static past_t past_of (const minutes_t *self, int slot, int minute)
{
    past_t past = {0};
    for (int i = 0; i < SLOTS; i++) {
        const slot_t *other = &self->slots[i];
        if (other->day != DAY_NONE && other->day < self->slots[slot].day &&
            other->minutes[minute].symbols > 0) {
            past.sets[past.count++] = &other->minutes[minute].seen;
        }
    }
    return past;
}

/* Brings the set of symbols seen so far up to the minute, and gives it. */
static const symbol_set_t *so_far (minutes_t *self, int slot, int minute)
{
    slot_t *day = &self->slots[slot];
    for (; day->so_far_end <= minute; day->so_far_end++) {
        symbol_set_join (&day->so_far, &day->minutes[day->so_far_end].seen);
    }
    return &day->so_far;
}

static void name_missing (minute_report_t *report, uint32_t word, uint64_t missing)
{
    for (; missing && report->name_count < MINUTE_REPORT_NAMES; missing &= missing - 1) {
        report->names[report->name_count++] =
            word * SYMBOL_SET_WORD + (uint32_t) __builtin_ctzll (missing);
    }
}

/* The minute as it stands. */
static void make_report (minutes_t *self, int slot, int minute, minute_report_t *report)
{
    const minute_t *state = &self->slots[slot].minutes[minute];
    past_t past = past_of (self, slot, minute);
    const symbol_set_t *today = past.count == 0 ? so_far (self, slot, minute) : NULL;
    *report = (minute_report_t){.ts = state->ts,
                                .day = self->slots[slot].day,
                                .symbols = state->symbols,
                                .days = (uint32_t) past.count,
                                .last_ms = state->last_ms - (state->ts + 60) * 1000};
    for (uint32_t i = 0; i < self->words; i++) {
        uint64_t expected =
            today ? symbol_set_word (today, i) : symbol_set_majority (past.sets, past.count, i);
        uint64_t missing = expected & ~symbol_set_word (&state->seen, i);
        report->expected += (uint32_t) __builtin_popcountll (expected);
        report->missing += (uint32_t) __builtin_popcountll (missing);
        name_missing (report, i, missing);
    }
}

/* ---- reports ---- */

static void push_report (minutes_t *self, const minute_report_t *report)
{
    if (self->queue_count == MINUTES_QUEUE) {
        self->queue_first = (self->queue_first + 1) % MINUTES_QUEUE;
        self->queue_count--;
        self->counts.dropped++;
    }
    self->queue[(self->queue_first + self->queue_count++) % MINUTES_QUEUE] = *report;
    self->counts.reports++;
}

static void finish (minutes_t *self, int slot, int minute)
{
    minute_report_t report;
    make_report (self, slot, minute, &report);
    push_report (self, &report);
    self->slots[slot].minutes[minute].state = MINUTE_REPORTED;
    self->slots[slot].open_count--;
}

/* The first open minute of a day, which has one. */
static int first_open (slot_t *self)
{
    while (self->minutes[self->open_first].state != MINUTE_OPEN) {
        self->open_first++;
    }
    return self->open_first;
}

/* A day that is forgotten: what waits of it is reported as it is. */
static void report_all (minutes_t *self, int slot)
{
    while (self->slots[slot].day != DAY_NONE && self->slots[slot].open_count > 0) {
        finish (self, slot, first_open (&self->slots[slot]));
    }
}

/* Is the open minute to be reported? Whom it waits for is counted once the clock is past its end: from
 * then on the days before it are whole. */
static bool is_due (minutes_t *self, int slot, int minute, minute_t *state, int64_t clock_ms)
{
    int64_t end_ms = (state->ts + 60) * 1000;
    if (clock_ms < end_ms) {
        return false;
    }
    if (clock_ms >= end_ms + MINUTES_WAIT_MS) {
        return true;
    }
    if (state->waiting == UNKNOWN) {
        minute_report_t report;
        make_report (self, slot, minute, &report);
        bool is_known = report.days > 0 && report.expected > 0;
        state->waiting = is_known ? report.missing : NEVER;
    }
    return state->waiting == 0;
}

static void clock_of (minutes_t *self, int slot, int64_t clock_ms)
{
    slot_t *day = &self->slots[slot];
    int minute = day->open_count > 0 ? first_open (day) : MINUTES_OF_DAY;
    for (int left = day->open_count; left > 0 && self->queue_count < MINUTES_QUEUE; minute++) {
        minute_t *state = &day->minutes[minute];
        if (state->state != MINUTE_OPEN) {
            continue;
        }
        left--;
        if (is_due (self, slot, minute, state, clock_ms)) {
            finish (self, slot, minute);
        } else if (clock_ms < (state->ts + 60) * 1000) {
            break; /* those behind it end later */
        }
    }
}

void minutes_clock (minutes_t *self, int64_t clock_ms)
{
    day_t done = DAY_NONE;
    for (;;) { /* the days in their order */
        int next = -1;
        for (int i = 0; i < SLOTS; i++) {
            if (self->slots[i].day > done &&
                (next < 0 || self->slots[i].day < self->slots[next].day)) {
                next = i;
            }
        }
        if (next < 0) {
            return;
        }
        clock_of (self, next, clock_ms);
        done = self->slots[next].day;
    }
}

bool minutes_next (minutes_t *self, minute_report_t *report)
{
    if (self->queue_count == 0) {
        return false;
    }
    *report = self->queue[self->queue_first];
    self->queue_first = (self->queue_first + 1) % MINUTES_QUEUE;
    self->queue_count--;
    return true;
}

/* ---- candles ---- */

void minutes_seed (minutes_t *self, uint32_t symbol, day_t day, int minute)
{
    int slot = slot_of (self, day);
    if (slot >= 0 && minute >= 0 && minute < MINUTES_OF_DAY) {
        note (self, slot, minute, symbol);
    }
}

/* The minute's first candle in time opens it. */
static void open_minute (slot_t *self, int minute, int64_t ts, int64_t arrival_ms)
{
    minute_t *state = &self->minutes[minute];
    if (state->state == MINUTE_QUIET && arrival_ms <= (ts + 60) * 1000 + MINUTES_LIVE_MS) {
        state->state = MINUTE_OPEN;
        state->ts = ts;
        state->last_ms = arrival_ms;
        state->waiting = UNKNOWN;
        self->open_first =
            self->open_count == 0 || minute < self->open_first ? minute : self->open_first;
        self->open_count++;
    }
}

/* One of those that the minute waits for may have come. */
static void wait_less (const minutes_t *self, int slot, int minute, minute_t *state,
                       uint32_t symbol)
{
    past_t past = past_of (self, slot, minute);
    uint64_t expected = symbol_set_majority (past.sets, past.count, symbol / SYMBOL_SET_WORD);
    state->waiting -= (uint32_t) (expected >> (symbol % SYMBOL_SET_WORD) & 1);
}

void minutes_take (minutes_t *self, uint32_t symbol, int64_t ts, int64_t arrival_ms)
{
    self->counts.candles++;
    if (ts != self->recent_ts) {
        self->recent_slot = slot_of (self, exchange_day (ts));
        self->recent_minute = exchange_minute (ts);
        self->recent_ts = ts;
    }
    int slot = self->recent_slot, minute = self->recent_minute;
    if (slot < 0) {
        self->counts.old++;
        return;
    }
    minute_t *state = &self->slots[slot].minutes[minute];
    if (!note (self, slot, minute, symbol)) {
        return;
    }
    open_minute (&self->slots[slot], minute, ts, arrival_ms);
    self->counts.after += state->state == MINUTE_REPORTED;
    state->last_ms = arrival_ms > state->last_ms ? arrival_ms : state->last_ms;
    if (state->state == MINUTE_OPEN && state->waiting < NEVER && state->waiting > 0) {
        wait_less (self, slot, minute, state, symbol);
    }
}
