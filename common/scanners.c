/* The tables of scan.h: which parameters there are, and which scanner takes which. */
#include "scan.h"

#include <string.h>

#define PARAMETER(name, type, what)                                                                \
    {                                                                                              \
#name, PARAMETER_##type, offsetof(scan_t, name), what                                      \
    }

const scan_parameter_t scan_parameters[] = {
    PARAMETER (min_adv, NUMBER, "least average daily volume of 14 days"),
    PARAMETER (min_adr, NUMBER, "least average daily range of 14 days, as a share of the close"),
    PARAMETER (max_adr, NUMBER, "greatest average daily range of 14 days"),
    PARAMETER (min_market_cap, NUMBER, "least market capitalization"),
    PARAMETER (max_market_cap, NUMBER, "greatest market capitalization"),
    PARAMETER (include_null_market_cap, FLAG, "symbols of unknown capitalization pass too"),
    PARAMETER (min_days_from_earnings, NUMBER, "least days since the last earnings date"),
    PARAMETER (max_days_from_earnings, NUMBER, "most days since the last earnings date"),
    PARAMETER (min_days_since_ipo, NUMBER, "least days since the IPO; an unknown IPO passes"),
    PARAMETER (days_of_week, WEEKDAYS, "weekdays to scan: 0/1/3 or mon/tue/thu"),
    PARAMETER (atr_lookback, INTEGER, "trading days that the daily ATR reads"),
    PARAMETER (min_atr_multiplier, NUMBER, "least move, in daily ATRs"),
    PARAMETER (max_atr_multiplier, NUMBER, "greatest move, in daily ATRs"),
    PARAMETER (min_volume, NUMBER, "least volume before a candle can hit"),
    PARAMETER (start_time, TIME, "first candle start that can hit, exchange time"),
    PARAMETER (end_time, TIME, "last candle start that can hit, exchange time"),
    PARAMETER (new_extreme, FLAG, "only candles that make a new extreme"),
    PARAMETER (n_days, INTEGER, "trading days whose high or low must be passed"),
    PARAMETER (min_atr_gap, NUMBER, "least gap, in daily ATRs (signed)"),
    PARAMETER (min_gap, NUMBER, "least gap, as a share of the close before it"),
    PARAMETER (min_price, NUMBER, "least price"),
    PARAMETER (max_price, NUMBER, "greatest price"),
    PARAMETER (min_retrace, NUMBER, "least retrace from the high, as a share of the close"),
    PARAMETER (shift_periods, INTEGERS, "how many candles back to measure a rise from"),
    PARAMETER (shift_min_changes, NUMBERS, "the rise that each shift period must exceed"),
};

const size_t scan_parameter_count = sizeof scan_parameters / sizeof *scan_parameters;

/* clang-format off */

/* What every scanner takes, and what all that read the average volume and range take. */
#define OF_ALL                         \
    {"min_market_cap", "0"},           \
    {"max_market_cap", "inf"},         \
    {"include_null_market_cap", "false"}, \
    {"min_days_since_ipo", ""}
#define OF_ADV                         \
    {"min_adv", NULL},                 \
    {"min_adr", NULL},                 \
    {"min_days_from_earnings", ""},    \
    {"max_days_from_earnings", ""},    \
    {"days_of_week", ""}
#define OF_ATR  {"atr_lookback", "112"}
#define OF_TIME {"start_time", NULL}, {"end_time", NULL}
#define END     {NULL, NULL}

static const scanner_parameter_t of_atr_gap[] = {
    {"min_atr_multiplier", NULL}, {"max_atr_multiplier", ""}, {"min_volume", NULL}, OF_TIME,
    {"max_adr", ""}, OF_ADV, OF_ATR, OF_ALL, END
};
static const scanner_parameter_t of_atr_parabolic[] = {
    {"min_atr_multiplier", NULL}, {"min_volume", NULL}, OF_TIME, {"new_extreme", "false"},
    OF_ADV, OF_ATR, OF_ALL, END
};
static const scanner_parameter_t of_daily_atr_parabolic[] = {
    {"min_atr_multiplier", NULL}, {"max_atr_multiplier", ""}, OF_ADV, OF_ATR, OF_ALL, END
};
static const scanner_parameter_t of_range_gap[] = {
    {"n_days", NULL}, {"min_volume", NULL}, {"min_atr_gap", ""}, OF_TIME,
    {"max_adr", ""}, OF_ADV, OF_ATR, OF_ALL, END
};
static const scanner_parameter_t of_small_cap[] = {
    {"min_volume", NULL}, {"min_gap", NULL}, {"min_price", "0"}, {"max_price", "inf"},
    {"shift_periods", "2/10/15"}, {"shift_min_changes", "0.12/0.14/0.16"},
    {"new_extreme", "false"}, OF_TIME, OF_ALL, END
};
static const scanner_parameter_t of_day2_gap[] = {
    {"min_gap", NULL}, {"min_retrace", NULL}, {"min_price", NULL}, OF_ADV, OF_ALL, END
};

const scanner_t scanners[SCANNER_COUNT] = {
    [SCAN_ATR_GAP_DOWN] = {
        .name = "atr_gap_down",
        .summary = "falls away from the close before by so many ATRs, on volume",
        .has_adv = true,
        .parameters = of_atr_gap,
        .columns = "cumulative_daily_volume adv_14 adr_14 market_cap gap atr_gap",
        .rule = "start_time <= time <= end_time\n"
                "cumulative_daily_volume (whole day) >= min_volume\n"
                "atr_gap = (low - prev_day_close) / daily_atr_14 < 0\n"
                "min_atr_multiplier <= abs(atr_gap) <= max_atr_multiplier\n"
                "close < open\n",
    },
    [SCAN_ATR_GAP_UP] = {
        .name = "atr_gap_up",
        .summary = "rises away from the close before by so many ATRs, on volume",
        .up = true,
        .has_adv = true,
        .parameters = of_atr_gap,
        .columns = "cumulative_daily_volume adv_14 adr_14 market_cap gap atr_gap",
        .rule = "start_time <= time <= end_time\n"
                "cumulative_daily_volume (whole day) >= min_volume\n"
                "atr_gap = (high - prev_day_close) / daily_atr_14 > 0\n"
                "min_atr_multiplier <= abs(atr_gap) <= max_atr_multiplier\n"
                "close > open\n",
    },
    [SCAN_ATR_PARABOLIC_DOWN] = {
        .name = "atr_parabolic_down",
        .summary = "one candle falls by a large part of the daily ATR, on volume",
        .has_adv = true,
        .parameters = of_atr_parabolic,
        .columns = "lowest_low cumulative_daily_volume adv_14 adr_14 daily_atr_14 market_cap signal",
        .rule = "start_time <= time <= end_time\n"
                "cumulative_daily_volume (from start_time on) >= min_volume\n"
                "signal = (open - close) / daily_atr_14 > min_atr_multiplier\n"
                "with new_extreme: the low is the lowest from start_time on, to 0.0001\n",
    },
    [SCAN_ATR_PARABOLIC_UP] = {
        .name = "atr_parabolic_up",
        .summary = "one candle rises by a large part of the daily ATR, on volume",
        .up = true,
        .has_adv = true,
        .parameters = of_atr_parabolic,
        .columns = "highest_high cumulative_daily_volume adv_14 adr_14 daily_atr_14 market_cap signal",
        .rule = "start_time <= time <= end_time\n"
                "cumulative_daily_volume (from start_time on) >= min_volume\n"
                "signal = (close - open) / daily_atr_14 > min_atr_multiplier\n"
                "with new_extreme: the high is the highest from start_time on, to 0.0001\n",
    },
    [SCAN_DAILY_ATR_PARABOLIC_DOWN] = {
        .name = "daily_atr_parabolic_down",
        .summary = "the trading day before fell by so many ATRs",
        .daily = true,
        .has_adv = true,
        .parameters = of_daily_atr_parabolic,
        .columns = "adv_14 adr_14 daily_atr_14 prev_day_close prev_day_open market_cap "
                   "days_from_earnings days_since_ipo signal",
        .rule = "signal = (prev_day_open - prev_day_close) / daily_atr_14\n"
                "min_atr_multiplier <= signal <= max_atr_multiplier\n"
                "The hit is dated the day after and carries the candle before it.\n",
    },
    [SCAN_DAILY_ATR_PARABOLIC_UP] = {
        .name = "daily_atr_parabolic_up",
        .summary = "the trading day before rose by so many ATRs",
        .daily = true,
        .up = true,
        .has_adv = true,
        .parameters = of_daily_atr_parabolic,
        .columns = "adv_14 adr_14 daily_atr_14 prev_day_close prev_day_open market_cap "
                   "days_from_earnings days_since_ipo signal",
        .rule = "signal = (prev_day_close - prev_day_open) / daily_atr_14\n"
                "min_atr_multiplier <= signal <= max_atr_multiplier\n"
                "The hit is dated the day after and carries the candle before it.\n",
    },
    [SCAN_HIGH_RANGE_GAP_UP] = {
        .name = "high_range_gap_up",
        .summary = "passes the high of the last n_days, after premarket volume",
        .up = true,
        .has_adv = true,
        .parameters = of_range_gap,
        .columns = "premarket_total_volume gap atr_gap adv_14 adr_14 max_high_{n_days}d market_cap",
        .rule = "start_time <= time <= end_time\n"
                "premarket_total_volume (candles before 09:30) >= min_volume\n"
                "high > max_high of the last n_days trading days\n"
                "atr_gap = (high - prev_day_close) / daily_atr_14 >= min_atr_gap\n",
    },
    [SCAN_LOW_RANGE_GAP_DOWN] = {
        .name = "low_range_gap_down",
        .summary = "passes the low of the last n_days, after premarket volume",
        .has_adv = true,
        .parameters = of_range_gap,
        .columns = "premarket_total_volume gap atr_gap adv_14 adr_14 min_low_{n_days}d market_cap",
        .rule = "start_time <= time <= end_time\n"
                "premarket_total_volume (candles before 09:30) >= min_volume\n"
                "low < min_low of the last n_days trading days\n"
                "atr_gap = (low - prev_day_close) / daily_atr_14 >= min_atr_gap: -3 means\n"
                "not below -3\n",
    },
    [SCAN_SMALL_CAP_UP] = {
        .name = "small_cap_up",
        .summary = "gaps up and rises fast over a few candles, on volume",
        .up = true,
        .parameters = of_small_cap,
        .columns = "cumulative_daily_volume {shift_periods} {new_extreme} triggered_alert "
                   "market_cap gap",
        .rule = "start_time <= time <= end_time\n"
                "min_price <= close <= max_price\n"
                "cumulative_daily_volume (whole day) >= min_volume\n"
                "gap = (high - prev_day_close) / prev_day_close >= min_gap\n"
                "change_K = (high - low_shift_K) / low_shift_K, with the low of K candles\n"
                "before, exceeds its minimum for one K at least; the last such K of\n"
                "shift_periods is the triggered_alert\n"
                "with new_extreme: the high is the day's highest so far, to 0.0001\n",
    },
    [SCAN_DAY2_GAP] = {
        .name = "day2_gap",
        .summary = "the day before rose far above its own close and the close before",
        .daily = true,
        .up = true,
        .has_adv = true,
        .reads_prev_allday = true,
        .parameters = of_day2_gap,
        .columns = "adv_14 adr_14 prev_allday_close prev_allday_high prev_2day_close market_cap "
                   "days_since_ipo retrace gain_all_sessions",
        .rule = "prev_allday_close (last 1min candle of the day before) >= min_price\n"
                "retrace = (prev_allday_high - prev_allday_close) / prev_allday_close\n"
                "        > min_retrace\n"
                "gain_all_sessions = (prev_allday_high - prev_2day_close) / prev_2day_close\n"
                "        > min_gap\n"
                "The hit is dated the day after and carries the candle before it.\n",
    },
};

/* clang-format on */

const scanner_t *scanner_find (const char *name)
{
    for (size_t i = 0; i < SCANNER_COUNT; i++) {
        if (strcmp (scanners[i].name, name) == 0) {
            return &scanners[i];
        }
    }
    return NULL;
}
