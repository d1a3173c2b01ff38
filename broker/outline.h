/* outline - a symbol's trading day before its minutes: three sessions with their knots, and so the
 * daily candle.
 *
 *     profile, yesterday --> kind of day --> shape (open, high, ...) --> premarket, regular, after
 *
 * Most days are quiet. The others are what scanners look for: overnight gaps that go on or fade,
 * one-minute shocks, runs of a small cap that double it and give most back, before the open or
 * after it.
 */
#ifndef OUTLINE_H
#define OUTLINE_H

#include "walk.h"

/* What kind of stock it is. */
typedef struct {
    double price;    /* dollars, around which it wanders */
    double sigma;    /* deviation of a quiet day, as a share of the price */
    double volume;   /* shares of a quiet regular session */
    double activity; /* chance of a trade in a minute of the regular session */
    double early;    /* the same before the open; half of it after the close */
    double extended; /* chance of any trade at all before the open, and after the close */
    double run;      /* chance of a run */
    double idle;     /* chance of a day without a trade */
} profile_t;

/* Draws a profile: large, mid or small capitalization, or hardly traded. */
profile_t profile_draw (dice_t *dice);

/* What a day knows of the one before, in cents. */
typedef struct {
    double close; /* of the regular session */
    double last;  /* the last price after hours */
} yesterday_t;

typedef struct {
    bool traded;
    candle_t daily; /* its ts is 0 */
    walk_t premarket, regular, after;
} outline_t;

/* Draws the day and makes it yesterday. Draws all it needs before any minute is walked: the daily
 * candle is the same whether the minutes are wanted or not. */
void outline_draw (outline_t *self, const profile_t *profile, yesterday_t *yesterday, dice_t *dice);

#endif
