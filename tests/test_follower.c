/* Sinks that follow the journal: each row once, whatever is killed when; and what they say and do when
 * a file, a disk or a reader is not as it should be. */
#include "check.h"

#include "followed.h"
#include "log.h"
#include "memory.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- faults: the linker puts these between our code and the C library ---- */

static struct {
    int calls_left;  /* of the calls below; the last of them kills the process; 0 = none does */
    size_t disk;     /* bytes that the disk still has room for */
    bool full;       /* a disk is looked after */
    uint64_t writes; /* that were cut by it */
} faults;

ssize_t __real_write (int fd, const void *bytes, size_t size);
ssize_t __wrap_write (int fd, const void *bytes, size_t size);
int __real_fsync (int fd);
int __wrap_fsync (int fd);
int __real_ftruncate (int fd, off_t length);
int __wrap_ftruncate (int fd, off_t length);
int __real_sqlite3_exec (sqlite3 *db, const char *sql, int (*call) (void *, int, char **, char **),
                         void *argument, char **error);
int __wrap_sqlite3_exec (sqlite3 *db, const char *sql, int (*call) (void *, int, char **, char **),
                         void *argument, char **error);
int __real_journal_move_cursor (journal_t *journal, const char *sink, uint64_t row,
                                const char *mark);
int __wrap_journal_move_cursor (journal_t *journal, const char *sink, uint64_t row,
                                const char *mark);

static bool is_the_end (void)
{
    return faults.calls_left > 0 && --faults.calls_left == 0;
}

ssize_t __wrap_write (int fd, const void *bytes, size_t size)
{
    if (is_the_end ()) {
        (void) !__real_write (fd, bytes, size / 2);
        kill (getpid (), SIGKILL);
    }
    if (!faults.full || fd <= STDERR_FILENO) {
        return __real_write (fd, bytes, size);
    }
    size_t fits = size < faults.disk ? size : faults.disk;
    faults.disk -= fits;
    faults.writes += fits < size;
    errno = ENOSPC;
    return fits > 0 ? __real_write (fd, bytes, fits) : -1;
}

int __wrap_fsync (int fd)
{
    if (is_the_end ()) {
        kill (getpid (), SIGKILL);
    }
    return __real_fsync (fd);
}

int __wrap_ftruncate (int fd, off_t length)
{
    if (is_the_end ()) {
        kill (getpid (), SIGKILL);
    }
    return __real_ftruncate (fd, length);
}

int __wrap_sqlite3_exec (sqlite3 *db, const char *sql, int (*call) (void *, int, char **, char **),
                         void *argument, char **error)
{
    if (is_the_end ()) {
        kill (getpid (), SIGKILL);
    }
    return __real_sqlite3_exec (db, sql, call, argument, error);
}

int __wrap_journal_move_cursor (journal_t *journal, const char *sink, uint64_t row,
                                const char *mark)
{
    if (is_the_end ()) {
        kill (getpid (), SIGKILL);
    }
    return __real_journal_move_cursor (journal, sink, row, mark);
}

/* ---- what files have in them ---- */

static void assert_same_file (const char *path, const char *expected)
{
    char *a = file_read (path, NULL), *b = file_read (expected, NULL);
    assert_non_null (a);
    assert_non_null (b);
    assert_string_equal (a, b);
    free (a);
    free (b);
}

static size_t size_of (const char *path)
{
    struct stat there;
    assert_int_equal (stat (path, &there), 0);
    return (size_t) there.st_size;
}

static void append (const char *path, const char *text)
{
    FILE *file = fopen (path, "a");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

/* The first value of a query's answer, as text; the caller frees it. */
static char *query (const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal (sqlite3_step (statement), SQLITE_ROW);
    char *text = memory_text ((const char *) sqlite3_column_text (statement, 0));
    sqlite3_finalize (statement);
    sqlite3_close (db);
    return text;
}

static void assert_rows (const char *path, uint64_t rows)
{
    char *count = query (path, "SELECT count(*) FROM hits"), expected[24];
    snprintf (expected, sizeof expected, "%llu", (unsigned long long) rows);
    assert_string_equal (count, expected);
    free (count);
}

static void assert_refused (followed_t *self, const char *text, const char *why)
{
    bool usage = false;
    followed_listen (self);
    follower_t *follower = follower_open (self->journal, text, &self->config, &usage);
    char *log = followed_log (self);
    assert_null (follower);
    assert_true (usage);
    if (!strstr (log, why)) {
        fail_msg ("'%s' does not say '%s'", log, why);
    }
    free (log);
}

/* ---- files ---- */

/* csv and jsonl of a live run have the bytes that a batch's have, however the hits came. */
static void test_same_as_batch (void **state)
{
    followed_t *self = *state;
    follower_t *csv = followed_open (self, "csv:hits.csv");
    follower_t *jsonl = followed_open (self, "jsonl:hits.jsonl");
    for (size_t i = 0; i < 5; i++) {
        followed_put (self, 1 + 300 * i);
        followed_wait (self, csv);
    }
    followed_wait (self, jsonl);
    follower_destroy (&csv);
    follower_destroy (&jsonl);
    followed_expect (self, "csv:expected.csv");
    followed_expect (self, "jsonl:expected.jsonl");
    assert_same_file ("hits.csv", "expected.csv");
    assert_same_file ("hits.jsonl", "expected.jsonl");
    assert_int_not_equal (access ("hits.csv.part", F_OK), 0);
}

/* A new csv has its header before the first hit, and a state that says how far it is. */
static void test_header_and_state (void **state)
{
    followed_t *self = *state;
    wire_sink_state_t sink;
    follower_t *csv = followed_open (self, "csv:hits.csv");
    followed_expect (self, "csv:header.csv");
    assert_same_file ("hits.csv", "header.csv");
    assert_true (follower_is_even (csv));
    followed_put (self, 700);
    follower_state (csv, &sink);
    assert_string_equal (sink.name, "csv:hits.csv");
    assert_int_equal (sink.behind, 700);
    assert_false (sink.failing);
    assert_true (follower_step (csv, self->now_ms)); /* one stretch, and there is more */
    follower_state (csv, &sink);
    assert_int_equal (sink.behind, 700 - FOLLOWER_ROWS);
    followed_wait (self, csv);
    assert_false (follower_step (csv, self->now_ms));
    assert_int_equal (follower_due_ms (csv, self->now_ms), -1);
    follower_destroy (&csv);
}

/* Follows until all is written; is killed in the `call`-th of the calls that change something. True when
 * it came to the end. */
static bool follow_and_die (followed_t *self, const char *text, int call)
{
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        bool usage;
        signal (SIGALRM, SIG_DFL);
        alarm (60);

        journal_t *journal = journal_open ("state", self->run, 1);
        faults.calls_left = call;
        follower_t *follower =
            journal ? follower_open (journal, text, &self->config, &usage) : NULL;
        while (follower && !follower_is_even (follower)) {
            follower_step (follower, self->now_ms);
        }
        _exit (follower ? 0 : 1);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    if (WIFEXITED (status)) {
        assert_int_equal (WEXITSTATUS (status), 0);
        return true;
    }
    assert_int_equal (WTERMSIG (status), SIGKILL);
    return false;
}

/* Kills a fresh sink at its every step in turn; the next life completes it. Returns how many steps. */
static int kill_at_every_step (followed_t *self, const char *kind, const char *ending)
{
    for (int call = 1;; call++) {
        char *text = memory_format ("%s:hits-%d%s", kind, call, ending);
        const char *path = strchr (text, ':') + 1;
        bool whole = follow_and_die (self, text, call);
        if (!whole) {
            assert_true (follow_and_die (self, text, 0));
        }
        if (strcmp (kind, "sqlite") == 0) {
            assert_rows (path, self->hits);
        } else {
            char *expected = memory_format ("expected%s", ending);
            assert_same_file (path, expected);
            free (expected);
        }
        free (text);
        if (whole) {
            return call - 1;
        }
    }
}

/* Killed anywhere, in the middle of a row too, the next life makes the file what it should be: no row
 * twice, none missing, and it never stands before a file that it does not know. */
static void test_killed_at_every_step (void **state)
{
    followed_t *self = *state;
    followed_put (self, 1100);
    followed_expect (self, "csv:expected.csv");
    followed_expect (self, "jsonl:expected.jsonl");
    journal_destroy (&self->journal);
    assert_true (kill_at_every_step (self, "csv", ".csv") >= 15);
    assert_true (kill_at_every_step (self, "jsonl", ".jsonl") >= 13);
    assert_true (kill_at_every_step (self, "sqlite", ".db") >= 10);
}

/* Killed twice and more often, each life a bit further than the one before. */
static void test_killed_again_and_again (void **state)
{
    followed_t *self = *state;
    followed_put (self, 1100);
    followed_expect (self, "csv:expected.csv");
    journal_destroy (&self->journal);
    for (int call = 1; !follow_and_die (self, "csv:hits.csv", call); call++) {
    }
    assert_same_file ("hits.csv", "expected.csv");
}

/* What lies behind the cursor, as after a kill between writing and the cursor, is cut off and said. */
static void test_longer (void **state)
{
    followed_t *self = *state;
    followed_put (self, 10);
    followed_write (self, "csv:hits.csv");
    append ("hits.csv", "down,S0,2023-0");
    followed_listen (self);
    followed_put (self, 5);
    followed_write (self, "csv:hits.csv");
    char *log = followed_log (self);
    assert_int_equal (followed_count (log, "hits.csv: its last 14 bytes"), 1);
    free (log);
    followed_expect (self, "csv:expected.csv");
    assert_same_file ("hits.csv", "expected.csv");
}

/* A file shorter than its cursor, and one that is gone, gets every row that is kept, and that is said. */
static void test_shorter (void **state)
{
    followed_t *self = *state;
    static const char *const texts[] = {"csv:hits.csv", "jsonl:hits.jsonl"};
    followed_put (self, 10);
    followed_expect (self, "csv:expected.csv");
    followed_expect (self, "jsonl:expected.jsonl");
    for (size_t i = 0; i < 6; i++) {
        const char *text = texts[i % 2], *path = strchr (text, ':') + 1;
        followed_write (self, text);
        if (i / 2 == 0) {
            assert_int_equal (truncate (path, (off_t) size_of (path) - 1), 0);
        } else if (i / 2 == 1) {
            assert_int_equal (truncate (path, 0), 0);
        } else {
            assert_int_equal (unlink (path), 0);
        }
        followed_listen (self);
        followed_write (self, text);
        char *log = followed_log (self);
        assert_int_equal (followed_count (log, "has less than its cursor says"), 1);
        free (log);
        assert_same_file (path, i % 2 ? "expected.jsonl" : "expected.csv");
    }
}

/* An sqlite file that is gone is filled again; one that lost nothing goes on. */
static void test_sqlite_shorter (void **state)
{
    followed_t *self = *state;
    followed_put (self, 10);
    followed_write (self, "sqlite:hits.db");
    followed_put (self, 10);
    followed_write (self, "sqlite:hits.db");
    assert_rows ("hits.db", 20);
    assert_int_equal (unlink ("hits.db"), 0);
    followed_listen (self);
    followed_write (self, "sqlite:hits.db");
    char *log = followed_log (self);
    assert_int_equal (followed_count (log, "hits.db has less than its cursor says"), 1);
    free (log);
    assert_rows ("hits.db", 20);
}

/* What the journal does not know is not touched: the user must choose. */
static void test_foreign (void **state)
{
    followed_t *self = *state;
    followed_put (self, 3);
    file_write ("mine.csv", "a,b\n1,2\n");
    file_write ("mine.jsonl", "{}\n");
    file_write ("mine.db", "this is no database, and it is long enough to be seen as none at all");
    assert_refused (self, "csv:mine.csv", "choose another path, or the --state that belongs to it");
    assert_refused (self, "jsonl:mine.jsonl", "not of this --state");
    assert_refused (self, "sqlite:mine.db", "is not an SQLite database");
    char *text = file_read ("mine.csv", NULL);
    assert_string_equal (text, "a,b\n1,2\n");
    free (text);
}

/* Our file, written by a batch or by a run of another --state, is as foreign. */
static void test_foreign_of_ours (void **state)
{
    followed_t *self = *state;
    followed_put (self, 3);
    followed_expect (self, "csv:hits.csv");
    assert_refused (self, "csv:hits.csv", "not of this --state");
}

/* A csv whose first line is not that of this run's columns is refused: the scans were changed, or
 * another file lies there, even where it is shorter than its cursor. */
static void test_other_columns (void **state)
{
    followed_t *self = *state;
    followed_put (self, 3);
    followed_write (self, "csv:hits.csv");
    static const char *const one[] = {
        "atr_gap_up,min_atr_multiplier=1,min_volume=1,min_adv=1,min_adr=0,start_time=09:30,"
        "end_time=16:00"};
    char *before = file_read ("hits.csv", NULL);
    followed_reopen (self, followed_run (one, 1, true));
    assert_refused (self, "csv:hits.csv", "does not name the columns of this run");
    char *after = file_read ("hits.csv", NULL);
    assert_string_equal (before, after);
    free (before);
    free (after);
    file_write ("hits.csv", "x\n");
    assert_refused (self, "csv:hits.csv", "does not name the columns of this run");
}

/* A file for each scan, each with its own cursor: one that is gone is filled again, the other not. */
static void test_file_per_scan (void **state)
{
    followed_t *self = *state;
    followed_put (self, 1100);
    follower_t *csv = followed_open (self, "csv:hits-{scan}.csv");
    assert_string_equal (strrchr (follower_cursor (csv, 0), '/'), "/hits-down.csv");
    assert_string_equal (strrchr (follower_cursor (csv, 1), '/'), "/hits-caps.csv");
    assert_null (follower_cursor (csv, 2));
    followed_wait (self, csv);
    follower_destroy (&csv);
    followed_expect (self, "csv:expected-{scan}.csv");
    assert_same_file ("hits-down.csv", "expected-down.csv");
    assert_same_file ("hits-caps.csv", "expected-caps.csv");
    assert_int_equal (unlink ("hits-caps.csv"), 0);
    followed_listen (self);
    followed_write (self, "csv:hits-{scan}.csv");
    char *log = followed_log (self);
    assert_int_equal (followed_count (log, "has less than its cursor says"), 1);
    free (log);
    assert_same_file ("hits-down.csv", "expected-down.csv");
    assert_same_file ("hits-caps.csv", "expected-caps.csv");
}

/* A file keeps its cursor however its path is written. */
static void test_one_file_two_names (void **state)
{
    followed_t *self = *state;
    followed_put (self, 3);
    followed_write (self, "csv:hits.csv");
    followed_put (self, 3);
    char *text = memory_format ("csv:%s//hits.csv", self->directory);
    followed_write (self, text);
    free (text);
    followed_expect (self, "csv:expected.csv");
    assert_same_file ("hits.csv", "expected.csv");
}

/* Rows of scans that the run has not are passed over, and their number is said once. */
static void test_unknown_scans (void **state)
{
    followed_t *self = *state;
    followed_put (self, 1000);
    char text[SCAN_TEXT_MAX];
    scan_format (&self->run->scans[0], text);
    followed_reopen (self, followed_run ((const char *const[]){text}, 1, true));
    followed_listen (self);
    follower_t *jsonl = followed_open (self, "jsonl:hits.jsonl");
    followed_wait (self, jsonl);
    followed_step (self, jsonl, 1);
    followed_step (self, jsonl, 1);
    char *log = followed_log (self), *lines = file_read ("hits.jsonl", NULL);
    assert_int_equal (followed_count (log, "500 hits in the journal are of scans"), 1);
    assert_int_equal (followed_count (log, "passed over"), 1);
    assert_int_equal (followed_count (lines, "\n"), 500);
    free (log);
    free (lines);
    follower_destroy (&jsonl);
}

/* ---- failing ---- */

/* A full disk: half a row does not stay, one line says it, and when there is room again all comes, and
 * that is said. Another sink does not notice. */
static void test_full_disk (void **state)
{
    followed_t *self = *state;
    followed_put (self, 10);
    follower_t *csv = followed_open (self, "csv:hits.csv");
    follower_t *other = followed_open (self, "sqlite:hits.db");
    followed_wait (self, csv);
    size_t before = size_of ("hits.csv");
    followed_put (self, 10);
    followed_listen (self);
    for (int i = 0; i < 5; i++) {
        faults.full = true;
        faults.disk = 100;
        followed_step (self, csv, 5000);
        assert_true (followed_fails (csv));
        assert_int_equal (size_of ("hits.csv"), before);
    }
    assert_int_equal (faults.writes, 10);                     /* some bytes, then none, each time */
    assert_true (follower_due_ms (csv, self->now_ms) > 1000); /* the tries are far apart by now */
    followed_wait (self, other);
    faults.full = false;
    followed_wait (self, csv);
    assert_false (followed_fails (csv));
    char *log = followed_log (self);
    assert_int_equal (followed_count (log, "cannot write hits.csv: No space left on device"), 1);
    assert_int_equal (followed_count (log, "hits.csv works again"), 1);
    assert_int_equal (followed_count (log, "\n"), 2);
    free (log);
    followed_expect (self, "csv:expected.csv");
    assert_same_file ("hits.csv", "expected.csv");
    follower_destroy (&csv);
    follower_destroy (&other);
}

/* A disk that is full when the run begins is no reason to end. */
static void test_full_at_start (void **state)
{
    followed_t *self = *state;
    followed_put (self, 3);
    faults.full = true;
    faults.disk = 20;
    followed_listen (self);
    follower_t *csv = followed_open (self, "csv:hits.csv");
    assert_true (followed_fails (csv));
    faults.full = false;
    followed_wait (self, csv);
    free (followed_log (self));
    followed_expect (self, "csv:expected.csv");
    assert_same_file ("hits.csv", "expected.csv");
    follower_destroy (&csv);
}

/* Who removes, empties or appends to a file that is being followed gets a whole one, not one with a
 * hole. */
static void test_changed_under_us (void **state)
{
    followed_t *self = *state;
    follower_t *csv = followed_open (self, "csv:hits.csv");
    follower_t *db = followed_open (self, "sqlite:hits.db");
    for (int i = 0; i < 3; i++) {
        followed_put (self, 5);
        followed_wait (self, csv);
        followed_wait (self, db);
        if (i == 0) {
            assert_int_equal (unlink ("hits.csv") + unlink ("hits.db"), 0);
        } else if (i == 1) {
            assert_int_equal (truncate ("hits.csv", 0), 0);
        } else {
            append ("hits.csv", "a note of mine\n");
        }
        followed_listen (self);
        followed_put (self, 5);
        followed_wait (self, csv);
        followed_wait (self, db);
        char *log = followed_log (self);
        assert_int_equal (followed_count (log, "hits.csv was changed, removed or renamed"), 1);
        assert_int_equal (followed_count (log, "hits.csv works again"), 1);
        assert_int_equal (followed_count (log, "hits.db was removed"), i == 0);
        free (log);
        followed_expect (self, "csv:expected.csv");
        assert_same_file ("hits.csv", "expected.csv");
        assert_rows ("hits.db", self->hits);
    }
    follower_destroy (&csv);
    follower_destroy (&db);
}

/* Two runs do not write one file at once: the second waits for the first to end. */
static void test_locked (void **state)
{
    followed_t *self = *state;
    followed_put (self, 3);
    followed_write (self, "csv:hits.csv");
    int held = open ("hits.csv", O_RDONLY | O_CLOEXEC);
    assert_int_equal (flock (held, LOCK_EX | LOCK_NB), 0);
    followed_put (self, 3);
    followed_listen (self);
    follower_t *csv = followed_open (self, "csv:hits.csv");
    followed_step (self, csv, 1);
    assert_true (followed_fails (csv));
    close (held);
    followed_wait (self, csv);
    char *log = followed_log (self);
    assert_int_equal (followed_count (log, "hits.csv is being written by another run"), 1);
    free (log);
    followed_expect (self, "csv:expected.csv");
    assert_same_file ("hits.csv", "expected.csv");
    follower_destroy (&csv);
}

/* ---- streams ---- */

typedef struct {
    int kept, reader; /* the old stdout; the end from which the new one is read */
    buffer_t text;
} pipe_t;

/* stdout is a pipe from here on. */
static pipe_t pipe_begin (void)
{
    int ends[2];
    pipe_t pipe = {.kept = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)};
    fflush (stdout);
    assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
    assert_true (dup2 (ends[1], STDOUT_FILENO) >= 0);
    close (ends[1]);
    pipe.reader = ends[0];
    return pipe;
}

/* Reads what is there. */
static void pipe_read (pipe_t *self)
{
    struct pollfd item = {.fd = self->reader, .events = POLLIN};
    while (poll (&item, 1, 0) == 1 && (item.revents & POLLIN)) {
        ssize_t size = read (self->reader, buffer_reserve (&self->text, 65536), 65536);
        assert_true (size >= 0);
        self->text.size += (size_t) size;
        if (size == 0) {
            break;
        }
    }
}

static void pipe_restore (pipe_t *self)
{
    if (self->kept >= 0) {
        assert_true (dup2 (self->kept, STDOUT_FILENO) >= 0);
        close (self->kept);
        self->kept = -1;
    }
}

/* The text, which the caller frees. */
static char *pipe_end (pipe_t *self)
{
    pipe_restore (self);
    pipe_read (self);
    close (self->reader);
    buffer_append (&self->text, "", 1);
    return self->text.bytes;
}

/* stdout gets hits as they come, from the journal's end on, and in the next life what it has not got. */
static void test_stdout (void **state)
{
    followed_t *self = *state;
    followed_put (self, 10);
    pipe_t pipe = pipe_begin ();
    follower_t *jsonl = followed_open (self, "jsonl:-");
    assert_true (follower_is_even (jsonl));
    followed_put (self, 3);
    followed_wait (self, jsonl);
    follower_destroy (&jsonl);
    followed_put (self, 2);
    followed_write (self, "jsonl:-");
    char *text = pipe_end (&pipe);
    followed_expect (self, "jsonl:expected");
    char *all = file_read ("expected", NULL), *from = all;
    for (int i = 0; i < 10; i++) {
        from = strchr (from, '\n') + 1;
    }
    assert_string_equal (text, from);
    free (all);
    free (text);
}

/* A slow pipe holds nobody up: the follower says what it waits for, and goes on when it is read. */
static void test_slow_pipe (void **state)
{
    followed_t *self = *state;
    short events;
    pipe_t pipe = pipe_begin ();
    follower_t *csv = followed_open (self, "csv:-");
    followed_put (self, 2000);
    alarm (60); /* a write that blocks ends the test */
    followed_step (self, csv, 1);
    int fd = follower_poll (csv, &events);
    struct pollfd item = {.fd = fd, .events = events};
    assert_true (fd >= 0 && events == POLLOUT && !follower_is_even (csv));
    assert_int_equal (poll (&item, 1, 0), 0);
    assert_false (followed_fails (csv));
    while (!follower_is_even (csv)) {
        pipe_read (&pipe);
        followed_step (self, csv, 1);
    }
    alarm (0);
    assert_int_equal (follower_poll (csv, &events), -1);
    follower_destroy (&csv);
    char *text = pipe_end (&pipe);
    file_write ("hits.csv", text);
    free (text);
    followed_expect (self, "csv:expected.csv");
    assert_same_file ("hits.csv", "expected.csv");
}

/* A stdout that nobody reads any more is over and said once; it keeps nothing waiting, and the others
 * go on. */
static void test_closed_pipe (void **state)
{
    followed_t *self = *state;
    pipe_t pipe = pipe_begin ();
    follower_t *out = followed_open (self, "csv:-"), *csv = followed_open (self, "csv:hits.csv");
    followed_put (self, 5);
    followed_wait (self, out);
    close (pipe.reader);
    followed_put (self, 5);
    followed_listen (self);
    for (int i = 0; i < 5; i++) {
        followed_step (self, out, 5000);
    }
    followed_wait (self, csv);
    char *log = followed_log (self);
    assert_int_equal (followed_count (log, "stdout: its reader has gone"), 1);
    assert_int_equal (followed_count (log, "\n"), 1);
    free (log);
    assert_true (followed_fails (out));
    assert_true (follower_is_even (out));
    assert_null (follower_cursor (out, 0));
    follower_destroy (&out);
    follower_destroy (&csv);
    pipe_restore (&pipe);
    followed_expect (self, "csv:expected.csv");
    assert_same_file ("hits.csv", "expected.csv");
}

/* A named pipe waits for a reader without holding anybody up, and for the next when one goes: that one
 * gets whole rows from the first that was not known to be read. */
static void test_named_pipe (void **state)
{
    followed_t *self = *state;
    assert_int_equal (mkfifo ("pipe", 0600), 0);
    followed_listen (self);
    follower_t *jsonl = followed_open (self, "jsonl:pipe");
    followed_put (self, 2);
    followed_step (self, jsonl, 1);
    assert_true (followed_fails (jsonl));
    pipe_t first = {.kept = -1, .reader = open ("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    followed_wait (self, jsonl);
    char *text = pipe_end (&first);
    assert_int_equal (followed_count (text, "\n"), 2);
    free (text);
    followed_put (self, 3);
    followed_step (self, jsonl, 1);
    pipe_t second = {.kept = -1, .reader = open ("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    followed_wait (self, jsonl);
    text = pipe_end (&second);
    assert_int_equal (followed_count (text, "\n"), 3);
    assert_int_equal (text[0], '{');
    free (text);
    follower_destroy (&jsonl);
    char *log = followed_log (self);
    assert_int_equal (followed_count (log, "pipe: nobody reads it yet"), 1);
    assert_int_equal (followed_count (log, "pipe: its reader has gone"), 1);
    assert_int_equal (followed_count (log, "pipe works again"), 2);
    free (log);
}

/* The table: a line a hit, the header at first and every 40 lines, without escapes for what is no
 * terminal. */
static void test_table (void **state)
{
    followed_t *self = *state;
    pipe_t pipe = pipe_begin ();
    follower_t *table = followed_open (self, "table:");
    for (int i = 0; i < 3; i++) {
        followed_put (self, 27);
        followed_wait (self, table);
    }
    follower_destroy (&table);
    char *text = pipe_end (&pipe), *end = strchr (text, '\n');
    assert_int_equal (followed_count (text, "\n"), 81 + 3);
    assert_int_equal (followed_count (text, "scan  symbol  datetime"), 3);
    assert_int_equal (followed_count (text, "\033"), 0);
    size_t width = (size_t) (end - text);
    assert_true (width <= 80);
    for (char *line = text; *line; line = end + 1) {
        end = strchr (line, '\n');
        assert_int_equal (end - line, width); /* aligned */
    }
    assert_non_null (strstr (text, "\ncaps  S1      2023-03-13 09:32"));
    free (text);
}

/* On a terminal each line wipes what stood there. */
static void test_table_on_a_terminal (void **state)
{
    followed_t *self = *state;
    int terminal, program;
    struct winsize size = {.ws_row = 25, .ws_col = 60};
    assert_int_equal (openpty (&terminal, &program, NULL, NULL, &size), 0);
    pipe_t pipe = {.kept = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0), .reader = terminal};
    fflush (stdout);
    assert_true (dup2 (program, STDOUT_FILENO) >= 0);
    follower_t *table = followed_open (self, "table:");
    followed_put (self, 2);
    followed_wait (self, table);
    follower_destroy (&table);
    pipe_read (&pipe);
    close (program);
    char *text = pipe_end (&pipe);
    assert_int_equal (followed_count (text, "\r\033[K"), 3);
    assert_int_equal (strncmp (text, "\r\033[Kscan", 8), 0);
    for (char *line = text; *line; line = strchr (line, '\n') + 1) {
        assert_true (strcspn (line + 4, "\r\n") <= 60);
    }
    free (text);
}

/* A sink that is no sink is refused, whatever was checked before. */
static void test_not_a_sink (void **state)
{
    followed_t *self = *state;
    assert_refused (self, "webhook:http://x", "webhook: is not for live runs");
    assert_refused (self, "cvs:hits", "did you mean csv:?");
    assert_refused (self, "redis:x", "redis:x: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, followed_set_up, followed_tear_down)

int main (void)
{
    static const struct CMUnitTest tests[] = {
        TEST (test_same_as_batch),
        TEST (test_header_and_state),
        TEST (test_killed_at_every_step),
        TEST (test_killed_again_and_again),
        TEST (test_longer),
        TEST (test_shorter),
        TEST (test_sqlite_shorter),
        TEST (test_foreign),
        TEST (test_foreign_of_ours),
        TEST (test_other_columns),
        TEST (test_file_per_scan),
        TEST (test_one_file_two_names),
        TEST (test_unknown_scans),
        TEST (test_full_disk),
        TEST (test_full_at_start),
        TEST (test_changed_under_us),
        TEST (test_locked),
        TEST (test_stdout),
        TEST (test_slow_pipe),
        TEST (test_closed_pipe),
        TEST (test_named_pipe),
        TEST (test_table),
        TEST (test_table_on_a_terminal),
        TEST (test_not_a_sink),
    };
    signal (SIGPIPE, SIG_IGN);
    log_init ("test_follower", LOG_INFO, LOG_TEXT);
    return exchange_init () < 0 ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}
