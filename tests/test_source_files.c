/* Replay of candle files, with a flow that writes down what it is told. */
#include "check.h"

#include "log.h"
#include "market.h"
#include "minute_window.h"
#include "source.h"
#include "spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STREAMS_MAX 8

/* ---- a flow ---- */

struct flow {
    uint32_t count;
    char names[STREAMS_MAX][48];
    entry_id_t positions[STREAMS_MAX];
    int64_t clocks[STREAMS_MAX];
    entry_id_t known; /* of every new stream; {0, 0}: none */
    uint32_t refused; /* streams more than this are refused */
    const char *only; /* the one symbol that it wants; NULL: all */
    long room;        /* entries that it still takes */
    buffer_t entries; /* "A 2023-03-13 09:30|" of each */
    flow_read_t read;
    bool asks; /* `read` is to be answered */
    int ends, fails;
    buffer_t again;
};

long flow_add_stream (flow_t *self, const char *name, const char *symbol, entry_id_t begin)
{
    assert_string_equal (name + strlen ("file:"), symbol);
    if (self->count == self->refused) {
        return -1;
    }
    snprintf (self->names[self->count], sizeof self->names[0], "%s", name);
    self->positions[self->count] = self->known.ms ? self->known : begin;
    return self->count++;
}

bool flow_wants (const flow_t *self, const char *symbol)
{
    return !self->only || strcmp (symbol, self->only) == 0;
}

uint32_t flow_stream_count (const flow_t *self)
{
    return self->count;
}

entry_id_t flow_position (const flow_t *self, uint32_t stream)
{
    return self->positions[stream];
}

static void note (buffer_t *text, entry_id_t id, const char *symbol, const candle_t *candle)
{
    char time[26];
    assert_int_equal (id.ms, (candle->ts + 60) * 1000);
    assert_int_equal (id.sequence, 0);
    buffer_printf (text, "%s %.16s|", symbol, exchange_format (candle->ts, time));
}

void flow_entry (flow_t *self, uint32_t stream, entry_id_t id, const char *symbol,
                 const candle_t *candle)
{
    assert_true (entry_id_compare (id, self->positions[stream]) > 0);
    assert_true ((int64_t) id.ms >= self->clocks[stream]);
    assert_string_equal (self->names[stream] + strlen ("file:"), symbol);
    assert_false (self->asks && self->read.holds);
    self->positions[stream] = id;
    self->room--;
    note (&self->entries, id, symbol, candle);
}

void flow_stamp (flow_t *self, int64_t stamp_us)
{
    (void) self;
    assert_true (stamp_us > 0 && stamp_us <= wall_now_us ());
}

void flow_clock (flow_t *self, uint32_t stream, int64_t clock_ms)
{
    assert_true (clock_ms >= self->clocks[stream]);
    self->clocks[stream] = clock_ms;
}

bool flow_has_room (const flow_t *self)
{
    return self->room > 0;
}

const flow_read_t *flow_next_read (flow_t *self)
{
    return self->asks ? &self->read : NULL;
}

void flow_again (flow_t *self, const flow_read_t *read, uint32_t k, entry_id_t id,
                 const char *symbol, const candle_t *candle)
{
    assert_ptr_equal (read, &self->read);
    assert_true (entry_id_compare (id, read->after[k]) > 0);
    note (&self->again, id, symbol, candle);
}

void flow_again_end (flow_t *self, const flow_read_t *read)
{
    assert_ptr_equal (read, &self->read);
    self->asks = false;
    self->ends++;
}

void flow_again_fail (flow_t *self, const flow_read_t *read)
{
    assert_ptr_equal (read, &self->read);
    self->asks = false;
    self->fails++;
}

/* ---- the test's directory ---- */

typedef struct {
    char *directory;
    market_t *market;
    flow_t flow;
    source_t source;
    mono_t now;
} fixture_t;

static void make (const char *path)
{
    assert_int_equal (mkdir (path, 0777), 0);
}

static int set_up (void **state)
{
    fixture_t *self = memory_new (sizeof *self);
    *state = self;
    self->directory = directory_new ();
    self->flow.room = 1000000;
    self->flow.refused = STREAMS_MAX;
    self->now = (mono_t){1000000};
    int rc = chdir (self->directory);
    make ("data");
    make ("data/candles");
    return rc;
}

static void close_source (fixture_t *self)
{
    if (self->source.kind) {
        self->source.kind->destroy (self->source.self);
        self->source.kind = NULL;
    }
}

static int tear_down (void **state)
{
    fixture_t *self = *state;
    int rc = chdir ("/");
    close_source (self);
    market_destroy (&self->market);
    buffer_free (&self->flow.entries);
    buffer_free (&self->flow.again);
    directory_destroy (&self->directory);
    free (self);
    return rc;
}

/* A week of a symbol: "13 09:30|14 10:00", days and times of March 2023 in New York, summer time. */
static void write_week (const char *symbol, const char *week, const char *times)
{
    char path[96];
    buffer_t text = {0};
    snprintf (path, sizeof path, "data/candles/%s", symbol);
    mkdir (path, 0777);
    strcat (path, "/1min");
    mkdir (path, 0777);
    snprintf (path, sizeof path, "data/candles/%s/1min/%s.csv", symbol, week);
    buffer_printf (&text, "datetime,open,high,low,close,volume\n");
    for (const char *at = times; *at; at += strcspn (at, "|") + (strchr (at, '|') != NULL)) {
        int day, hour, minute;
        if (sscanf (at, "%d %d:%d", &day, &hour, &minute) == 3) {
            int utc = hour + 4;
            buffer_printf (&text, "2023-03-%02d %02d:%02d:00,1,2,1,2,%d\n", day + utc / 24,
                           utc % 24, minute, minute);
        } else {
            buffer_printf (&text, "%.*s\n", (int) strcspn (at, "|"), at);
        }
    }
    buffer_append (&text, "", 1);
    file_write (path, text.bytes);
    buffer_free (&text);
}

#define FIRST  "2023-03-13"
#define SECOND "2023-03-20"

static void open_days (fixture_t *self, int from, int to, double speed)
{
    char error[128] = "";
    self->market = market_open (".", NULL);
    source_files_config_t config = {.market = self->market,
                                    .from = day_from (2023, 3, from),
                                    .to = day_from (2023, 3, to),
                                    .speed = speed};
    assert_int_equal (source_files_open (&self->source, &self->flow, &config, error, sizeof error),
                      0);
    assert_int_equal (self->source.kind->poll (self->source.self, NULL), 0);
}

static bool turn (fixture_t *self)
{
    return self->source.kind->turn (self->source.self, false, self->now);
}

/* Turns until there is nothing to do now. */
static void turns (fixture_t *self)
{
    while (turn (self)) {
    }
}

static bool is_over (const fixture_t *self)
{
    return self->source.kind->is_over (self->source.self);
}

static source_counts_t counts (const fixture_t *self)
{
    source_counts_t found;
    self->source.kind->counts (self->source.self, &found);
    return found;
}

/* What was written down since the last look; the month is left out. */
static void check_text (buffer_t *text, const char *expected)
{
    buffer_t found = {0};
    buffer_append (text, "", 1);
    for (const char *at = text->bytes; *at; at++) {
        if (strncmp (at, "2023-03-", 8) == 0) {
            at += 8;
        }
        buffer_append (&found, at, 1);
    }
    buffer_append (&found, "", 1);
    assert_string_equal (found.bytes, expected);
    text->size = 0;
    buffer_free (&found);
}

static void check_entries (fixture_t *self, const char *expected)
{
    check_text (&self->flow.entries, expected);
}

/* ---- as fast as it goes ---- */

/* All candles of the range come, week by week, symbol by symbol, sorted and each once; at the end every
 * stream's clock is the range's end. */
static void test_max (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:31|13 09:30|13 09:31|15 10:00|17 19:59|18 12:00");
    write_week ("A", SECOND, "20 09:30|22 09:30");
    write_week ("B", FIRST, "14 23:59|15 00:00");
    write_week ("B", SECOND, "");
    write_week ("C", "2023-03-06", "10 09:30");
    open_days (self, 13, 21, 0);
    turns (self);
    assert_true (is_over (self));
    check_entries (self, "A 13 09:30|A 13 09:31|A 15 10:00|A 17 19:59|A 18 12:00|B 14 23:59|"
                         "B 15 00:00|A 20 09:30|");
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal (self->flow.clocks[i], exchange_midnight (day_from (2023, 3, 22)) * 1000);
    }
    assert_int_equal (counts (self).entries, 8);
    assert_int_equal (counts (self).rejected, 0);
    assert_true (counts (self).caught_up && counts (self).bytes > 0);
    assert_int_equal (self->source.kind->due_ms (self->source.self, self->now), -1);
}

/* Days before the range, and after it, are left out, in the middle of a week. */
static void test_range (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 23:59|14 00:00|15 23:59|16 00:00");
    open_days (self, 14, 15, 0);
    turns (self);
    check_entries (self, "A 14 00:00|A 15 23:59|");
}

/* Files of symbols that are another broker's, or not asked for, are not read. */
static void test_unwanted (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|nonsense");
    write_week ("B", FIRST, "13 09:31");
    write_week ("C", FIRST, "13 09:30|nonsense");
    self->flow.only = "B";
    open_days (self, 13, 14, 0);
    turns (self);
    check_entries (self, "B 13 09:31|");
    source_counts_t counts;
    self->source.kind->counts (self->source.self, &counts);
    assert_true (counts.rejected == 0 && counts.refused_streams == 0);
    assert_int_equal (self->flow.count, 1);
}

/* Bad rows and files are counted once, those of the range, and the rest goes on. */
static void test_rejected (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|nonsense|2023-03-13 13:31:00,1,2,3,2,5|13 09:32");
    write_week ("B", FIRST, "");
    file_write ("data/candles/B/1min/2023-03-13.csv", "datetime,open\n");
    write_week ("C", FIRST, "");
    assert_int_equal (unlink ("data/candles/C/1min/2023-03-13.csv"), 0);
    make ("data/candles/C/1min/2023-03-13.csv");
    write_week ("D", FIRST, "2023-03-12 23:30:00,1,2,1,2,5|13 09:30");
    open_days (self, 13, 14, 0);
    turns (self);
    check_entries (self, "A 13 09:30|A 13 09:32|D 13 09:30|");
    assert_int_equal (counts (self).rejected, 4); /* D's row is of a day outside the range */
}

/* Without room nothing is passed on, and it asks to be called soon. */
static void test_room (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|13 09:31");
    self->flow.room = 0;
    open_days (self, 13, 13, 0);
    turns (self);
    check_entries (self, "");
    assert_false (is_over (self));
    assert_in_range (self->source.kind->due_ms (self->source.self, self->now), 1, 100);
    self->flow.room = 100;
    turns (self);
    check_entries (self, "A 13 09:30|A 13 09:31|");
}

static entry_id_t id_of (int day, int hour, int minute)
{
    int64_t ts = exchange_ts (day_from (2023, 3, day), hour * 60 + minute);
    return (entry_id_t){(uint64_t) (ts + 60) * 1000, 0};
}

/* It goes on where the flow is, which may be in the range or before it. */
static void test_position (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|14 09:30|14 09:31|15 09:30");
    write_week ("A", SECOND, "20 09:30");
    self->flow.known = id_of (14, 9, 30);
    open_days (self, 20, 20, 0);
    turns (self);
    check_entries (self, "A 14 09:31|A 15 09:30|A 20 09:30|");
    close_source (self);
    market_destroy (&self->market);
    self->flow.count = 0;
    memset (self->flow.clocks, 0, sizeof self->flow.clocks);
    open_days (self, 13, 20, 1000000);
    turns (self);
    self->now.us += 1000000;
    turns (self);
    self->now.us += 1000000;
    turns (self);
    check_entries (self, "A 14 09:31|A 15 09:30|A 20 09:30|");
    assert_true (is_over (self));
}

/* A stream that the flow refuses is left out, and counted. */
static void test_refused (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30");
    write_week ("B", FIRST, "13 09:30");
    self->flow.refused = 1;
    open_days (self, 13, 13, 0);
    turns (self);
    check_entries (self, "A 13 09:30|");
    assert_int_equal (counts (self).refused_streams, 1);
}

/* A market without symbols, and symbols without files, are over at once; a range that ends before it
 * begins is an error. */
static void test_nothing (void **state)
{
    fixture_t *self = *state;
    const double speeds[] = {0, 60};
    for (size_t i = 0; i < 2; i++) {
        open_days (self, 13, 13, speeds[i]);
        turns (self);
        assert_true (is_over (self));
        close_source (self);
        market_destroy (&self->market);
    }
    make ("data/candles/A");
    for (size_t i = 0; i < 2; i++) {
        open_days (self, 13, 13, speeds[i]);
        turns (self);
        assert_true (is_over (self));
        close_source (self);
        market_destroy (&self->market);
    }
    char error[64] = "";
    source_files_config_t config = {.from = 2, .to = 1};
    assert_int_equal (source_files_open (&self->source, &self->flow, &config, error, sizeof error),
                      -1);
    assert_true (error[0] != '\0');
}

/* Told to stop it passes nothing on. */
static void test_stop (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30");
    open_days (self, 13, 13, 0);
    assert_false (self->source.kind->turn (self->source.self, true, self->now));
    check_entries (self, "");
    assert_false (is_over (self));
}

/* ---- by the clock ---- */

static void pass_ms (fixture_t *self, int64_t ms)
{
    self->now.us += ms * 1000;
    turns (self);
}

/* At 60x a candle comes when the replay's clock gets to its arrival: a minute each second, in the order
 * of time over all symbols; a night is skipped. */
static void test_timed (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|13 09:31|13 09:33|14 09:30");
    write_week ("B", FIRST, "13 09:31|13 09:33");
    write_week ("B", SECOND, "20 09:30");
    open_days (self, 13, 20, 60);
    turns (self);
    check_entries (self, "A 13 09:30|");
    assert_int_equal (self->flow.clocks[1], id_of (13, 9, 30).ms); /* nothing of B came before */
    assert_in_range (self->source.kind->due_ms (self->source.self, self->now), 1, 1000);
    pass_ms (self, 990);
    check_entries (self, "");
    assert_in_range (self->flow.clocks[1], id_of (13, 9, 30).ms + 50000, id_of (13, 9, 31).ms - 1);
    pass_ms (self, 10);
    check_entries (self, "A 13 09:31|B 13 09:31|");
    pass_ms (self, 1000);
    check_entries (self, "");
    pass_ms (self, 1000);
    check_entries (self, "A 13 09:33|B 13 09:33|A 14 09:30|B 20 09:30|");
    assert_true (is_over (self));
    assert_int_equal (self->flow.clocks[0], exchange_midnight (day_from (2023, 3, 21)) * 1000);
}

/* Candles that are due and find no room come when there is some; how late they are is told. */
static void test_late (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|13 09:31|13 09:32|13 09:33");
    self->flow.room = 1;
    open_days (self, 13, 13, 60);
    turns (self);
    pass_ms (self, 3000);
    check_entries (self, "A 13 09:30|");
    assert_int_equal (counts (self).lag_ms, 120000);
    self->flow.room = 10;
    turns (self);
    check_entries (self, "A 13 09:31|A 13 09:32|A 13 09:33|");
    assert_int_equal (counts (self).lag_ms, 0);
}

/* Rejected rows are counted once, though files are read once for every window. */
static void test_rejected_once (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 04:00|nonsense|14 12:00|16 09:30|17 19:59");
    open_days (self, 13, 17, 1e6);
    for (int i = 0; i < 10; i++) {
        pass_ms (self, 1000);
    }
    assert_true (is_over (self));
    check_entries (self, "A 13 04:00|A 14 12:00|A 16 09:30|A 17 19:59|");
    assert_int_equal (counts (self).rejected, 1);
}

/* ---- reading again ---- */

static void ask (fixture_t *self, uint32_t stream, entry_id_t after)
{
    flow_read_t *read = &self->flow.read;
    if (!self->flow.asks) {
        *read = (flow_read_t){.entries = 100};
    }
    read->streams[read->count] = stream;
    read->after[read->count++] = after;
    self->flow.asks = true;
}

static void check_again (fixture_t *self, const char *expected)
{
    check_text (&self->flow.again, expected);
}

/* What is asked for comes from behind the entry on, over weeks, up to where the main reader is, at most
 * so many of each stream. */
static void test_again (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|13 09:31|15 10:00");
    write_week ("A", SECOND, "20 09:30|20 09:31");
    write_week ("B", FIRST, "14 09:30");
    open_days (self, 13, 20, 0);
    turns (self);
    assert_true (is_over (self));
    ask (self, 0, id_of (13, 9, 30));
    ask (self, 1, (entry_id_t){0});
    turns (self);
    check_again (self, "A 13 09:31|A 15 10:00|A 20 09:30|A 20 09:31|B 14 09:30|");
    assert_int_equal (self->flow.ends, 1);
    ask (self, 0, (entry_id_t){id_of (13, 9, 30).ms - 1, UINT64_MAX});
    self->flow.read.entries = 2;
    turns (self);
    check_again (self, "A 13 09:30|A 13 09:31|");
    ask (self, 1, id_of (14, 9, 30));
    ask (self, 0, id_of (20, 9, 31));
    ask (self, 0, (entry_id_t){UINT64_MAX, 0});
    turns (self);
    check_again (self, "");
    assert_int_equal (self->flow.ends, 3);
}

/* Entries that the main reader has not passed on are not given; it goes on when the request is
 * answered, and not before when it is to hold. Told to stop, it still reads again. */
static void test_again_first (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|13 09:31|13 09:32");
    open_days (self, 13, 13, 60);
    turns (self);
    pass_ms (self, 1000);
    check_entries (self, "A 13 09:30|A 13 09:31|");
    ask (self, 0, (entry_id_t){0});
    self->flow.read.holds = true;
    pass_ms (self, 1000);
    check_again (self, "A 13 09:30|A 13 09:31|");
    check_entries (self, "A 13 09:32|");
    ask (self, 0, id_of (13, 9, 31));
    while (self->source.kind->turn (self->source.self, true, self->now)) {
    }
    check_again (self, "A 13 09:32|");
}

/* A file that was passed on and is gone is the end: the day cannot be made again. */
static void test_vanished (void **state)
{
    fixture_t *self = *state;
    write_week ("A", FIRST, "13 09:30|13 09:31");
    open_days (self, 13, 13, 0);
    turns (self);
    assert_int_equal (unlink ("data/candles/A/1min/" FIRST ".csv"), 0);
    ask (self, 0, (entry_id_t){0});
    turns (self);
    assert_true (self->source.kind->failed (self->source.self));
    assert_int_equal (self->flow.fails, 1);
    assert_int_equal (self->flow.ends, 0);
}

/* ---- windows ---- */

/* A window gives its rows by time, and in each minute in the order of putting; it is used again. */
static void test_window (void **state)
{
    (void) state;
    minute_window_t window;
    minute_window_init (&window, 3, 4);
    const minute_row_t *row;
    for (int64_t start = 600; start <= 1200; start += 600) {
        minute_window_begin (&window, start);
        assert_int_equal (minute_window_end (&window), start + 240);
        for (uint32_t symbol = 0; symbol < 3; symbol++) {
            for (int64_t ts = start + 60 * symbol; ts < start + 240; ts += 60) {
                minute_window_put (&window, symbol, &(candle_t){.ts = ts});
            }
        }
        const uint32_t expected[] = {0, 0, 1, 0, 1, 2, 0, 1, 2};
        for (size_t i = 0; i < 9; i++) {
            row = minute_window_next (&window);
            assert_non_null (row);
            assert_int_equal (row->symbol, expected[i]);
            assert_int_equal (row->candle.ts, start + 60 * (i < 1 ? 0 : i < 3 ? 1 : i < 6 ? 2 : 3));
            minute_window_drop (&window);
        }
        assert_null (minute_window_next (&window));
    }
    minute_window_free (&window);
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
    log_init ("test_source_files", LOG_ERROR, LOG_TEXT);
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_max),           TEST (test_range),
        TEST (test_rejected),      TEST (test_room),
        TEST (test_position),      TEST (test_refused),
        TEST (test_nothing),       TEST (test_stop),
        TEST (test_timed),         TEST (test_late),
        TEST (test_again),         TEST (test_again_first),
        TEST (test_unwanted),      TEST (test_vanished),
        TEST (test_rejected_once), cmocka_unit_test (test_window),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
