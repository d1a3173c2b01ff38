/* What a load test says: figures from facts, where each kind of loss and doubling is to be seen; the table and the
 * JSON that are made of them. */
#include "load_report.h"

#include "check.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 10, SENT = 1000 };

typedef struct {
    load_run_t *run;
    load_figures_t figures;
} bench_t;

/* A run of 1 s in which all went well: 10 candles before it, 1,000 in it. */
static int open_bench (void **state)
{
    bench_t *self = memory_new (sizeof *self);
    load_run_t *run = self->run = memory_new (sizeof *run);
    run->begun = run->prefix = run->own_scan = run->journal_counted = true;
    run->count = COUNT;
    run->rate = run->planned = run->sent = SENT;
    run->seconds = 1;
    run->streams = 3;
    run->live.config.workers = 2;
    run->sent_us = 999000;
    run->market = load_market_new (1, COUNT, 20);
    run->minute = 1000; /* so far that some hit */
    uint64_t hits = load_market_hits (run->market, run->minute, 0);
    assert_true (hits > 1);
    run->journal_rows = run->journal_distinct = run->end.hits = hits;
    run->begin.at.us = 5000000;
    run->end.at.us = 6000000;
    run->begin.flow = (flow_stats_t){.candles = COUNT, .rewinds = 256, .sent_bytes = 700};
    run->end.flow = run->begin.flow;
    run->end.flow.candles = run->end.flow.passed = run->end.flow.committed = COUNT + SENT;
    run->end.flow.sent_bytes += 64000;
    run->end.ages.candles = COUNT + SENT;
    run->end.ages.taken = 5000;
    histogram_record (&run->end.ages.commit, 100, SENT);
    histogram_record (&run->end.ages.hit, 90, 3);
    run->end.even = true;
    run->begin.worker_count = run->end.worker_count = 2;
    run->begin.workers = memory_new (2 * sizeof *run->begin.workers);
    run->end.workers = memory_new (2 * sizeof *run->end.workers);
    for (uint64_t w = 0; w < 2; w++) {
        run->begin.workers[w] = (live_process_t){4 + w, 1000, 100};
        run->end.workers[w] = (live_process_t){505, 251000, 5000000};
    }
    run->end.broker = (live_process_t){0, 400000, 20000000};
    run->end.collector = (live_process_t){0, 100000, 10000000};
    *state = self;
    return 0;
}

static int close_bench (void **state)
{
    bench_t *self = *state;
    load_figures_free (&self->figures);
    load_run_free (self->run);
    free (self->run);
    free (self);
    return 0;
}

static const load_figures_t *find (bench_t *self)
{
    load_figures_free (&self->figures);
    load_figures_find (&self->figures, self->run);
    return &self->figures;
}

/* A run in which all went well says so. */
static void test_good (void **state)
{
    bench_t *self = *state;
    const load_figures_t *figures = find (self);
    assert_true (load_figures_are_good (figures));
    assert_int_equal (figures->warm, COUNT);
    assert_int_equal (figures->sent, SENT);
    assert_int_equal (figures->scanned, SENT);
    assert_int_equal (figures->committed, SENT);
    assert_int_equal (figures->lost + figures->doubled + figures->again, 0);
    assert_true (figures->expects && figures->hits_expected == self->run->journal_rows);
    assert_true (figures->seconds > 0.999 && figures->seconds < 1.001);
    assert_int_equal (figures->process_count, 4);
    assert_string_equal (figures->processes[2].name, "worker-1");
    assert_int_equal (figures->processes[2].cpu_us, 250000);
    assert_int_equal (figures->processes[2].candles, 500);
    assert_int_equal (figures->stages[1].bytes, 64000);
}

#define CHECK(change, member, value)                                                               \
    do {                                                                                           \
        self->run->change;                                                                         \
        const load_figures_t *figures = find (self);                                               \
        assert_int_equal (figures->member, value);                                                 \
        assert_false (load_figures_are_good (figures));                                            \
    } while (0)

/* Lost: candles that did not count; that went out and are not in the journal; that never went out. */
static void test_lost_candles (void **state)
{
    bench_t *self = *state;
    CHECK (end.flow.candles -= 3, lost, 3);
    self->run->end.flow.candles += 3;
    CHECK (end.flow.committed -= 2, lost, 2);
    CHECK (end.ages.candles -= 5, lost, 5); /* the 2 among them */
    self->run->end.flow.rewinds++;          /* what was committed in all says nothing any more */
    self->run->end.ages.candles += 500;
    assert_int_equal (find (self)->lost, 2);
}

/* Doubled: more in the journal than went out; or more than was sent, when no shard began anew. What is scanned
 * again after a shard did is no fault. */
static void test_doubled_candles (void **state)
{
    bench_t *self = *state;
    CHECK (end.ages.candles += 4, doubled, 4);
    self->run->end.flow.rewinds++;
    self->run->end.workers[0].candles += 40;
    assert_int_equal (find (self)->doubled, 0);
    assert_int_equal (self->figures.again, 40);
    assert_true (load_figures_are_good (&self->figures));
    CHECK (end.flow.committed += 6, doubled, 6);
}

/* A worker that came when the test had begun counts from nothing. */
static void test_a_worker_that_came_later (void **state)
{
    bench_t *self = *state;
    load_run_t *run = self->run;
    live_process_t *one = memory_new (sizeof *one); /* with nothing behind it */
    *one = run->begin.workers[0];
    free (run->begin.workers);
    run->begin.workers = one;
    run->begin.worker_count = 1;
    find (self);
    const load_process_t *last = &self->figures.processes[self->figures.process_count - 2];
    assert_string_equal (last->name, "worker-1");
    assert_int_equal (last->candles, 505);
    assert_int_equal (last->cpu_us, 251000);
}

/* Of the last that a worker scanned before it was killed the journal alone knows. */
static void test_a_worker_that_died (void **state)
{
    bench_t *self = *state;
    self->run->end.workers[0].candles -= 40;
    assert_int_equal (find (self)->scanned, SENT - 40); /* nobody died: it is shown */
    self->run->end.lives++;
    self->run->end.flow.rewinds++;
    assert_int_equal (find (self)->scanned, SENT);
    assert_int_equal (self->figures.again, 0);
    self->run->end.ages.candles += 25;
    assert_int_equal (find (self)->scanned, SENT + 25);
    assert_int_equal (self->figures.again, 25);
    assert_true (load_figures_are_good (&self->figures));
}

/* Hits: one that is missing, one that nobody expected, one twice; of other scans what the collector had
 * written. */
static void test_hits (void **state)
{
    bench_t *self = *state;
    uint64_t hits = self->run->journal_rows;
    CHECK (journal_rows = self->run->journal_distinct = hits - 1, hits_lost, 1);
    CHECK (journal_rows = self->run->journal_distinct = hits + 2, hits_repeated, 2);
    self->run->journal_distinct = hits;
    CHECK (journal_rows = hits + 1, hits_repeated, 1);
    self->run->own_scan = false;
    CHECK (end.hits = hits + 3, hits_lost, 3);
    assert_false (self->figures.expects);
    CHECK (journal_counted = false, hits_lost, 0);
}

/* A run that did not come to its end is not good, whatever it counted. */
static void test_not_even (void **state)
{
    bench_t *self = *state;
    CHECK (end.even = false, lost, 0);
}

/* The JSON is JSON, with null where there is no number; the table fits, and says what the JSON says. */
static void test_reports (void **state)
{
    bench_t *self = *state;
    buffer_t table = {0}, text = {0};
    const char *scan = LOAD_SCAN;
    assert_int_equal (job_take_scans (&self->run->live.job, &scan, 1, FREQUENCY_1MIN, true), 0);
    load_report_table (&table, self->run, find (self));
    load_report_json (&text, self->run, &self->figures);
    json_t *json = json_loadb (text.bytes, text.size, 0, NULL);
    assert_non_null (json);
    json_int_t sent =
        json_integer_value (json_object_get (json_object_get (json, "candles"), "sent"));
    assert_int_equal (sent, SENT);
    buffer_append (&table, "", 1);
    assert_non_null (strstr (table.bytes, "sent 1,000, scanned 1,000, committed 1,000"));
    assert_non_null (strstr (table.bytes, "lost 0, doubled 0"));
    for (const char *at = table.bytes; *at; at += strcspn (at, "\n") + 1) {
        assert_in_range (strcspn (at, "\n"), 1 - (*at == '\n'), 80);
    }
    json_decref (json);
    buffer_free (&table);
    buffer_free (&text);
    self->run->own_scan = false;
    self->run->rate = self->run->planned = 0;
    self->run->url = "unix:///s";
    load_report_json (&text, self->run, find (self));
    json = json_loadb (text.bytes, text.size, 0, NULL);
    assert_non_null (json);
    assert_true (json_is_null (json_object_get (json_object_get (json, "hits"), "expected")));
    assert_true (json_is_null (json_object_get (json_object_get (json, "candles"), "planned")));
    assert_int_equal (json_array_size (json_object_get (json, "processes")), 5);
    json_decref (json);
    buffer_free (&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_bench, close_bench)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_good),
        TEST (test_lost_candles),
        TEST (test_doubled_candles),
        TEST (test_a_worker_that_died),
        TEST (test_a_worker_that_came_later),
        TEST (test_hits),
        TEST (test_not_even),
        TEST (test_reports),
    };
    return exchange_init () ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}
