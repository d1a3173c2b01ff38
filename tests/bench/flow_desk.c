/* What a candle costs from the broker's flow to the collector's commits, without sockets: each stage's
 * time in one process, in nanoseconds a candle.
 *
 *     made ahead --> flow_entry, flow_flush --> message --> live_worker_take --> outbox --> commits_take, commits_write
 *
 * flow_desk [symbols] [minutes] [entries a turn] [multiplier]: one candle a symbol and minute, in symbol
 * order. With the default multiplier the scan watches every candle and never hits.
 */
#include "commits.h"
#include "flow.h"
#include "live_worker.h"
#include "minutes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORKERS = 2, ROUNDS_TO_STATE = 4, DAILY_ROWS = 40 };

#define DAY     19430 /* 2023-03-14 */
#define MINUTE0 (9 * 60 + 30)

typedef enum { FEED, FLUSH, WORKER, COMMITS, STATES, STAGES } stage_t;

static const char *const stage_names[STAGES] = {"flow_entry", "flow_flush", "worker", "commits",
                                                "states"};

typedef struct {
    uint32_t symbols, minutes, at_once;
    char (*names)[SYMBOL_MAX + 1];
    candle_t *candles; /* of one minute */
    flow_t *flow;
    minutes_t *seen;
    calendar_t *calendar;
    run_t run;
    live_worker_t *workers[WORKERS];
    commits_t *commits;
    store_t store;
    buffer_t daily;
    int64_t ns[STAGES], since_ns;
    uint64_t messages, bytes, items, serial, sent;
} bench_t;

static int64_t now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C (1000000000) + now.tv_nsec;
}

static void end_stage (bench_t *self, stage_t stage)
{
    int64_t now = now_ns ();
    self->ns[stage] += now - self->since_ns;
    self->since_ns = now;
}

/* ---- a store that keeps nothing ---- */

static int begin (void *handle)
{
    (void) handle;
    return 0;
}

static int keep_number (void *handle, uint64_t a, uint64_t b)
{
    (void) handle;
    return (a | b) == 0;
}

static int keep_claim (void *handle, uint32_t shard, uint64_t epoch)
{
    (void) handle;
    return shard >= SHARD_COUNT && epoch == 0;
}

static int keep_hit (void *handle, const wire_live_hit_t *hit)
{
    (void) handle;
    return hit->shard < SHARD_COUNT;
}

static int keep_shard (void *handle, uint32_t shard, session_t generation, uint64_t sequence)
{
    (void) handle;
    return shard >= SHARD_COUNT && generation.epoch == 0 && sequence == 0;
}

static int keep_place (void *handle, const wire_place_t *place)
{
    (void) handle;
    return place->symbol[0] == '\0';
}

static int keep_stream (void *handle, const wire_stream_place_t *stream)
{
    (void) handle;
    return stream->stream[0] == '\0';
}

static void abandon (void *handle)
{
    (void) handle;
}

/* ---- the market ---- */

static void make_names (bench_t *self)
{
    self->names = memory_new (self->symbols * sizeof *self->names);
    for (uint32_t i = 0; i < self->symbols; i++) {
        char *name = self->names[i];
        for (uint32_t left = i + 26, at = 0; left > 0 && at < SYMBOL_MAX; left /= 26) {
            memmove (name + 1, name, at++);
            name[0] = (char) ('A' + left % 26);
        }
    }
}

static void make_daily (bench_t *self)
{
    char day[11];
    buffer_printf (&self->daily, "datetime,open,high,low,close,volume\n");
    for (int i = DAILY_ROWS; i > 0; i--) {
        buffer_printf (&self->daily, "%s,10,10.5,9.5,10,1000000\n", day_format (DAY - i, day));
    }
}

static void make_candles (bench_t *self)
{
    self->candles = memory_new (self->symbols * sizeof *self->candles);
    for (uint32_t i = 0; i < self->symbols; i++) {
        double open = 8 + (double) (i % 50) / 100;
        self->candles[i] = (candle_t){0, open, open + 0.1, open - 0.1, open - 0.05, 100 + i};
    }
}

static void put_reference (void *argument, buffer_t *message, uint32_t shard, session_t generation,
                           const char *symbol, day_t day)
{
    bench_t *self = argument;
    const wire_reference_file_t file = {.content = WIRE_PARTITION,
                                        .key = day_from (2023, 1, 1),
                                        .bytes = {self->daily.bytes, self->daily.size}};
    wire_reference_t item = {
        .shard = shard, .generation = generation, .day = day, .file_count = 1, .files = &file};
    snprintf (item.symbol, sizeof item.symbol, "%s", symbol);
    wire_put_reference (message, &item);
}

static void note_candle (void *argument, uint32_t symbol, int64_t ts, int64_t arrival_ms)
{
    bench_t *self = argument;
    minutes_take (self->seen, symbol, ts, arrival_ms);
}

/* ---- the parts ---- */

static void open_flow (bench_t *self)
{
    self->seen = minutes_new (self->calendar);
    flow_config_t config = {.broker = 1,
                            .day_timeout_ms = 6 * 3600 * 1000,
                            .dead_after_ms = 3000,
                            .window_bytes = 1u << 30,
                            .max_symbols = self->symbols,
                            .waits = true,
                            .argument = self,
                            .reference = put_reference,
                            .taken = note_candle};
    self->flow = flow_new (&config);
    wire_place_t *places = memory_new (self->symbols * sizeof *places);
    for (uint32_t i = 0; i < self->symbols; i++) {
        places[i] = (wire_place_t){.stream = "s", .closed = DAY - 1, .day = DAY_NONE};
        memcpy (places[i].symbol, self->names[i], sizeof places[i].symbol);
    }
    flow_know (self->flow,
               &(wire_places_t){
                   .epoch = 1, .last = true, .symbol_count = self->symbols, .symbols = places});
    free (places);
    flow_add_stream (self->flow, "s", NULL, (entry_id_t){0, 0});
    flow_start (self->flow, 1, 1000);
}

static void open_workers (bench_t *self, const char *multiplier)
{
    char scans[1][SCAN_TEXT_MAX], error[256];
    snprintf (scans[0], sizeof scans[0],
              "atr_gap_down,freq=1min,min_adv=0,min_adr=0,min_atr_multiplier=%s,min_volume=0,"
              "start_time=09:30,end_time=15:59,include_null_market_cap",
              multiplier);
    run_read (&self->run, (const char (*)[SCAN_TEXT_MAX]) scans, 1, false, error, sizeof error);
    for (uint32_t w = 0; w < WORKERS; w++) {
        char name[16];
        snprintf (name, sizeof name, "local-%u", w);
        wire_live_welcome_t welcome = {.worker = w,
                                       .session = flow_joined (self->flow, w, name, 1000),
                                       .broker = 1,
                                       .candle_timeout_ms = 20000,
                                       .day_timeout_ms = 6 * 3600 * 1000,
                                       .scan_count = 1,
                                       .scans = (const char (*)[SCAN_TEXT_MAX]) scans};
        self->workers[w] = live_worker_new (&welcome);
    }
    flow_turn (self->flow, 1100);
}

static void open_commits (bench_t *self)
{
    const commits_start_t start = {.epoch = 0};
    self->store = (store_t){self,       begin,      keep_number, keep_claim, keep_hit,
                            keep_shard, keep_place, keep_stream, begin,      abandon};
    self->commits = commits_new (&self->run, &self->store, &start);
    commits_greet (self->commits, 1, 0, (cell_t){0});
    commits_write (self->commits);
}

static void take_messages (bench_t *self)
{
    buffer_t message;
    for (uint32_t w = 0; w < WORKERS; w++) {
        while (flow_next_message (self->flow, w, &message)) {
            self->messages++;
            self->bytes += message.size;
            end_stage (self, FLUSH);
            live_worker_take (self->workers[w], message.bytes, message.size);
            buffer_free (&message);
            end_stage (self, WORKER);
        }
        while (outbox_pop (live_worker_outbox (self->workers[w]), true, &message)) {
            end_stage (self, WORKER);
            commits_take (self->commits, message.bytes, message.size);
            buffer_free (&message);
            end_stage (self, COMMITS);
        }
    }
    commits_write (self->commits);
    end_stage (self, COMMITS);
}

static void say_states (bench_t *self)
{
    wire_live_collector_t collector = {0};
    for (uint32_t w = 0; w < WORKERS; w++) {
        wire_live_worker_t state;
        live_worker_state (self->workers[w], false, &state);
        flow_worker_state (self->flow, w, &state, 1100);
    }
    commits_state (self->commits, 1, (cell_t){0}, &collector);
    collector.serial = ++self->serial;
    collector.incarnation = 7;
    flow_collector_state (self->flow, &collector, 1100);
    end_stage (self, STATES);
}

static void end_turn (bench_t *self, uint64_t turn)
{
    end_stage (self, FEED);
    flow_flush (self->flow, 1100, false);
    end_stage (self, FLUSH);
    take_messages (self);
    if (turn % ROUNDS_TO_STATE == 0) {
        say_states (self);
    }
}

static void feed (bench_t *self, uint32_t minutes, uint32_t from)
{
    uint64_t turn = 0;
    uint32_t fed = 0;
    self->since_ns = now_ns ();
    for (uint32_t m = from; m < from + minutes; m++) {
        int64_t ts = exchange_ts (DAY, MINUTE0 + (int) m);
        for (uint32_t i = 0; i < self->symbols; i++) {
            candle_t candle = self->candles[i];
            candle.ts = ts;
            flow_entry (self->flow, 0, (entry_id_t){(uint64_t) ts * 1000 + 60000, self->sent++},
                        self->names[i], &candle);
            if (++fed == self->at_once) {
                fed = 0;
                end_turn (self, turn++);
            }
        }
    }
    end_turn (self, 0);
}

static void print (bench_t *self)
{
    double candles = (double) self->symbols * self->minutes, sum = 0;
    for (int i = 0; i < STAGES; i++) {
        printf ("%-10s %6.1f ns\n", stage_names[i], (double) self->ns[i] / candles);
        sum += (double) self->ns[i] / candles;
    }
    flow_stats_t stats;
    flow_stats (self->flow, &stats);
    const desk_counts_t *none = NULL;
    (void) none;
    wire_live_worker_t state;
    uint64_t applied = 0;
    for (int w = 0; w < WORKERS; w++) {
        live_worker_state (self->workers[w], false, &state);
        applied += state.candles;
    }
    wire_live_collector_t collector = {0};
    commits_state (self->commits, 1, (cell_t){0}, &collector);
    printf ("all        %6.1f ns, %.1f bytes a candle in %llu messages; taken %llu, applied %llu, "
            "hits %llu\n",
            sum, (double) self->bytes / candles, (unsigned long long) self->messages,
            (unsigned long long) stats.candles, (unsigned long long) applied,
            (unsigned long long) collector.hits);
}

int main (int argc, char **argv)
{
    bench_t *self = memory_new (sizeof *self);
    memory_init ();
    self->symbols = argc > 1 ? (uint32_t) atoi (argv[1]) : 10000;
    self->minutes = argc > 2 ? (uint32_t) atoi (argv[2]) : 380;
    self->at_once = argc > 3 ? (uint32_t) atoi (argv[3]) : self->symbols;
    if (exchange_init () != 0) {
        return 1;
    }
    self->calendar = calendar_new (NULL, 0);
    make_names (self);
    make_daily (self);
    make_candles (self);
    open_flow (self);
    open_workers (self, argc > 4 ? argv[4] : "1000");
    open_commits (self);
    feed (self, 1, 0); /* reference data, and all that grows */
    memset (self->ns, 0, sizeof self->ns);
    self->messages = self->bytes = 0;
    feed (self, self->minutes, 1);
    print (self);
    return 0;
}
