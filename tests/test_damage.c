/* Damaged input: whatever is in a file, each damaged thing is said once with its place, counted
 * once, and the hits of all other symbols are exactly those of the undamaged market.
 *
 * The range lies in two quarters, so each symbol is two units of work, and one week lies in both.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "memory.h"
#include "stage.h"

#define LENGTH(table) (sizeof (table) / sizeof *(table))
#define OPEN          "min_adv=0,min_adr=0,include_null_market_cap"
#define DAILY         "daily_atr_parabolic_up,min_atr_multiplier=-1000," OPEN
#define MINUTES                                                                                    \
    "atr_parabolic_up,min_atr_multiplier=-1000,min_volume=0,start_time=00:00,end_time=23:59," OPEN
#define VICTIM "NAN"                                         /* a symbol of every sample */
#define WEEK   "data/candles/" VICTIM "/1min/2020-03-30.csv" /* of both quarters */
#define WEEK_2 "data/candles/" VICTIM "/1min/2020-04-06.csv"
#define YEAR   "data/candles/" VICTIM "/1d/2020.csv"
#define BEFORE "data/candles/" VICTIM "/1d/2019.csv" /* lookback alone */

static char *pristine; /* the undamaged market */
static char *expected; /* its hits, without the victim's */
static bool can_be_denied = true;

/* The lines that are not the victim's. */
static char *without_victim (const char *text)
{
    buffer_t kept = {0};
    while (*text) {
        size_t size = strcspn (text, "\n") + 1;
        if (!memmem (text, size, "," VICTIM ",", strlen ("," VICTIM ","))) {
            buffer_append (&kept, text, size);
        }
        text += size;
    }
    buffer_append (&kept, "", 1);
    return kept.bytes;
}

static spawn_t *scan (stage_t *stage, const char *data, const char *symbols)
{
    return stage_run (stage, "scan", "--data", data, "--from", "2020-03-23", "--to", "2020-04-09",
                      "--scan", "d:" DAILY, "--scan", "m:" MINUTES, "--all-hits", "--progress",
                      "never", "--workers", "3", symbols ? "--symbols" : NULL, symbols, NULL);
}

static int open_market (void **state)
{
    void *opened;
    (void) state;
    /* Root may read what nobody may, unless programs that it starts cannot get that right. */
    if (geteuid () == 0 && (prctl (PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) != 0 ||
                            prctl (PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0) != 0)) {
        can_be_denied = false;
    }
    pristine = directory_new ();
    stage_open (&opened);
    stage_must (opened, TEST_BIN "/fastscanner", "sample", pristine, "--count", "6", "--from",
                "2020-03-23", "--to", "2020-04-09", NULL);
    /* A broken file of splits would leave the others without theirs. */
    stage_must (opened, "rm", "-f", stage_text (opened, "%s/data/polygon_splits.json", pristine),
                NULL);
    spawn_t *process = scan (opened, pristine, NULL);
    assert_int_equal (spawn_code (process), 0);
    assert_null (strstr (spawn_err (process), "rejected:"));
    expected = without_victim (spawn_out (process));
    assert_true (strlen (expected) > 100000);
    return stage_close (&opened);
}

static int close_market (void **state)
{
    (void) state;
    directory_destroy (&pristine);
    free (expected);
    return 0;
}

/* ---- damage */

/* A copy of the market to damage. */
static char *copy_market (stage_t *stage)
{
    char *data = stage_path (stage, "m");
    stage_must (stage, "rm", "-rf", data, NULL);
    stage_must (stage, "cp", "-r", pristine, data, NULL);
    return data;
}

/* Puts `bytes` in the place of `cut` bytes (or all that are left) at the start of the file's `line`, counted from 1. */
static void edit_line (stage_t *stage, const char *name, int line, const char *bytes, size_t size,
                       size_t cut)
{
    size_t total;
    char *path = stage_path (stage, "m/%s", name);
    const char *text = stage_read (stage, path, &total), *at = text;
    assert_non_null (text);
    for (int i = 1; i < line; i++) {
        at = strchr (at, '\n') + 1;
    }
    FILE *file = fopen (path, "wbe");
    assert_non_null (file);
    fwrite (text, 1, (size_t) (at - text), file);
    fwrite (bytes, 1, size, file);
    size_t left = total - (size_t) (at - text);
    at += cut < left ? cut : left;
    fwrite (at, 1, total - (size_t) (at - text), file);
    assert_int_equal (fclose (file), 0);
}

static size_t count_text (const char *text, const char *part)
{
    size_t count = 0;
    while ((text = strstr (text, part))) {
        count++;
        text += strlen (part);
    }
    return count;
}

/* A run over the damaged market: `place` is said once, the counts are `rejected`, the others' hits
 * are as they were. */
static void check (stage_t *stage, const char *symbols, const char *place, const char *rejected)
{
    spawn_t *process = scan (stage, stage_path (stage, "m"), symbols);
    const char *err = spawn_err (process);
    char *line = stage_text (stage, "warning: rejected: %s\n", rejected);
    char *others = without_victim (spawn_out (process));
    bool same = strcmp (others, expected) == 0;
    free (others);
    if (spawn_code (process) != 0 || count_text (err, place) != 1 || !strstr (err, line) || !same) {
        fail_msg ("%s: exit code %d, said %zu times, %s, the others' hits are %s\n%s", place,
                  spawn_code (process), count_text (err, place), rejected,
                  same ? "the same" : "other ones", err);
    }
}

/* ---- rows */

static void test_rows (void **state)
{
    /* A bad row is said with file, line and reason, and counted once, wherever it stands: in a week
     * of both quarters, in one quarter's, among the daily candles or in the lookback. */
    static const struct {
        const char *row, *reason;
    } kinds[] = {
        {"2020-03-31 14:00:00,1,2,1,nan,5", "'nan' is not a number"},
        {"2020-03-31 14:00:00,1,inf,1,1,5", "'inf' is not a number"},
        {"2020-03-31 14:00:00,1,0x2,1,1,5", "'0x2' is not a number"},
        {"2020-03-31 14:00:00,1,\"2\",1,1,5", "is not a number"},
        {"2020-03-31 14:00:00,1,,1,1,5", "'' is not a number"},
        {"2020-03-31 14:00:00,1,2,1,1", "no field 'volume'"},
        {"2020-03-31 14:00:00,0,2,1,1,5", "price is not > 0"},
        {"2020-03-31 14:00:00,1,2,1,1,-5", "volume is negative"},
        {"2020-03-31 14:00:00,1,1,2,1,5", "high is below low"},
        {"2020-03-31 14:00:30,1,2,1,1,5", "not on a full minute"},
        {"2020-02-30 14:00:00,1,2,1,1,5", "datetime is not YYYY-MM-DD"},
        {"2020-03-31 25:00:00,1,2,1,1,5", "datetime is not YYYY-MM-DD"},
        {"31.03.2020 14:00,1,2,1,1,5", "datetime is not YYYY-MM-DD"},
        {"2020-04-14 14:00:00,1,2,1,1,5", "date belongs to another partition"},
        {"1890-04-14 14:00:00,1,2,1,1,5", "datetime is not YYYY-MM-DD"},
        {"garbage", "datetime is not YYYY-MM-DD"},
        {",,,,,", "datetime is not YYYY-MM-DD"},
    };
    stage_t *stage = *state;
    for (size_t i = 0; i < LENGTH (kinds); i++) {
        copy_market (stage);
        char *row = stage_text (stage, "%s\n", kinds[i].row);
        edit_line (stage, WEEK, 3, row, strlen (row), 0);
        check (stage, NULL, stage_text (stage, "/m/" WEEK ":3: "), "1 row");
        spawn_t *process = scan (stage, stage_path (stage, "m"), NULL);
        if (!strstr (spawn_err (process), kinds[i].reason)) {
            fail_msg ("not said: %s\n%s", kinds[i].reason, spawn_err (process));
        }
    }
    static const char *const files[] = {WEEK_2, YEAR, BEFORE};
    for (size_t i = 0; i < LENGTH (files); i++) {
        for (int line = 2; line <= 40; line += 19) {
            copy_market (stage);
            edit_line (stage, files[i], line, "?\n", 2, 0);
            check (stage, NULL, stage_text (stage, "/m/%s:%d: datetime is not", files[i], line),
                   "1 row");
        }
    }
}

static void test_bytes (void **state)
{
    /* Bytes that are no text: a NUL in a row, a line of 1 MB, one of 1 MB without an end, a file
     * that ends in the middle of a row. */
    stage_t *stage = *state;
    char *x = stage_text (stage, "%01048576d\n", 0);
    copy_market (stage);
    edit_line (stage, WEEK, 5, "2020-03-31 14:00:00,1,2\0,1,1,5\n", 31, 0);
    check (stage, NULL, "/m/" WEEK ":5: '2\\x00' is not a number", "1 row");
    copy_market (stage);
    edit_line (stage, WEEK, 5, x, strlen (x), 0);
    check (stage, NULL, "/m/" WEEK ":5: ", "1 row");
    copy_market (stage);
    edit_line (stage, YEAR, 5, x, strlen (x), 0);
    check (stage, NULL, "/m/" YEAR ":5: ", "1 row");
    copy_market (stage);
    edit_line (stage, WEEK, 1, x, strlen (x) - 1, 1000000);
    check (stage, NULL, "/m/" WEEK, "1 file");
}

static void test_truncated (void **state)
{
    /* Of a file that was cut anywhere the whole rows count, and at most the last is rejected. */
    stage_t *stage = *state;
    static const int sizes[] = {0, 1, 10, 37, 38, 1000, 5000, 20011, 20012, 20013, 20030};
    for (size_t i = 0; i < LENGTH (sizes); i++) {
        copy_market (stage);
        assert_int_equal (truncate (stage_path (stage, "m/" WEEK), sizes[i]), 0);
        spawn_t *process = scan (stage, stage_path (stage, "m"), NULL);
        char *others = without_victim (spawn_out (process));
        assert_int_equal (spawn_code (process), 0);
        assert_string_equal (others, expected);
        free (others);
        assert_true (count_text (spawn_err (process), "/m/" WEEK) <= 1);
        assert_int_equal (count_text (spawn_err (process), "rejected: 1 "),
                          count_text (spawn_err (process), "/m/" WEEK));
    }
}

/* ---- whole files */

static void damage_header (stage_t *stage, const char *name)
{
    edit_line (stage, name, 1, "datetime,open,high,low,close,vol", 32, 36);
}

static void damage_directory (stage_t *stage, const char *name)
{
    char *path = stage_path (stage, "m/%s", name);
    unlink (path);
    assert_int_equal (mkdir (path, 0700), 0);
}

static void damage_fifo (stage_t *stage, const char *name)
{
    char *path = stage_path (stage, "m/%s", name);
    unlink (path);
    assert_int_equal (mkfifo (path, 0600), 0);
}

static void damage_size (stage_t *stage, const char *name)
{
    assert_int_equal (truncate (stage_path (stage, "m/%s", name), (64 << 20) + 1), 0);
}

static void damage_mode (stage_t *stage, const char *name)
{
    assert_int_equal (chmod (stage_path (stage, "m/%s", name), 0), 0);
}

static void damage_link (stage_t *stage, const char *name)
{
    char *path = stage_path (stage, "m/%s", name);
    unlink (path);
    assert_int_equal (symlink (path, path), 0);
}

static const struct {
    void (*damage) (stage_t *stage, const char *name);
    const char *reason;
} file_damages[] = {
    {damage_directory, "a directory stands in the file's place"},
    {damage_fifo, "it is not a regular file"},
    {damage_size, "it is larger than 64 MiB"},
    {damage_link, "Too many levels of symbolic links"},
    {damage_mode, "Permission denied"},
};

static void test_files (void **state)
{
    /* A file that is not one, is too large or may not be read is said and counted once. */
    static const char *const files[] = {WEEK, WEEK_2, YEAR, BEFORE};
    stage_t *stage = *state;
    for (size_t i = 0; i < LENGTH (file_damages); i++) {
        if (file_damages[i].damage == damage_mode && !can_be_denied) {
            print_message ("no permission: not tried, root may read everything here\n");
            continue;
        }
        for (size_t k = 0; k < LENGTH (files); k++) {
            copy_market (stage);
            file_damages[i].damage (stage, files[k]);
            check (stage, NULL, stage_text (stage, "/m/%s: %s", files[k], file_damages[i].reason),
                   "1 file");
        }
        copy_market (stage);
        file_damages[i].damage (stage, "data/fundamentals/" VICTIM ".json");
        check (
            stage, NULL,
            stage_text (stage, "/m/data/fundamentals/" VICTIM ".json: %s", file_damages[i].reason),
            "1 JSON file or entry");
    }
}

static void test_header (void **state)
{
    /* A file without one of the columns is rejected whole, and the column is named. */
    static const char *const files[] = {WEEK, WEEK_2, YEAR, BEFORE};
    stage_t *stage = *state;
    for (size_t k = 0; k < LENGTH (files); k++) {
        copy_market (stage);
        damage_header (stage, files[k]);
        check (stage, NULL, stage_text (stage, "/m/%s:1: ", files[k]), "1 file");
        spawn_t *process = scan (stage, stage_path (stage, "m"), NULL);
        assert_non_null (strstr (spawn_err (process), "volume"));
    }
}

/* ---- JSON */

static void test_json (void **state)
{
    /* Broken JSON is said with its line and counted once; good entries beside it still count. */
    static const struct {
        const char *file, *text, *place;
    } kinds[] = {
        {"data/fundamentals/" VICTIM ".json", "{\n\"ipo_date\": }", ".json: line 2: "},
        {"data/fundamentals/" VICTIM ".json", "[]", ".json: line 1: not a JSON object"},
        {"data/fundamentals/" VICTIM ".json", "{\"historical_market_cap\": {\"x\": 1}}",
         ".json: historical_market_cap: 'x' is not a date"},
        {"data/fundamentals/" VICTIM ".json", "{\"earnings_dates\": [1]}",
         ".json: earnings_dates[0]: not a date"},
        {"data/polygon_splits.json", "{\n\n", "data/polygon_splits.json:3: "},
        {"data/polygon_splits.json", "[]", "data/polygon_splits.json:1: it is not an object"},
        {"data/polygon_splits.json", "{\"" VICTIM "\": 3}", VICTIM ": it is not an array"},
        {"data/polygon_splits.json",
         "{\"" VICTIM "\": [{\"execution_date\": \"2020-04-01\", \"split_from\": 0, \"split_to\": "
         "2}]}",
         VICTIM ": split 1 lacks a good"},
    };
    stage_t *stage = *state;
    for (size_t i = 0; i < LENGTH (kinds); i++) {
        copy_market (stage);
        stage_write (stage, stage_text (stage, "m/%s", kinds[i].file), kinds[i].text);
        check (stage, NULL, kinds[i].place, "1 JSON file or entry");
    }
    copy_market (stage);
    char *holidays = stage_path (stage, "m/data/holidays/US_exchange_holidays.json");
    const char *text = stage_read (stage, holidays, NULL);
    assert_non_null (text);
    file_write (holidays, stage_text (stage, "[\"2020-02-31\", %s", strchr (text, '[') + 1));
    check (stage, NULL, "US_exchange_holidays.json: entry 1 is not a date", "1 JSON file or entry");
    file_write (holidays, "[\"2020-01-01\",\n");
    spawn_t *process = scan (stage, stage_path (stage, "m"), NULL);
    assert_int_equal (spawn_code (process), 0);
    assert_int_equal (count_text (spawn_err (process), "US_exchange_holidays.json:2: "), 1);
    assert_non_null (strstr (spawn_err (process), "rejected: 1 JSON file or entry\n"));
}

/* ---- names */

static void test_directory_names (void **state)
{
    /* Directories whose names are no symbols are refused, said and counted; nothing of them is
     * scanned, and a name cannot write to the terminal. */
    static const char *const names[] = {
        "a b",  ".git",        "-\x1b[2J", "\xff\xfe", "new\nline",
        "$(x)", "caf\xc3\xa9", "a,b",      "@file",    "A23456789012345678901234567890123"};
    stage_t *stage = *state;
    copy_market (stage);
    for (size_t i = 0; i < LENGTH (names); i++) {
        stage_write (stage, stage_text (stage, "m/data/candles/%s/1d/2020.csv", names[i]), "x");
    }
    stage_write (stage, "m/data/candles/README", "not a directory: nobody's business");
    check (stage, NULL, "'a b' is no symbol", "10 symbols");
    spawn_t *process = scan (stage, stage_path (stage, "m"), NULL);
    assert_null (strchr (spawn_err (process), '\x1b'));
    assert_null (strstr (spawn_err (process), "new\nline"));
}

static void test_symbol_names (void **state)
{
    /* Names that are no symbols are refused in --symbols and in a file of it, and lead nowhere. */
    stage_t *stage = *state;
    buffer_t list = {0};
    copy_market (stage);
    stage_write (stage, "m/data/x/1d/2020.csv", "x"); /* what ../x would reach */
    char *ls = stage_path (stage, "m/data/candles");
    spawn_t *process = stage_spawn (stage, "ls", ls, NULL);
    assert_int_equal (spawn_wait (process, STAGE_MS), 0);
    buffer_printf (&list, "%s../x\n%s/../../etc\n%01000d\n..\n", spawn_out (process), "/", 7);
    buffer_append (&list, "", 1);
    char *file = stage_write (stage, "list", list.bytes);
    buffer_free (&list);
    check (stage, stage_text (stage, "@%s", file), "list: '../x' is no symbol", "4 symbols");
    check (stage, stage_text (stage, "../x,@%s", file), "--symbols: '../x' is no symbol",
           "5 symbols");
}

/* ---- all at once */

static void test_everything (void **state)
{
    /* All kinds together, each in its own place, are all counted. */
    stage_t *stage = *state;
    copy_market (stage);
    edit_line (stage, WEEK, 3, "?\n", 2, 0);
    edit_line (stage, WEEK, 9, "?\n", 2, 0);
    edit_line (stage, YEAR, 9, "?\n", 2, 0);
    damage_fifo (stage, WEEK_2);
    damage_header (stage, BEFORE);
    stage_write (stage, "m/data/fundamentals/" VICTIM ".json", "{");
    stage_write (stage, "m/data/polygon_splits.json", "{");
    stage_write (stage, "m/data/candles/a b/x", "x");
    check (stage, NULL, WEEK ":9: ", "3 rows, 2 files, 2 JSON files or entries, 1 symbol");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, stage_open, stage_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_rows),
        TEST (test_bytes),
        TEST (test_truncated),
        TEST (test_files),
        TEST (test_header),
        TEST (test_json),
        TEST (test_directory_names),
        TEST (test_symbol_names),
        TEST (test_everything),
    };
    return cmocka_run_group_tests (tests, open_market, close_market);
}
