/* Live equals batch: the golden markets' candles, one by one through a desk with clocks between, give
 * the hits of the unit of the same days, each bit of them.
 *
 *     market-M.tar.xz --> jobs.json: the intraday scans --+--> unit: REFERENCE's files, then partitions --> HIT*
 *                         market/ ------------------------+--> desk: BEGIN REFERENCE* (CANDLES CLOCK*)* --> LIVE_HIT*
 */
#include "check.h"

#include "csv.h"
#include "desk.h"
#include "jobs.h"
#include "rows.h"
#include "shard.h"
#include "spawn.h"
#include "unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { SYMBOLS_MAX = 16, YEARS = 2 };

#define GENERATION     ((session_t){3, 1})
#define MINUTE_MS      60000
#define CANDLE_TIMEOUT 20000
#define DAY_TIMEOUT    (6 * 3600 * 1000)

typedef struct {
    char symbol[SYMBOL_MAX + 1];
    hit_t hit;
} found_t;

typedef struct {
    size_t count, capacity;
    found_t *found;
} finds_t;

/* A symbol's files and candles. */
typedef struct {
    char name[SYMBOL_MAX + 1];
    wire_reference_file_t files[WIRE_REFERENCE_FILES];
    size_t file_count;
    candles_t candles; /* of the range */
    size_t next;       /* to be fed */
    day_t day;         /* of the last one fed */
} listed_t;

typedef struct {
    char *folder;
    json_t *document;
    day_t first, last;
    run_t run;
    calendar_t *calendar;
    wire_reader_t *reader;
    outbox_t *out;
    size_t symbol_count;
    listed_t symbols[SYMBOLS_MAX];
} bench_t;

static day_t day_of (const char *text)
{
    day_t day = DAY_NONE;
    assert_true (day_parse (text, strlen (text), &day));
    return day;
}

/* ---- the market ---- */

static void read_calendar (bench_t *self)
{
    char *path = memory_format ("%s/market/data/holidays/US_exchange_holidays.json", self->folder);
    json_t *json = json_load_file (path, 0, NULL), *text;
    day_t *holidays = memory_new ((json_array_size (json) + 1) * sizeof *holidays);
    size_t i;
    json_array_foreach (json, i, text)
    {
        holidays[i] = day_of (json_string_value (text));
    }
    assert_true (json_array_size (json) > 0);
    self->calendar = calendar_new (holidays, json_array_size (json));
    free (holidays);
    json_decref (json);
    free (path);
}

static wire_bytes_t read_bytes (char *path)
{
    size_t size = 0;
    const char *bytes = file_read (path, &size);
    free (path);
    return (wire_bytes_t){bytes, bytes ? size : 0};
}

static wire_bytes_t read_partition (const bench_t *self, const char *symbol, frequency_t frequency,
                                    day_t key)
{
    char freq[FREQUENCY_TEXT], name[PARTITION_TEXT];
    return read_bytes (memory_format ("%s/market/data/candles/%s/%s/%s.csv", self->folder, symbol,
                                      frequency_format (frequency, freq),
                                      partition_format (frequency, key, name)));
}

static void add_file (listed_t *self, wire_content_t content, day_t key, wire_bytes_t bytes)
{
    if (bytes.bytes) {
        self->files[self->file_count++] =
            (wire_reference_file_t){.content = content, .key = key, .bytes = bytes};
    }
}

static void read_files (const bench_t *self, listed_t *symbol)
{
    day_t year = partition_first (FREQUENCY_1D, self->last);
    for (int i = 1; i < YEARS; i++) {
        year = partition_first (FREQUENCY_1D, year - 1);
    }
    for (int i = 0; i < YEARS; i++) {
        add_file (symbol, WIRE_PARTITION, year,
                  read_partition (self, symbol->name, FREQUENCY_1D, year));
        year = partition_next (FREQUENCY_1D, year);
    }
    assert_true (symbol->file_count > 0);
    add_file (symbol, WIRE_FUNDAMENTALS, DAY_NONE,
              read_bytes (memory_format ("%s/market/data/fundamentals/%s.json", self->folder,
                                         symbol->name)));
}

/* Market b has rows that a reader must reject. */
static void ignore (void *argument, uint64_t line, const char *reason)
{
    (void) argument;
    (void) line;
    (void) reason;
}

/* The 1-minute candles of the range. */
static void read_candles (const bench_t *self, listed_t *symbol)
{
    csv_t *csv = csv_new ();
    day_t week = partition_first (FREQUENCY_1MIN, self->first);
    for (; week <= self->last; week += 7) {
        candles_t rows = {0};
        csv_counts_t counts;
        wire_bytes_t bytes = read_partition (self, symbol->name, FREQUENCY_1MIN, week);
        csv_begin (csv, FREQUENCY_1MIN, week, DAY_FIRST, DAY_LAST, &rows, ignore, NULL);
        csv_feed (csv, bytes.bytes ? bytes.bytes : "", bytes.size);
        assert_int_equal (csv_end (csv, &counts), 0);
        for (size_t i = 0; i < rows.count; i++) {
            day_t day = exchange_day (rows.rows[i].ts);
            if (day >= self->first && day <= self->last) {
                candles_push (&symbol->candles, &rows.rows[i]);
            }
        }
        candles_free (&rows);
        free ((char *) bytes.bytes);
    }
    csv_destroy (&csv);
}

static void read_symbols (bench_t *self)
{
    char *path = memory_format ("%s/market/data/candles", self->folder);
    DIR *directory = opendir (path);
    struct dirent *entry;
    assert_non_null (directory);
    while ((entry = readdir (directory))) {
        if (symbol_valid (entry->d_name, strlen (entry->d_name))) {
            assert_true (self->symbol_count < SYMBOLS_MAX);
            listed_t *symbol = &self->symbols[self->symbol_count++];
            memcpy (symbol->name, entry->d_name, strlen (entry->d_name));
            symbol->day = DAY_NONE;
            read_files (self, symbol);
            read_candles (self, symbol);
        }
    }
    closedir (directory);
    free (path);
}

/* The market's intraday jobs as the scans of one run. */
static void read_run (bench_t *self, bool all_hits)
{
    scan_t scans[SCANS_MAX];
    char error[256] = "";
    size_t count = 0, i;
    const json_t *job;
    json_array_foreach (json_object_get (self->document, "jobs"), i, job)
    {
        if (strcmp (jobs_text (job, "freq"), "1d") != 0) {
            char *text = jobs_scan (job, true);
            assert_int_equal (
                scan_parse (text, FREQUENCY_1MIN, &scans[count++], error, sizeof error), 0);
            free (text);
            self->first = day_of (jobs_text (job, "start"));
            self->last = day_of (jobs_text (job, "end"));
        }
    }
    assert_int_equal (run_init (&self->run, scans, count, all_hits, error, sizeof error), 0);
}

static void bench_open (bench_t *self, const char *market, bool all_hits)
{
    *self = (bench_t){.folder = directory_new ()};
    self->document = jobs_unpack (market, self->folder);
    self->reader = wire_reader_new ();
    self->out = outbox_new ();
    outbox_begin (self->out, 0, (session_t){1, 1});
    read_run (self, all_hits);
    read_calendar (self);
    read_symbols (self);
}

static void bench_close (bench_t *self)
{
    for (size_t i = 0; i < self->symbol_count; i++) {
        listed_t *symbol = &self->symbols[i];
        candles_free (&symbol->candles);
        for (size_t k = 0; k < symbol->file_count; k++) {
            free ((char *) symbol->files[k].bytes.bytes);
        }
    }
    calendar_destroy (&self->calendar);
    wire_reader_destroy (&self->reader);
    outbox_destroy (&self->out);
    json_decref (self->document);
    directory_destroy (&self->folder);
}

/* ---- what was found ---- */

static void keep (finds_t *self, const char *symbol, const hit_t *hit)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity * 2 + 1024;
        self->found = memory_resize (self->found, self->capacity, sizeof *self->found);
    }
    found_t *found = &self->found[self->count++];
    memcpy (found->symbol, symbol, sizeof found->symbol);
    found->hit = *hit;
}

/* Reads the hits back from the wire. */
static void collect (bench_t *self, finds_t *finds)
{
    buffer_t message;
    while (outbox_pop (self->out, true, &message)) {
        wire_object_t object;
        int rc;
        wire_reader_begin (self->reader, message.bytes, message.size);
        while ((rc = wire_next (self->reader, &object)) == 1) {
            if (object.kind == WIRE_HIT) {
                keep (finds, object.hit.symbol, &object.hit.hit);
            } else if (object.kind == WIRE_LIVE_HIT) {
                assert_int_equal (object.live_hit.shard, shard_of (object.live_hit.symbol));
                assert_int_equal (object.live_hit.day, exchange_day (object.live_hit.hit.ts));
                keep (finds, object.live_hit.symbol, &object.live_hit.hit);
            }
        }
        assert_int_equal (rc, 0);
        buffer_free (&message);
    }
}

static int compare_finds (const void *a, const void *b)
{
    const found_t *left = a, *right = b;
    int order = strcmp (left->symbol, right->symbol);
    return order != 0 ? order : hit_compare (&left->hit, &right->hit);
}

static void check_same (const bench_t *self, finds_t *batch, finds_t *live)
{
    qsort (batch->found, batch->count, sizeof *batch->found, compare_finds);
    qsort (live->found, live->count, sizeof *live->found, compare_finds);
    for (size_t i = 0; i < batch->count && i < live->count; i++) {
        const hit_t *a = &batch->found[i].hit, *b = &live->found[i].hit;
        char text[26];
        if (compare_finds (&batch->found[i], &live->found[i]) != 0 ||
            memcmp (&a->candle, &b->candle, sizeof a->candle) != 0 ||
            a->value_count != b->value_count ||
            memcmp (a->values, b->values, (size_t) a->value_count * sizeof *a->values) != 0) {
            fail_msg ("hit %zu: %s %s of %s", i, batch->found[i].symbol,
                      exchange_format (a->ts, text), self->run.scans[a->scan].id);
        }
    }
    assert_int_equal (live->count, batch->count);
    print_message ("%zu hits\n", live->count);
    assert_true (live->count > 100);
    free (batch->found);
    free (live->found);
}

/* ---- batch ---- */

static void give (unit_t *unit, outbox_t *out, unit_times_t *times, wire_content_t content,
                  partition_t partition, wire_bytes_t bytes)
{
    wire_file_t file = {.unit = 1,
                        .attempt = 1,
                        .content = content,
                        .partition = partition,
                        .is_last = true,
                        .bytes = bytes};
    unit_file (unit, &file, out, times);
}

static void scan_batch (bench_t *self, const listed_t *symbol, finds_t *finds)
{
    unit_times_t times = {0};
    wire_unit_t order = {.unit = 1,
                         .attempt = 1,
                         .first = self->first,
                         .last = self->last,
                         .is_first = true,
                         .is_last = true};
    memcpy (order.symbol, symbol->name, sizeof order.symbol);
    unit_t *unit = unit_new (&self->run, self->calendar, &order);
    for (size_t i = 0; i < symbol->file_count; i++) {
        const wire_reference_file_t *file = &symbol->files[i];
        give (unit, self->out, &times, file->content, (partition_t){FREQUENCY_1D, file->key},
              file->bytes);
    }
    unit_ready (unit, self->out, &times);
    const partition_t *wanted;
    uint32_t count = unit_needs (unit, &wanted);
    for (uint32_t i = 0; i < count; i++) {
        wire_bytes_t bytes =
            read_partition (self, symbol->name, wanted[i].frequency, wanted[i].key);
        give (unit, self->out, &times, WIRE_PARTITION, wanted[i], bytes);
        free ((char *) bytes.bytes);
    }
    assert_true (unit_is_done (unit));
    unit_destroy (&unit);
    collect (self, finds);
}

/* ---- live ---- */

/* Every candle arrives a minute after its start; of all symbols the one that arrives next. */
static listed_t *next_symbol (bench_t *self)
{
    listed_t *next = NULL;
    for (size_t i = 0; i < self->symbol_count; i++) {
        listed_t *symbol = &self->symbols[i];
        if (symbol->next < symbol->candles.count &&
            (!next || symbol->candles.rows[symbol->next].ts < next->candles.rows[next->next].ts)) {
            next = symbol;
        }
    }
    return next;
}

typedef struct {
    desk_t *desk;
    rows_t rows;
    uint64_t sequence[SHARD_COUNT];
    int64_t clock_ms;
} feed_t;

static void give_reference (bench_t *self, feed_t *feed, listed_t *symbol, day_t day)
{
    wire_object_t item = {.kind = WIRE_REFERENCE,
                          .reference = {.shard = shard_of (symbol->name),
                                        .generation = GENERATION,
                                        .day = day,
                                        .file_count = symbol->file_count,
                                        .files = symbol->files}};
    memcpy (item.reference.symbol, symbol->name, sizeof item.reference.symbol);
    assert_true (desk_take (feed->desk, &item, self->out));
    symbol->day = day;
}

/* The clock of every symbol's shard. */
static void give_clocks (bench_t *self, feed_t *feed, int64_t clock_ms, bool is_end)
{
    feed->clock_ms = clock_ms;
    for (size_t i = 0; i < self->symbol_count; i++) {
        unsigned shard = shard_of (self->symbols[i].name);
        wire_object_t item = {.kind = WIRE_CLOCK,
                              .clock = {.shard = shard,
                                        .generation = GENERATION,
                                        .sequence = ++feed->sequence[shard],
                                        .clock_ms = clock_ms,
                                        .is_end = is_end}};
        assert_true (desk_take (feed->desk, &item, self->out));
    }
}

static void give_candle (bench_t *self, feed_t *feed, listed_t *symbol)
{
    const candle_t *candle = &symbol->candles.rows[symbol->next++];
    int64_t arrival_ms = candle->ts * 1000 + MINUTE_MS;
    unsigned shard = shard_of (symbol->name);
    day_t day = exchange_day (candle->ts);
    if (arrival_ms > feed->clock_ms) {
        give_clocks (self, feed, arrival_ms, false);
    }
    if (day != symbol->day) {
        give_reference (self, feed, symbol, day);
    }
    rows_clear (&feed->rows);
    rows_add (&feed->rows, symbol->name, candle, arrival_ms);
    wire_object_t item = rows_item (&feed->rows, shard, GENERATION, ++feed->sequence[shard]);
    assert_true (desk_take (feed->desk, &item, self->out));
}

static void scan_live (bench_t *self, finds_t *finds)
{
    desk_rules_t rules = {.candle_timeout_ms = CANDLE_TIMEOUT, .day_timeout_ms = DAY_TIMEOUT};
    feed_t feed = {.desk = desk_new (&self->run, self->calendar, &rules)};
    size_t fed = 0;
    for (size_t i = 0; i < self->symbol_count; i++) {
        wire_object_t begin = {
            .kind = WIRE_BEGIN,
            .begin = {.shard = shard_of (self->symbols[i].name), .generation = GENERATION}};
        assert_true (desk_take (feed.desk, &begin, self->out));
    }
    for (listed_t *symbol = next_symbol (self); symbol; symbol = next_symbol (self)) {
        give_candle (self, &feed, symbol);
        fed++;
    }
    give_clocks (self, &feed, feed.clock_ms, true);
    desk_end_message (feed.desk, self->out);
    assert_int_equal (desk_counts (feed.desk)->candles, fed);
    assert_int_equal (desk_counts (feed.desk)->late, 0);
    assert_int_equal (desk_symbols (feed.desk), self->symbol_count);
    collect (self, finds);
    rows_free (&feed.rows);
    desk_destroy (&feed.desk);
}

static void check_market (const char *market, bool all_hits)
{
    bench_t bench;
    finds_t batch = {0}, live = {0};
    bench_open (&bench, market, all_hits);
    for (size_t i = 0; i < bench.symbol_count; i++) {
        scan_batch (&bench, &bench.symbols[i], &batch);
    }
    scan_live (&bench, &live);
    check_same (&bench, &batch, &live);
    bench_close (&bench);
}

/* Every hit of market a, its frequencies 1min, 3min, 5min and 1h. */
static void test_market_a (void **state)
{
    (void) state;
    check_market ("market-a", true);
}

/* Every hit of market b, up to 4h. */
static void test_market_b (void **state)
{
    (void) state;
    check_market ("market-b", true);
}

/* The first of each scan, symbol and day. */
static void test_first_hits (void **state)
{
    (void) state;
    check_market ("market-a", false);
    check_market ("market-b", false);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_market_a),
        cmocka_unit_test (test_market_b),
        cmocka_unit_test (test_first_hits),
    };
    if (exchange_init () != 0) {
        return 1;
    }
    return cmocka_run_group_tests (tests, NULL, NULL);
}
