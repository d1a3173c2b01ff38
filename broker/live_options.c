#include "live_options.h"

#include "csv.h"
#include "log.h"

#include <string.h>

#define SECOND_MS 1000

int live_since (const char *text, int64_t now_ms, int64_t *since_ms)
{
    int64_t ts;
    bool is_date;
    if (strcmp (text, "day") == 0) {
        *since_ms = exchange_midnight (exchange_day (now_ms / SECOND_MS)) * SECOND_MS;
    } else if (strcmp (text, "start") == 0) {
        *since_ms = 0;
    } else if (strcmp (text, "now") == 0) {
        *since_ms = now_ms;
    } else if (exchange_parse (text, &ts, &is_date) && ts >= 0) {
        *since_ms = ts * SECOND_MS;
    } else {
        log_error ("--since '%s' is no time: give day, start, now, a date or '2023-03-13 09:31'",
                   text);
        return -1;
    }
    return 0;
}

int live_speed (const char *text, double *speed)
{
    size_t size = strlen (text);
    double value;
    if (strcmp (text, "max") == 0) {
        *speed = 0;
        return 0;
    }
    size -= size > 0 && text[size - 1] == 'x';
    if (!csv_number (text, size, &value) || value <= 0 || value > LIVE_SPEED_MAX) {
        log_error ("--speed '%s' is no speed: give max, or 1x, 60x, ... up to %.0fx", text,
                   LIVE_SPEED_MAX);
        return -1;
    }
    *speed = value;
    return 0;
}
