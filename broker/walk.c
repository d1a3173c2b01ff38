#include "walk.h"

#include <assert.h>

void walk_knot (walk_t *self, int minute, double cents)
{
    int count = self->knot_count;
    assert (count < WALK_KNOTS_MAX);
    if (count == 0 || minute > self->knots[count - 1].minute) {
        self->knots[self->knot_count++] = (knot_t){minute, (int) (cents + 0.5)};
    }
}

static double clamp (double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static double dollars (double cents)
{
    return (double) (int) (cents + 0.5) / 100.0;
}

/* A minute in which the price went from `open` to `close`. Its volume is a weight for now. */
static candle_t minute_candle (const walk_t *self, dice_t *dice, int minute, double open,
                               double close)
{
    double top = open > close ? open : close;
    double bottom = open > close ? close : open;
    double span = (minute - self->calm) / self->span;
    double above = self->noise * dice_uniform (dice);
    double below = self->noise * dice_uniform (dice);
    double busy = 1 + (top - bottom + above + below) / self->noise;
    return (candle_t){.open = dollars (open),
                      .high = dollars (clamp (top + above, self->low, self->high)),
                      .low = dollars (clamp (bottom - below, self->low, self->high)),
                      .close = dollars (close),
                      .volume = (0.3 + span * span) * busy};
}

/* Turns the weights of the candles from `first` on into whole shares: each has one, the rest by
 * weight, and what rounding leaves goes to the last. */
static void share_volume (candles_t *minutes, size_t first, double volume)
{
    size_t count = minutes->count - first;
    double weights = 0;
    for (size_t i = first; i < minutes->count; i++) {
        weights += minutes->rows[i].volume;
    }
    double scale = (volume - (double) count) / weights;
    double left = volume;
    for (size_t i = first; i < minutes->count; i++) {
        candle_t *candle = &minutes->rows[i];
        candle->volume = 1 + (double) (int64_t) (candle->volume * scale);
        left -= candle->volume;
    }
    minutes->rows[minutes->count - 1].volume += left;
}

static bool trades (const walk_t *self, dice_t *dice, int minute)
{
    bool halted = minute >= self->halt_first && minute <= self->halt_last;
    return dice_chance (dice, self->activity) && !halted;
}

void walk_minutes (const walk_t *self, dice_t *dice, int64_t midnight, candles_t *minutes)
{
    if (self->knot_count == 0) {
        return;
    }
    size_t first = minutes->count;
    int minute = self->knots[0].minute;
    double price = self->knots[0].cents;
    for (int k = 1; k < self->knot_count; k++) {
        const knot_t *target = &self->knots[k];
        for (; minute <= target->minute; minute++) {
            int left = target->minute - minute + 1;
            double open = price;
            price += (target->cents - price) / left;
            if (left > 1) { /* else it is the knot, exactly */
                price = clamp (price + self->noise * dice_normal (dice), self->low, self->high);
            } else {
                price = target->cents;
            }
            if (left == 1 || minute == self->knots[0].minute || trades (self, dice, minute)) {
                candle_t candle = minute_candle (self, dice, minute, open, price);
                candle.ts = midnight + (int64_t) minute * 60;
                candles_push (minutes, &candle);
            }
        }
    }
    assert (self->volume >= (double) (minutes->count - first));
    share_volume (minutes, first, self->volume);
}
