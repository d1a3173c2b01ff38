#include "minute_window.h"

#include "memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void minute_window_init (minute_window_t *self, size_t symbols, uint32_t minutes)
{
    *self = (minute_window_t){.minutes = minutes, .capacity = symbols * minutes};
    self->rows = memory_resize (NULL, self->capacity, sizeof *self->rows);
    self->lists = memory_new (minutes * sizeof *self->lists);
}

void minute_window_free (minute_window_t *self)
{
    free (self->rows);
    free (self->lists);
    *self = (minute_window_t){0};
}

void minute_window_begin (minute_window_t *self, int64_t start)
{
    memset (self->lists, 0, self->minutes * sizeof *self->lists);
    self->start = start;
    self->minute = 0;
    self->count = 0;
}

void minute_window_put (minute_window_t *self, uint32_t symbol, const candle_t *candle)
{
    assert (candle->ts >= self->start && candle->ts < minute_window_end (self));
    assert (self->count < self->capacity);
    minute_list_t *list = &self->lists[(candle->ts - self->start) / 60];
    self->rows[self->count++] = (minute_row_t){.candle = *candle, .symbol = symbol};
    if (list->last > 0) {
        self->rows[list->last - 1].next = self->count;
    } else {
        list->first = self->count;
    }
    list->last = self->count;
}

const minute_row_t *minute_window_next (minute_window_t *self)
{
    while (self->minute < self->minutes && self->lists[self->minute].first == 0) {
        self->minute++;
    }
    return self->minute < self->minutes ? &self->rows[self->lists[self->minute].first - 1] : NULL;
}

void minute_window_drop (minute_window_t *self)
{
    minute_list_t *list = &self->lists[self->minute];
    list->first = self->rows[list->first - 1].next;
}
