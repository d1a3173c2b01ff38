/* The user's command line: every command, its exit codes and what it says.
 *
 * A case is a line as typed after `fastscanner`, given to a shell that knows $M (a small sample
 * market), $T (the test's directory), $D and $I (a daily and an intraday scan that let all pass).
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "stage.h"

#define LENGTH(table) (sizeof (table) / sizeof *(table))
#define OPEN          "min_adv=0,min_adr=0,include_null_market_cap"

static char *market;

static int open_market (void **state)
{
    void *opened;
    (void) state;
    market = directory_new ();
    stage_open (&opened);
    stage_must (opened, TEST_BIN "/fastscanner", "sample", market, "--count", "6", "--from",
                "2023-03-06", "--to", "2023-03-10", NULL);
    setenv ("M", market, 1);
    setenv ("D", "daily_atr_parabolic_up,min_atr_multiplier=-1000," OPEN, 1);
    setenv ("I",
            "atr_parabolic_up,min_atr_multiplier=-1000,min_volume=0,start_time=00:00,"
            "end_time=23:59," OPEN,
            1);
    return stage_close (&opened);
}

static int close_market (void **state)
{
    (void) state;
    directory_destroy (&market);
    return 0;
}

static int open_test (void **state)
{
    stage_open (state);
    setenv ("T", stage_path (*state, "."), 1);
    return 0;
}

/* Runs the line; `before` are assignments to variables. */
static spawn_t *run_with (stage_t *stage, const char *before, const char *line)
{
    char *script = stage_text (stage, "%s exec " TEST_BIN "/fastscanner %s", before, line);
    spawn_t *process = stage_spawn (stage, "sh", "-c", script, NULL);
    assert_int_not_equal (spawn_wait (process, STAGE_MS), SPAWN_RUNS);
    return process;
}

static spawn_t *run (stage_t *stage, const char *line)
{
    return run_with (stage, "", line);
}

/* ---- errors */

typedef struct {
    const char *line;
    int code;
    const char *err; /* is in stderr */
} case_t;

/* Runs each; false when one was not as said. */
static void check_cases (stage_t *stage, const case_t *cases, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        spawn_t *process = run (stage, cases[i].line);
        bool good =
            spawn_code (process) == cases[i].code && strstr (spawn_err (process), cases[i].err);
        if (!good) {
            print_message ("%s: exit code %d, not %d with \"%s\"\n%s\n", cases[i].line,
                           spawn_code (process), cases[i].code, cases[i].err, spawn_err (process));
        }
        wrong += !good;
    }
    assert_int_equal (wrong, 0);
}

static void test_usage_errors (void **state)
{
    /* What is wrong on a command line is said with what to give instead, and the exit code is 2. */
    static const case_t cases[] = {
        {"", 2, "a command is missing\ntry 'fastscanner --help'"},
        {"scam", 2, "unknown command scam: did you mean scan?"},
        {"--data x", 2, "--data: the command comes first"},
        {"scan --symbol=A", 2, "unknown option --symbol: did you mean --symbols?"},
        {"scan --symbol=A", 2, "try 'fastscanner scan --help'"},
        {"scan --count 3", 2, "'fastscanner scan' takes no --count"},
        {"scan --from", 2, "--from: a value is missing: DATE"},
        {"scan --from 2023-02-29", 2, "--from: '2023-02-29' is not a date like 2023-03-13"},
        {"scan --workers 0", 2, "'0' is not a whole number from 1 to 1024"},
        {"scan --progress maybe", 2, "'maybe' is none of auto|never"},
        {"scan --log-level loud", 2, "'loud' is none of error|warning|info|debug"},
        {"scan --strict=perhaps", 2, "'perhaps' is neither true nor false"},
        {"scan --from 2023-03-06 --from 2023-03-07", 2, "--from is given twice"},
        {"scan more", 2, "one operand too many: more"},
        {"sample", 2, "an operand is missing: DIR"},
        {"sample $T/m --freq 7min", 2, "'7min' is no frequency"},
        {"sample $T/m --to 2023-01-01", 2, "--to without --from"},
        {"sample $T/m --count 0", 2, "from 1 to 100000"},
        {"sample $M", 1, "already holds candles"},
        {"sample $T/no/m", 1, "No such file or directory"},
        {"scanners atr_gap_u", 2, "unknown scanner 'atr_gap_u': did you mean atr_gap_up?"},
        {"scanners zzz", 2, "'fastscanner scanners' lists them"},
        {"explain AAPL", 2, "an operand is missing: SYMBOL WHEN"},
        {"explain AAPL noon --data $M --scan $D", 2, "'noon' is no time: give '2023-03-13 09:31'"},
        {"explain ../x 2023-03-06 --data $M --scan $D", 2, "'../x' is no symbol"},
        {"check --config $T/none.zpl", 2, "none.zpl: No such file or directory"},
    };
    check_cases (*state, cases, LENGTH (cases));
}

static void test_scan_errors (void **state)
{
    /* What is wrong with a scan, a day or an output is named before anything is done. */
    static const case_t cases[] = {
        {"--from 2023-03-06", 2, "nothing to scan for: give --scan NAME,k=v..."},
        {"--scan $D", 2, "--from DATE is required"},
        {"--scan $D --from 2023-03-07 --to 2023-03-06", 2,
         "--to 2023-03-06 is before --from 2023-03-07"},
        {"--from 2023-03-06 --scan atr_gap_upp,x=1", 2, "did you mean atr_gap_up?"},
        {"--from 2023-03-06 --scan atr_gap_up", 2, "parameters min_atr_multiplier, min_volume"},
        {"--from 2023-03-06 --scan atr_gap_up,min_ad=3", 2,
         "atr_gap_up has no parameter 'min_ad': did you mean min_adv?"},
        {"--from 2023-03-06 --scan atr_gap_up,n_days=3", 2, "atr_gap_up takes no n_days"},
        {"--from 2023-03-06 --scan $D --scan $D", 2, "two scans have the id"},
        {"--from 2023-03-06 --scan $D,min_adv=3", 2, "min_adv is given twice"},
        {"--from 2023-03-06 --scan atr_gap_up,min_adv=x", 2, "give a number, such as 0.5 or 1e9"},
        {"--from 2023-03-06 --scan a/b:$D", 2, "scan id 'a/b'"},
        {"--from 2023-03-06 --scan $I,freq=7min", 2, "give a frequency that divides a day"},
        {"--from 2023-03-06 --scan $I --freq 7min", 2, "--freq '7min' is no frequency"},
        {"--from 2023-03-06 --scan $I --freq 1d", 2, "scans within the day, not at 1d"},
        {"--from 2023-03-06 --scan $D --out csb:x", 2, "did you mean csv:?"},
        {"--from 2023-03-06 --scan $D --out csv:", 2, "the path is missing"},
        {"--from 2023-03-06 --scan $D --out redis://x", 2, "is not for batch scans"},
        {"--from 2023-03-06 --scan $D --out csv:$T/no/x", 2, "create it first"},
        {"--from 2023-03-06 --scan $D --out csv:$T", 2, "is a directory: give a file's name"},
        {"--from 2023-03-06 --scan $D --out sqlite:-", 2, "cannot be written to stdout"},
        {"--from 2023-03-06 --scan $D --out csv:$T/x --out jsonl:$T/x", 2, "write the same file"},
        {"--from 2023-03-06 --scan $D --out jsonl:$T/x.part --out csv:$T/x", 2, "/x.part: give"},
        {"--from 2023-03-06 --scan a:$D --scan b:$D --out csv:$T/{scan}.csv --out csv:$T/a.csv", 2,
         "/a.csv: give each its own"},
        {"--from 2023-03-06 --scan $D --data $T", 2, "must name a directory with data/candles"},
        {"--from 2023-03-06 --scan $D --symbols @$T/none", 2, "none: No such file or directory"},
        {"--from 2023-03-05 --scan $D", 4, "no trading day from 2023-03-05 to 2023-03-05"},
        {"--from 2023-03-06 --scan $D --symbols ZZZZ", 4, "none of the symbols asked for"},
        {"--from 2011-03-07 --scan $D", 4, "no symbol had any candle that the scans read"},
    };
    stage_t *stage = *state;
    case_t full[LENGTH (cases)];
    for (size_t i = 0; i < LENGTH (cases); i++) {
        full[i] = cases[i];
        bool has_data = strstr (cases[i].line, "--data") != NULL;
        full[i].line = stage_text (stage, "scan %s %s", has_data ? "" : "--data $M", cases[i].line);
    }
    check_cases (stage, full, LENGTH (full));
}

static void test_nothing_keeps_result (void **state)
{
    /* A run that finds no candle is no result: an older one in its place stays. */
    stage_t *stage = *state;
    const char *old = stage_write (stage, "old.csv", "an older result\n");
    const case_t cases[] = {
        {stage_text (stage, "scan --data $M --from 2011-03-07 --scan $D --out csv:%s", old), 4,
         "no symbol had any candle"}};
    check_cases (stage, cases, 1);
    assert_string_equal (stage_read (stage, old, NULL), "an older result\n");
}

/* ---- help */

static void assert_narrow (const char *text)
{
    assert_true (strlen (text) > 50);
    for (const char *line = text; *line;) {
        size_t size = strcspn (line, "\n");
        if (size > 80) {
            fail_msg ("%zu columns: %.*s", size, (int) size, line);
        }
        line += size + (line[size] == '\n');
    }
}

static void test_help (void **state)
{
    /* --help of each program and command exits 0, is on stdout alone and fits 80 columns. */
    static const char *const lines[] = {
        "fastscanner --help",          "fastscanner scan --help",     "fastscanner sample --help",
        "fastscanner scanners --help", "fastscanner explain -h",      "fastscanner check --help",
        "fastscanner-worker --help",   "fastscanner-collector --help"};
    stage_t *stage = *state;
    for (size_t i = 0; i < LENGTH (lines); i++) {
        spawn_t *process = stage_spawn (stage, "sh", "-c",
                                        stage_text (stage, "exec " TEST_BIN "/%s", lines[i]), NULL);
        assert_int_equal (spawn_wait (process, STAGE_MS), 0);
        assert_string_equal (spawn_err (process), "");
        assert_narrow (spawn_out (process));
        assert_non_null (strstr (spawn_out (process), "usage: fastscanner"));
    }
    assert_non_null (strstr (spawn_out (run (stage, "--version")), "fastscanner "));
}

static void test_scanners (void **state)
{
    /* `scanners` lists them; with a name it shows parameters, defaults, rule and columns. */
    stage_t *stage = *state;
    spawn_t *process = run (stage, "scanners");
    assert_int_equal (spawn_code (process), 0);
    assert_non_null (strstr (spawn_out (process), "small_cap_up               intraday"));
    assert_non_null (strstr (spawn_out (process), "day2_gap                   1d"));
    process = run (stage, "scanners small_cap_up");
    assert_int_equal (spawn_code (process), 0);
    static const char *const parts[] = {
        "min_volume                 (required)", "shift_periods              (2/10/15)",
        "min_days_since_ipo         (not applied)", "rule:\n", "columns:\n  symbol datetime open"};
    for (size_t i = 0; i < LENGTH (parts); i++) {
        assert_non_null (strstr (spawn_out (process), parts[i]));
    }
}

/* ---- where values come from */

static void assert_says (const spawn_t *process, const char *text)
{
    if (!strstr (spawn_out (process), text)) {
        fail_msg ("not said: %s\n%s%s", text, spawn_out (process), spawn_err (process));
    }
}

static void test_origins (void **state)
{
    /* An option beats the environment, that beats the file, that beats the default; `check` prints
     * each value with where it came from. */
    stage_t *stage = *state;
    stage_write (stage, "c.zpl",
                 "data = /nowhere\nfrom = 2023-03-07\nworkers = 3\nscan = \"a:nothing\"\n");
    spawn_t *process =
        run_with (stage, "FASTSCANNER_DATA=$M FASTSCANNER_WORKERS=2 FASTSCANNER_SCAN=$D",
                  "check --config $T/c.zpl --workers 1");
    assert_int_equal (spawn_code (process), 0);
    static const struct {
        const char *name, *origin;
    } expected[] = {{"\ndata ", "FASTSCANNER_DATA\n"},
                    {"\nfrom         2023-03-07 ", "c.zpl\n"},
                    {"\nworkers      1 ", "--workers on the command line\n"},
                    {"\nscan         daily_atr_parabolic_up", "FASTSCANNER_SCAN\n"},
                    {"\nfreq         1min ", "default\n"}};
    for (size_t i = 0; i < LENGTH (expected); i++) {
        const char *line = strstr (spawn_out (process), expected[i].name);
        assert_non_null (line);
        const char *end = strchr (line + 1, '\n') + 1 - strlen (expected[i].origin);
        assert_memory_equal (end, expected[i].origin, strlen (expected[i].origin));
    }
    assert_says (process, "6 symbols");
    assert_says (process, "a run would do 6 units of work");

    process = run_with (stage, "FASTSCANNER_FRM=1", "check");
    assert_int_equal (spawn_code (process), 2);
    assert_non_null (strstr (spawn_err (process), "did you mean FASTSCANNER_FROM?"));
    stage_write (stage, "d.zpl", "frm = 2023-03-07\n");
    process = run (stage, "check --config $T/d.zpl");
    assert_int_equal (spawn_code (process), 2);
    assert_non_null (strstr (spawn_err (process), "line 1: frm is no option: did you mean from?"));
}

/* ---- symbols */

static void test_symbols (void **state)
{
    /* --symbols takes names and @files with comments; an unknown name is a warning, and only what
     * was asked for is scanned. */
    stage_t *stage = *state;
    stage_write (stage, "list", "# a comment\n\nBRK.B  # the second class\r\n  NOSUCH\n");
    spawn_t *process =
        run (stage, "scan --data $M --from 2023-03-06 --scan $D --symbols NAN,@$T/list");
    assert_int_equal (spawn_code (process), 0);
    assert_non_null (strstr (spawn_err (process), "warning: "));
    assert_non_null (strstr (spawn_err (process), "no symbol 'NOSUCH' in"));
    const char *line = strchr (spawn_out (process), '\n') + 1;
    assert_memory_equal (line, "BRK.B,2023-03-06 00:00:00-05:00,", 32);
    line = strchr (line, '\n') + 1;
    assert_memory_equal (line, "NAN,2023-03-06 00:00:00-05:00,", 30);
    assert_string_equal (strchr (line, '\n'), "\n");
    assert_non_null (strstr (spawn_err (process), "2 symbols, "));
}

/* ---- strict */

#define HEADER "datetime,open,high,low,close,volume\n"

static void test_strict (void **state)
{
    /* With --strict each kind of rejection makes the exit code 3, without it 0. */
    static const struct {
        const char *file, *text, *said;
    } kinds[] = {
        {"m/data/candles/A/1d/2023.csv", HEADER "2023-03-03,1,2,1,2,9\n2023-03-02,1,2,1,x,9\n",
         "rejected: 1 row"},
        {"m/data/candles/A/1d/2022.csv", "datetime,open\n", "rejected: 1 file"},
        {"m/data/candles/a b/1d/2023.csv", HEADER, "rejected: 1 symbol"},
        {"m/data/fundamentals/A.json", "{", "rejected: 1 JSON file or entry"},
        {"m/data/polygon_splits.json", "{\"A\":[{}]}", "rejected: 1 JSON file or entry"},
        {"m/data/holidays/US_exchange_holidays.json", "[1]", "rejected: 1 JSON file or entry"},
    };
    stage_t *stage = *state;
    for (size_t i = 0; i < LENGTH (kinds); i++) {
        stage_must (stage, "rm", "-rf", stage_path (stage, "m"), NULL);
        stage_write (stage, "m/data/candles/A/1d/2023.csv", HEADER "2023-03-03,1,2,1,2,9\n");
        stage_write (stage, kinds[i].file, kinds[i].text);
        const char *line = "scan --data $T/m --from 2023-03-06 --scan $D";
        spawn_t *process = run (stage, line);
        if (spawn_code (process) != 0 || !strstr (spawn_err (process), kinds[i].said)) {
            fail_msg ("%s: exit code %d\n%s", kinds[i].file, spawn_code (process),
                      spawn_err (process));
        }
        process = run (stage, stage_text (stage, "%s --strict", line));
        assert_int_equal (spawn_code (process), 3);
    }
    stage_must (stage, "rm", "-rf", stage_path (stage, "m"), NULL);
    stage_write (stage, "m/data/candles/A/1d/2023.csv", HEADER "2023-03-03,1,2,1,2,9\n");
    assert_int_equal (
        spawn_code (run (stage, "scan --data $T/m --from 2023-03-06 --scan $D --strict")), 0);
    /* A symbol that is refused on the command line counts too. */
    assert_int_equal (spawn_code (run (stage, "scan --data $T/m --from 2023-03-06 --scan $D "
                                              "--strict --symbols A,../x")),
                      3);
}

/* ---- splits */

/* Three days before a split of one into two on the 9th, and that day. */
static void write_split_market (stage_t *stage)
{
    stage_write (stage, "m/data/candles/T/1d/2023.csv",
                 HEADER "2023-03-06,100,110,90,105,1000\n2023-03-07,105,120,100,115,2000\n"
                        "2023-03-08,120,130,110,125,3000\n2023-03-09,60,70,55,65,4000\n");
    stage_write (stage, "m/data/polygon_splits.json",
                 "{\"T\":[{\"execution_date\":\"2023-03-09\",\"split_from\":1,\"split_to\":2}]}");
}

static double cell (const char *line, int index)
{
    for (; index > 0; index--) {
        line += strcspn (line, ",") + 1;
    }
    return atof (line);
}

static void assert_near (double actual, double expected)
{
    if (!(fabs (actual - expected) < 1e-9)) {
        fail_msg ("%.17g is not %.17g", actual, expected);
    }
}

static void test_splits (void **state)
{
    /* Prices before a split are in the prices of the scanned day, from the split's day on and not
     * before: the numbers are worked out by hand. Volumes stay as they are. */
    stage_t *stage = *state;
    write_split_market (stage);
    spawn_t *process = run (stage, "scan --data $T/m --from 2023-03-08 --to 2023-03-10 --scan $D");
    assert_int_equal (spawn_code (process), 0);
    const char *day8 = strchr (spawn_out (process), '\n') + 1, *day9 = strchr (day8, '\n') + 1,
               *day10 = strchr (day9, '\n') + 1;
    enum { OPEN_CELL = 2, VOLUME = 6, ADV = 7, ADR = 8, ATR = 9, CLOSE_BEFORE = 10, SIGNAL = 15 };
    /* the 8th: true ranges 20 and 20 in old prices */
    assert_near (cell (day8, ATR), 20);
    assert_near (cell (day8, SIGNAL), (115.0 - 105) / 20);
    /* the 9th: 10, 10, 10 in new prices */
    assert_near (cell (day9, OPEN_CELL), 60);
    assert_near (cell (day9, VOLUME), 3000);
    assert_near (cell (day9, ADV), 2000);
    assert_near (cell (day9, ADR), (20.0 / 105 + 20.0 / 115 + 20.0 / 125) / 3);
    assert_near (cell (day9, ATR), 10);
    assert_near (cell (day9, CLOSE_BEFORE), 62.5);
    assert_near (cell (day9, SIGNAL), 0.25);
    /* the 10th: 10, 10, 10 and 15, weighted with powers of 13/14 */
    double w = 13.0 / 14, weights = 1 + w + w * w + w * w * w;
    double atr = (15 + 10 * (weights - 1)) / weights;
    assert_near (cell (day10, ATR), atr);
    assert_near (cell (day10, SIGNAL), (65.0 - 60) / atr);

    process = run (stage, "explain T 2023-03-09 --data $T/m --scan $D");
    assert_int_equal (spawn_code (process), 0);
    assert_says (process, "prev_day_close                                 62.5  >  0");
    assert_says (process, "0.25  >= -1000       pass");
    assert_says (process, "=> the rule holds");
}

/* ---- explain */

static void write_minutes_market (stage_t *stage)
{
    stage_write (stage, "m/data/candles/T/1d/2023.csv",
                 HEADER "2023-03-09,60,70,55,65,4000\n2023-03-10,65,70,60,66,4000\n");
    stage_write (stage, "m/data/candles/T/1min/2023-03-13.csv",
                 HEADER "2023-03-13 13:30:00,66,67,65,66.5,100\n"
                        "2023-03-13 13:31:00,66,80,65,79,200\n");
    stage_write (stage, "m/data/candles/U/1d/2023.csv", HEADER);
}

static void test_explain (void **state)
{
    /* `explain` shows each value with its verdict: of a hit, of a near miss, of missing values, of
     * a minute without candle and of other ways to write the time. */
    stage_t *stage = *state;
    write_minutes_market (stage);
    static const struct {
        const char *line;
        int code;
        const char *said;
    } cases[] = {
        {"T '2023-03-13 09:31' --scan $I", 0, "=> the gate lets the day through"},
        {"T '2023-03-13 09:31' --scan $I", 0, "=> the rule holds"},
        {"T 2023-03-13T09:31 --scan $I", 0, "=> the rule holds"},
        {"T '2023-03-13 09:31-04:00' --scan $I", 0, "=> the rule holds"},
        {"T '2023-03-13 13:31Z' --scan $I", 0, "=> the rule holds"},
        {"T '2023-03-13 09:31' --scan $I", 0,
         "cumulative_daily_volume                         300  >= 0           pass"},
        {"T '2023-03-13 09:31' --scan atr_parabolic_up,min_atr_multiplier=50,min_volume=301,"
         "start_time=09:30,end_time=10:00,min_adv=4001,min_adr=0",
         0, "adv_14                                         4000  >= 4001        fail"},
        {"T '2023-03-13 09:31' --scan atr_parabolic_up,min_atr_multiplier=50,min_volume=301,"
         "start_time=09:30,end_time=10:00,min_adv=4001,min_adr=0",
         0, "=> the rule does not hold"},
        {"T '2023-03-13 09:40' --scan $I", 0,
         "no candle at that time: the day has 2, from 09:30 to 09:31"},
        {"T 2023-03-13 --scan $D", 0, "signal"},
        {"T '2023-03-13 09:33' --freq 5min --scan $I", 0, "=> the rule holds"},
        {"T 2023-03-12 --scan $D", 4, ""},
        {"NOPE 2023-03-13 --scan $D", 4, ""},
        {"U 2023-03-13 --scan $D", 4, "fail (missing)"},
    };
    for (size_t i = 0; i < LENGTH (cases); i++) {
        spawn_t *process = run (stage, stage_text (stage, "explain --data $T/m %s", cases[i].line));
        if (spawn_code (process) != cases[i].code || !strstr (spawn_out (process), cases[i].said)) {
            fail_msg ("%s: exit code %d, not said: %s\n%s%s", cases[i].line, spawn_code (process),
                      cases[i].said, spawn_out (process), spawn_err (process));
        }
    }
    spawn_t *process = run (stage, "explain --data $T/m NOPE 2023-03-13 --scan $D");
    assert_non_null (strstr (spawn_err (process), "no symbol 'NOPE' in"));
}

/* ---- what a run says */

static void test_summary (void **state)
{
    /* A run ends with one summary on stderr and nothing but hits on stdout. */
    spawn_t *process =
        run (*state, "scan --data $M --from 2023-03-06 --to 2023-03-10 --scan $D --progress never");
    assert_int_equal (spawn_code (process), 0);
    static const char *const parts[] = {"6 symbols, ",  " candles, 0 rejected rows, 30 hits",
                                        " symbols/s, ", " candles/s",
                                        "read ",        "parse ",
                                        "transport ",   "scan ",
                                        "sink ",        "idle "};
    for (size_t i = 0; i < LENGTH (parts); i++) {
        assert_non_null (strstr (spawn_err (process), parts[i]));
    }
    assert_memory_equal (spawn_out (process), "symbol,datetime,", 16);
}

static void test_log_json (void **state)
{
    /* With --log-format json every line on stderr is an object with time, level, program and
     * message, the children's too. */
    spawn_t *process =
        run (*state, "scan --data $M --from 2023-03-06 --scan $D --log-format json "
                     "--log-level debug --symbols 'BRK.B,\"x\"' --out csv:/dev/full");
    assert_int_equal (spawn_code (process), 1);
    size_t lines = 0;
    for (const char *line = spawn_err (process); *line; lines++) {
        static const char *const keys[] = {"time", "level", "program", "message"};
        size_t size = strcspn (line, "\n");
        json_t *object = json_loadb (line, size, 0, NULL);
        for (size_t i = 0; i < LENGTH (keys); i++) {
            assert_non_null (json_string_value (json_object_get (object, keys[i])));
        }
        json_decref (object);
        line += size + 1;
    }
    assert_true (lines >= 3);
    assert_non_null (strstr (spawn_err (process), "\"program\":\"fastscanner-collector\""));
}

static void test_check_strict (void **state)
{
    /* `check --strict` exits 3 when something would be rejected, and runs nothing. */
    stage_t *stage = *state;
    write_split_market (stage);
    stage_write (stage, "m/data/candles/T/1min/2023-03-06.csv/x", "a directory");
    const char *line = "check --data $T/m --from 2023-03-07 --scan $I --out csv:$T/hits.csv";
    spawn_t *process = run (stage, line);
    assert_int_equal (spawn_code (process), 0);
    assert_non_null (strstr (spawn_err (process), "a directory stands in the file's place"));
    assert_int_equal (spawn_code (run (stage, stage_text (stage, "%s --strict", line))), 3);
    assert_null (stage_read (stage, stage_path (stage, "hits.csv"), NULL));
}

static void test_sample_is_deterministic (void **state)
{
    /* The same seed makes the same files, another seed others. */
    stage_t *stage = *state;
    static const struct {
        const char *name;
        int seed;
    } samples[] = {{"a", 5}, {"b", 5}, {"c", 6}};
    for (size_t i = 0; i < LENGTH (samples); i++) {
        char *text = stage_text (stage,
                                 "sample $T/%s --count 5 --from 2023-03-06 --to 2023-03-08 "
                                 "--seed %d",
                                 samples[i].name, samples[i].seed);
        assert_int_equal (spawn_code (run (stage, text)), 0);
    }
    stage_must (stage, "diff", "-r", stage_path (stage, "a"), stage_path (stage, "b"), NULL);
    spawn_t *other =
        stage_spawn (stage, "diff", "-rq", stage_path (stage, "a"), stage_path (stage, "c"), NULL);
    assert_int_equal (spawn_wait (other, STAGE_MS), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, stage_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_usage_errors),
        TEST (test_scan_errors),
        TEST (test_nothing_keeps_result),
        TEST (test_help),
        TEST (test_scanners),
        TEST (test_origins),
        TEST (test_symbols),
        TEST (test_strict),
        TEST (test_splits),
        TEST (test_explain),
        TEST (test_summary),
        TEST (test_log_json),
        TEST (test_check_strict),
        TEST (test_sample_is_deterministic),
    };
    return cmocka_run_group_tests (tests, open_market, close_market);
}
