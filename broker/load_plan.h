/* load_plan - when the candles of a load test are to be sent: candle i, counted from 0, i / rate seconds after the
 * beginning. For who sends them, and for who reads them and measures from then. */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include <stdint.h>

#define LOAD_SECOND_US 1000000

/* Whoever sends does not wake for every candle, but at most so often: at 20,000 a second that took the broker two and
 * a half times the CPU, and the candles were no sooner through. Their age counts from the plan in any case. */
#define LOAD_TICK_US 100

/* Microseconds after the beginning. `rate` > 0. */
static inline int64_t load_plan_us (uint64_t rate, uint64_t i)
{
    return (int64_t) ((double) i * LOAD_SECOND_US / (double) rate);
}

/* When to wake for candle i, at `passed_us` of the test: microseconds after the beginning. */
static inline int64_t load_plan_wake_us (uint64_t rate, uint64_t i, int64_t passed_us)
{
    int64_t planned = load_plan_us (rate, i), soon = passed_us + LOAD_TICK_US;
    return planned > soon ? planned : soon;
}

/* How many are to be sent by `passed_us`, of `all`. */
static inline uint64_t load_plan_due (uint64_t rate, uint64_t all, int64_t passed_us)
{
    uint64_t due = (uint64_t) ((double) passed_us * (double) rate / LOAD_SECOND_US) + 1;
    return due < all ? due : all;
}

#endif
