#include "minutes_history.h"

#include <stdio.h>

void minutes_history_init (minutes_history_t *self, const market_t *market, minutes_t *minutes)
{
    *self = (minutes_history_t){.market = market, .minutes = minutes};
    minute_file_init (&self->file, market);
}

void minutes_history_free (minutes_history_t *self)
{
    minute_file_free (&self->file);
}

static void begin (minutes_history_t *self, const char *name, day_t today)
{
    snprintf (self->name, sizeof self->name, "%s", name);
    self->first = calendar_back (market_calendar (self->market), today, MINUTES_DAYS);
    self->last = today - 1;
    self->week = partition_first (FREQUENCY_1MIN, self->first);
    self->busy = true;
}

static void take_file (minutes_history_t *self)
{
    for (size_t i = 0; i < self->file.candles.count; i++) {
        int64_t ts = self->file.candles.rows[i].ts;
        day_t day = exchange_day (ts);
        if (day >= self->first && day <= self->last) {
            minutes_seed (self->minutes, self->next, day, exchange_minute (ts));
        }
    }
    self->week += 7;
}

/* What is wrong in the files is not said: nothing is scanned in them. */
static void step (minutes_history_t *self)
{
    if (minute_file_is_open (&self->file)) {
        if (minute_file_step (&self->file)) {
            take_file (self);
        }
    } else if (self->week > self->last) {
        self->busy = false;
        self->next++;
    } else if (!minute_file_open (&self->file, self->name, self->week, self->first, self->last,
                                  true)) {
        self->week += 7;
    }
}

bool minutes_history_turn (minutes_history_t *self, uint32_t count, day_t today, mono_t end,
                           const char *(*name) (const void *argument, uint32_t symbol),
                           const void *argument)
{
    while (self->busy || self->next < count) {
        if (mono_now ().us >= end.us) {
            return true;
        }
        if (!self->busy) {
            begin (self, name (argument, self->next), today);
        }
        step (self);
    }
    return false;
}
