/* walk - a session of a trading day as a line through knots, and the 1-minute candles along it.
 *
 *     price  high ---------------------*-----------------        * a knot: the price is exact there
 *                                    ./ \   .                    . the walk between: drawn to the
 *                  *.              ./    \./ \..                 next knot, with noise
 *                    \..   ..*.../            \..*
 *            low ---------*-----------------------------
 *                  first                          last minute
 *
 * Whoever places the knots knows open, high, low and close before a single minute exists; so a
 * daily candle costs nothing more than its knots, and the minutes agree with it to the cent.
 */
#ifndef WALK_H
#define WALK_H

#include "candle.h"
#include "dice.h"

#define WALK_KNOTS_MAX 6

typedef struct {
    int minute; /* local minute of the day */
    int cents;  /* the price at the end of the minute; of the first knot, at its start */
} knot_t;

/* A value. No knots: nobody trades. */
typedef struct {
    int knot_count;
    knot_t knots[WALK_KNOTS_MAX]; /* minutes rise */
    int low, high;                /* cents: the walk never leaves them; all knots lie inside */
    double noise;                 /* cents per minute */
    double activity;   /* chance that a minute has a trade; those of knots always have one */
    double volume;     /* shares, whole, at least one per minute */
    double calm, span; /* volume grows with the square of (minute - calm) / span */
    int halt_first,
        halt_last; /* minutes without a trade, no knot among them; none when first > last */
} walk_t;

/* Adds a knot; one that is not later than the last is left out. */
void walk_knot (walk_t *self, int minute, double cents);

/* Walks it: appends its candles to `minutes`, in time order. `midnight` is the day's first
 * second. The volumes sum to `volume`. */
void walk_minutes (const walk_t *self, dice_t *dice, int64_t midnight, candles_t *minutes);

#endif
