/* load_plan - when the candles of a load test are to be sent: candle i, counted from 0, i / rate seconds after the
 * beginning. For who sends them, and for who reads them and measures from then. */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include <stdint.h>

#define LOAD_SECOND_US 1000000

/* Microseconds after the beginning. `rate` > 0. */
static inline int64_t load_plan_us (uint64_t rate, uint64_t i)
{
    return (int64_t) ((double) i * LOAD_SECOND_US / (double) rate);
}

/* How many are to be sent by `passed_us`, of `all`. */
static inline uint64_t load_plan_due (uint64_t rate, uint64_t all, int64_t passed_us)
{
    uint64_t due = (uint64_t) ((double) passed_us * (double) rate / LOAD_SECOND_US) + 1;
    return due < all ? due : all;
}

#endif
