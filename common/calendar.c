/* calendar - trading days, counted once so that every question is one or two look-ups:
 *
 *     rank[i] = trading days before day i          rank:     0 1 2 3 3 3 4    (Wed Thu Fri Sat Sun Mon ...)
 *     trading[k] = the k-th trading day            trading:  Wed Thu Fri Mon
 *
 *     back (D, n) = trading[rank[D] - n]
 */
#include "calendar.h"

#include "memory.h"

#include <assert.h>
#include <stdlib.h>

#define DAYS (DAY_LAST - DAY_FIRST + 1)

struct calendar {
    int32_t rank[DAYS + 1];
    day_t trading[DAYS];
    int count; /* of trading */
};

calendar_t *calendar_new (const day_t *holidays, size_t count)
{
    calendar_t *self = memory_new (sizeof *self);
    /* First rank[i + 1] says whether day i is a trading day; then they are summed up. */
    int weekday = day_weekday (DAY_FIRST);
    for (int i = 0; i < DAYS; i++) {
        self->rank[i + 1] = weekday < 5;
        weekday = weekday == 6 ? 0 : weekday + 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (holidays[i] >= DAY_FIRST && holidays[i] <= DAY_LAST) {
            self->rank[holidays[i] - DAY_FIRST + 1] = 0;
        }
    }
    for (int i = 0; i < DAYS; i++) {
        self->trading[self->count] = DAY_FIRST + i; /* stays if it is one */
        self->count += self->rank[i + 1];
        self->rank[i + 1] = self->count;
    }
    return self;
}

void calendar_destroy (calendar_t **self)
{
    free (*self);
    *self = NULL;
}

/* How many trading days come before `day`. */
static int trading_before (const calendar_t *self, int64_t day)
{
    if (day <= DAY_FIRST) {
        return 0;
    }
    return day > DAY_LAST ? self->count : self->rank[day - DAY_FIRST];
}

bool calendar_is_trading (const calendar_t *self, day_t day)
{
    return calendar_count (self, day, day) == 1;
}

day_t calendar_back (const calendar_t *self, day_t day, int n)
{
    assert (n >= 1);
    int before = trading_before (self, day);
    return n <= before ? self->trading[before - n] : DAY_FIRST;
}

day_t calendar_next (const calendar_t *self, day_t day)
{
    int before = trading_before (self, day);
    return before < self->count ? self->trading[before] : DAY_NONE;
}

int calendar_count (const calendar_t *self, day_t first, day_t last)
{
    if (first > last) {
        return 0;
    }
    return trading_before (self, (int64_t) last + 1) - trading_before (self, first);
}
