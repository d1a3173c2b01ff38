/* The journal: what is committed outlives kill -9, what is not leaves no trace; rows, identities,
 * cursors and places over reopening; what it does when a disk is full or a file is damaged. */
#include "journal.h"

#include "check.h"

#include "log.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL  "small_cap_up,min_volume=1,min_gap=2,start_time=04:00,end_time=19:59"
#define SINCE  1700000000000
#define DAY    19500
#define MAX    1000 /* rows read at once */
#define CANNOT 77   /* a child's code: what it tests cannot be done here */

static const char *const all_sinks[] = {"csv:a", "csv:b"};

/* The run of all tests: two scans. */
static run_t *make_run (bool all_hits, const char *first, const char *second)
{
    char error[256];
    scan_t *scans = memory_new (2 * sizeof *scans);
    run_t *run = memory_new (sizeof *run);
    assert_int_equal (scan_parse (first, FREQUENCY_1MIN, &scans[0], error, sizeof error), 0);
    assert_int_equal (scan_parse (second, FREQUENCY_1MIN, &scans[1], error, sizeof error), 0);
    assert_int_equal (run_init (run, scans, 2, all_hits, error, sizeof error), 0);
    free (scans);
    return run;
}

typedef struct {
    char *directory;
    run_t *run;
    journal_t *journal;
    store_t store;
    journal_row_t rows[MAX];
    uint64_t last, skipped;
    const char *words; /* for a child: what it is to be told */
} bench_t;

static void open_it (bench_t *bench)
{
    bench->journal = journal_open ("state", bench->run, SINCE);
    assert_non_null (bench->journal);
    bench->store = journal_store (bench->journal);
}

static void reopen (bench_t *bench)
{
    journal_destroy (&bench->journal);
    assert_null (bench->journal);
    open_it (bench);
}

/* A directory of the test's own is the working directory. */
static int set_up (void **state)
{
    bench_t *bench = memory_new (sizeof *bench);
    bench->directory = directory_new ();
    bench->run = make_run (true, "a:" SMALL, "b:" SMALL ",min_price=5");
    *state = bench;
    return chdir (bench->directory);
}

static int tear_down (void **state)
{
    bench_t *bench = *state;
    journal_destroy (&bench->journal);
    int rc = chdir ("/");
    directory_destroy (&bench->directory);
    free (bench->run);
    free (bench);
    return rc;
}

/* ---- hits in, rows out ---- */

/* The `i`-th hit of a symbol; its values follow from it. */
static wire_live_hit_t make_hit (const bench_t *bench, const char *symbol, uint32_t scan, int i)
{
    wire_live_hit_t hit = {.arrival_ms = SINCE + i, .day = DAY + i / 390};
    snprintf (hit.symbol, sizeof hit.symbol, "%s", symbol);
    hit.hit = (hit_t){.scan = scan,
                      .ts = 1684800000 + 60 * (int64_t) i,
                      .candle = {1684800000 + 60 * (int64_t) i, i, i + 1.5, i - 0.1, i + 0.3, 1e6},
                      .value_count = bench->run->scans[scan].column_count};
    for (int k = 0; k < hit.hit.value_count; k++) {
        hit.hit.values[k] = k == i % 3 ? NAN : i + k / 7.0;
    }
    return hit;
}

static int put_hit (bench_t *bench, const char *symbol, uint32_t scan, int i)
{
    wire_live_hit_t hit = make_hit (bench, symbol, scan, i);
    return bench->store.hit (bench->store.handle, &hit);
}

static void begin (bench_t *bench)
{
    assert_int_equal (bench->store.begin (bench->store.handle), 0);
}

static void commit (bench_t *bench)
{
    assert_int_equal (bench->store.commit (bench->store.handle), 0);
}

/* Hits [first, first + count) of a symbol, by the first scan, in one transaction, synced. */
static void put_hits (bench_t *bench, const char *symbol, int first, int count)
{
    begin (bench);
    for (int i = first; i < first + count; i++) {
        assert_int_equal (put_hit (bench, symbol, 0, i), 1);
    }
    commit (bench);
    assert_int_equal (journal_sync (bench->journal), 0);
}

static long read_rows (bench_t *bench, uint64_t after, size_t max)
{
    return journal_read (bench->journal, after, bench->rows, max, &bench->last, &bench->skipped);
}

/* Is the row exactly what was put? */
static void check_row (const bench_t *bench, size_t i, uint64_t row, const wire_live_hit_t *hit)
{
    const journal_row_t *got = &bench->rows[i];
    assert_int_equal (got->row, row);
    assert_string_equal (got->symbol, hit->symbol);
    assert_int_equal (got->arrival_ms, hit->arrival_ms);
    assert_int_equal (got->hit.scan, hit->hit.scan);
    assert_int_equal (got->hit.ts, hit->hit.ts);
    assert_memory_equal (&got->hit.candle, &hit->hit.candle, sizeof (candle_t));
    assert_int_equal (got->hit.value_count, hit->hit.value_count);
    assert_memory_equal (got->hit.values, hit->hit.values,
                         (size_t) hit->hit.value_count * sizeof (double));
}

static void put_place (bench_t *bench, const char *symbol, day_t closed)
{
    wire_place_t place = {.closed = closed, .day = DAY_NONE, .floor = {SINCE, UINT64_MAX}};
    snprintf (place.symbol, sizeof place.symbol, "%s", symbol);
    snprintf (place.stream, sizeof place.stream, "candles_min_%s", symbol);
    begin (bench);
    assert_int_equal (bench->store.place (bench->store.handle, &place), 0);
    commit (bench);
}

/* ---- what the log said ---- */

/* From here on stderr goes to a file. */
static int redirect (void)
{
    int kept = dup (2), file = open ("stderr", O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
    assert_true (kept >= 0 && file >= 0 && dup2 (file, 2) == 2);
    close (file);
    return kept;
}

/* ... and back again; the lines, for free (). */
static char *restore (int kept)
{
    assert_int_equal (dup2 (kept, 2), 2);
    close (kept);
    char *text = file_read ("stderr", NULL);
    assert_non_null (text);
    return text;
}

/* Opening fails with one line that has `words` in it. */
static void check_refused (const run_t *run, const char *directory, const char *words)
{
    int kept = redirect ();
    journal_t *journal = journal_open (directory, run, SINCE);
    char *said = restore (kept);
    assert_null (journal);
    if (!strstr (said, words)) {
        fail_msg ("\"%s\" is not in: %s", words, said);
    }
    assert_ptr_equal (strchr (said, '\n'), said + strlen (said) - 1);
    free (said);
}

/* The code with which a child of ours ended: 0, when all of it went well. */
static int end_of (pid_t child)
{
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

/* Runs a test in a child, which cannot leave it by a failure. 0: it went well. */
static int in_child (bench_t *bench, CMUnitTestFunction test)
{
    fflush (stdout);
    pid_t child = fork ();
    if (child == 0) {
        const struct CMUnitTest tests[] = {{"in a child", test, NULL, NULL, bench}};
        int failed = cmocka_run_group_tests (tests, NULL, NULL);
        fflush (stdout);
        _exit (failed);
    }
    return end_of (child);
}

/* ---- tests ---- */

/* A new journal lies in a directory of its owner's alone, is empty, and has a number and a start of
 * its own, which it keeps. */
static void test_new (void **state)
{
    bench_t *bench = *state;
    struct stat info;
    commits_start_t start;
    open_it (bench);
    uint64_t id = journal_id (bench->journal);
    assert_true (id != 0);
    assert_int_equal (stat ("state", &info), 0);
    assert_int_equal (info.st_mode & 0777, 0700);
    assert_int_equal (journal_rows (bench->journal), 0);
    assert_int_equal (journal_synced (bench->journal), 0);
    assert_int_equal (journal_oldest (bench->journal), 1);
    assert_int_equal (read_rows (bench, 0, MAX), 0);
    journal_start (bench->journal, &start);
    assert_true (start.epoch == 0 && start.term_count == 0 && start.shards[255].claim == 0);
    assert_int_equal (start.shards[255].shard, 255);
    journal_destroy (&bench->journal);
    bench->journal = journal_open ("state", bench->run, SINCE + 1);
    assert_int_equal (journal_id (bench->journal), id);
    assert_int_equal (journal_since_ms (bench->journal), SINCE);
    journal_t *other = journal_open ("other", bench->run, SINCE + 2);
    assert_true (journal_id (other) != id);
    assert_int_equal (journal_since_ms (other), SINCE + 2);
    journal_destroy (&other);
}

/* A row is the hit that was put, to the bit (a value that is missing, the sign of 0), now and after
 * reopening; only synced rows are read, in their order, up to as many as there is room for. */
static void test_rows (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    wire_live_hit_t hits[3] = {make_hit (bench, "BRK.B", 1, 5), make_hit (bench, "A", 0, 3),
                               make_hit (bench, "A", 1, 3)};
    hits[1].hit.candle.volume = -0.0;
    hits[1].hit.values[1] = -0.0;
    hits[2].hit.ts = -86400;
    begin (bench);
    for (int i = 0; i < 3; i++) {
        assert_int_equal (bench->store.hit (bench->store.handle, &hits[i]), 1);
    }
    assert_int_equal (journal_rows (bench->journal), 0);
    commit (bench);
    assert_int_equal (journal_rows (bench->journal), 3);
    assert_int_equal (journal_synced (bench->journal), 0);
    assert_int_equal (read_rows (bench, 0, MAX), 0);
    assert_int_equal (bench->last, 0);
    assert_int_equal (journal_sync (bench->journal), 0);
    assert_int_equal (journal_synced (bench->journal), 3);
    for (int again = 0; again < 2; again++) {
        assert_int_equal (read_rows (bench, 0, 2), 2);
        assert_int_equal (bench->last, 2);
        check_row (bench, 0, 1, &hits[0]);
        check_row (bench, 1, 2, &hits[1]);
        assert_int_equal (read_rows (bench, 2, MAX), 1);
        check_row (bench, 0, 3, &hits[2]);
        assert_int_equal (bench->last, 3);
        assert_int_equal (read_rows (bench, 3, MAX), 0);
        assert_int_equal (read_rows (bench, UINT64_MAX, MAX), 0);
        assert_true (bench->last == UINT64_MAX);
        assert_int_equal (bench->skipped, 0);
        reopen (bench);
        assert_int_equal (journal_synced (bench->journal), 3);
    }
}

/* What is abandoned leaves no trace, in the file or in what is said. */
static void test_abandon (void **state)
{
    bench_t *bench = *state;
    commits_start_t start;
    open_it (bench);
    put_hits (bench, "A", 0, 3);
    begin (bench);
    assert_int_equal (put_hit (bench, "A", 0, 9), 1);
    assert_int_equal (bench->store.epoch (bench->store.handle, 7, 8), 0);
    assert_int_equal (bench->store.claim (bench->store.handle, 3, 8), 0);
    assert_int_equal (bench->store.shard (bench->store.handle, 3, (session_t){8, 1}, 5), 0);
    bench->store.abandon (bench->store.handle);
    for (int again = 0; again < 2; again++) {
        journal_start (bench->journal, &start);
        assert_true (start.epoch == 0 && start.shards[3].claim == 0);
        assert_int_equal (start.shards[3].sequence, 0);
        assert_int_equal (journal_rows (bench->journal), 3);
        reopen (bench);
    }
    put_hits (bench, "A", 9, 1);
    assert_int_equal (read_rows (bench, 3, MAX), 1);
}

/* A place, as it was handed on. */
typedef struct {
    size_t places, streams;
    wire_place_t place[4];
    wire_stream_place_t stream[4];
} places_t;

static void take_place (void *argument, const wire_place_t *place)
{
    places_t *places = argument;
    assert_true (places->places < 4);
    places->place[places->places++] = *place;
}

static void take_stream (void *argument, const wire_stream_place_t *stream)
{
    places_t *places = argument;
    assert_true (places->streams < 4);
    places->stream[places->streams++] = *stream;
}

/* Epoch, claims, generations, sequences, places of symbols and streams are there again, numbers of
 * all 64 bits too; the newest word on each stands. */
static void test_state (void **state)
{
    bench_t *bench = *state;
    const store_t *store = &bench->store;
    const session_t high = {UINT64_MAX, UINT64_MAX - 1};
    wire_place_t place = {.symbol = "A", .stream = "s", .closed = DAY_NONE, .day = DAY};
    wire_stream_place_t stream = {.stream = "s", .position = {UINT64_MAX, 1}};
    commits_start_t start;
    open_it (bench);
    for (uint64_t i = 0; i < 2; i++) {
        begin (bench);
        assert_int_equal (store->epoch (store->handle, UINT64_MAX - i, UINT64_MAX - 1 + i), 0);
        assert_int_equal (store->claim (store->handle, 255, UINT64_MAX - 1 + i), 0);
        assert_int_equal (store->shard (store->handle, 0, (session_t){1, 1}, 5 + i), 0);
        assert_int_equal (store->shard (store->handle, 255, high, UINT64_MAX), 0);
        place.floor = (entry_id_t){UINT64_MAX, i};
        assert_int_equal (store->place (store->handle, &place), 0);
        stream.position.sequence = i;
        assert_int_equal (store->stream (store->handle, &stream), 0);
        commit (bench);
        place.closed = DAY;
        place.day = DAY_NONE;
    }
    for (int again = 0; again < 2; again++) {
        places_t places = {0};
        journal_start (bench->journal, &start);
        assert_true (start.epoch == UINT64_MAX && start.term_count == 1);
        assert_true (start.terms[0].broker == UINT64_MAX - 1 && start.terms[0].epoch == UINT64_MAX);
        assert_true (start.shards[255].claim == UINT64_MAX && start.shards[0].claim == 0);
        assert_true (session_compare (start.shards[255].generation, high) == 0);
        assert_true (start.shards[255].sequence == UINT64_MAX && start.shards[0].sequence == 6);
        assert_int_equal (journal_places (bench->journal, take_place, take_stream, &places), 0);
        assert_true (places.places == 1 && places.streams == 1);
        assert_string_equal (places.place[0].symbol, "A");
        assert_string_equal (places.place[0].stream, "s");
        assert_true (places.place[0].closed == DAY && places.place[0].day == DAY_NONE);
        assert_true (places.place[0].floor.ms == UINT64_MAX && places.place[0].floor.sequence == 1);
        assert_true (places.stream[0].position.sequence == 1);
        reopen (bench);
    }
}

/* With all hits a hit is the same by scan, definition, symbol and ts; else by the date instead of the
 * ts, and the first stays. A journal that was written in one way is none of the other's repeats. */
static void test_identity (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    begin (bench);
    assert_int_equal (put_hit (bench, "A", 0, 1), 1);
    assert_int_equal (put_hit (bench, "A", 0, 1), 0);
    assert_int_equal (put_hit (bench, "A", 1, 1), 1);
    assert_int_equal (put_hit (bench, "B", 0, 1), 1);
    assert_int_equal (put_hit (bench, "A", 0, 2), 1);
    commit (bench);
    free (bench->run);
    bench->run = make_run (false, "a:" SMALL, "b:" SMALL ",min_price=5");
    reopen (bench);
    begin (bench);
    assert_int_equal (put_hit (bench, "A", 0, 2), 1);
    assert_int_equal (put_hit (bench, "A", 0, 1), 0);
    assert_int_equal (put_hit (bench, "A", 1, 3), 1);
    assert_int_equal (put_hit (bench, "B", 0, 4), 1);
    assert_int_equal (put_hit (bench, "A", 0, 390), 1);
    wire_live_hit_t midnight = make_hit (bench, "A", 0, 780);
    midnight.day = 1684800060 - 60 + 60; /* a date that is the number of a ts */
    assert_int_equal (bench->store.hit (bench->store.handle, &midnight), 1);
    commit (bench);
    assert_int_equal (journal_sync (bench->journal), 0);
    assert_int_equal (journal_rows (bench->journal), 9);
    assert_int_equal (read_rows (bench, 0, MAX), 9);
    wire_live_hit_t first = make_hit (bench, "A", 0, 2);
    check_row (bench, 4, 5, &first);
}

/* Rows of scans that the run has not, be it that only the definition is another, are passed over and
 * counted; `last` goes over them, so that a reader comes to the end. */
static void test_unknown_scans (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    put_hits (bench, "A", 0, 30);
    free (bench->run);
    bench->run = make_run (true, "c:" SMALL, "a:" SMALL ",min_price=7");
    reopen (bench);
    assert_int_equal (read_rows (bench, 0, 5), 0);
    assert_int_equal (bench->last, 30);
    assert_int_equal (bench->skipped, 30);
    put_hits (bench, "A", 0, 3);
    assert_int_equal (read_rows (bench, 25, 2), 2);
    assert_int_equal (bench->last, 32);
    assert_int_equal (bench->skipped, 35);
    wire_live_hit_t hit = make_hit (bench, "A", 0, 0);
    check_row (bench, 0, 31, &hit);
    free (bench->run);
    bench->run = make_run (true, "b:" SMALL, "a:" SMALL);
    reopen (bench);
    assert_int_equal (read_rows (bench, 0, MAX), 30);
    assert_int_equal (bench->rows[0].hit.scan, 1); /* the index in this run */
    assert_int_equal (bench->last, 33);
    assert_int_equal (bench->skipped, 38);
}

/* A cursor is a sink's own: none at first, then the row and the mark as last moved, also back, also
 * after reopening. */
static void test_cursors (void **state)
{
    bench_t *bench = *state;
    uint64_t row = 99;
    char mark[JOURNAL_MARK_MAX + 1] = "-", longest[JOURNAL_MARK_MAX + 1] = "";
    memset (longest, 'x', JOURNAL_MARK_MAX);
    open_it (bench);
    put_hits (bench, "A", 0, 7);
    assert_false (journal_cursor (bench->journal, "csv:a", &row, mark));
    assert_int_equal (journal_move_cursor (bench->journal, "csv:a", 7, "123"), 0);
    assert_int_equal (journal_move_cursor (bench->journal, "csv:it's", 2, longest), 0);
    assert_int_equal (journal_move_cursor (bench->journal, "csv:a", 5, "99"), 0);
    for (int again = 0; again < 2; again++) {
        assert_true (journal_cursor (bench->journal, "csv:a", &row, mark));
        assert_int_equal (row, 5);
        assert_string_equal (mark, "99");
        assert_true (journal_cursor (bench->journal, "csv:it's", &row, mark));
        assert_int_equal (row, 2);
        assert_string_equal (mark, longest);
        assert_false (journal_cursor (bench->journal, "csv:", &row, mark));
        reopen (bench);
    }
}

/* A hit is deleted only when its date is closed for its symbol, every sink has it, and it is old;
 * each of the three alone keeps it. Row numbers are never given again, also when all are gone. */
static void test_forget (void **state)
{
    bench_t *bench = *state;
    journal_t *journal;
    open_it (bench);
    journal = bench->journal;
    put_hits (bench, "A", 0, 400);  /* rows 1-390 of DAY, 391-400 of the day after */
    put_hits (bench, "B", 0, 10);   /* rows 401-410 */
    put_hits (bench, "A", 400, 10); /* rows 411-420, of the day after */
    put_place (bench, "B", DAY_NONE);
    put_place (bench, "A", DAY);
    const int64_t late = SINCE + 1000;
    assert_int_equal (journal_forget (journal, all_sinks, 2, late), 0);
    assert_int_equal (journal_oldest (journal), 1); /* no sink has any */
    journal_move_cursor (journal, "csv:a", 420, "");
    assert_int_equal (journal_forget (journal, all_sinks, 2, late), 0);
    assert_int_equal (journal_oldest (journal), 1);
    journal_move_cursor (journal, "csv:b", 100, "");
    assert_int_equal (journal_forget (journal, all_sinks, 2, SINCE + 50), 0);
    assert_int_equal (journal_oldest (journal), 51); /* row 51 arrived at SINCE + 50 */
    assert_int_equal (journal_forget (journal, all_sinks, 2, late), 0);
    assert_int_equal (journal_oldest (journal), 101);
    assert_int_equal (journal_forget (journal, all_sinks, 1, late), 0);
    assert_int_equal (journal_oldest (journal), 391); /* A's next day is open, B is */
    assert_int_equal (read_rows (bench, 0, MAX), 30);
    put_place (bench, "A", DAY + 1);
    put_place (bench, "B", DAY);
    assert_int_equal (journal_forget (journal, NULL, 0, late), 0);
    assert_int_equal (journal_oldest (journal), 421);
    assert_int_equal (read_rows (bench, 0, MAX), 0);
    assert_int_equal (bench->last, 420);
    assert_int_equal (journal_rows (journal), 420);
    reopen (bench);
    assert_int_equal (journal_rows (bench->journal), 420);
    put_hits (bench, "C", 0, 1);
    assert_int_equal (journal_rows (bench->journal), 421);
    assert_int_equal (read_rows (bench, 0, MAX), 1);
    assert_int_equal (bench->rows[0].row, 421);
}

/* One call deletes a bounded number; more calls delete the rest, whatever lies between. */
static void test_forget_in_slices (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    put_hits (bench, "B", 0, 60000);
    put_hits (bench, "A", 0, 12000);
    put_place (bench, "A", DAY + 1000);
    uint64_t least = UINT64_MAX;
    int calls = 0;
    for (; least > 60000; calls++) {
        assert_true (calls < 20);
        assert_int_equal (journal_forget (bench->journal, NULL, 0, INT64_MAX), 0);
        long left = 0;
        for (uint64_t after = 60000; after < journal_synced (bench->journal); after = bench->last) {
            left += read_rows (bench, after, MAX);
        }
        assert_true (left >= 12000 - 5000 * (calls + 1));
        least = left == 0 ? 60000 : UINT64_MAX;
    }
    assert_true (calls >= 3);
    assert_int_equal (journal_oldest (bench->journal), 1);
}

/* Transactions of ten hits and a sequence, as fast as can be; each is told when it is committed. */
static void write_until_killed (bench_t *bench, int out)
{
    open_it (bench);
    int done = (int) journal_rows (bench->journal) / 10;
    for (;; done++) {
        begin (bench);
        for (int i = 0; i < 10; i++) {
            put_hit (bench, "A", 0, 10 * done + i);
        }
        bench->store.shard (bench->store.handle, 3, (session_t){1, 1}, (uint64_t) done + 1);
        commit (bench);
        if (write (out, &done, sizeof done) != sizeof done) {
            _exit (1);
        }
    }
}

/* Whenever the process is killed: what was committed is there, a transaction is there whole or not at
 * all, and the numbers of rows have no holes. */
static void test_kill (void **state)
{
    bench_t *bench = *state;
    commits_start_t start;
    for (int life = 0; life < 8; life++) {
        int pipes[2], done = 0, wanted = life % 4 == 0 ? 0 : 37 * life;
        assert_int_equal (pipe (pipes), 0);
        pid_t child = fork ();
        if (child == 0) {
            close (pipes[0]);
            write_until_killed (bench, pipes[1]);
        }
        close (pipes[1]);
        for (int i = 0; i <= wanted; i++) {
            assert_int_equal (read (pipes[0], &done, sizeof done), sizeof done);
        }
        kill (child, SIGKILL);
        assert_int_equal (end_of (child), 128 + SIGKILL);
        while (read (pipes[0], &done, sizeof done) == sizeof done) {
        }
        close (pipes[0]);
        open_it (bench);
        journal_start (bench->journal, &start);
        uint64_t sequence = start.shards[3].sequence;
        assert_true (sequence == (uint64_t) done + 1 || sequence == (uint64_t) done + 2);
        assert_int_equal (journal_rows (bench->journal), 10 * sequence);
        assert_int_equal (journal_synced (bench->journal), 10 * sequence);
        uint64_t row = 0;
        while (row < journal_rows (bench->journal)) {
            long count = read_rows (bench, row, MAX);
            assert_true (count > 0);
            for (long i = 0; i < count; i++, row++) {
                wire_live_hit_t hit = make_hit (bench, "A", 0, (int) row);
                check_row (bench, (size_t) i, row + 1, &hit);
            }
        }
        journal_destroy (&bench->journal);
    }
}

/* A locked journal is waited for: who comes second gets it when the first ends, were it by kill -9. */
static void test_lock (void **state)
{
    bench_t *bench = *state;
    int ready[2], said[2];
    char byte = 0;
    assert_int_equal (pipe (ready), 0);
    assert_int_equal (pipe (said), 0);
    pid_t first = fork ();
    if (first == 0) {
        open_it (bench);
        put_hits (bench, "A", 0, 1);
        _exit (write (ready[1], &byte, 1) == 1 ? pause () : 1);
    }
    assert_int_equal (read (ready[0], &byte, 1), 1);
    pid_t second = fork ();
    if (second == 0) {
        dup2 (said[1], 2);
        journal_t *journal = journal_open ("./state", bench->run, SINCE);
        _exit (journal && journal_rows (journal) == 1 ? 0 : 1);
    }
    assert_int_equal (read (said[0], &byte, 1), 1); /* it says that it waits */
    kill (first, SIGKILL);
    assert_int_equal (end_of (first), 128 + SIGKILL);
    assert_int_equal (end_of (second), 0);
    for (int i = 0; i < 2; i++) {
        close (ready[i]);
        close (said[i]);
    }
}

static void wait_when_told (void **state)
{
    bench_t *bench = *state;
    sigset_t blocked;
    sigemptyset (&blocked);
    sigaddset (&blocked, SIGTERM);
    sigprocmask (SIG_BLOCK, &blocked, NULL);
    raise (SIGTERM);
    check_refused (bench->run, "state", "state is in use by another fastscanner");
}

/* Who waits for the lock and is told to end, by a signal that is blocked to be read elsewhere, ends. */
static void test_lock_told_to_end (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    assert_int_equal (in_child (bench, wait_when_told), 0);
}

/* ---- faults ---- */

/* Writes one transaction of `count` hits from the `first` on. */
static int try_hits (bench_t *bench, int first, int count)
{
    const store_t *store = &bench->store;
    int rc = store->begin (store->handle);
    for (int i = first; i < first + count && rc == 0; i++) {
        rc = put_hit (bench, "A", 0, i) < 0 ? -1 : 0;
    }
    rc = rc == 0 ? store->commit (store->handle) : rc;
    if (rc != 0) {
        store->abandon (store->handle);
    }
    return rc;
}

/* Fills the disk, as `limit` makes it, and then takes the limit away. */
static void check_full (bench_t *bench, const char *words, void (*limit) (bool on))
{
    open_it (bench);
    put_hits (bench, "A", 0, 100);
    limit (true);
    int kept = redirect (), first = 100;
    while (try_hits (bench, first, 500) == 0) {
        first += 500;
        assert_true (first < 100000);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal (try_hits (bench, first, 500), -1);
    }
    assert_int_equal (journal_rows (bench->journal), first);
    limit (false);
    assert_int_equal (try_hits (bench, first, 500), 0);
    assert_int_equal (journal_sync (bench->journal), 0);
    char *said = restore (kept);
    char *line = strstr (said, "cannot write state/journal: ");
    if (!line || !strstr (line, words) || strstr (line + 1, "cannot write") ||
        !strstr (line, "state/journal works again")) {
        fail_msg ("%s", said);
    }
    free (said);
    reopen (bench);
    assert_int_equal (journal_rows (bench->journal), first + 500);
    assert_int_equal (read_rows (bench, (uint64_t) first, MAX), 500);
    wire_live_hit_t hit = make_hit (bench, "A", 0, first + 499);
    check_row (bench, 499, (uint64_t) first + 500, &hit);
}

static void limit_file (bool on)
{
    struct rlimit limit;
    getrlimit (RLIMIT_FSIZE, &limit);
    limit.rlim_cur = on ? 400000 : limit.rlim_max;
    setrlimit (RLIMIT_FSIZE, &limit);
}

/* The file that fills what is left of the disk. */
static void limit_disk (bool on)
{
    char block[4096] = {0};
    if (!on) {
        unlink ("state/filler");
        return;
    }
    int fd = open ("state/filler", O_CREAT | O_WRONLY, 0600);
    while (write (fd, block, sizeof block) > 0) {
    }
    close (fd);
}

static void fill_file (void **state)
{
    signal (SIGXFSZ, SIG_IGN);
    check_full (*state, "", limit_file);
}

/* A file that cannot grow fails the transaction, which leaves no trace; it is said once, and again
 * when it works again; the same transaction then succeeds. */
static void test_file_limit (void **state)
{
    assert_int_equal (in_child (*state, fill_file), 0);
}

static void fill_disk (void **state)
{
    if (unshare (CLONE_NEWNS) != 0 || mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mkdir ("state", 0700) != 0 || mount ("none", "state", "tmpfs", 0, "size=16m") != 0) {
        _exit (CANNOT);
    }
    check_full (*state, "full", limit_disk);
}

/* The same on a disk that is full. */
static void test_full_disk (void **state)
{
    int code = in_child (*state, fill_disk);
    if (code == CANNOT) {
        skip ();
    }
    assert_int_equal (code, 0);
}

/* When the log is gone, or cannot be synced, a copy of it into the database makes rows durable. */
static void test_log_gone (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    put_hits (bench, "A", 0, 3);
    assert_int_equal (unlink ("state/journal-wal"), 0);
    put_hits (bench, "A", 3, 3);
    assert_int_equal (journal_synced (bench->journal), 6);
    put_hits (bench, "A", 6, 3);
    pid_t child = fork (); /* another reader sees what the database alone has */
    if (child == 0) {
        sqlite3 *db;
        sqlite3_stmt *count;
        sqlite3_open_v2 ("file:state/journal?immutable=1", &db,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
        sqlite3_prepare_v2 (db, "SELECT count(*) FROM hits", -1, &count, NULL);
        _exit (sqlite3_step (count) == SQLITE_ROW ? sqlite3_column_int (count, 0) : 99);
    }
    assert_int_equal (end_of (child), 9);
}

/* fdatasync fails so often yet. */
static atomic_int refusals;

/* In libc's place. */
int fdatasync (int fd)
{
    if (refusals > 0) {
        refusals--;
        errno = EIO;
        return -1;
    }
    return (int) syscall (SYS_fdatasync, fd);
}

static int wait_synced (bench_t *bench)
{
    struct pollfd item = {.fd = journal_sync_fd (bench->journal), .events = POLLIN};
    assert_int_equal (poll (&item, 1, 10000), 1);
    return journal_sync_end (bench->journal);
}

/* A sync that goes on beside the writing covers what was there when it began, and that is what sinks get. */
static void test_sync_beside (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    assert_int_equal (journal_sync (bench->journal), 0);
    assert_false (journal_sync_begin (bench->journal)); /* there is nothing */
    assert_int_equal (journal_sync_end (bench->journal), 1);
    for (uint64_t rows = 0; rows < 30; rows += 3) {
        begin (bench);
        assert_int_equal (put_hit (bench, "A", 0, (int) rows), 1);
        commit (bench);
        assert_int_equal (journal_synced (bench->journal), rows);
        assert_true (journal_sync_begin (bench->journal));
        assert_true (journal_is_syncing (bench->journal));
        begin (bench);
        assert_int_equal (put_hit (bench, "A", 0, (int) rows + 1), 1);
        commit (bench);
        assert_false (journal_sync_begin (bench->journal)); /* one at a time */
        assert_int_equal (wait_synced (bench), 0);
        assert_false (journal_is_syncing (bench->journal));
        assert_int_equal (journal_synced (bench->journal), rows + 1);
        assert_int_equal (read_rows (bench, rows, MAX), 1);
        begin (bench);
        assert_int_equal (put_hit (bench, "A", 0, (int) rows + 2), 1);
        commit (bench);
        assert_true (journal_sync_begin (bench->journal));
        assert_int_equal (journal_sync (bench->journal),
                          0); /* waits for it, and there is no more */
        assert_int_equal (journal_synced (bench->journal), rows + 3);
    }
}

/* A disk that refused is not believed when it says yes a second time: what it had to write is copied. */
static void test_sync_beside_fails (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    put_hits (bench, "A", 0, 3);
    begin (bench);
    assert_int_equal (put_hit (bench, "A", 0, 3), 1);
    commit (bench);
    refusals = 1;
    assert_true (journal_sync_begin (bench->journal));
    assert_int_equal (wait_synced (bench), -1);
    assert_int_equal (refusals, 0);
    assert_int_equal (journal_synced (bench->journal), 3);
    assert_false (journal_sync_begin (bench->journal));
    assert_int_equal (journal_sync (bench->journal), 0);
    assert_int_equal (journal_synced (bench->journal), 4);
    struct stat info;
    assert_int_equal (stat ("state/journal-wal", &info), 0);
    assert_int_equal (info.st_size, 0); /* it was copied, and begins anew */
    begin (bench);
    assert_int_equal (put_hit (bench, "A", 0, 4), 1);
    commit (bench);
    assert_true (journal_sync_begin (bench->journal)); /* and is believed again */
    assert_int_equal (wait_synced (bench), 0);
    assert_int_equal (journal_synced (bench->journal), 5);
}

/* The log does not grow with the run. */
static void test_log_is_bounded (void **state)
{
    bench_t *bench = *state;
    struct stat info;
    open_it (bench);
    for (int i = 0; i < 60; i++) {
        put_hits (bench, "A", 1000 * i, 1000);
        assert_int_equal (stat ("state/journal-wal", &info), 0);
        assert_true (info.st_size < 6 << 20);
    }
    assert_int_equal (stat ("state/journal", &info), 0);
    assert_true (info.st_size > 8 << 20);
}

static void execute (const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal (sqlite3_open (path, &db), SQLITE_OK);
    assert_int_equal (sqlite3_exec (db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close (db);
}

/* What is not ours, of a newer version, or nowhere is refused in one line that says what to do, and
 * is left as it was. */
static void test_refused (void **state)
{
    bench_t *bench = *state;
    size_t size;
    assert_int_equal (mkdir ("text", 0700), 0);
    file_write ("text/journal",
                "scan,symbol,datetime\nthis is a file of another kind, of the user's");
    check_refused (bench->run, "text", "text/journal is not a journal of fastscanner: choose");
    char *text = file_read ("text/journal", &size);
    assert_memory_equal (text, "scan,", 5);
    free (text);
    assert_int_equal (mkdir ("base", 0700), 0);
    execute ("base/journal", "CREATE TABLE hits (x); INSERT INTO hits VALUES (1)");
    char *before = file_read ("base/journal", &size);
    check_refused (bench->run, "base", "base/journal is not a journal of fastscanner: choose");
    text = file_read ("base/journal", NULL);
    assert_memory_equal (text, before, size);
    free (text);
    free (before);
    open_it (bench);
    journal_destroy (&bench->journal);
    execute ("state/journal", "UPDATE meta SET version = 3");
    check_refused (bench->run, "state", "state/journal was written by a newer fastscanner: use");
    check_refused (bench->run, "no/state", "cannot make the directory no/state: No such file");
    check_refused (bench->run, "text/journal", "cannot open text/journal/journal.lock: Not a dir");
    assert_int_equal (mkdir ("folder", 0700), 0);
    assert_int_equal (mkdir ("folder/journal", 0700), 0);
    check_refused (bench->run, "folder", "cannot open folder/journal: ");
}

/* A journal that version 1 wrote, whose shards were all of its one broker, is made ours and keeps what it has. */
static void test_version_1 (void **state)
{
    bench_t *bench = *state;
    const store_t *store = &bench->store;
    commits_start_t start;
    open_it (bench);
    begin (bench);
    assert_int_equal (store->epoch (store->handle, 77, 5), 0);
    assert_int_equal (store->claim (store->handle, 3, 5), 0);
    commit (bench);
    journal_destroy (&bench->journal);
    execute ("state/journal", "DROP TABLE terms; UPDATE meta SET version = 1");
    open_it (bench);
    journal_start (bench->journal, &start);
    assert_true (start.epoch == 5 && start.term_count == 1 && start.shards[3].claim == 5);
    assert_true (start.terms[0].broker == 77 && start.terms[0].epoch == 5);
    begin (bench);
    assert_int_equal (store->epoch (store->handle, 78, 6), 0);
    assert_int_equal (store->claim (store->handle, 4, 6), 0);
    commit (bench);
    reopen (bench);
    journal_start (bench->journal, &start);
    assert_int_equal (start.term_count, 2);
}

/* Of terms those are kept by which a shard is claimed. */
static void test_terms (void **state)
{
    bench_t *bench = *state;
    const store_t *store = &bench->store;
    commits_start_t start;
    open_it (bench);
    for (uint64_t i = 0; i < 600; i++) { /* more than there are shards */
        begin (bench);
        assert_int_equal (store->epoch (store->handle, 100 + i, 1 + i), 0);
        assert_int_equal (store->claim (store->handle, (uint32_t) (i % 3), 1 + i), 0);
        commit (bench);
    }
    for (int again = 0; again < 2; again++) {
        journal_start (bench->journal, &start);
        assert_int_equal (start.epoch, 600);
        assert_int_equal (start.term_count, 3);
        for (uint64_t i = 0; i < 3; i++) {
            assert_true (start.terms[i].epoch == 598 + i && start.terms[i].broker == 697 + i);
            assert_int_equal (start.shards[(597 + i) % 3].claim, 598 + i);
        }
        reopen (bench);
    }
}

/* Several brokers may get their terms in one transaction: a claim comes behind all of them. */
static void test_terms_together (void **state)
{
    bench_t *bench = *state;
    const store_t *store = &bench->store;
    commits_start_t start;
    open_it (bench);
    for (uint64_t round = 0; round < 3; round++) { /* each round replaces all of the one before */
        begin (bench);
        for (uint64_t i = 0; i < SHARD_COUNT; i++) {
            uint64_t epoch = 1 + round * SHARD_COUNT + i;
            assert_int_equal (store->epoch (store->handle, 1000 + epoch, epoch), 0);
        }
        for (uint32_t i = 0; i < SHARD_COUNT; i++) {
            assert_int_equal (store->claim (store->handle, i, 1 + round * SHARD_COUNT + i), 0);
        }
        commit (bench);
        for (int again = 0; again < 2; again++) {
            journal_start (bench->journal, &start);
            assert_int_equal (start.term_count, SHARD_COUNT);
            for (uint64_t i = 0; i < SHARD_COUNT; i++) {
                assert_int_equal (start.terms[i].epoch, 1 + round * SHARD_COUNT + i);
                assert_int_equal (start.terms[i].broker, 1000 + start.terms[i].epoch);
            }
            reopen (bench);
        }
    }
}

static void open_as_nobody (void **state)
{
    bench_t *bench = *state;
    if (geteuid () == 0 && setuid (65534) != 0) {
        _exit (CANNOT);
    }
    check_refused (bench->run, "state", bench->words);
}

/* So is what we may not write. */
static void test_permissions (void **state)
{
    bench_t *bench = *state;
    open_it (bench);
    journal_destroy (&bench->journal);
    assert_int_equal (chmod (".", 0777), 0);
    assert_int_equal (chmod ("state", 0777), 0);
    assert_int_equal (chmod ("state/journal.lock", 0666), 0);
    assert_int_equal (chmod ("state/journal", 0444), 0);
    bench->words = "check whose it is and its permissions";
    int code = in_child (bench, open_as_nobody);
    if (code == CANNOT) {
        skip ();
    }
    assert_int_equal (code, 0);
    assert_int_equal (chmod ("state/journal.lock", 0444), 0);
    bench->words = "cannot open state/journal.lock: Permission denied";
    assert_int_equal (in_child (bench, open_as_nobody), 0);
}

/* ---- damage ---- */

static void pass_place (void *argument, const wire_place_t *place)
{
    *(size_t *) argument += strlen (place->symbol) + strlen (place->stream);
}

static void pass_stream (void *argument, const wire_stream_place_t *stream)
{
    *(size_t *) argument += strlen (stream->stream);
}

/* Everything that is ever done with a journal; true when something was refused. */
static bool use (bench_t *bench)
{
    size_t characters = 0;
    uint64_t after = 0;
    long count = 1;
    bench->journal = journal_open ("state", bench->run, SINCE);
    if (!bench->journal) {
        return true;
    }
    bench->store = journal_store (bench->journal);
    bool bad = journal_places (bench->journal, pass_place, pass_stream, &characters) != 0;
    for (int i = 0; i < 100 && count > 0; i++, after = bench->last) {
        count = read_rows (bench, after, MAX);
        for (long k = 0; k < count; k++) {
            assert_true (strlen (bench->rows[k].symbol) <= SYMBOL_MAX);
            assert_true (bench->rows[k].hit.scan < bench->run->scan_count);
        }
    }
    bad = bad || count < 0;
    bad = try_hits (bench, 5000, 50) != 0 || bad;
    bad = journal_move_cursor (bench->journal, "csv:b", 5, "x") != 0 || bad;
    bad = journal_forget (bench->journal, NULL, 0, INT64_MAX) != 0 || bad;
    journal_oldest (bench->journal);
    journal_destroy (&bench->journal);
    return bad;
}

static void write_file (const char *path, const char *bytes, size_t size)
{
    int fd = open (path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, bytes, size), size);
    close (fd);
}

/* A journal with all that it can have; its bytes. */
static char *make_full (bench_t *bench, size_t *size)
{
    open_it (bench);
    put_hits (bench, "A", 0, 1500);
    put_hits (bench, "B", 0, 100);
    put_place (bench, "A", DAY + 1);
    put_place (bench, "B", DAY);
    begin (bench);
    bench->store.shard (bench->store.handle, 3, (session_t){1, 1}, 7);
    bench->store.stream (bench->store.handle, &(wire_stream_place_t){"s", {1, 2}});
    commit (bench);
    journal_move_cursor (bench->journal, "csv:a", 5, "mark");
    journal_destroy (&bench->journal);
    char *bytes = file_read ("state/journal", size);
    assert_non_null (bytes);
    return bytes;
}

/* Random bytes anywhere in the file, or a file that ends early, give errors and never a crash. */
static void test_damage (void **state)
{
    bench_t *bench = *state;
    size_t size;
    char *bytes = make_full (bench, &size), *copy = memory_new (size);
    uint64_t random = 88172645463325252u;
    int refused = 0, kept = redirect ();
    for (int round = 0; round < 150; round++) {
        memcpy (copy, bytes, size);
        size_t length = size;
        for (int i = 0; i < 1 + 40 * (round % 5); i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            /* every other time where a page's own numbers are */
            size_t at = random % size;
            at = round % 2 == 0 ? at : at / 4096 * 4096 + at % 24;
            copy[at < 32 ? 40 : at] = (char) (random >> 40);
        }
        if (round % 10 == 9) {
            length = random % size;
        }
        unlink ("state/journal-wal");
        write_file ("state/journal", copy, length);
        refused += use (bench);
    }
    free (restore (kept));
    assert_true (refused > 50);
    free (bytes);
    free (copy);
}

/* Values that are well stored but none of ours are refused too. */
static void test_wrong_values (void **state)
{
    bench_t *bench = *state;
    static const char *const changes[] = {
        "UPDATE hits SET candle = x'00' WHERE row = 7",
        "UPDATE hits SET cells = NULL WHERE row = 7",
        "UPDATE hits SET symbol = 'a b' WHERE row = 7",
        "UPDATE hits SET symbol = NULL WHERE row = 7",
        "UPDATE hits SET symbol = printf ('%.100c', 'A') WHERE row = 7",
        "UPDATE hits SET row = 5000 WHERE row = 7",
        "UPDATE symbols SET symbol = '' WHERE symbol = 'A'",
        "UPDATE symbols SET stream = printf ('%.200c', 'A') WHERE symbol = 'A'",
        "UPDATE symbols SET closed = 1000000000000",
        "UPDATE symbols SET day = closed",
        "UPDATE streams SET stream = printf ('%.200c', 'A')",
        "UPDATE shards SET shard = 256",
        "UPDATE shards SET epoch = 0",
        "UPDATE sinks SET row = -1",
        "UPDATE sinks SET mark = printf ('%.300c', 'A')",
        "DELETE FROM meta",
        "DROP TABLE hits",
        "UPDATE meta SET rows = 5",
        "ALTER TABLE hits RENAME COLUMN cells TO x",
    };
    size_t size;
    char *bytes = make_full (bench, &size);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_file ("state/journal", bytes, size);
        execute ("state/journal", changes[i]);
        int kept = redirect ();
        bool bad = use (bench);
        char *said = restore (kept);
        if (!bad || said[0] == '\0') {
            fail_msg ("%s", changes[i]);
        }
        free (said);
    }
    free (bytes);
}

/* ---- under commits ---- */

/* Message by message through commits: a new life goes on with what the journal has. */
static void test_with_commits (void **state)
{
    bench_t *bench = *state;
    commits_start_t start;
    wire_live_collector_t said = {0};
    for (int life = 0; life < 3; life++) {
        open_it (bench);
        journal_start (bench->journal, &start);
        commits_t *commits = commits_new (bench->run, &bench->store, &start);
        commits_greet (commits, 70 + (uint64_t) life, 0, (cell_t){0});
        buffer_t message = {0};
        const session_t session = {1 + (uint64_t) life, 1};
        wire_put_link (&message, &(wire_link_t){.worker = 1, .session = session, .n = 1});
        for (int i = 0; i < 10; i++) {
            wire_live_hit_t hit = make_hit (bench, "A", 1, i + life);
            hit.shard = 3;
            hit.generation = session;
            wire_put_live_hit (&message, &hit);
        }
        wire_put_progress (&message, &(wire_progress_t){3, session, 10, 0, 0});
        assert_true (commits_take (commits, message.bytes, message.size));
        assert_int_equal (commits_write (commits), 0);
        said = (wire_live_collector_t){0};
        commits_state (commits, 70 + (uint64_t) life, (cell_t){0}, &said);
        assert_int_equal (said.epoch, life + 1);
        assert_int_equal (said.hits, life == 0 ? 10 : 1);
        assert_int_equal (said.repeats, life == 0 ? 0 : 9);
        assert_int_equal (said.shards[3].generation.epoch, life + 1);
        /* an epoch is not said before it would survive a power cut */
        assert_int_equal (journal_synced (bench->journal), 10 + life);
        buffer_free (&message);
        commits_destroy (&commits);
        journal_destroy (&bench->journal);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_new),
        TEST (test_rows),
        TEST (test_abandon),
        TEST (test_state),
        TEST (test_identity),
        TEST (test_unknown_scans),
        TEST (test_cursors),
        TEST (test_forget),
        TEST (test_forget_in_slices),
        TEST (test_kill),
        TEST (test_lock),
        TEST (test_lock_told_to_end),
        TEST (test_file_limit),
        TEST (test_full_disk),
        TEST (test_log_gone),
        TEST (test_sync_beside),
        TEST (test_sync_beside_fails),
        TEST (test_log_is_bounded),
        TEST (test_version_1),
        TEST (test_terms),
        TEST (test_terms_together),
        TEST (test_refused),
        TEST (test_permissions),
        TEST (test_damage),
        TEST (test_wrong_values),
        TEST (test_with_commits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
