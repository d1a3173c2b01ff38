#include "frequency.h"

#include <stdio.h>
#include <string.h>

#define DAY_MINUTES 1440

/* The units there are. */
static const struct {
    char unit;
    const char *suffix;
    int minutes;
    int count_max;
} units[] = {
    {'m', "min", 1, DAY_MINUTES},
    {'h', "h", 60, 24},
    {'d', "d", DAY_MINUTES, 1},
};
#define UNIT_COUNT (sizeof units / sizeof units[0])

static size_t unit_index (frequency_t self)
{
    size_t i = 0;
    while (i < UNIT_COUNT - 1 && units[i].unit != self.unit) {
        i++;
    }
    return i;
}

bool frequency_valid (frequency_t self)
{
    size_t i = unit_index (self);
    return units[i].unit == self.unit && self.count >= 1 && units[i].count_max % self.count == 0;
}

bool frequency_parse (const char *text, frequency_t *frequency)
{
    if (*text == '0') {
        return false; /* "03min" would be another name of the same folder */
    }
    int count = 0;
    for (; *text >= '0' && *text <= '9' && count <= DAY_MINUTES; text++) {
        count = count * 10 + (*text - '0');
    }
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp (text, units[i].suffix) == 0) {
            frequency_t read = {(uint16_t) count, units[i].unit}; /* below 14410 */
            bool valid = frequency_valid (read);
            *frequency = valid ? read : *frequency;
            return valid;
        }
    }
    return false;
}

char *frequency_format (frequency_t self, char text[static FREQUENCY_TEXT])
{
    snprintf (text, FREQUENCY_TEXT, "%u%s", (unsigned) self.count, units[unit_index (self)].suffix);
    return text;
}

bool frequency_equal (frequency_t a, frequency_t b)
{
    return a.count == b.count && a.unit == b.unit;
}

int frequency_minutes (frequency_t self)
{
    return self.count * units[unit_index (self)].minutes;
}

day_t partition_first (frequency_t frequency, day_t day)
{
    if (frequency.unit == 'm') {
        return day - day_weekday (day);
    }
    int year, month, day_of_month;
    day_split (day, &year, &month, &day_of_month);
    return day_from (year, frequency.unit == 'h' ? month : 1, 1);
}

day_t partition_last (frequency_t frequency, day_t first)
{
    return partition_next (frequency, first) - 1;
}

day_t partition_next (frequency_t frequency, day_t first)
{
    if (frequency.unit == 'm') {
        return first + 7;
    }
    /* As many days as the longest month or year has later is in the next one. */
    return partition_first (frequency, first + (frequency.unit == 'h' ? 31 : 366));
}

char *partition_format (frequency_t frequency, day_t first, char text[static PARTITION_TEXT])
{
    day_format (first, text);
    if (frequency.unit == 'h') {
        text[sizeof "2023-03" - 1] = '\0';
    } else if (frequency.unit == 'd') {
        text[sizeof "2023" - 1] = '\0';
    }
    return text;
}

void bucket_init (bucket_t *self, frequency_t frequency)
{
    *self = (bucket_t){.minutes = frequency_minutes (frequency)};
}

/* Where the bin that holds `ts` starts. Where the clocks change within the bin, its start has
 * another offset than `ts`; a start in the hour that is left out is that hour's end. */
static int64_t bin_start (const bucket_t *self, int64_t ts)
{
    int minute = exchange_minute (ts);
    int into = minute % self->minutes;
    int64_t start = ts - (int64_t) into * 60;
    if (exchange_offset (start) == exchange_offset (ts)) {
        return start;
    }
    return exchange_ts (exchange_day (ts), minute - into);
}

bool bucket_feed (bucket_t *self, const candle_t *minute, candle_t *closed)
{
    int64_t start = bin_start (self, minute->ts);
    candle_t *candle = &self->candle;
    /* Where the clocks go back a bin may come again: no bin starts before the one before it. */
    if (self->open && start <= candle->ts) {
        candle->high = minute->high > candle->high ? minute->high : candle->high;
        candle->low = minute->low < candle->low ? minute->low : candle->low;
        candle->close = minute->close;
        candle->volume += minute->volume;
        return false;
    }
    bool was_open = bucket_close (self, closed);
    self->open = true;
    *candle = *minute;
    candle->ts = start;
    return was_open;
}

bool bucket_close (bucket_t *self, candle_t *closed)
{
    if (!self->open) {
        return false;
    }
    self->open = false;
    *closed = self->candle;
    return true;
}

bool bucket_has (const bucket_t *self, int64_t ts)
{
    return bin_start (self, ts) <= self->candle.ts;
}

int64_t bucket_end (const bucket_t *self)
{
    int64_t start = self->candle.ts;
    day_t day = exchange_day (start);
    int64_t midnight = exchange_midnight (day + 1);
    if (midnight - exchange_midnight (day) == (int64_t) DAY_MINUTES * 60) {
        return start + (int64_t) self->minutes * 60;
    }
    /* The clocks change on this date: bins are shorter, longer, or come in two pieces. */
    int64_t end = midnight;
    while (end - 60 > start && !bucket_has (self, end - 60)) {
        end -= 60;
    }
    return end;
}
