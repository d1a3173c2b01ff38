/* live_options - values of options of `live`, `replay` and `load` that have a form of their own: --since,
 * --speed, --listen, --http. */
#ifndef LIVE_OPTIONS_H
#define LIVE_OPTIONS_H

#include "live.h"
#include "options.h"

#define LIVE_SPEED_MAX 1e6

/* --since: hits of entries that arrived before `*since_ms` (Unix milliseconds) are not reported.
 *
 *     day     00:00 exchange time of the day of `now_ms`
 *     start   0: all are reported
 *     now     `now_ms`
 *     WHEN    a date (its 00:00 exchange time) or time as exchange_parse takes it
 *
 * `now_ms` is the wall clock's, or better the source's. 0, or -1 with the error logged. */
int live_since (const char *text, int64_t now_ms, int64_t *since_ms);

/* --speed of a replay: times real time; 0 for "max". "60x", "1.5x"; the x may be left out. 0, or -1
 * with the error logged. */
int live_speed (const char *text, double *speed);

/* --listen, --no-local, the keys, and --http: what goes together. 0, or -1 with the error logged. */
int live_listen (const options_t *options, live_config_t *config);

#endif
