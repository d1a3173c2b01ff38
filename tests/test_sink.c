/* The sinks, byte for byte, and what they do when a disk, a directory or a reader fails them. */
#include "check.h"

#include "log.h"
#include "memory.h"
#include "sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MONDAY_0931 1678714260 /* 2023-03-13 09:31 in New York, the first Monday of summer time */

/* Two scans that share two columns in another order, one with an alert. */
static scan_t scans[2] = {
    {.id = "down",
     .column_count = 3,
     .columns = {{"adv_14", false}, {"gap", false}, {"signal", false}},
     .hash = 0xab},
    {.id = "caps",
     .column_count = 3,
     .columns = {{"gap", false}, {"triggered_alert", true}, {"adv_14", false}},
     .hash = UINT64_MAX},
};
static const sink_run_t one_scan = {scans, 1};

/* The first again, without an id of its own: its scanner's name. Filled by main. */
static scan_t unnamed[1];
static const sink_run_t unnamed_scan = {unnamed, 1};
static const sink_run_t two_scans = {scans, 2};

static hit_t make_hit (uint32_t scan, int minute)
{
    hit_t hit = {.scan = scan, .ts = MONDAY_0931 + 60 * minute, .value_count = 3};
    hit.candle = (candle_t){hit.ts, 10.5, 11, 9.25, 10, 120500};
    hit.values[0] = scan == 0 ? 1e6 : -0.125;
    hit.values[1] = scan == 0 ? NAN : 10;
    hit.values[2] = scan == 0 ? 0.1 : 5e5;
    return hit;
}

/* A directory of the test's own is the working directory of each test. */
static int set_up (void **state)
{
    char name[] = "/tmp/test_sink.XXXXXX";
    if (!mkdtemp (name) || chdir (name) < 0) {
        return -1;
    }
    *state = memory_text (name);
    return 0;
}

static int tear_down (void **state)
{
    DIR *directory = opendir (".");
    if (!directory) {
        return -1;
    }
    for (struct dirent *entry; (entry = readdir (directory));) {
        unlinkat (dirfd (directory), entry->d_name, 0);
        unlinkat (dirfd (directory), entry->d_name, AT_REMOVEDIR);
    }
    closedir (directory);
    int result = chdir ("/") < 0 || rmdir (*state) < 0 ? -1 : 0;
    free (*state);
    return result;
}

static char *read_all (FILE *file)
{
    buffer_t text = {0};
    size_t size;
    while ((size = fread (buffer_reserve (&text, 4096), 1, 4096, file)) > 0) {
        text.size += size;
    }
    buffer_append (&text, "", 1);
    fclose (file);
    return text.bytes;
}

static void assert_content (const char *path, const char *expected)
{
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    char *text = read_all (file);
    assert_string_equal (text, expected);
    free (text);
}

static bool exists (const char *path)
{
    return access (path, F_OK) == 0;
}

static void put_file (const char *path, const char *text)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    assert_true (fputs (text, file) >= 0);
    assert_int_equal (fclose (file), 0);
}

static void write_hit (sink_t *sink, const char *symbol, uint32_t scan, int minute)
{
    hit_t hit = make_hit (scan, minute);
    assert_int_equal (sink_write (sink, symbol, &hit), 0);
}

static sink_t *open_sink (const char *text, const sink_run_t *run)
{
    sink_t *sink = sink_open (text, run);
    assert_non_null (sink);
    return sink;
}

/* Sends what this process writes to stdout into a file, until restore_stdout. Returns the old
 * stdout. */
static int redirect_stdout (const char *path)
{
    fflush (stdout);
    int kept = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true (kept >= 0 && fd >= 0 && dup2 (fd, STDOUT_FILENO) >= 0);
    close (fd);
    return kept;
}

static void restore_stdout (int kept)
{
    assert_true (dup2 (kept, STDOUT_FILENO) >= 0);
    close (kept);
}

/* One scan's csv has no scan column, and a missing value is empty. */
static void test_csv_of_one_scan (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("csv:hits.csv", &unnamed_scan);
    write_hit (sink, "BRK.B", 0, 0);
    write_hit (sink, "NA", 0, 1);
    assert_int_equal (sink_close (&sink, true), 0);
    assert_null (sink);
    assert_content ("hits.csv",
                    "symbol,datetime,open,high,low,close,volume,adv_14,gap,signal\n"
                    "BRK.B,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,1000000,,0.1\n"
                    "NA,2023-03-13 09:32:00-04:00,10.5,11,9.25,10,120500,1000000,,0.1\n");
}

/* Several scans give a column `scan` and each column once, where it first appears; an alert is
 * text. */
static void test_csv_of_two_scans (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("csv:hits.csv", &two_scans);
    write_hit (sink, "A", 0, 0);
    write_hit (sink, "A", 1, 0);
    assert_int_equal (sink_close (&sink, true), 0);
    assert_content (
        "hits.csv",
        "scan,symbol,datetime,open,high,low,close,volume,adv_14,gap,signal,triggered_alert\n"
        "down,A,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,1000000,,0.1,\n"
        "caps,A,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,500000,-0.125,,change_10\n");
}

/* A run without a hit leaves a csv with its header and an empty jsonl. */
static void test_no_hits (void **state)
{
    (void) state;
    sink_t *csv = open_sink ("csv:hits.csv", &unnamed_scan);
    sink_t *jsonl = open_sink ("jsonl:hits.jsonl", &unnamed_scan);
    assert_int_equal (sink_close (&csv, true), 0);
    assert_int_equal (sink_close (&jsonl, true), 0);
    assert_content ("hits.csv", "symbol,datetime,open,high,low,close,volume,adv_14,gap,signal\n");
    assert_content ("hits.jsonl", "");
}

/* jsonl has the keys of csv, null for what is missing, and text escaped whatever is in it. */
static void test_jsonl (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("jsonl:one.jsonl", &unnamed_scan);
    write_hit (sink, "A\"\\\n", 0, 0);
    assert_int_equal (sink_close (&sink, true), 0);
    assert_content ("one.jsonl",
                    "{\"symbol\":\"A\\\"\\\\\\u000a\",\"datetime\":\"2023-03-13 09:31:00-04:00\","
                    "\"open\":10.5,\"high\":11,\"low\":9.25,\"close\":10,\"volume\":120500,"
                    "\"adv_14\":1000000,\"gap\":null,\"signal\":0.1}\n");
    sink = open_sink ("jsonl:two.jsonl", &two_scans);
    write_hit (sink, "A", 1, 0);
    assert_int_equal (sink_close (&sink, true), 0);
    assert_content (
        "two.jsonl",
        "{\"scan\":\"caps\",\"symbol\":\"A\",\"datetime\":\"2023-03-13 09:31:00-04:00\","
        "\"open\":10.5,\"high\":11,\"low\":9.25,\"close\":10,\"volume\":120500,"
        "\"adv_14\":500000,\"gap\":-0.125,\"signal\":null,"
        "\"triggered_alert\":\"change_10\"}\n");
}

/* An infinite value, which JSON has no form for, is missing too. */
static void test_infinity_is_missing (void **state)
{
    (void) state;
    hit_t hit = make_hit (0, 0);
    hit.values[1] = INFINITY;
    sink_t *csv = open_sink ("csv:hits.csv", &unnamed_scan);
    sink_t *jsonl = open_sink ("jsonl:hits.jsonl", &unnamed_scan);
    assert_int_equal (sink_write (csv, "A", &hit), 0);
    assert_int_equal (sink_write (jsonl, "A", &hit), 0);
    assert_int_equal (sink_close (&csv, true), 0);
    assert_int_equal (sink_close (&jsonl, true), 0);
    assert_content ("hits.csv",
                    "symbol,datetime,open,high,low,close,volume,adv_14,gap,signal\n"
                    "A,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,1000000,,0.1\n");
    assert_content ("hits.jsonl",
                    "{\"symbol\":\"A\",\"datetime\":\"2023-03-13 09:31:00-04:00\",\"open\":10.5,"
                    "\"high\":11,\"low\":9.25,\"close\":10,\"volume\":120500,\"adv_14\":1000000,"
                    "\"gap\":null,\"signal\":0.1}\n");
}

/* With {scan} in the path each scan has a file with its own columns, hits of the other left out. */
static void test_file_per_scan (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("csv:{scan}-{scan}.csv", &two_scans);
    assert_string_equal (sink_part (sink), "down-down.csv.part, caps-caps.csv.part");
    write_hit (sink, "A", 0, 0);
    write_hit (sink, "A", 1, 0);
    assert_int_equal (sink_close (&sink, true), 0);
    assert_content ("down-down.csv",
                    "symbol,datetime,open,high,low,close,volume,adv_14,gap,signal\n"
                    "A,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,1000000,,0.1\n");
    assert_content ("caps-caps.csv",
                    "symbol,datetime,open,high,low,close,volume,gap,triggered_alert,adv_14\n"
                    "A,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,-0.125,change_10,500000\n");
}

/* PATH keeps the last result while a new one grows in PATH.part, and takes its place in one step at
 * the end. */
static void test_path_is_whole_or_old (void **state)
{
    (void) state;
    put_file ("hits.jsonl", "old\n");
    put_file ("hits.jsonl.part", "what an interrupted run left, longer than what comes now ......");
    sink_t *sink = open_sink ("jsonl:hits.jsonl", &unnamed_scan);
    assert_content ("hits.jsonl.part", "");
    write_hit (sink, "A", 0, 0);
    assert_int_equal (sink_flush (sink), 0);
    assert_content ("hits.jsonl", "old\n");
    assert_int_equal (sink_close (&sink, true), 0);
    assert_false (exists ("hits.jsonl.part"));
    assert_content ("hits.jsonl", "{\"symbol\":\"A\",\"datetime\":\"2023-03-13 09:31:00-04:00\","
                                  "\"open\":10.5,\"high\":11,\"low\":9.25,\"close\":10,"
                                  "\"volume\":120500,\"adv_14\":1000000,\"gap\":null,"
                                  "\"signal\":0.1}\n");
}

/* A run that did not finish leaves PATH as it was and what it had in PATH.part. */
static void test_interrupted_run (void **state)
{
    (void) state;
    put_file ("hits.csv", "old\n");
    sink_t *sink = open_sink ("csv:hits.csv", &unnamed_scan);
    write_hit (sink, "A", 0, 0);
    assert_int_equal (sink_close (&sink, false), 0);
    assert_content ("hits.csv", "old\n");
    assert_content ("hits.csv.part",
                    "symbol,datetime,open,high,low,close,volume,adv_14,gap,signal\n"
                    "A,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,1000000,,0.1\n");
}

/* A second run that would write the same PATH.part is refused, and does no harm to the first. */
static void test_two_runs_one_path (void **state)
{
    (void) state;
    sink_t *first = open_sink ("csv:hits.csv", &unnamed_scan);
    write_hit (first, "A", 0, 0);
    assert_int_equal (sink_flush (first), 0);
    assert_null (sink_open ("csv:hits.csv", &unnamed_scan));
    assert_int_equal (sink_close (&first, true), 0);
    assert_content ("hits.csv",
                    "symbol,datetime,open,high,low,close,volume,adv_14,gap,signal\n"
                    "A,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,1000000,,0.1\n");
    sink_t *next = open_sink ("csv:hits.csv", &unnamed_scan);
    assert_int_equal (sink_close (&next, true), 0);
}

/* A link to a file stays a link, and its file gets the result. */
static void test_symbolic_link (void **state)
{
    (void) state;
    put_file ("real.csv", "old\n");
    assert_int_equal (symlink ("real.csv", "link.csv"), 0);
    sink_t *sink = open_sink ("csv:link.csv", &unnamed_scan);
    assert_int_equal (sink_close (&sink, true), 0);
    struct stat link;
    assert_int_equal (lstat ("link.csv", &link), 0);
    assert_true (S_ISLNK (link.st_mode));
    assert_content ("real.csv", "symbol,datetime,open,high,low,close,volume,adv_14,gap,signal\n");
}

/* A named pipe is written straight: its reader gets the rows, and no PATH.part appears. */
static void test_named_pipe (void **state)
{
    (void) state;
    assert_int_equal (mkfifo ("pipe", 0600), 0);
    pid_t reader = fork ();
    assert_true (reader >= 0);
    if (reader == 0) {
        execlp ("cp", "cp", "pipe", "copy", (char *) NULL);
        _exit (127);
    }
    sink_t *sink = open_sink ("csv:pipe", &unnamed_scan); /* waits for the reader */
    assert_null (sink_part (sink));
    write_hit (sink, "A", 0, 0);
    assert_int_equal (sink_close (&sink, true), 0);
    int status;
    assert_int_equal (waitpid (reader, &status, 0), reader);
    assert_int_equal (status, 0);
    assert_false (exists ("pipe.part"));
    assert_content ("copy", "symbol,datetime,open,high,low,close,volume,adv_14,gap,signal\n"
                            "A,2023-03-13 09:31:00-04:00,10.5,11,9.25,10,120500,1000000,,0.1\n");
}

/* When the reader of a pipe goes away the sink fails, and stays failed, without ending the process.
 * */
static void test_reader_gone (void **state)
{
    (void) state;
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    int kept = redirect_stdout ("unused");
    dup2 (ends[1], STDOUT_FILENO);
    sink_t *sink = sink_open ("csv:-", &unnamed_scan);
    restore_stdout (kept);
    assert_non_null (sink);
    close (ends[1]);
    close (ends[0]);
    write_hit (sink, "A", 0, 0);
    assert_int_equal (sink_flush (sink), -1);
    hit_t hit = make_hit (0, 1);
    assert_int_equal (sink_write (sink, "A", &hit), -1);
    assert_int_equal (sink_close (&sink, true), -1);
}

/* A full disk fails the write that meets it, and the close. */
static void test_full_disk (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("jsonl:/dev/full", &one_scan);
    hit_t hit = make_hit (0, 0);
    int written = 0;
    while (sink_write (sink, "A", &hit) == 0 && written < 10000) {
        written++;
    }
    assert_in_range (written, 1, 9999);
    assert_int_equal (sink_close (&sink, true), -1);
    sink = open_sink ("csv:/dev/full", &one_scan);
    assert_int_equal (sink_close (&sink, true), -1);
}

/* When a sink has failed, not even its files that were written well are given out as whole. */
static void test_failure_spoils_all_files (void **state)
{
    (void) state;
    assert_int_equal (symlink ("/dev/full", "caps.csv"), 0);
    sink_t *sink = open_sink ("csv:{scan}.csv", &two_scans);
    assert_string_equal (sink_part (sink), "down.csv.part");
    write_hit (sink, "A", 0, 0);
    assert_int_equal (sink_flush (sink), -1);
    assert_int_equal (sink_close (&sink, true), -1);
    assert_false (exists ("down.csv"));
    assert_true (exists ("down.csv.part"));
}

/* What cannot be opened is refused, with nothing created. */
static void test_cannot_open (void **state)
{
    (void) state;
    put_file ("file", "");
    assert_null (sink_open ("csv:file/hits.csv", &one_scan));
    assert_null (sink_open ("jsonl:no/hits.jsonl", &one_scan));
    assert_null (sink_open ("sqlite:file/hits.db", &one_scan));
    assert_null (sink_open ("xml:hits.xml", &one_scan));
    assert_false (exists ("hits.xml"));
}

static void assert_refused (const char *text, const char *reason)
{
    char error[256];
    assert_int_equal (sink_check (text, SINK_BATCH, error, sizeof error), -1);
    assert_string_equal (error, reason);
}

/* Each way to mistype a sink gets a line that says what to do. */
static void test_check_says_what_to_do (void **state)
{
    (void) state;
    assert_int_equal (mkdir ("dir", 0700), 0);
    put_file ("file", "");
    assert_refused ("hits.csv", "hits.csv: an output is csv:PATH, jsonl:PATH or sqlite:PATH");
    assert_refused ("cvs:hits", "cvs:hits: there is no output \"cvs\": did you mean csv:?");
    assert_refused ("csv:", "csv:: the path is missing: for example csv:hits");
    assert_refused ("redis:redis://h/0",
                    "redis: is not for batch scans: use csv:PATH, jsonl:PATH or "
                    "sqlite:PATH");
    assert_refused ("csv:dir", "csv:dir: is a directory: give a file's name in it");
    assert_refused ("csv:no/hits.csv",
                    "csv:no/hits.csv: directory no: No such file or directory: create it first");
    assert_refused ("csv:file/hits.csv", "csv:file/hits.csv: file is not a directory");
    assert_refused ("sqlite:-", "sqlite:-: sqlite cannot be written to stdout: give a path");
    assert_refused ("sqlite:/dev/null", "sqlite:/dev/null: needs a regular file");
    assert_refused ("table:x", "table:x: table takes no path");
}

/* What is right passes, and checking it touches nothing. */
static void test_check_touches_nothing (void **state)
{
    (void) state;
    static const char *const right[] = {
        "csv:hits.csv", "jsonl:./{scan}.jsonl", "sqlite:hits.db", "csv:/dev/null",
        "csv:-",        "csv:{scan}/hits.csv",  "table:",
    };
    char error[256] = "";
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_int_equal (sink_check (right[i], SINK_BATCH, error, sizeof error), 0);
    }
    assert_false (exists ("hits.csv") || exists ("hits.csv.part") || exists ("hits.db"));
}

/* A live run writes PATH itself, whatever is in it, and Redis streams. */
static void test_check_live (void **state)
{
    (void) state;
    static const char *const right[] = {
        "csv:hits.csv",    "jsonl:there",
        "sqlite:there",    "csv:/dev/null",
        "csv:-",           "table:",
        "redis:unix:///s", "redis:redis://localhost:6379/0?stream=hits",
    };
    char error[256] = "";
    put_file ("there", "x");
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_int_equal (sink_check (right[i], SINK_LIVE, error, sizeof error), 0);
    }
    assert_int_equal (sink_check ("webhook:http://h", SINK_LIVE, error, sizeof error), -1);
    assert_string_equal (error, "webhook: is not for live runs: use csv:PATH, jsonl:PATH, "
                                "sqlite:PATH or redis:URL?stream=NAME");
    assert_int_equal (sink_check ("rediss:h", SINK_LIVE, error, sizeof error), -1);
    assert_string_equal (error, "rediss:h: there is no output \"rediss\": did you mean redis:?");
    assert_int_equal (sink_check ("redis:", SINK_LIVE, error, sizeof error), -1);
    const char *apart[] = {"csv:a", "jsonl:a.part"}; /* nothing is beside a live run's file */
    assert_int_equal (sink_check_all (apart, 2, &two_scans, SINK_LIVE, error, sizeof error), 0);
}

/* A directory that may not be written is refused before a scan starts. */
static void test_check_unwritable_directory (void **state)
{
    (void) state;
    if (geteuid () == 0) {
        print_message ("skipped: root may write every directory\n");
        skip ();
    }
    assert_int_equal (mkdir ("dir", 0500), 0);
    assert_refused ("csv:dir/hits.csv",
                    "csv:dir/hits.csv: directory dir cannot be written: Permission denied");
}

/* Asserts that two sinks may be in one run of the two scans; `second` may be NULL. */
static void assert_apart (const char *first, const char *second)
{
    char error[512] = "";
    const char *texts[] = {first, second};
    sink_check_all (texts, second ? 2 : 1, &two_scans, SINK_BATCH, error, sizeof error);
    assert_string_equal (error, "");
}

/* Asserts that they may not, because of `file`, whichever is given first. */
static void assert_clash (const char *first, const char *second, const char *file)
{
    char error[512];
    char *directory = realpath (".", NULL);
    for (int i = 0; i < 2; i++) {
        const char *texts[] = {i ? second : first, i ? first : second};
        char *expected = memory_format ("%s and %s write the same file, %s/%s: give each its own",
                                        texts[0], texts[1], directory, file);
        assert_int_equal (sink_check_all (texts, 2, &two_scans, SINK_BATCH, error, sizeof error),
                          -1);
        assert_string_equal (error, expected);
        free (expected);
    }
    free (directory);
}

/* Two sinks that would write one file are refused, however the path is written. */
static void test_check_same_file (void **state)
{
    (void) state;
    char error[256] = "";
    put_file ("there.csv", "");
    assert_int_equal (symlink ("there.csv", "link.csv"), 0);
    const char *different[] = {"csv:a.csv", "jsonl:a.jsonl", "sqlite:a.db", "csv:-"};
    const char *stdout_twice[] = {"csv:-", "table:"};
    const char *wrong[] = {"csv:a", "csv:"};
    assert_int_equal (sink_check_all (different, 4, &one_scan, SINK_BATCH, error, sizeof error), 0);
    assert_clash ("csv:a", "jsonl:.//a", "a");
    assert_clash ("csv:a", "csv:a", "a");
    assert_clash ("csv:there.csv", "sqlite:./there.csv", "there.csv");
    assert_clash ("csv:there.csv", "csv:link.csv", "there.csv");
    assert_int_equal (sink_check_all (stdout_twice, 2, &one_scan, SINK_BATCH, error, sizeof error),
                      -1);
    assert_string_equal (error, "csv:- and table: write the same file, stdout: give each its own");
    assert_int_equal (sink_check_all (wrong, 2, &one_scan, SINK_BATCH, error, sizeof error), -1);
    assert_string_equal (error, "csv:: the path is missing: for example csv:hits");
}

/* No sink may have the PATH.part of another, or what SQLite has beside another's database. */
static void test_check_files_beside (void **state)
{
    (void) state;
    put_file ("there.csv", "");
    assert_int_equal (symlink ("there.csv", "link.csv"), 0);
    assert_clash ("csv:y.csv", "jsonl:y.csv.part", "y.csv.part");
    assert_clash ("sqlite:y.part", "jsonl:y", "y.part");
    assert_clash ("csv:link.csv", "jsonl:there.csv.part", "there.csv.part");
    assert_clash ("sqlite:y.db", "csv:y.db-wal", "y.db-wal");
    assert_clash ("sqlite:y.db", "csv:y.db-shm", "y.db-shm");
    assert_clash ("sqlite:y.db", "csv:y.db-journal", "y.db-journal");
    assert_apart ("csv:link.csv", "jsonl:link.csv.part");
    assert_apart ("csv:y.db", "jsonl:y.db-wal");
    assert_int_equal (mkfifo ("pipe", 0600), 0); /* is written straight */
    assert_apart ("csv:pipe", "jsonl:pipe.part");
}

/* With {scan} the files of every scan count. */
static void test_check_files_of_scans (void **state)
{
    (void) state;
    assert_clash ("csv:{scan}.csv", "jsonl:caps.csv", "caps.csv");
    assert_clash ("csv:{scan}.csv", "jsonl:caps.csv.part", "caps.csv.part");
    assert_clash ("sqlite:{scan}.db", "csv:down.db-wal", "down.db-wal");
    assert_apart ("csv:{scan}.csv", "jsonl:up.csv");
    assert_apart ("csv:{scan}.csv", "jsonl:{scan}.jsonl");
    assert_apart ("csv:{scan}.csv", "csv:{scan}{scan}.csv");
}

/* Not even one sink may write a file twice: as the result of one scan and the part of another, or
 * through links. */
static void test_check_one_sink (void **state)
{
    (void) state;
    scan_t alike[2] = {scans[0], scans[1]};
    strcpy (alike[1].id, "down.part");
    char error[512];
    char *directory = realpath (".", NULL);
    char *expected = memory_format (
        "csv:{scan} writes the same file, %s/down.part, twice: give it another path", directory);
    const char *text = "csv:{scan}";
    assert_int_equal (
        sink_check_all (&text, 1, &(sink_run_t){alike, 2}, SINK_BATCH, error, sizeof error), -1);
    assert_string_equal (error, expected);
    assert_apart ("csv:{scan}", NULL);
    assert_int_equal (symlink ("down.csv", "caps.csv"), 0);
    put_file ("down.csv", "");
    text = "csv:{scan}.csv";
    assert_int_equal (sink_check_all (&text, 1, &two_scans, SINK_BATCH, error, sizeof error), -1);
    free (expected);
    free (directory);
}

/* Asks a database of its own connection and checks the first value of the answer, NULL as "". */
static void assert_query (const char *path, const char *sql, const char *expected)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal (sqlite3_step (statement), SQLITE_ROW);
    const char *text = (const char *) sqlite3_column_text (statement, 0);
    assert_string_equal (text ? text : "", expected);
    sqlite3_finalize (statement);
    sqlite3_close (db);
}

static void execute_sql (const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal (sqlite3_open (path, &db), SQLITE_OK);
    assert_int_equal (sqlite3_exec (db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close (db);
}

/* A row has the definition's hash, numbers as REAL, an alert as text, and NULL for what is missing.
 * */
static void test_sqlite_row (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("sqlite:hits.db", &two_scans);
    assert_null (sink_part (sink));
    write_hit (sink, "A", 0, 0);
    write_hit (sink, "A", 1, 0);
    assert_int_equal (sink_close (&sink, true), 0);
    assert_query ("hits.db",
                  "SELECT group_concat (name || ' ' || type || ' ' || pk) "
                  "FROM pragma_table_info ('hits')",
                  "scan TEXT 1,definition TEXT 2,symbol TEXT 3,datetime TEXT 4,open REAL 0,"
                  "high REAL 0,low REAL 0,close REAL 0,volume REAL 0,adv_14 REAL 0,gap REAL 0,"
                  "signal REAL 0,triggered_alert TEXT 0");
    const char *row = "SELECT definition || symbol || datetime || open || high || low || close || "
                      "volume || adv_14 || ifnull (gap, '-') || ifnull (signal, '-') || "
                      "ifnull (triggered_alert, '-') FROM hits ORDER BY scan";
    assert_query ("hits.db", row,
                  "ffffffffffffffffA2023-03-13 09:31:00-04:0010.511.09.2510.0120500.0500000.0"
                  "-0.125-change_10");
    assert_query ("hits.db", "SELECT definition FROM hits WHERE scan = 'down'", "00000000000000ab");
}

/* A hit that is there already stays as it is; the same scan with another definition is another hit.
 * */
static void test_sqlite_repeats (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("sqlite:hits.db", &one_scan);
    hit_t hit = make_hit (0, 0);
    assert_int_equal (sink_write (sink, "A", &hit), 0);
    hit.candle.open = 99;
    assert_int_equal (sink_write (sink, "A", &hit), 0);
    assert_int_equal (sink_close (&sink, true), 0);
    scan_t changed = scans[0];
    changed.hash++;
    sink = open_sink ("sqlite:hits.db", &(sink_run_t){&changed, 1});
    assert_int_equal (sink_write (sink, "A", &hit), 0);
    assert_int_equal (sink_close (&sink, true), 0);
    assert_query ("hits.db", "SELECT group_concat (open) FROM hits", "10.5,99.0");
}

/* Another connection reads what is flushed while the sink goes on writing. */
static void test_sqlite_read_while_written (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("sqlite:hits.db", &one_scan);
    write_hit (sink, "A", 0, 0);
    assert_int_equal (sink_flush (sink), 0);
    write_hit (sink, "A", 0, 1);
    assert_query ("hits.db", "SELECT count (*) FROM hits", "1");
    assert_query ("hits.db", "PRAGMA journal_mode", "wal");
    assert_int_equal (sink_flush (sink), 0);
    assert_int_equal (sink_flush (sink), 0);
    assert_query ("hits.db", "SELECT count (*) FROM hits", "2");
    assert_int_equal (sink_close (&sink, false), 0);
}

/* A database of an earlier run gets the columns that it lacks, and keeps those that this run has
 * not. */
static void test_sqlite_added_columns (void **state)
{
    (void) state;
    sink_t *sink = open_sink ("sqlite:hits.db", &one_scan);
    write_hit (sink, "A", 0, 0);
    assert_int_equal (sink_close (&sink, true), 0);
    sink = open_sink ("sqlite:hits.db", &(sink_run_t){scans + 1, 1});
    hit_t hit = make_hit (1, 0);
    hit.scan = 0;
    assert_int_equal (sink_write (sink, "A", &hit), 0);
    assert_int_equal (sink_close (&sink, true), 0);
    assert_query ("hits.db",
                  "SELECT group_concat (ifnull (signal, '-') || ifnull (triggered_alert, '-')) "
                  "FROM hits",
                  "0.1-,-change_10");
}

/* What is not ours is refused and left as it was: another kind of file, a table of another shape.
 * */
static void test_sqlite_not_ours (void **state)
{
    (void) state;
    put_file ("text.db", "a text file, long enough to have a header of a hundred bytes ..........."
                         "........................................................");
    assert_null (sink_open ("sqlite:text.db", &one_scan));
    execute_sql ("key.db", "CREATE TABLE hits (scan TEXT PRIMARY KEY, gap REAL)");
    assert_null (sink_open ("sqlite:key.db", &one_scan));
    execute_sql ("none.db", "CREATE TABLE hits (scan TEXT, symbol TEXT)");
    assert_null (sink_open ("sqlite:none.db", &one_scan));
    execute_sql ("type.db", "CREATE TABLE hits (scan, definition, symbol, datetime, gap TEXT, "
                            "PRIMARY KEY (scan, definition, symbol, datetime))");
    assert_null (sink_open ("sqlite:type.db", &one_scan));
    assert_query ("type.db", "SELECT count (*) FROM pragma_table_info ('hits')", "5");
    assert_query ("type.db", "PRAGMA journal_mode", "delete");
}

/* A fault of the table other than a repeat is not passed over in silence. */
static void test_sqlite_refused_row (void **state)
{
    (void) state;
    execute_sql ("hits.db", "CREATE TABLE hits (scan, definition, symbol, datetime, "
                            "note TEXT NOT NULL, "
                            "PRIMARY KEY (scan, definition, symbol, datetime))");
    sink_t *sink = open_sink ("sqlite:hits.db", &one_scan);
    hit_t hit = make_hit (0, 0);
    assert_int_equal (sink_write (sink, "A", &hit), -1);
    assert_int_equal (sink_close (&sink, true), -1);
}

/* Writes `count` hits to a table on a stdout that is no terminal, and returns the hits' text. */
static char *print_table (const sink_run_t *run, uint32_t scan, int count)
{
    int kept = redirect_stdout ("table");
    sink_t *sink = sink_open ("table:", run);
    for (int i = 0; i < count && sink; i++) {
        hit_t hit = make_hit (scan, i);
        hit.candle.volume += 1000 * i;
        sink_write (sink, i % 2 ? "A" : "BRK.B", &hit);
    }
    int result = sink_close (&sink, true);
    restore_stdout (kept);
    assert_int_equal (result, 0);
    FILE *file = fopen ("table", "r");
    assert_non_null (file);
    return read_all (file);
}

/* The table is aligned, shows the minute, rounds, and leaves out what does not fit into 80 columns.
 * */
static void test_table (void **state)
{
    (void) state;
    char *text = print_table (&two_scans, 1, 2);
    assert_string_equal (text,
                         "scan  symbol  datetime          close  volume  adv_14     gap  signal\n"
                         "caps  BRK.B   2023-03-13 09:31     10  120500  500000  -0.125        \n"
                         "caps  A       2023-03-13 09:32     10  121500  500000  -0.125        \n"
                         "(4 columns are left out to fit the terminal)\n");
    free (text);
}

/* 20 hits are shown; the last line counts the others and says how to save all. */
static void test_table_counts_the_rest (void **state)
{
    (void) state;
    char *text = print_table (&unnamed_scan, 0, 20 + 1234567);
    size_t lines = 0;
    for (const char *at = text; (at = strchr (at, '\n')); at++) {
        lines++;
    }
    assert_int_equal (lines, 1 + 20 + 1);
    const char *last = strstr (text, "...");
    assert_non_null (last);
    assert_string_equal (last, "... and 1,234,567 more: add --out csv:hits.csv to save all\n");
    free (text);
}

/* A scan without hits prints no table. */
static void test_table_without_hits (void **state)
{
    (void) state;
    char *text = print_table (&unnamed_scan, 0, 0);
    assert_string_equal (text, "");
    free (text);
}

/* One scan that the user gave an id is named in each row, as many are. */
static void test_one_named_scan (void **state)
{
    (void) state;
    sink_t *csv = open_sink ("csv:hits.csv", &one_scan);
    write_hit (csv, "NA", 0, 0);
    assert_int_equal (sink_close (&csv, true), 0);
    FILE *file = fopen ("hits.csv", "r");
    assert_non_null (file);
    char *text = read_all (file);
    assert_int_equal (strncmp (text, "scan,symbol,datetime,", 21), 0);
    assert_non_null (strstr (text, "\ndown,NA,"));
    free (text);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    static const struct CMUnitTest tests[] = {
        TEST (test_csv_of_one_scan),
        TEST (test_one_named_scan),
        TEST (test_csv_of_two_scans),
        TEST (test_no_hits),
        TEST (test_jsonl),
        TEST (test_infinity_is_missing),
        TEST (test_file_per_scan),
        TEST (test_path_is_whole_or_old),
        TEST (test_interrupted_run),
        TEST (test_two_runs_one_path),
        TEST (test_symbolic_link),
        TEST (test_named_pipe),
        TEST (test_reader_gone),
        TEST (test_full_disk),
        TEST (test_failure_spoils_all_files),
        TEST (test_cannot_open),
        TEST (test_check_says_what_to_do),
        TEST (test_check_touches_nothing),
        TEST (test_check_live),
        TEST (test_check_unwritable_directory),
        TEST (test_check_same_file),
        TEST (test_check_files_beside),
        TEST (test_check_files_of_scans),
        TEST (test_check_one_sink),
        TEST (test_sqlite_row),
        TEST (test_sqlite_repeats),
        TEST (test_sqlite_read_while_written),
        TEST (test_sqlite_added_columns),
        TEST (test_sqlite_not_ours),
        TEST (test_sqlite_refused_row),
        TEST (test_table),
        TEST (test_table_counts_the_rest),
        TEST (test_table_without_hits),
    };
    unnamed[0] = scans[0];
    snprintf (unnamed[0].id, sizeof unnamed[0].id, "%s", scan_scanner (&scans[0])->name);
    signal (SIGPIPE, SIG_IGN);
    log_init ("test_sink", LOG_INFO, LOG_TEXT);
    return exchange_init () < 0 ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}
