/* A data directory as the broker sees it: symbols, holidays, splits, and files that may be
 * anything. */
#include "check.h"

#include "log.h"
#include "market.h"
#include "spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The test's directory is the working directory. */
static int set_up (void **state)
{
    char *directory = directory_new ();
    *state = directory;
    return chdir (directory) == 0 && mkdir ("data", 0777) == 0 && mkdir ("data/candles", 0777) == 0
               ? 0
               : -1;
}

static int tear_down (void **state)
{
    char *directory = *state;
    int rc = chdir ("/");
    directory_destroy (&directory);
    return rc;
}

static void make (const char *path)
{
    assert_int_equal (mkdir (path, 0777), 0);
}

static void make_symbol (const char *symbol)
{
    char path[128];
    snprintf (path, sizeof path, "data/candles/%s", symbol);
    make (path);
}

static market_t *open_market (const char *symbols)
{
    market_t *market = market_open (".", symbols);
    assert_non_null (market);
    return market;
}

/* The market's symbols, blanks between. */
static void check_symbols (const char *symbols, const char *expected, uint64_t refused)
{
    market_t *market = open_market (symbols);
    char found[512] = "";
    for (size_t i = 0; i < market_symbol_count (market); i++) {
        strcat (strcat (found, i ? " " : ""), market_symbol (market, i));
    }
    assert_string_equal (found, expected);
    assert_int_equal (market_problems (market)->refused_symbols, refused);
    market_destroy (&market);
}

/* Symbols are the directories' names, sorted by bytes; files beside them are nobody's business. */
static void test_symbols (void **state)
{
    (void) state;
    check_symbols (NULL, "", 0);
    make_symbol ("a");
    make_symbol ("NAN");
    make_symbol ("B");
    make_symbol ("NA");
    make_symbol ("BRK.B");
    make_symbol ("BRK-A");
    make_symbol ("A");
    file_write ("data/candles/README", "no symbol");
    check_symbols (NULL, "A B BRK-A BRK.B NA NAN a", 0);
}

/* Names that are no symbols are refused and counted: a symbol becomes a path. */
static void test_refused_names (void **state)
{
    (void) state;
    make_symbol ("A");
    make_symbol (".git");
    make_symbol ("A B");
    make_symbol ("A\nB");
    make_symbol ("\xc3\x84");
    make_symbol ("A1234567890123456789012345678901");
    make_symbol ("A12345678901234567890123456789012");
    check_symbols (NULL, "A A1234567890123456789012345678901", 5);
}

/* A symlink to a directory is a symbol; one to a file or to nothing is not. */
static void test_symlinks (void **state)
{
    (void) state;
    make ("elsewhere");
    file_write ("file", "");
    assert_int_equal (symlink ("../../elsewhere", "data/candles/LINK"), 0);
    assert_int_equal (symlink ("../../file", "data/candles/FILE"), 0);
    assert_int_equal (symlink ("nowhere", "data/candles/GONE"), 0);
    check_symbols (NULL, "LINK", 0);
    check_symbols ("LINK,FILE,GONE", "LINK", 0);
}

/* --symbols takes names, each once, and files of them; unknown ones are left out, wrong ones
 * refused. */
static void test_symbols_option (void **state)
{
    (void) state;
    make_symbol ("A");
    make_symbol ("B");
    make_symbol ("C");
    check_symbols ("C, A,C,,A", "A C", 0);
    check_symbols ("Z", "", 0);
    check_symbols ("../A,A/../B,B", "B", 2);
    check_symbols ("A B,A#B", "", 2); /* two names without a comma are not one and silence */
    file_write ("list", "# the first ones\n\n  B # comment\r\nA\nZ\nA C\n\t\nA");
    check_symbols ("@list", "A B", 1);
    check_symbols ("C,@list", "A B C", 1);
    assert_null (market_open (".", "A,@missing"));
    assert_null (market_open (".", "@data"));
}

/* Lines of a list that are far too long, and a list that is no text, are refused and not fatal. */
static void test_strange_lists (void **state)
{
    (void) state;
    make_symbol ("A");
    make_symbol ("B");
    char text[2000] = "B\n";
    memset (text + 2, 'A', 1000);
    strcpy (text + 1002, "\nA\n");
    file_write ("list", text);
    check_symbols ("@list", "A B", 1);
    FILE *file = fopen ("list", "wb");
    const char utf16[] = "A\0\nB\nA\0";
    assert_non_null (file);
    assert_int_equal (fwrite (utf16, 1, sizeof utf16 - 1, file), sizeof utf16 - 1);
    assert_int_equal (fclose (file), 0);
    check_symbols ("@list", "B", 2);
}

/* Without data/candles there is no market. */
static void test_no_market (void **state)
{
    (void) state;
    assert_null (market_open ("nowhere", NULL));
    assert_int_equal (rmdir ("data/candles"), 0);
    assert_null (market_open (".", NULL));
    file_write ("data/candles", "");
    assert_null (market_open (".", NULL));
}

/* ---- JSON of the whole market */

#define HOLIDAYS "data/holidays/US_exchange_holidays.json"

static day_t day_of (const char *text)
{
    day_t day = DAY_NONE;
    assert_true (day_parse (text, strlen (text), &day));
    return day;
}

/* How many holidays there are and how many entries were rejected. */
static void check_holidays (const char *text, size_t expected, uint64_t rejected)
{
    size_t count;
    if (text) {
        file_write (HOLIDAYS, text);
    }
    market_t *market = open_market (NULL);
    market_holidays (market, &count);
    assert_int_equal (count, expected);
    assert_int_equal (market_problems (market)->rejected_json, rejected);
    bool closed = !calendar_is_trading (market_calendar (market), day_of ("2023-05-29"));
    assert_int_equal (closed, expected > 0);
    market_destroy (&market);
}

/* Holidays close days; what is no date is rejected one by one, a broken file whole. */
static void test_holidays (void **state)
{
    (void) state;
    check_holidays (NULL, 0, 0);
    make ("data/holidays");
    check_holidays ("[\"2023-05-29\", \"2023-07-04\"]", 2, 0);
    check_holidays ("[\"2023-05-29\", 7, null, \"2023-02-30\", \"2023-7-4\", [\"2023-07-04\"]]", 1,
                    5);
    check_holidays ("[]", 0, 0);
    check_holidays ("{\"2023-05-29\": 1}", 0, 1);
    check_holidays ("\"2023-05-29\"", 0, 1);
    check_holidays ("", 0, 1);
    check_holidays ("[\"2023-05-29\"", 0, 1);
    check_holidays ("[\"2023-05-29\"] x", 0, 1);
    check_holidays ("[\"\xff\"]", 0, 1);
}

/* A holiday that is named again counts once; beyond so many the rest is rejected, once. */
static void test_many_holidays (void **state)
{
    (void) state;
    make ("data/holidays");
    check_holidays ("[\"2023-05-29\", \"2023-07-04\", \"2023-05-29\"]", 2, 0);
    const int days[] = {20000, 20001, 30000};
    for (size_t i = 0; i < 3; i++) {
        buffer_t text = {0};
        buffer_printf (&text, "[");
        for (int k = 0; k < 300000; k++) {
            char date[11];
            day_format (day_of ("2023-05-29") + k % days[i], date);
            buffer_printf (&text, "%s\"%s\"", k > 0 ? "," : "", date);
        }
        buffer_append (&text, "]", 2);
        check_holidays (text.bytes, 20000, i > 0);
        buffer_free (&text);
    }
}

/* Something else in the holidays' place is rejected; a FIFO there is not waited for. */
static void test_holidays_no_file (void **state)
{
    (void) state;
    file_write ("data/holidays", "");
    check_holidays (NULL, 0, 1);
    assert_int_equal (unlink ("data/holidays"), 0);
    make ("data/holidays");
    make (HOLIDAYS);
    check_holidays (NULL, 0, 1);
    assert_int_equal (rmdir (HOLIDAYS), 0);
    assert_int_equal (mkfifo (HOLIDAYS, 0666), 0);
    check_holidays (NULL, 0, 1);
    assert_int_equal (unlink (HOLIDAYS), 0);
    file_write (HOLIDAYS, "[");
    assert_int_equal (truncate (HOLIDAYS, (off_t) MARKET_FILE_MAX + 1), 0);
    check_holidays (NULL, 0, 1);
}

static void check_splits (const char *text, size_t index, const wire_split_t *expected,
                          size_t expected_count, uint64_t rejected)
{
    size_t count;
    file_write ("data/polygon_splits.json", text);
    market_t *market = open_market (NULL);
    const wire_split_t *splits = market_splits (market, index, &count);
    assert_int_equal (count, expected_count);
    assert_int_equal (splits != NULL, count > 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (splits[i].day, expected[i].day);
        assert_true (splits[i].factor == expected[i].factor);
    }
    assert_int_equal (market_problems (market)->rejected_json, rejected);
    market_destroy (&market);
}

/* A symbol's splits keep the order of the file; those of symbols that are not scanned are not
 * looked at. */
static void test_splits (void **state)
{
    (void) state;
    make_symbol ("A");
    make_symbol ("B");
    make_symbol ("C");
    const char *text =
        "{\"C\": [{\"execution_date\": \"2023-06-01\", \"split_from\": 1, \"split_to\": 4},"
        "         {\"execution_date\": \"2022-06-01\", \"split_from\": 10, \"split_to\": 1.0,"
        "          \"ticker\": \"C\"}],"
        " \"Z\": 7,"
        " \"A\": [{\"execution_date\": \"2021-06-01\", \"split_from\": 2, \"split_to\": 1}]}";
    const wire_split_t of_a[] = {{day_of ("2021-06-01"), 2}};
    const wire_split_t of_c[] = {{day_of ("2023-06-01"), 0.25}, {day_of ("2022-06-01"), 10}};
    check_splits (text, 0, of_a, 1, 0);
    check_splits (text, 1, NULL, 0, 0);
    check_splits (text, 2, of_c, 2, 0);
}

/* Splits that say nothing usable are rejected one by one, the others are taken. */
static void test_broken_splits (void **state)
{
    (void) state;
    make_symbol ("A");
    const wire_split_t good[] = {{day_of ("2023-06-01"), 0.5}};
    check_splits ("{}", 0, NULL, 0, 0);
    check_splits ("[]", 0, NULL, 0, 1);
    check_splits ("", 0, NULL, 0, 1);
    check_splits ("{\"A\": 7}", 0, NULL, 0, 1);
    check_splits ("{\"A\": [7, null, {}, []]}", 0, NULL, 0, 4);
    check_splits (
        "{\"A\": ["
        "{\"execution_date\": \"2023-06-01\", \"split_from\": 1, \"split_to\": 0},"
        "{\"execution_date\": \"2023-06-01\", \"split_from\": -1, \"split_to\": -2},"
        "{\"execution_date\": \"2023-06-01\", \"split_from\": \"1\", \"split_to\": 2},"
        "{\"execution_date\": \"2023-06-31\", \"split_from\": 1, \"split_to\": 2},"
        "{\"execution_date\": \"2023-06-01\", \"split_from\": 1e300, \"split_to\": 1e-300},"
        "{\"execution_date\": \"2023-06-01\", \"split_from\": 1e-300, \"split_to\": 1e300},"
        "{\"execution_date\": \"2023-06-01\", \"split_from\": 1},"
        "{\"execution_date\": \"2023-06-01\", \"split_from\": 1, \"split_to\": 2}]}",
        0, good, 1, 7);
    check_splits ("{\"A\": [{\"execution_date\": \"2023-06-01\", \"split_from\": 1e999}]}", 0, NULL,
                  0, 1);
}

#define SPLIT "[{\"execution_date\": \"2023-06-01\", \"split_from\": 1, \"split_to\": 2}]"

/* A broken value loses its symbol alone, and nobody looks at one of a symbol that is not scanned;
 * behind a broken structure nothing is read, which is said once. */
static void test_splits_are_walked (void **state)
{
    (void) state;
    make_symbol ("A");
    make_symbol ("B");
    const wire_split_t good[] = {{day_of ("2023-06-01"), 0.5}};
    const char *broken_value = "{\"A\": [1 2],\n\"Z\": [nonsense],\n\"B\": " SPLIT "}";
    check_splits (broken_value, 0, NULL, 0, 1);
    check_splits (broken_value, 1, good, 1, 1);
    const char *broken_file = "{\"A\": " SPLIT ",\n\"Z\": [},\n\"B\": " SPLIT ", \"C\": ]}";
    check_splits (broken_file, 0, good, 1, 1);
    check_splits (broken_file, 1, NULL, 0, 1);
    check_splits ("{\"A\": " SPLIT "} x", 0, good, 1, 1);
    check_splits ("{\"A\": " SPLIT, 0, good, 1, 1);
}

/* Names are JSON strings: escapes are read, a broken name is rejected; the first of two counts. */
static void test_names_of_splits (void **state)
{
    (void) state;
    make_symbol ("A");
    const wire_split_t good[] = {{day_of ("2023-06-01"), 0.5}};
    check_splits ("{\"A\\/B\": 7, \"\\u0041\": " SPLIT "}", 0, good, 1, 0);
    check_splits ("{\"\\x\": 7, \"\xff\": 7, \"A\\u0000\": 7, \"A\": " SPLIT "}", 0, good, 1, 3);
    check_splits ("{\"A\": " SPLIT ", \"A\": []}", 0, good, 1, 1);
    check_splits ("{\"A\": [], \"A\": " SPLIT "}", 0, NULL, 0, 1);
}

/* What is wrong is told with its line. */
static void test_lines_of_splits (void **state)
{
    (void) state;
    make_symbol ("A");
    make_symbol ("B");
    file_write ("data/polygon_splits.json", "{\n\"A\": [\n\n1 2],\n\"B\": [7],\n\"C\": [}");
    const char *scan = "atr_gap_up,min_adv=1,min_adr=0,min_atr_multiplier=1,min_volume=1,"
                       "start_time=09:30,end_time=15:59,include_null_market_cap";
    static const char program[] = TEST_BIN "/fastscanner";
    const char *const argv[] = {program, "check",      "--data", ".",  "--from", "2023-03-01",
                                "--to",  "2023-03-02", "--scan", scan, NULL};
    spawn_t *check = spawn_run (argv, 60000);
    assert_non_null (strstr (spawn_err (check), "polygon_splits.json:4: A: "));
    assert_non_null (strstr (spawn_err (check), "polygon_splits.json:5: B: split 1 lacks"));
    assert_non_null (strstr (spawn_err (check), "polygon_splits.json:6: a bracket closes"));
    spawn_destroy (&check);
}

/* Of a symbol's splits so many are taken, in the order of the file; one more is rejected, and many
 * more are too, once. */
static void test_many_splits (void **state)
{
    (void) state;
    make_symbol ("A");
    const int counts[] = {1000, 1001, 100000};
    for (size_t i = 0; i < 3; i++) {
        buffer_t text = {0};
        size_t count;
        buffer_printf (&text, "{\"A\": [");
        for (int k = 1; k <= counts[i]; k++) {
            buffer_printf (&text,
                           "%s{\"execution_date\": \"2023-06-01\", \"split_from\": %d, "
                           "\"split_to\": 1}",
                           k > 1 ? "," : "", k);
        }
        buffer_append (&text, "]}", 3);
        file_write ("data/polygon_splits.json", text.bytes);
        market_t *market = open_market (NULL);
        assert_int_equal (market_problems (market)->rejected_json, i > 0);
        const wire_split_t *splits = market_splits (market, 0, &count);
        assert_int_equal (count, 1000);
        assert_true (splits[0].factor == 1 && splits[999].factor == 1000);
        market_destroy (&market);
        buffer_free (&text);
    }
}

/* ---- files of a symbol */

/* A symbol's folders are told as bits in the order that was asked for. */
static void test_folders (void **state)
{
    (void) state;
    make_symbol ("A");
    make ("data/candles/A/5min");
    make ("data/candles/A/1h");
    file_write ("data/candles/A/3min", "no folder");
    const frequency_t asked[] = {{1, 'm'}, {5, 'm'}, {3, 'm'}, {1, 'h'}, {60, 'm'}};
    market_t *market = open_market (NULL);
    assert_int_equal (market_folders (market, 0, asked, 5), 1 << 1 | 1 << 3);
    assert_int_equal (market_folders (market, 0, asked, 0), 0);
    market_destroy (&market);
}

static const partition_t week = {{1, 'm'}, 19429}; /* 2023-03-13 */
#define WEEK "data/candles/A/1min/2023-03-13.csv"

/* Opens the week; it must fail with a problem that holds `expected`, "" for none at all. */
static void check_problem (const market_t *market, const char *expected)
{
    char problem[64] = "unset";
    size_t size = 7;
    assert_int_equal (market_open_partition (market, 0, week, &size, problem, sizeof problem), -1);
    if (expected[0]) {
        assert_non_null (strstr (problem, expected));
    } else {
        assert_string_equal (problem, "");
    }
}

/* A partition is opened with its size. */
static void test_open_partition (void **state)
{
    (void) state;
    make_symbol ("A");
    make ("data/candles/A/1min");
    file_write (WEEK, "12345");
    market_t *market = open_market (NULL);
    char problem[64] = "unset", bytes[8];
    size_t size = 0;
    int file = market_open_partition (market, 0, week, &size, problem, sizeof problem);
    assert_true (file >= 0);
    assert_string_equal (problem, "");
    assert_int_equal (size, 5);
    assert_int_equal (read (file, bytes, sizeof bytes), 5);
    close (file);
    market_destroy (&market);
}

/* What is not there is no problem; what is there and no file of a sane size is one, and none of it
 * is waited for. */
static void test_open_partition_fails (void **state)
{
    (void) state;
    make_symbol ("A");
    market_t *market = open_market (NULL);
    check_problem (market, ""); /* no folder */
    make ("data/candles/A/1min");
    check_problem (market, ""); /* no file */
    assert_int_equal (symlink ("nowhere", WEEK), 0);
    check_problem (market, "");
    assert_int_equal (unlink (WEEK), 0);
    assert_int_equal (symlink ("2023-03-13.csv", WEEK), 0);
    check_problem (market, strerror (ELOOP));
    assert_int_equal (unlink (WEEK), 0);
    make (WEEK);
    check_problem (market, "directory");
    assert_int_equal (rmdir (WEEK), 0);
    assert_int_equal (mkfifo (WEEK, 0666), 0);
    check_problem (market, "not a regular file");
    assert_int_equal (unlink (WEEK), 0);
    file_write (WEEK, "");
    assert_int_equal (truncate (WEEK, (off_t) MARKET_FILE_MAX + 1), 0);
    check_problem (market, "larger than 64 MiB");
    assert_int_equal (truncate (WEEK, (off_t) MARKET_FILE_MAX), 0);
    char problem[64];
    size_t size;
    int file = market_open_partition (market, 0, week, &size, problem, sizeof problem);
    assert_true (file >= 0);
    assert_int_equal (size, MARKET_FILE_MAX);
    close (file);
    assert_int_equal (unlink (WEEK), 0);
    assert_int_equal (rmdir ("data/candles/A/1min"), 0);
    file_write ("data/candles/A/1min", "");
    check_problem (market, strerror (ENOTDIR));
    market_destroy (&market);
}

/* A file that may not be read is a problem, not an absent one. */
static void test_no_permission (void **state)
{
    (void) state;
    if (geteuid () == 0) {
        skip (); /* root may read all */
    }
    make_symbol ("A");
    make ("data/candles/A/1min");
    file_write (WEEK, "");
    assert_int_equal (chmod (WEEK, 0), 0);
    market_t *market = open_market (NULL);
    check_problem (market, strerror (EACCES));
    market_destroy (&market);
}

/* Fundamentals are opened from their directory, which may be missing or something else. */
static void test_fundamentals (void **state)
{
    (void) state;
    char problem[64] = "unset";
    size_t size = 0;
    make_symbol ("A");
    market_t *market = open_market (NULL);
    assert_int_equal (market_open_fundamentals (market, 0, &size, problem, sizeof problem), -1);
    assert_string_equal (problem, "");
    assert_int_equal (market_problems (market)->rejected_json, 0);
    market_destroy (&market);
    file_write ("data/fundamentals", "");
    market = open_market (NULL);
    assert_int_equal (market_problems (market)->rejected_json, 1);
    market_destroy (&market);
    assert_int_equal (unlink ("data/fundamentals"), 0);
    make ("data/fundamentals");
    market = open_market (NULL);
    assert_int_equal (market_open_fundamentals (market, 0, &size, problem, sizeof problem), -1);
    assert_string_equal (problem, "");
    file_write ("data/fundamentals/A.json", "{}");
    int file = market_open_fundamentals (market, 0, &size, problem, sizeof problem);
    assert_true (file >= 0);
    assert_int_equal (size, 2);
    close (file);
    market_destroy (&market);
    market_destroy (&market); /* NULL by now */
}

/* By name a file of any valid symbol is opened, listed or not. */
static void test_by_name (void **state)
{
    (void) state;
    make_symbol ("A");
    make_symbol ("B");
    make ("data/candles/A/1min");
    file_write (WEEK, "12345");
    make ("data/fundamentals");
    file_write ("data/fundamentals/A.json", "{}");
    market_t *market = open_market ("B");
    assert_int_equal (market_find (market, "A"), -1);
    assert_int_equal (market_find (market, "B"), 0);
    char problem[64], path[MARKET_PATH_TEXT];
    size_t size = 0;
    int file = market_open_partition_of (market, "A", week, &size, problem, sizeof problem);
    assert_true (file >= 0 && size == 5);
    close (file);
    file = market_open_fundamentals_of (market, "A", &size, problem, sizeof problem);
    assert_true (file >= 0 && size == 2);
    close (file);
    assert_int_equal (market_open_fundamentals_of (market, "C", &size, problem, sizeof problem),
                      -1);
    assert_string_equal (problem, "");
    assert_string_equal (market_partition_path ("A", week, path), WEEK);
    market_destroy (&market);
}

/* A live run's market may be empty, takes the names of --symbols without a directory, and knows the
 * splits of every symbol; without data/candles it is an error too. */
static void test_live (void **state)
{
    (void) state;
    size_t count;
    char problem[64];
    file_write ("data/polygon_splits.json",
                "{\"Z\": " SPLIT ", \"A/B\": " SPLIT ", \"A\": " SPLIT ", \"Z\": [], \"\\x\": 1}");
    market_t *market = market_open_live (".", NULL);
    assert_non_null (market);
    assert_int_equal (market_symbol_count (market), 0);
    assert_int_equal (market_problems (market)->rejected_json, 2);
    const wire_split_t *splits = market_splits_of (market, "A", &count);
    assert_int_equal (count, 1);
    assert_int_equal (splits->day, day_of ("2023-06-01"));
    assert_non_null (market_splits_of (market, "Z", &count));
    assert_null (market_splits_of (market, "B", &count));
    assert_int_equal (count, 0);
    assert_int_equal (market_open_partition_of (market, "A", week, &count, problem, sizeof problem),
                      -1);
    assert_string_equal (problem, "");
    market_destroy (&market);
    make_symbol ("A");
    market = market_open_live (".", "Q,A,../x");
    assert_int_equal (market_symbol_count (market), 2);
    assert_string_equal (market_symbol (market, 1), "Q");
    assert_int_equal (market_problems (market)->refused_symbols, 1);
    assert_non_null (market_splits (market, 0, &count));
    assert_null (market_splits (market, 1, &count));
    market_destroy (&market);
    assert_null (market_open_live ("nowhere", NULL));
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
    log_init ("test_market", LOG_ERROR, LOG_TEXT);
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_by_name),          TEST (test_live),
        TEST (test_symbols),          TEST (test_refused_names),
        TEST (test_symlinks),         TEST (test_symbols_option),
        TEST (test_strange_lists),    TEST (test_no_market),
        TEST (test_holidays),         TEST (test_many_holidays),
        TEST (test_holidays_no_file), TEST (test_splits),
        TEST (test_broken_splits),    TEST (test_splits_are_walked),
        TEST (test_names_of_splits),  TEST (test_lines_of_splits),
        TEST (test_many_splits),      TEST (test_folders),
        TEST (test_open_partition),   TEST (test_open_partition_fails),
        TEST (test_no_permission),    TEST (test_fundamentals),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
