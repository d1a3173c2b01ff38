#include "outline.h"

#define PREMARKET_FIRST 240  /* 04:00 */
#define REGULAR_FIRST   570  /* 09:30 */
#define REGULAR_LAST    959  /* 15:59 */
#define AFTER_LAST      1199 /* 19:59 */

#define CENTS_MIN 10.0 /* where a falling price stops: below, one cent would be a large move */
#define CENTS_MAX 999999.0

/* A class of stocks: its share of the market, and bounds of its profiles. */
typedef struct {
    double share;
    double price_min, price_max; /* dollars */
    double sigma_min, sigma_max;
    double volume_min, volume_max;
    double activity, early, extended, run, idle;
} class_t;

/* clang-format off */
static const class_t classes[] = {
    /* share   price     sigma         volume    activity early extended  run    idle */
    {  0.35,  20,   400, 0.010, 0.022, 1e6, 15e6,  1.00,  0.35,  1.00,   0.001, 0.0000}, /* large */
    {  0.35,   8,    80, 0.018, 0.035, 2e5,  2e6,  0.92,  0.12,  0.95,   0.004, 0.0005}, /* mid */
    {  0.22,   0.8,  10, 0.035, 0.070, 5e4,  2e6,  0.60,  0.08,  0.70,   0.030, 0.0020}, /* small */
    {  0.08,   3,    30, 0.015, 0.040, 1e3,  2e4,  0.06,  0.01,  0.15,   0.001, 0.1200}, /* thin */
};
/* clang-format on */

#define CLASS_COUNT (sizeof classes / sizeof *classes)

/* Chances of a day's kind, whatever the class; a run's is the class's own, and so many of the runs
 * come before the open. */
#define GAP_CHANCE   0.03
#define SHOCK_CHANCE 0.02
#define EARLY_RUNS   0.4

static const class_t *class_draw (dice_t *dice)
{
    double u = dice_uniform (dice);
    size_t i = 0;
    while (i < CLASS_COUNT - 1 && u >= classes[i].share) {
        u -= classes[i].share;
        i++;
    }
    return &classes[i];
}

/* Between the bounds, nearer to the lower one: more cheap stocks than dear ones. */
static double draw_low (dice_t *dice, double low, double high)
{
    double u = dice_uniform (dice);
    return low + (high - low) * u * u;
}

profile_t profile_draw (dice_t *dice)
{
    const class_t *chosen = class_draw (dice);
    profile_t profile = {.activity = chosen->activity,
                         .early = chosen->early,
                         .extended = chosen->extended,
                         .run = chosen->run,
                         .idle = chosen->idle};
    profile.price = draw_low (dice, chosen->price_min, chosen->price_max);
    profile.volume = draw_low (dice, chosen->volume_min, chosen->volume_max);
    profile.sigma = dice_between (dice, chosen->sigma_min, chosen->sigma_max);
    return profile;
}

/* A day in a few numbers. Prices in cents, not yet rounded. */
typedef struct {
    double sigma;
    double open, high, low, close;
    double base;     /* where the way to the first extreme begins */
    int leg;         /* minutes of that way */
    bool high_first; /* the high comes before the low */
    double peak;     /* before the open; 0 for none */
    double busy;     /* volume as a multiple of the profile's */
    double early;    /* volume before the open as a share of the regular session's */
    double halt;     /* chance of a halt right after the first extreme */
} shape_t;

static double larger (double a, double b)
{
    return a > b ? a : b;
}

static double smaller (double a, double b)
{
    return a < b ? a : b;
}

static double magnitude (double x)
{
    return x < 0 ? -x : x;
}

/* The day's high and low around open and close, and anything the day has reached besides. */
static void shape_extremes (shape_t *self, dice_t *dice, double reach)
{
    double top = larger (reach, larger (self->open, self->close));
    double bottom = smaller (reach, smaller (self->open, self->close));
    self->high = top * (1 + 0.35 * self->sigma * magnitude (dice_normal (dice)));
    self->low = bottom * (1 - 0.35 * self->sigma * magnitude (dice_normal (dice)));
}

static void shape_quiet (shape_t *self, dice_t *dice, double previous, double drift)
{
    self->open = previous * (1 + drift + 0.3 * self->sigma * dice_normal (dice));
    self->close = self->open * (1 + 0.7 * self->sigma * dice_normal (dice));
    self->base = self->open;
    self->leg = dice_integer (dice, 30, 120);
    self->high_first = dice_chance (dice, 0.5);
    self->busy = dice_between (dice, 0.6, 1.4);
    self->early = dice_between (dice, 0.01, 0.03);
    self->halt = 0.003;
    shape_extremes (self, dice, self->open);
}

/* An overnight gap; then the day goes on in its direction, or fades it. */
static void shape_gap (shape_t *self, dice_t *dice, double previous)
{
    double sign = dice_chance (dice, 0.5) ? 1 : -1;
    double course = dice_chance (dice, 0.5) ? sign : -sign;
    self->open = previous * (1 + sign * self->sigma * dice_between (dice, 1.2, 3.7));
    self->close = self->open * (1 + course * self->sigma * dice_between (dice, 0, 1.2));
    self->base = self->open;
    self->busy = dice_between (dice, 2, 4);
    self->early = dice_between (dice, 0.06, 0.15);
    shape_extremes (self, dice, self->open);
}

/* A move of a few minutes, up or down, out of a quiet day; some of it stays. */
static void shape_shock (shape_t *self, dice_t *dice)
{
    double sign = dice_chance (dice, 0.5) ? 1 : -1;
    double reach = self->open * (1 + sign * self->sigma * dice_between (dice, 1.2, 2.7));
    self->close = self->open + (reach - self->open) * dice_between (dice, 0.3, 1);
    self->leg = dice_integer (dice, 1, 3);
    self->high_first = sign > 0;
    self->busy = dice_between (dice, 2, 3);
    self->halt = 0.3;
    shape_extremes (self, dice, reach);
}

/* A run of 25 % to 150 % in some minutes, and the fade after it. */
static void shape_run (shape_t *self, dice_t *dice, double previous)
{
    double u = dice_uniform (dice);
    double gain = previous * (0.25 + 1.25 * u * u);
    self->open = previous + gain * dice_between (dice, 0, 0.15);
    double reach = previous + gain;
    self->close = self->open + (reach - self->open) * dice_between (dice, 0.1, 0.6);
    shape_extremes (self, dice, reach);
    self->base = dice_between (dice, self->low, self->open);
    self->leg = dice_integer (dice, 5, 20);
    self->high_first = true;
    self->busy = dice_between (dice, 6, 20);
    self->early = dice_between (dice, 0.02, 0.08);
    self->halt = 0.5;
}

/* The same before the open: the regular session sees the fade only. */
static void shape_early_run (shape_t *self, dice_t *dice, double previous)
{
    double u = dice_uniform (dice);
    double gain = previous * (0.25 + 1.25 * u * u);
    self->peak = previous + gain;
    self->open = previous + gain * dice_between (dice, 0.3, 0.7);
    self->close = previous + gain * dice_between (dice, 0, 0.4);
    self->base = self->open;
    self->leg = dice_integer (dice, 5, 20);
    self->busy = dice_between (dice, 4, 12);
    self->early = dice_between (dice, 0.2, 0.5);
    self->halt = 0.2;
    shape_extremes (self, dice, self->open);
}

static double bounded (double cents)
{
    return (double) (int) (larger (CENTS_MIN, smaller (CENTS_MAX, cents)) + 0.5);
}

static void shape_draw (shape_t *self, const profile_t *profile, double previous, dice_t *dice)
{
    double anchor = profile->price * 100;
    double drift = 0.04 * (anchor - previous) / (anchor + previous); /* no log, no exp needed */
    *self = (shape_t){.sigma = profile->sigma * dice_between (dice, 0.7, 1.3)};
    shape_quiet (self, dice, previous, drift);
    double kind = dice_uniform (dice);
    double run = profile->run, gap = run + GAP_CHANCE, shock = gap + SHOCK_CHANCE;
    if (kind < run * EARLY_RUNS) {
        shape_early_run (self, dice, previous);
    } else if (kind < run) {
        shape_run (self, dice, previous);
    } else if (kind < gap) {
        shape_gap (self, dice, previous);
    } else if (kind < shock) {
        shape_shock (self, dice);
    }
    self->open = bounded (self->open);
    self->high = bounded (self->high);
    self->low = bounded (self->low);
    self->close = bounded (self->close);
    self->base = smaller (self->high, larger (self->low, self->base));
}

static double whole_shares (double shares, double least)
{
    return (double) (int64_t) larger (shares, least);
}

/* The bounds of a session whose extremes are nobody's business: its knots and some noise. */
static void widen (walk_t *self)
{
    self->low = self->high = self->knots[0].cents;
    for (int i = 1; i < self->knot_count; i++) {
        int cents = self->knots[i].cents;
        self->low = cents < self->low ? cents : self->low;
        self->high = cents > self->high ? cents : self->high;
    }
    int room = (int) (3 * self->noise);
    self->low = self->low - room > 1 ? self->low - room : 1;
    self->high += room;
}

static walk_t premarket_draw (const shape_t *shape, const profile_t *profile, double last,
                              dice_t *dice)
{
    double u = dice_uniform (dice);
    int first = PREMARKET_FIRST + (int) (120 * u * u * (1 - profile->early));
    int end = REGULAR_FIRST - dice_integer (dice, 1, 20);
    int top = dice_integer (dice, first + 60, end - 30);
    bool eventful = shape->early >= 0.05;
    walk_t self = {.noise = larger (0.03 * shape->sigma * shape->open, 0.3),
                   .activity = smaller (profile->early * (eventful ? 3 : 1), 0.9),
                   .volume = whole_shares (profile->volume * shape->busy * shape->early, 400),
                   .calm = PREMARKET_FIRST,
                   .span = 150,
                   .halt_first = 1};
    if (!dice_chance (dice, profile->extended) && !eventful) {
        return self;
    }
    walk_knot (&self, first, last);
    if (shape->peak > 0) {
        walk_knot (&self, top - shape->leg, last);
        walk_knot (&self, top, bounded (shape->peak));
    }
    walk_knot (&self, end, shape->open);
    widen (&self);
    return self;
}

/* Stocks that hardly trade open late and close early: their first and last trade are somewhere
 * inside. */
static walk_t regular_draw (const shape_t *shape, const profile_t *profile, dice_t *dice)
{
    int slack = (int) (60 * (1 - profile->activity));
    int open = REGULAR_FIRST + dice_integer (dice, 0, slack);
    int close = REGULAR_LAST - dice_integer (dice, 0, slack);
    int first = dice_integer (dice, open + 1 + shape->leg, close - 60);
    int second = dice_integer (dice, first + 15, close - 1);
    double early = shape->high_first ? shape->high : shape->low;
    double late = shape->high_first ? shape->low : shape->high;
    walk_t self = {.low = (int) shape->low,
                   .high = (int) shape->high,
                   .noise = larger (0.04 * shape->sigma * shape->open, 0.3),
                   .activity =
                       shape->busy >= 2 ? larger (profile->activity, 0.8) : profile->activity,
                   .volume = whole_shares (profile->volume * shape->busy, 1000),
                   .calm = 765,
                   .span = 200,
                   .halt_first = 1};
    walk_knot (&self, open, shape->open);
    walk_knot (&self, first - shape->leg, shape->base);
    walk_knot (&self, first, early);
    walk_knot (&self, second, late);
    walk_knot (&self, close, shape->close);
    if (dice_chance (dice, shape->halt)) {
        self.halt_first = first + 1;
        self.halt_last = first + (second - first > 60 ? 5 * dice_integer (dice, 1, 10) : 10);
    }
    return self;
}

static walk_t after_draw (const shape_t *shape, const profile_t *profile, dice_t *dice)
{
    bool news = dice_chance (dice, 0.01);
    double move = shape->sigma * dice_normal (dice) * (news ? 1.5 : 0.15);
    int first = REGULAR_LAST + dice_integer (dice, 1, 15);
    int last = AFTER_LAST - dice_integer (dice, 0, 60);
    double volume = profile->volume * shape->busy * dice_between (dice, 0.005, 0.02);
    walk_t self = {.noise = larger (0.02 * shape->sigma * shape->close, 0.3),
                   .activity = smaller (profile->early * (news ? 1.5 : 0.5), 0.9),
                   .volume = whole_shares (volume, 300),
                   .calm = AFTER_LAST,
                   .span = 120,
                   .halt_first = 1};
    if (!dice_chance (dice, profile->extended)) {
        return self;
    }
    walk_knot (&self, first, shape->close);
    walk_knot (&self, last, bounded (shape->close * (1 + move)));
    widen (&self);
    return self;
}

void outline_draw (outline_t *self, const profile_t *profile, yesterday_t *yesterday, dice_t *dice)
{
    shape_t shape;
    self->traded = !dice_chance (dice, profile->idle);
    if (!self->traded) {
        return;
    }
    shape_draw (&shape, profile, yesterday->close, dice);
    self->premarket = premarket_draw (&shape, profile, yesterday->last, dice);
    self->regular = regular_draw (&shape, profile, dice);
    self->after = after_draw (&shape, profile, dice);
    self->daily = (candle_t){.open = shape.open / 100,
                             .high = shape.high / 100,
                             .low = shape.low / 100,
                             .close = shape.close / 100,
                             .volume = self->regular.volume};
    int last_knot = self->after.knot_count - 1;
    yesterday->close = shape.close;
    yesterday->last = last_knot >= 0 ? self->after.knots[last_knot].cents : shape.close;
}
