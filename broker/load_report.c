#include "load_report.h"

#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define MEGA 1e6

static double rate_of (uint64_t amount, double seconds)
{
    return seconds > 0 ? (double) amount / seconds : 0;
}

/* ---- the table ---- */

static void put_settings (buffer_t *out, const load_run_t *run, const load_figures_t *figures)
{
    char a[32], b[32];
    const run_t *scans = &run->live.job.run;
    if (run->rate > 0) {
        snprintf (b, sizeof b, "%s candles/s", stats_count (run->rate, a));
    }
    buffer_printf (out, "load       %s symbols, %s for %ld s, seed %" PRIu64 "\n",
                   stats_count (run->count, a), run->rate > 0 ? b : "as fast as it goes",
                   run->seconds, run->seed);
    buffer_printf (out, "           %s, %u streams, %u workers, %ld cores\n",
                   run->url ? "through Redis" : "straight into the broker", run->streams,
                   run->live.config.workers, sysconf (_SC_NPROCESSORS_ONLN));
    for (size_t i = 0; i < scans->scan_count; i++) {
        buffer_printf (out, "%s%.60s\n", i ? "           " : "scans      ", scans->scans[i].id);
    }
    buffer_printf (out, "time       %.2f s of sending, %.2f s until all was committed\n",
                   figures->sending, figures->seconds);
}

static void put_candles (buffer_t *out, const load_figures_t *figures)
{
    char a[32], b[32], c[32];
    buffer_printf (out, "\ncandles    sent %s, scanned %s, committed %s\n",
                   stats_count (figures->sent, a), stats_count (figures->scanned, b),
                   stats_count (figures->committed, c));
    buffer_printf (out, "           lost %s, doubled %s, scanned again %s\n",
                   stats_count (figures->lost, a), stats_count (figures->doubled, b),
                   stats_count (figures->again, c));
    if (figures->planned > 0) {
        buffer_printf (out, "           planned %s\n", stats_count (figures->planned, a));
    }
    buffer_printf (out, "           %s before, to warm up\n", stats_count (figures->warm, a));
    if (figures->rewinds + figures->lives > 0) {
        buffer_printf (out, "           %s shards began anew, %s processes were started again\n",
                       stats_count (figures->rewinds, a), stats_count (figures->lives, b));
    }
    if (!figures->even) {
        buffer_printf (out, "           not all that was sent is committed\n");
    }
}

static void put_hits (buffer_t *out, const load_figures_t *figures)
{
    char a[32], b[32], c[32];
    if (!figures->counted) {
        buffer_printf (out, "hits       the journal could not be read\n");
        return;
    }
    buffer_printf (out, "hits       expected %s, in the journal %s\n",
                   figures->expects ? stats_count (figures->hits_expected, a) : "-",
                   stats_count (figures->hits_rows, b));
    buffer_printf (out, "           lost %s, repeated %s, given again and dropped %s\n",
                   stats_count (figures->hits_lost, a), stats_count (figures->hits_repeated, b),
                   stats_count (figures->hits_again, c));
}

static void put_stages (buffer_t *out, const load_figures_t *figures)
{
    char a[32], b[32];
    buffer_printf (out, "\n%-22s %16s %14s %12s\n", "stage", "candles", "candles/s", "MB/s");
    for (size_t i = 0; i < LOAD_STAGES; i++) {
        const load_stage_t *stage = &figures->stages[i];
        buffer_printf (out, "%-22s %16s %14s %12.1f\n", stage->name,
                       stats_count (stage->candles, a),
                       stats_rate (rate_of (stage->candles, stage->seconds), b),
                       rate_of (stage->bytes, stage->seconds) / MEGA);
    }
}

static void put_age (buffer_t *out, const char *name, const histogram_t *age)
{
    char a[32];
    buffer_printf (out, "%-17s %13s", name, stats_count (histogram_count (age), a));
    for (size_t i = 0; i < HISTOGRAM_PARTS; i++) {
        double ms = (double) histogram_quantile (age, histogram_parts[i].part) / 1000;
        buffer_printf (out, ms < 10000 ? " %8.3f" : " %8.0f", ms);
    }
    buffer_printf (out, "\n");
}

static void put_ages (buffer_t *out, const load_figures_t *figures)
{
    buffer_printf (out, "\n%-17s %13s", "latency, ms", "of");
    for (size_t i = 0; i < HISTOGRAM_PARTS; i++) {
        buffer_printf (out, " %8s", histogram_parts[i].title);
    }
    buffer_printf (out, "\n");
    put_age (out, "candle to hit", &figures->ages.hit);
    put_age (out, "candle to commit", &figures->ages.commit);
}

static void put_processes (buffer_t *out, const load_figures_t *figures)
{
    char a[32];
    buffer_printf (out, "\n%-17s %10s %12s %12s %18s\n", "process", "CPU s", "of a core",
                   "memory MB", "candles a CPU s");
    for (size_t i = 0; i < figures->process_count; i++) {
        const load_process_t *process = &figures->processes[i];
        double cpu = (double) process->cpu_us / MEGA;
        buffer_printf (out, "%-17s %10.2f %10.0f %% %12.1f %18s\n", process->name, cpu,
                       figures->seconds > 0 ? 100 * cpu / figures->seconds : 0,
                       (double) process->memory_bytes / MEGA,
                       stats_rate (rate_of (process->candles, cpu), a));
    }
}

void load_report_table (buffer_t *out, const load_run_t *run, const load_figures_t *figures)
{
    put_settings (out, run, figures);
    put_candles (out, figures);
    put_hits (out, figures);
    put_stages (out, figures);
    put_ages (out, figures);
    put_processes (out, figures);
}

/* ---- JSON ---- */

static void put_number (buffer_t *out, const char *name, uint64_t value)
{
    bool first = out->bytes[out->size - 1] == '{';
    buffer_printf (out, "%s\"%s\":%" PRIu64, first ? "" : ",", name, value);
}

/* A number that there may be none of. */
static void put_known (buffer_t *out, const char *name, bool known, uint64_t value)
{
    if (known) {
        put_number (out, name, value);
    } else {
        buffer_printf (out, ",\"%s\":null", name);
    }
}

static void put_json_settings (buffer_t *out, const load_run_t *run)
{
    const run_t *scans = &run->live.job.run;
    char text[SCAN_TEXT_MAX];
    buffer_printf (out, "{\"settings\":{");
    put_number (out, "count", run->count);
    put_number (out, "seed", run->seed);
    put_known (out, "rate", run->rate > 0, run->rate);
    put_number (out, "seconds", (uint64_t) run->seconds);
    put_number (out, "streams", run->streams);
    put_number (out, "workers", run->live.config.workers);
    put_number (out, "cores", (uint64_t) sysconf (_SC_NPROCESSORS_ONLN));
    buffer_printf (out, ",\"transport\":\"%s\",\"all_hits\":%s,\"version\":\"%s\",\"scans\":[",
                   run->url ? "redis" : "memory", scans->all_hits ? "true" : "false",
                   FASTSCANNER_VERSION);
    for (size_t i = 0; i < scans->scan_count; i++) {
        scan_format (&scans->scans[i], text); /* no character of it needs an escape */
        buffer_printf (out, "%s\"%s\"", i ? "," : "", text);
    }
    buffer_printf (out, "]}");
}

static void put_json_candles (buffer_t *out, const load_figures_t *figures)
{
    buffer_printf (out, ",\"candles\":{");
    put_number (out, "warm_up", figures->warm);
    put_known (out, "planned", figures->planned > 0, figures->planned);
    put_number (out, "sent", figures->sent);
    put_number (out, "scanned", figures->scanned);
    put_number (out, "committed", figures->committed);
    put_number (out, "again", figures->again);
    put_number (out, "lost", figures->lost);
    put_number (out, "doubled", figures->doubled);
    buffer_printf (out, "},\"hits\":{");
    put_number (out, "rows", figures->hits_rows);
    put_known (out, "expected", figures->expects, figures->hits_expected);
    put_number (out, "distinct", figures->hits_distinct);
    put_number (out, "lost", figures->hits_lost);
    put_number (out, "repeated", figures->hits_repeated);
    put_number (out, "dropped", figures->hits_again);
    buffer_printf (out, "}");
}

static void put_json_stages (buffer_t *out, const load_figures_t *figures)
{
    buffer_printf (out, ",\"stages\":[");
    for (size_t i = 0; i < LOAD_STAGES; i++) {
        const load_stage_t *stage = &figures->stages[i];
        buffer_printf (out, "%s{\"name\":\"%s\"", i ? "," : "", stage->name);
        put_number (out, "candles", stage->candles);
        put_number (out, "bytes", stage->bytes);
        buffer_printf (out, ",\"candles_per_second\":%.1f,\"bytes_per_second\":%.1f}",
                       rate_of (stage->candles, stage->seconds),
                       rate_of (stage->bytes, stage->seconds));
    }
    buffer_printf (out, "]");
}

static void put_json_processes (buffer_t *out, const load_figures_t *figures)
{
    buffer_printf (out, ",\"processes\":[");
    for (size_t i = 0; i < figures->process_count; i++) {
        const load_process_t *process = &figures->processes[i];
        buffer_printf (out, "%s{\"name\":\"%s\"", i ? "," : "", process->name);
        put_number (out, "candles", process->candles);
        put_number (out, "cpu_us", process->cpu_us);
        put_number (out, "memory_bytes", process->memory_bytes);
        buffer_printf (out, "}");
    }
    buffer_printf (out, "]");
}

void load_report_json (buffer_t *out, const load_run_t *run, const load_figures_t *figures)
{
    put_json_settings (out, run);
    buffer_printf (out, ",\"sending_seconds\":%.6f,\"seconds\":%.6f", figures->sending,
                   figures->seconds);
    put_json_candles (out, figures);
    put_json_stages (out, figures);
    live_put_ages (&figures->ages, out);
    put_json_processes (out, figures);
    put_number (out, "shards_anew", figures->rewinds);
    put_number (out, "processes_anew", figures->lives);
    buffer_printf (out, ",\"even\":%s,\"interrupted\":%s,\"good\":%s}\n",
                   figures->even ? "true" : "false", run->result.stopped ? "true" : "false",
                   load_figures_are_good (figures) ? "true" : "false");
}
