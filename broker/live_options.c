#include "live_options.h"

#include "bus_options.h"
#include "csv.h"
#include "endpoint.h"
#include "http_address.h"
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

/* Data links take the ports behind it. */
static bool is_listen (const char *text)
{
    char host[ENDPOINT_HOST_MAX + 1];
    uint16_t port;
    return endpoint_split (text, host, &port) && port <= UINT16_MAX - FLOW_WORKERS_MAX;
}

int live_listen (const options_t *options, live_config_t *config)
{
    config->listen = options_text (options, "listen");
    config->no_local = options_flag (options, "no-local");
    config->locks = bus_options (options, KEYS_BROKER);
    config->http = options_text (options, "http");
    if (config->listen && !is_listen (config->listen)) {
        log_error ("--listen '%s': give tcp://HOST:PORT, PORT up to %d: workers' data takes the "
                   "%d ports behind it",
                   config->listen, UINT16_MAX - FLOW_WORKERS_MAX, FLOW_WORKERS_MAX);
        return -1;
    }
    if (config->no_local && !config->listen) {
        log_error ("--no-local needs --listen tcp://HOST:PORT: else nobody can come");
        return -1;
    }
    if (config->listen && !config->no_local) {
        log_error ("--listen needs --no-local: workers elsewhere cannot reach a collector that is "
                   "started here; start fastscanner-collector and fastscanner-worker yourself");
        return -1;
    }
    if (config->no_local && options_count (options, "out") > 0) {
        log_error ("--out belongs to the collector with --no-local: fastscanner-collector --out");
        return -1;
    }
    return bus_may_use (&config->locks, config->listen) && http_address_check (config->http) ? 0
                                                                                             : -1;
}
