#include "series.h"

void series_init (series_t *self, day_t closed)
{
    *self = (series_t){.last_ts = INT64_MIN, .day = DAY_NONE, .closed = closed};
}

/* Is `ts` on the newest date? Most candles are: this saves asking the calendar. */
static bool is_same_day (const series_t *self, int64_t ts)
{
    return self->day != DAY_NONE && ts >= self->last_ts && ts * 1000 < self->end_ms;
}

bool series_is_over (const series_t *self, int64_t clock_ms, int64_t day_timeout_ms)
{
    int64_t from = self->end_ms > self->arrival_ms ? self->end_ms : self->arrival_ms;
    return self->day != DAY_NONE && clock_ms > from + day_timeout_ms;
}

series_verdict_t series_take (series_t *self, int64_t ts, int64_t arrival_ms,
                              int64_t day_timeout_ms, day_t *day)
{
    day_t date = is_same_day (self, ts) ? self->day : exchange_day (ts);
    if (day) {
        *day = date;
    }
    if (date <= self->closed || (self->day != DAY_NONE && date < self->day)) {
        return SERIES_LATE;
    }
    if (ts <= self->last_ts) {
        return SERIES_DUPLICATE;
    }
    bool is_new = date != self->day;
    if (!is_new && series_is_over (self, arrival_ms, day_timeout_ms)) {
        return SERIES_LATE;
    }
    if (is_new) {
        self->day = date;
        self->end_ms = exchange_midnight (date + 1) * 1000;
    }
    self->last_ts = ts;
    self->arrival_ms = arrival_ms;
    return is_new ? SERIES_NEW_DATE : SERIES_TAKE;
}
