#include "sample_fundamentals.h"
#include "dice.h"

#include <math.h>

/* added to the seed: dice of our own, not the generator's */
#define DICE_COMPANY 0xc0de000000000000
#define QUARTER_DAYS 91

void sample_fundamentals_start (sample_fundamentals_t *self, const generator_t *generator,
                                const sample_plan_t *plan, size_t index)
{
    self->generator = generator;
    self->from = plan->from;
    self->to = plan->to;
    self->seed = plan->seed;
    self->index = index;
    self->shares = generator_shares (generator);
    self->splits_passed = 0;
    self->next_cap = DAY_NONE;
    self->caps.size = 0;
    self->json.size = 0;
}

void sample_fundamentals_day (sample_fundamentals_t *self, day_t day, double close)
{
    size_t count;
    const generator_split_t *splits = generator_splits (self->generator, &count);
    while (self->splits_passed < count && splits[self->splits_passed].day <= day) {
        const generator_split_t *split = &splits[self->splits_passed++];
        self->shares *= split->to / split->from;
    }
    if (sample_fundamentals_known (self) && day >= self->next_cap) {
        char date[11];
        buffer_printf (&self->caps, "%s\n    \"%s\": %lld", self->caps.size ? "," : "",
                       day_format (day, date), (long long) (self->shares * close));
        self->next_cap = day + 7;
    }
}

bool sample_fundamentals_known (const sample_fundamentals_t *self)
{
    return !isnan (self->shares);
}

/* One of the sector's industries. */
static void put_industry (buffer_t *json, dice_t *dice)
{
    static const struct {
        const char *sector;
        const char *industries[3];
    } sectors[] = {
        {"Information Technology", {"Software", "Semiconductors", "IT Services"}},
        {"Health Care", {"Biotechnology", "Pharmaceuticals", "Health Care Equipment"}},
        {"Financials", {"Banks", "Insurance", "Capital Markets"}},
        {"Energy", {"Oil, Gas & Consumable Fuels", "Energy Equipment & Services", "Uranium"}},
        {"Consumer Discretionary", {"Specialty Retail", "Automobiles", "Hotels & Restaurants"}},
        {"Industrials", {"Machinery", "Airlines", "Aerospace & Defense"}},
    };
    int sector = dice_integer (dice, 0, (int) (sizeof sectors / sizeof *sectors) - 1);
    int industry = dice_integer (dice, 0, 2);
    buffer_printf (json, "  \"gic_industry\": \"%s\",\n  \"gic_sector\": \"%s\",\n",
                   sectors[sector].industries[industry], sectors[sector].sector);
}

static void put_company (buffer_t *json, dice_t *dice)
{
    static const char *const exchanges[] = {"NASDAQ", "NYSE", "NYSE MKT"};
    static const char *const cities[] = {"Austin", "Boston", "Chicago", "Denver", "San Jose"};
    bool is_foreign = dice_chance (dice, 0.05);
    buffer_printf (json, "  \"type\": \"%s\",\n", is_foreign ? "ADR" : "Common Stock");
    buffer_printf (json, "  \"exchange\": \"%s\",\n", exchanges[dice_integer (dice, 0, 2)]);
    buffer_printf (json, "  \"country\": \"%s\",\n", is_foreign ? "Israel" : "USA");
    buffer_printf (json, "  \"city\": \"%s\",\n",
                   is_foreign ? "Tel Aviv" : cities[dice_integer (dice, 0, 4)]);
    put_industry (json, dice);
}

/* A working day of each quarter, from a year before the sample's range to half a year after it, not
 * before the listing. Which day does not depend on the range. */
static void put_earnings (const sample_fundamentals_t *self, buffer_t *json, dice_t *dice)
{
    char date[11];
    const char *separator = "";
    int phase = dice_integer (dice, 0, QUARTER_DAYS - 1);
    day_t day = self->from - 365;
    day += (phase - day % QUARTER_DAYS + QUARTER_DAYS) % QUARTER_DAYS;
    while (day_weekday (day) > 4) {
        day++; /* a quarter is whole weeks: the others will fit too */
    }
    buffer_printf (json, "  \"earnings_dates\": [");
    for (; day <= self->to + 183; day += QUARTER_DAYS) {
        if (day >= generator_ipo (self->generator)) {
            buffer_printf (json, "%s\"%s\"", separator, day_format (day, date));
            separator = ", ";
        }
    }
    buffer_printf (json, "],\n");
}

static void put_listing (const sample_fundamentals_t *self, buffer_t *json)
{
    char date[11];
    day_t listing = generator_ipo (self->generator);
    if (listing == DAY_NONE) {
        buffer_printf (json, "  \"ipo_date\": null,\n");
    } else {
        buffer_printf (json, "  \"ipo_date\": \"%s\",\n", day_format (listing, date));
    }
}

const buffer_t *sample_fundamentals_json (sample_fundamentals_t *self)
{
    dice_t dice;
    dice_init (&dice, self->seed + DICE_COMPANY, self->index, 0);
    buffer_t *json = &self->json;
    json->size = 0;
    buffer_printf (json, "{\n");
    put_company (json, &dice);
    buffer_printf (json, "  \"historical_market_cap\": {");
    buffer_append (json, self->caps.bytes, self->caps.size);
    buffer_printf (json, "%s},\n", self->caps.size ? "\n  " : "");
    put_earnings (self, json, &dice);
    put_listing (self, json);
    buffer_printf (json, "  \"shares_float\": %.0f,\n",
                   self->shares * dice_between (&dice, 0.6, 0.98));
    buffer_printf (json, "  \"beta\": %.2f,\n", dice_between (&dice, 0.3, 2.2));
    buffer_printf (json, "  \"insiders_ownership_perc\": %.2f,\n", dice_between (&dice, 0, 25));
    buffer_printf (json, "  \"institutional_ownership_perc\": %.2f\n", dice_between (&dice, 5, 95));
    buffer_printf (json, "}\n");
    return json;
}

void sample_fundamentals_free (sample_fundamentals_t *self)
{
    buffer_free (&self->caps);
    buffer_free (&self->json);
}
