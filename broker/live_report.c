/* What people see of a live run: a log line for each minute, a status line on the terminal, and
 * STATE/stats.json, replaced every second, for programs.
 */
#include "live_inside.h"

#include "log.h"
#include "sink_redis.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define REPORT_MS    1000
#define HISTORY_US   1000  /* of reading earlier days' minutes, between two looks around */
#define SLOW_MS      700   /* a worker with something uncommitted for so long is named, ... */
#define SLOW_LOOK_MS 100   /* ... which is looked for so often, and reported at once */
#define REPORTS_WAIT 10000 /* minute reports that Redis has not answered: more are dropped */

/* ---- minutes ---- */

static const char *name_of (const void *argument, uint32_t symbol)
{
    const flow_t *flow = argument;
    return flow_symbol (flow, symbol);
}

static void send_report (live_t *self, const minute_report_t *report, const buffer_t *text)
{
    if (!self->minutes_redis || redis_state (self->minutes_redis) != REDIS_UP ||
        redis_unanswered (self->minutes_redis) > REPORTS_WAIT) {
        return;
    }
    char numbers[5][32], datetime[26];
    snprintf (numbers[0], sizeof numbers[0], "%u", report->symbols);
    snprintf (numbers[1], sizeof numbers[1], "%u", report->expected);
    snprintf (numbers[2], sizeof numbers[2], "%u", report->missing);
    snprintf (numbers[3], sizeof numbers[3], "%" PRId64, report->last_ms);
    char *line = memory_format ("%.*s", (int) text->size, text->bytes);
    const char *words[] = {"XADD",
                           self->minutes_stream,
                           "*",
                           "minute",
                           exchange_format (report->ts, datetime),
                           "symbols",
                           numbers[0],
                           "expected",
                           numbers[1],
                           "missing",
                           numbers[2],
                           "last_ms",
                           numbers[3],
                           "text",
                           line};
    size_t sizes[sizeof words / sizeof *words];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        sizes[i] = strlen (words[i]);
    }
    redis_command (self->minutes_redis, sizeof words / sizeof *words, words, sizes);
    free (line);
}

static void report_minutes (live_t *self, mono_t now)
{
    if (self->minutes_redis) {
        redis_turn (self->minutes_redis, now);
        redisReply *reply;
        while ((reply = redis_reply (self->minutes_redis))) {
            if (reply->type == REDIS_REPLY_ERROR) {
                log_warning ("--minutes: %s: %s", redis_name (self->minutes_redis), reply->str);
            }
            freeReplyObject (reply);
        }
    }
    minute_report_t report;
    minutes_clock (self->minutes, flow_least_ms (self->flow));
    while (minutes_next (self->minutes, &report)) {
        buffer_t text = {0};
        minute_report_format (&report, name_of, self->flow, &text);
        if (self->config->is_replay || self->config->hooks) {
            log_debug ("%.*s", (int) text.size, text.bytes);
        } else {
            log_info ("%.*s", (int) text.size, text.bytes);
        }
        send_report (self, &report, &text);
        buffer_free (&text);
    }
}

bool live_read_history (live_t *self, mono_t now)
{
    int64_t clock_ms = flow_now_ms (self->flow);
    if (self->config->is_replay || self->config->hooks || self->phase != LIVE_RUNNING ||
        clock_ms <= 0) {
        return false;
    }
    mono_t end = {now.us + HISTORY_US};
    return minutes_history_turn (&self->history, flow_symbol_count (self->flow),
                                 exchange_day (clock_ms / 1000), end, name_of, self->flow);
}

/* ---- the status line ---- */

static void show_status (live_t *self, const flow_stats_t *flow, const source_counts_t *source,
                         mono_t now)
{
    char rate[32], candles[32], hits[32];
    buffer_t line = {0};
    buffer_printf (&line, "%s candles, %s/s, lag %.1f s", stats_count (flow->candles, candles),
                   stats_rate (self->rate, rate), (double) source->lag_ms / 1000);
    for (uint32_t w = 0; w < self->seat_count && w < 4; w++) {
        flow_worker_stats_t worker;
        if (!self->seats[w].taken) {
            continue;
        }
        flow_worker_stats (self->flow, w, (uint64_t) (now.us / 1000), &worker);
        buffer_printf (&line, ", w%u %.1f MB%s", w, (double) worker.in_flight / 1e6,
                       worker.live ? "" : " gone");
    }
    buffer_printf (&line, ", %s hits", stats_count (self->heard.hits, hits));
    progress_line (&self->progress, line.bytes, line.size, now);
    buffer_free (&line);
}

/* ---- stats.json ---- */

static uint64_t largest_memory (void)
{
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    return (uint64_t) usage.ru_maxrss * 1024;
}

static void put_number (buffer_t *json, const char *name, uint64_t value)
{
    buffer_printf (json, "%s\"%s\":%" PRIu64, json->size > 1 ? "," : "", name, value);
}

static void put_flow (buffer_t *json, const flow_stats_t *flow)
{
    put_number (json, "entries", flow->entries);
    put_number (json, "candles", flow->candles);
    put_number (json, "late", flow->late);
    put_number (json, "duplicates", flow->duplicates);
    put_number (json, "misplaced", flow->misplaced);
    put_number (json, "refused_symbols", flow->refused_symbols);
    put_number (json, "gaps", flow->gaps);
    put_number (json, "backwards", flow->backwards);
    put_number (json, "again", flow->again);
    put_number (json, "references_ahead", flow->prepared);
    put_number (json, "rewinds", flow->rewinds);
    put_number (json, "moves", flow->moves);
    put_number (json, "moves_with_state", flow->handed);
    put_number (json, "longest_move_ms", flow->longest_move_ms);
    put_number (json, "detaches", flow->detaches);
    put_number (json, "sessions", flow->sessions);
    put_number (json, "symbols", flow->symbols);
    put_number (json, "streams", flow->streams);
    put_number (json, "unattached", flow->unattached);
    put_number (json, "shards_aside", flow->aside);
    put_number (json, "shards_outstanding", flow->outstanding_shards);
}

static void put_source (buffer_t *json, const source_counts_t *source, const flow_stats_t *flow)
{
    put_number (json, "read", source->entries);
    put_number (json, "rejected", source->rejected);
    put_number (json, "refused_streams", source->refused_streams + flow->refused_streams);
    put_number (json, "connections_lost", source->lost);
    put_number (json, "retries", source->retries);
    put_number (json, "bytes_read", source->bytes);
    put_number (json, "connected", source->connected);
    put_number (json, "caught_up", source->caught_up);
    put_number (json, "lag_ms", (uint64_t) (source->lag_ms > 0 ? source->lag_ms : 0));
}

static void put_collector (const live_t *self, buffer_t *json)
{
    live_ages_t ages;
    live_find_ages (self, &ages);
    put_number (json, "hits", self->heard.hits);
    put_number (json, "repeats", self->heard.repeats);
    put_number (json, "rows_synced", self->heard.synced);
    put_number (json, "pending_bytes", self->heard.pending);
    put_number (json, "collector_able", self->heard.able);
    put_number (json, "sinks_behind", self->sinks_behind);
    put_number (json, "sinks_failing", self->sinks_failing);
    put_number (json, "commit_us", self->heard.commit_us);
    put_number (json, "broker_memory", largest_memory ());
    put_number (json, "collector_memory", self->heard.memory_bytes);
    put_number (json, "candles_committed", ages.candles);
    live_put_ages (&ages, json);
    put_number (json, "messages_refused", self->refused + self->heard.refused);
}

static bool is_slow (const flow_worker_stats_t *worker)
{
    return worker->live && (worker->oldest_ms > SLOW_MS || worker->unattached > 0);
}

static void put_workers (const live_t *self, buffer_t *json, mono_t now)
{
    unsigned any = 0;
    buffer_printf (json, ",\"workers\":[");
    for (uint32_t w = 0; w < self->seat_count; w++) {
        const live_seat_t *seat = &self->seats[w];
        flow_worker_stats_t worker;
        if (!seat->taken) {
            continue;
        }
        flow_worker_stats (self->flow, w, (uint64_t) (now.us / 1000), &worker);
        buffer_printf (json,
                       "%s{\"name\":\"%s\",\"live\":%s,\"slow\":%s,\"blocked\":%s,"
                       "\"shards\":%u,\"unattached\":%u,\"in_flight\":%" PRIu64
                       ",\"oldest_ms\":%" PRId64 ",\"candles\":%" PRIu64 ",\"late\":%" PRIu64
                       ",\"refused\":%" PRIu64 ",\"rejected_rows\":%" PRIu64
                       ",\"rejected_files\":%" PRIu64 ",\"scan_us\":%" PRIu64 ",\"memory\":%" PRIu64
                       "}",
                       any++ ? "," : "", seat->name, worker.live ? "true" : "false",
                       is_slow (&worker) ? "true" : "false", worker.blocked ? "true" : "false",
                       worker.shards, worker.unattached, worker.in_flight, worker.oldest_ms,
                       seat->candles, seat->late, seat->refused, seat->rejected_rows,
                       seat->rejected_files, seat->scan_us, seat->memory_bytes);
    }
    buffer_printf (json, "]");
}

/* Readers see the old file or the new one, never a part. Not being able to write it stops nothing. */
static void write_stats (const live_t *self, const buffer_t *json)
{
    char *path = memory_format ("%s/stats.json", self->state),
         *part = memory_format ("%s/stats.json.part", self->state);
    int file = open (part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file >= 0) {
        bool whole = write (file, json->bytes, json->size) == (ssize_t) json->size;
        close (file);
        if (whole) {
            rename (part, path);
        }
    }
    free (path);
    free (part);
}

static void put_doors (const live_t *self, buffer_t *json)
{
    bus_stats_t stats;
    bus_stats (self->bus, &stats);
    for (unsigned i = 0; i < BUS_COUNTS; i++) {
        put_number (json, bus_count_name ((bus_count_t) i), stats.counts[i]);
    }
}

static void put_stats (live_t *self, const flow_stats_t *flow, const source_counts_t *source,
                       mono_t now)
{
    buffer_t json = {0};
    buffer_printf (&json, "{");
    put_number (&json, "uptime_ms", (uint64_t) mono_ms (self->started, now));
    put_number (&json, "partition", self->config->cell.index);
    put_number (&json, "partitions",
                cell_is_whole (self->config->cell) ? 1 : self->config->cell.count);
    put_number (&json, "epoch", flow_epoch (self->flow));
    put_number (&json, "candles_per_second", (uint64_t) self->rate);
    put_number (&json, "source_time_ms", (uint64_t) flow_now_ms (self->flow));
    put_flow (&json, flow);
    put_source (&json, source, flow);
    put_doors (self, &json);
    put_collector (self, &json);
    put_workers (self, &json, now);
    buffer_printf (&json, "}\n");
    write_stats (self, &json);
    buffer_free (&json);
}

/* ---- all ---- */

/* --minutes was checked. */
static void open_minutes (live_t *self)
{
    const live_config_t *config = self->config;
    sink_redis_place_t place;
    char error[256];
    self->minutes = minutes_new (market_calendar (config->market));
    minutes_history_init (&self->history, config->market, self->minutes);
    if (config->minutes && sink_redis_read (config->minutes, &place, error, sizeof error) == 0) {
        self->minutes_redis =
            sink_redis_connect (&place, config->redis_user, config->redis_password_file);
        self->minutes_stream = memory_text (place.stream);
        sink_redis_place_free (&place);
    }
}

void live_open_report (live_t *self)
{
    const live_config_t *config = self->config;
    open_minutes (self);
    progress_init (&self->progress, config->progress, mono_now ());
    if (!config->is_replay && !config->hooks) {
        self->watch = watch_new (config->market);
    }
}

void live_close_report (live_t *self)
{
    progress_clear (&self->progress);
    log_around (NULL, NULL, NULL);
    minutes_history_free (&self->history);
    minutes_destroy (&self->minutes);
    watch_destroy (&self->watch);
    redis_destroy (&self->minutes_redis);
    live_close_facts (self);
    free (self->minutes_stream);
}

/* Has a worker become slow, or is one no longer? */
static bool has_news (live_t *self, mono_t now)
{
    bool news = false;
    if (mono_ms (self->slow_looked, now) < SLOW_LOOK_MS) {
        return false;
    }
    self->slow_looked = now;
    for (uint32_t w = 0; w < self->seat_count; w++) {
        flow_worker_stats_t worker;
        flow_worker_stats (self->flow, w, (uint64_t) (now.us / 1000), &worker);
        news = news || is_slow (&worker) != self->seats[w].slow;
        self->seats[w].slow = is_slow (&worker);
    }
    return news;
}

void live_report (live_t *self, mono_t now)
{
    int64_t passed_ms = mono_ms (self->reported, now);
    if (self->phase == LIVE_OPENING || (passed_ms < REPORT_MS && !has_news (self, now))) {
        return;
    }
    flow_stats_t flow;
    source_counts_t source = {0};
    flow_stats (self->flow, &flow);
    if (self->source.kind) {
        self->source.kind->counts (self->source.self, &source);
    }
    self->rate = (double) (flow.candles - self->rate_candles) * 1000 /
                 (double) (passed_ms > 0 ? passed_ms : 1);
    self->rate_candles = flow.candles;
    self->reported = now;
    report_minutes (self, now);
    put_stats (self, &flow, &source, now);
    show_status (self, &flow, &source, now);
}

void live_summarize (live_t *self)
{
    const live_result_t *result = self->result;
    const flow_stats_t *flow = &result->flow;
    if (result->failed && flow->entries == 0) {
        return;
    }
    if (self->flow) {
        put_stats (self, flow, &result->source, mono_now ()); /* the last word */
    }
    char a[32], b[32], c[32], d[32];
    double seconds = (double) result->wall_us / 1e6;
    log_info ("%s symbols, %s candles, %s rejected, %s hits", stats_count (flow->symbols, a),
              stats_count (flow->candles, b), stats_count (result->rejected, c),
              stats_count (result->hits, d));
    if (flow->late + flow->duplicates + flow->misplaced + flow->gaps > 0) {
        log_info ("%s late, %s repeated, %s of symbols in a second stream, %s dates without their "
                  "beginning",
                  stats_count (flow->late, a), stats_count (flow->duplicates, b),
                  stats_count (flow->misplaced, c), stats_count (flow->gaps, d));
    }
    log_info ("%.2f s: %s candles/s", seconds,
              stats_rate (seconds > 0 ? (double) flow->candles / seconds : 0, a));
}
