#include "generator.h"
#include "dice.h"
#include "memory.h"
#include "outline.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 6

/* Dice of one (seed, symbol) for different ends must not show the same numbers. */
#define DICE_PROFILE DAY_NONE
#define DICE_EVENTS  0x5eed000000000000 /* added to the seed */

#define LISTING_CHANCE 0.0002 /* a day and symbol */
#define SPLIT_CHANCE   0.0004

struct generator {
    generator_plan_t plan;
    const calendar_t *calendar;
    char (*names)[NAME_SIZE];

    /* The symbol started last. */
    size_t index;
    profile_t profile; /* its price moves with the splits passed */
    yesterday_t yesterday;
    day_t day;     /* the next one */
    day_t listing; /* its first day with a candle; DAY_NONE when that was before daily_from */
    day_t ipo;
    double shares;
    size_t split_count, splits_passed;
    generator_split_t splits[GENERATOR_SPLITS_MAX];
};

/* `code` < 26^3 + 26^4 as letters; consecutive codes are far apart, so that a small market looks
 * like one. 7919 shares no factor with 26: no name comes twice. */
static void spell (size_t code, char name[static NAME_SIZE])
{
    const size_t short_names = 26 * 26 * 26;
    int length = code < short_names ? 3 : 4;
    size_t names = length == 3 ? short_names : 26 * short_names;
    size_t number = (length == 3 ? code : code - short_names) * 7919 % names;
    name[length] = 0;
    for (int i = length - 1; i >= 0; i--) {
        name[i] = (char) ('A' + number % 26);
        number /= 26;
    }
}

static const char *const awkward[] = {"BRK.B", "NA", "NAN"};
#define AWKWARD_COUNT (sizeof awkward / sizeof *awkward)

/* The awkward names stand first; where the letters come to one of them, they take the code that it
 * left unused. */
static void name_symbol (size_t index, char name[static NAME_SIZE])
{
    if (index < AWKWARD_COUNT) {
        snprintf (name, NAME_SIZE, "%s", awkward[index]);
        return;
    }
    spell (index, name);
    for (size_t i = 0; i < AWKWARD_COUNT; i++) {
        if (strcmp (name, awkward[i]) == 0) {
            spell (i, name);
        }
    }
}

generator_t *generator_new (const generator_plan_t *plan, const calendar_t *calendar)
{
    assert (plan->count <= GENERATOR_SYMBOLS_MAX);
    generator_t *self = memory_new (sizeof *self);
    self->plan = *plan;
    self->calendar = calendar;
    self->day = DAY_NONE;
    self->names = memory_new (plan->count * sizeof *self->names);
    for (size_t i = 0; i < plan->count; i++) {
        name_symbol (i, self->names[i]);
    }
    return self;
}

void generator_destroy (generator_t **self)
{
    if (*self) {
        free ((*self)->names);
        free (*self);
        *self = NULL;
    }
}

const char *generator_symbol (const generator_t *self, size_t index)
{
    assert (index < self->plan.count);
    return self->names[index];
}

/* Dear shares are split, cheap ones joined. */
static generator_split_t draw_split (dice_t *dice, day_t day, double price)
{
    static const double parts[] = {2, 3, 4, 5};
    if (price > 60) {
        return (generator_split_t){day, 1, parts[dice_integer (dice, 0, 3)]};
    }
    if (price < 5) {
        return (generator_split_t){day, 5.0 * dice_integer (dice, 1, 4), 1};
    }
    return dice_chance (dice, 0.5) ? (generator_split_t){day, 2, 3}
                                   : (generator_split_t){day, 1, 2};
}

/* What happens once: a listing (the last one drawn is true, and nothing before it) and splits. Each
 * day has dice of its own, so that other days in the plan do not change this one. */
static void draw_events (generator_t *self)
{
    double price = self->profile.price;
    day_t day = calendar_next (self->calendar, self->plan.daily_from);
    while (day != DAY_NONE && day <= self->plan.to) {
        dice_t dice;
        dice_init (&dice, self->plan.seed + DICE_EVENTS, self->index, day);
        double event = dice_uniform (&dice);
        if (event < LISTING_CHANCE) {
            self->listing = day;
            self->split_count = 0;
            price = self->profile.price;
        } else if (event < LISTING_CHANCE + SPLIT_CHANCE &&
                   self->split_count < GENERATOR_SPLITS_MAX) {
            generator_split_t split = draw_split (&dice, day, price);
            self->splits[self->split_count++] = split;
            price *= split.from / split.to;
        }
        day = calendar_next (self->calendar, day + 1);
    }
}

void generator_start (generator_t *self, size_t index)
{
    assert (index < self->plan.count);
    dice_t dice;
    dice_init (&dice, self->plan.seed, index, DICE_PROFILE);
    self->index = index;
    self->profile = profile_draw (&dice);
    self->yesterday.close = (double) (int) (self->profile.price * 100);
    self->yesterday.last = self->yesterday.close;
    self->day = calendar_next (self->calendar, self->plan.daily_from);
    self->listing = DAY_NONE;
    self->split_count = self->splits_passed = 0;
    draw_events (self);

    day_t founded = self->plan.daily_from - dice_integer (&dice, 200, 15000);
    bool ipo_known = dice_chance (&dice, 0.9);
    bool shares_known = dice_chance (&dice, 0.94);
    double shares = (double) (int64_t) (self->profile.volume * dice_between (&dice, 30, 300));
    if (self->listing != DAY_NONE) {
        self->ipo = self->listing;
    } else {
        self->ipo = ipo_known ? (founded < DAY_FIRST ? DAY_FIRST : founded) : DAY_NONE;
    }
    self->shares = shares_known ? shares : (double) NAN;
}

const generator_split_t *generator_splits (const generator_t *self, size_t *count)
{
    *count = self->split_count;
    return self->splits;
}

day_t generator_ipo (const generator_t *self)
{
    return self->ipo;
}

double generator_shares (const generator_t *self)
{
    return self->shares;
}

/* On a split's day, yesterday is seen in today's shares. */
static void pass_splits (generator_t *self, day_t day)
{
    if (self->splits_passed < self->split_count && self->splits[self->splits_passed].day == day) {
        const generator_split_t *split = &self->splits[self->splits_passed++];
        double factor = split->from / split->to;
        self->profile.price *= factor;
        self->profile.volume /= factor;
        self->yesterday.close *= factor;
        self->yesterday.last *= factor;
    }
}

static void walk_sessions (const outline_t *outline, dice_t *dice, day_t day, candles_t *minutes)
{
    /* Trading begins after the hour at which clocks change: from 04:00 on, a minute is 60
     * seconds. */
    int64_t midnight = exchange_ts (day, 240) - (int64_t) 240 * 60;
    walk_minutes (&outline->premarket, dice, midnight, minutes);
    walk_minutes (&outline->regular, dice, midnight, minutes);
    walk_minutes (&outline->after, dice, midnight, minutes);
}

day_t generator_next (generator_t *self, candle_t *daily, candles_t *minutes, bool *traded)
{
    day_t day = self->day;
    *traded = false;
    if (minutes) {
        minutes->count = 0;
    }
    if (day == DAY_NONE || day > self->plan.to) {
        return DAY_NONE;
    }
    self->day = calendar_next (self->calendar, day + 1);
    if (self->listing != DAY_NONE && day < self->listing) {
        return day;
    }
    pass_splits (self, day);
    dice_t dice;
    dice_init (&dice, self->plan.seed, self->index, day);
    outline_t outline;
    outline_draw (&outline, &self->profile, &self->yesterday, &dice);
    *traded = outline.traded;
    if (outline.traded) {
        *daily = outline.daily;
        daily->ts = (int64_t) day * 86400;
        if (minutes && day >= self->plan.from) {
            walk_sessions (&outline, &dice, day, minutes);
        }
    }
    return day;
}
