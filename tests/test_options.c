#include "options.h"

#include "check.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A program of our own, with an option of every kind: fastscanner's may change. */
enum { MAKE, SHOW };

static const command_t commands[] = {
    {"make", "makes it", "DIR", 1, 2, "  thing make here"},
    {"show", "shows it", "", 0, 0, "  thing show"},
    {.name = NULL},
};

static const option_t table[] = {
    {"config", OPTION_TEXT, false, 1u << MAKE | 1u << SHOW, "FILE", NULL, 0, 0, "a file"},
    {"data", OPTION_TEXT, false, 1u << MAKE | 1u << SHOW, "DIR", ".", 0, 0, "a directory"},
    {"scan", OPTION_TEXT, true, 1u << MAKE, "NAME", NULL, 0, 0, "a scan"},
    {"freq", OPTION_TEXT, false, 1u << SHOW, "FREQ", "1min", 0, 0, "one"},
    {"freq", OPTION_TEXT, false, 1u << MAKE, "FREQ,FREQ", "1d,1min", 0, 0, "a list"},
    {"from", OPTION_DATE, false, 1u << MAKE, "DATE", NULL, 0, 0, "a date"},
    {"workers", OPTION_NUMBER, false, 1u << MAKE, "N", NULL, 1, 64, "a number"},
    {"strict", OPTION_FLAG, false, 1u << MAKE, NULL, NULL, 0, 0, "a flag"},
    {"log-level", OPTION_CHOICE, false, 1u << MAKE, "error|info", "info", 0, 0, "a choice"},
    {.name = NULL},
};

static const program_t program = {"thing", "Does things.", "1.2.3", commands, table};

#define ARGUMENTS_MAX 16
#define FILE_NAME     "options.zpl"

typedef struct {
    options_t *options;
    char *out, *err; /* what was printed */
} run_t;

static char directory[] = "/tmp/test-options-XXXXXX";

static char *rest_of (FILE *file)
{
    long size = ftell (file);
    char *text = memory_new ((size_t) size + 1);
    rewind (file);
    assert_int_equal (fread (text, 1, (size_t) size, file), size);
    fclose (file);
    return text;
}

/* Points a standard stream at a temporary file; the descriptor to put back. */
static int capture (FILE *stream, FILE *file)
{
    fflush (stream);
    int kept = dup (fileno (stream));
    dup2 (fileno (file), fileno (stream));
    return kept;
}

static void release (FILE *stream, FILE *file, int kept)
{
    fflush (stream);
    dup2 (kept, fileno (stream));
    close (kept);
    fseek (file, 0, SEEK_END);
}

static void forget (run_t *run)
{
    options_destroy (&run->options);
    free (run->out);
    free (run->err);
    *run = (run_t){0};
}

/* Loads a command line (words between single spaces, after "thing") and variables (up to NULL). */
static options_result_t load_with (run_t *run, const char *line, char **environment)
{
    forget (run);
    char *words = memory_text (line);
    char *arguments[ARGUMENTS_MAX + 1] = {"thing"};
    int count = 1;
    char *at = words;
    for (char *word; count < ARGUMENTS_MAX && *line && (word = strsep (&at, " "));) {
        arguments[count++] = word;
    }
    FILE *out = tmpfile (), *err = tmpfile ();
    int kept_out = capture (stdout, out), kept_err = capture (stderr, err);
    options_result_t result = options_load (&program, count, arguments, environment, &run->options);
    release (stdout, out, kept_out);
    release (stderr, err, kept_err);
    run->out = rest_of (out);
    run->err = rest_of (err);
    free (words);
    return result;
}

static options_result_t load (run_t *run, const char *line)
{
    return load_with (run, line, (char *[]){NULL});
}

static void write_file (const char *text, size_t size)
{
    FILE *file = fopen (FILE_NAME, "w");
    assert_non_null (file);
    assert_int_equal (fwrite (text, 1, size, file), size);
    fclose (file);
}

/* Loads `make x` with a file of that text. */
static options_result_t load_file (run_t *run, const char *text)
{
    write_file (text, strlen (text));
    return load (run, "make x --config " FILE_NAME);
}

static void assert_usage (run_t *run, options_result_t result, const char *message)
{
    assert_int_equal (result, OPTIONS_USAGE);
    assert_null (run->options);
    assert_string_equal (run->out, "");
    char *start = memory_format ("thing: %s\ntry 'thing", message);
    if (strncmp (run->err, start, strlen (start)) != 0) {
        assert_string_equal (run->err, start); /* shows both */
    }
    free (start);
}

/* Without anything given, options have their defaults, and those without one are empty. */
static void test_defaults (void **state)
{
    (void) state;
    run_t run = {0};
    day_t day;
    assert_int_equal (load (&run, "make here"), OPTIONS_RUN);
    assert_string_equal (run.err, "");
    assert_int_equal (options_command (run.options), MAKE);
    assert_int_equal (options_operand_count (run.options), 1);
    assert_string_equal (options_operand (run.options, 0), "here");
    assert_string_equal (options_text (run.options, "data"), ".");
    assert_int_equal (options_origin (run.options, "data"), ORIGIN_DEFAULT);
    assert_int_equal (options_number (run.options, "workers"), 0);
    assert_int_equal (options_count (run.options, "scan"), 0);
    assert_null (options_text (run.options, "scan"));
    assert_false (options_flag (run.options, "strict"));
    assert_false (options_date (run.options, "from", &day));
    forget (&run);
}

/* Every kind of option is read from the command line, in both spellings, and `--` ends the options.
 */
static void test_command_line (void **state)
{
    (void) state;
    run_t run = {0};
    day_t day;
    assert_int_equal (load (&run, "make --data=a=b --scan one --scan=two --from 2023-03-13 "
                                  "--workers 64 --strict -- --x -"),
                      OPTIONS_RUN);
    assert_string_equal (options_text (run.options, "data"), "a=b");
    assert_int_equal (options_count (run.options, "scan"), 2);
    assert_string_equal (options_item (run.options, "scan", 0), "one");
    assert_string_equal (options_item (run.options, "scan", 1), "two");
    assert_string_equal (options_text (run.options, "scan"), "two");
    assert_true (options_date (run.options, "from", &day));
    assert_int_equal (day, day_from (2023, 3, 13));
    assert_int_equal (options_number (run.options, "workers"), 64);
    assert_true (options_flag (run.options, "strict"));
    assert_int_equal (options_origin (run.options, "strict"), ORIGIN_COMMAND_LINE);
    assert_string_equal (options_operand (run.options, 0), "--x");
    assert_string_equal (options_operand (run.options, 1), "-");
    assert_int_equal (load (&run, "make x --strict=false"), OPTIONS_RUN);
    assert_false (options_flag (run.options, "strict"));
    forget (&run);
}

/* Two commands may each have an option of one name; each gets its own default. */
static void test_option_of_two_commands (void **state)
{
    (void) state;
    run_t run = {0};
    assert_int_equal (load (&run, "make x"), OPTIONS_RUN);
    assert_string_equal (options_text (run.options, "freq"), "1d,1min");
    assert_int_equal (load (&run, "show"), OPTIONS_RUN);
    assert_string_equal (options_text (run.options, "freq"), "1min");
    assert_int_equal (load (&run, "show --freq 1h"), OPTIONS_RUN);
    assert_string_equal (options_text (run.options, "freq"), "1h");
    forget (&run);
}

/* Each mistake on the command line is named in one line, with what was probably meant and where
 * help is. */
static void test_usage_errors (void **state)
{
    (void) state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"", "a command is missing"},
        {"mkae x", "unknown command mkae: did you mean make?"},
        {"zzzzzz", "unknown command zzzzzz"},
        {"--data x make y", "--data: the command comes first"},
        {"make x --frmo 2023-03-13", "unknown option --frmo: did you mean --from?"},
        {"make x --dta=y", "unknown option --dta: did you mean --data?"},
        {"make x --dat y", "unknown option --dat: did you mean --data?"},
        {"make x -data y", "unknown option -data: did you mean --data?"},
        {"make x ---data y", "unknown option ---data: did you mean --data?"},
        {"make x --=y", "unknown option --"},
        {"make x --hlep", "unknown option --hlep: did you mean --help?"},
        {"make x --qqqqqqqq", "unknown option --qqqqqqqq"},
        {"show --strict", "'thing show' takes no --strict"},
        {"make", "an operand is missing: DIR"},
        {"make a b c", "one operand too many: c"},
        {"make ", "the operand '' is empty or has control characters"},
        {"make x --from 2023-03-13 --from 2023-03-13", "--from is given twice"},
        {"make x --strict --strict", "--strict is given twice"},
        {"make x --data", "--data: a value is missing: DIR"},
        {"make x --data --strict", "--data: a value is missing: DIR"},
        {"make x --data=", "--data: a value is missing: DIR"},
        {"make x --strict=", "--strict: a value is missing: true or false"},
        {"make x --strict=yes", "--strict: 'yes' is neither true nor false"},
        {"make x --from 2023-02-30", "--from: '2023-02-30' is not a date like 2023-03-13"},
        {"make x --from 13.3.2023", "--from: '13.3.2023' is not a date like 2023-03-13"},
        {"make x --workers 0", "--workers: '0' is not a whole number from 1 to 64"},
        {"make x --workers -1", "--workers: '-1' is not a whole number from 1 to 64"},
        {"make x --workers 4x", "--workers: '4x' is not a whole number from 1 to 64"},
        {"make x --workers +4", "--workers: '+4' is not a whole number from 1 to 64"},
        {"make x --workers 99999999999999999999",
         "--workers: '99999999999999999999' is not a whole number from 1 to 64"},
        {"make x --log-level loud", "--log-level: 'loud' is none of error|info"},
        {"make x --log-level err", "--log-level: 'err' is none of error|info"},
        {"make x --data a\tb", "--data: control characters are not allowed"},
        {"make x\033[2J", "the operand 'x?[2J' is empty or has control characters"},
        {"make x --\033[2J", "unknown option --?[2J"},
    };
    run_t run = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_usage (&run, load (&run, cases[i].line), cases[i].message);
    }
    load (&run, "make x --frmo y");
    assert_non_null (strstr (run.err, "\ntry 'thing make --help'\n"));
    load (&run, "");
    assert_non_null (strstr (run.err, "\ntry 'thing --help'\n"));
    forget (&run);
}

/* The command line beats the environment, which beats the file, which beats the default; origins
 * are remembered. */
static void test_precedence (void **state)
{
    (void) state;
    run_t run = {0};
    char *environment[] = {"HOME=/", "FASTSCANNER_DATA=env", "FASTSCANNER_WORKERS=2",
                           "FASTSCANNER_CONFIG=options.zpl", NULL};
    static const char text[] = "data = file\nworkers = 3\nfrom = 2023-03-13\n";
    write_file (text, strlen (text));
    assert_int_equal (load_with (&run, "make x --data line", environment), OPTIONS_RUN);
    assert_string_equal (options_text (run.options, "data"), "line");
    assert_int_equal (options_origin (run.options, "data"), ORIGIN_COMMAND_LINE);
    assert_int_equal (options_number (run.options, "workers"), 2);
    assert_int_equal (options_origin (run.options, "workers"), ORIGIN_ENVIRONMENT);
    assert_string_equal (options_text (run.options, "from"), "2023-03-13");
    assert_int_equal (options_origin (run.options, "from"), ORIGIN_FILE);
    assert_int_equal (options_origin (run.options, "log-level"), ORIGIN_DEFAULT);
    forget (&run);
}

/* A repeatable variable has one value a line, an empty one is not given, and a higher source
 * replaces the list. */
static void test_environment_lists (void **state)
{
    (void) state;
    run_t run = {0};
    char *environment[] = {"FASTSCANNER_SCAN=one\n\ntwo=2\n",
                           "FASTSCANNER_DATA=", "FASTSCANNER_STRICT=1", NULL};
    assert_int_equal (load_with (&run, "make x", environment), OPTIONS_RUN);
    assert_int_equal (options_count (run.options, "scan"), 2);
    assert_string_equal (options_item (run.options, "scan", 0), "one");
    assert_string_equal (options_item (run.options, "scan", 1), "two=2");
    assert_int_equal (options_origin (run.options, "data"), ORIGIN_DEFAULT);
    assert_true (options_flag (run.options, "strict"));
    assert_int_equal (load_with (&run, "make x --scan three", environment), OPTIONS_RUN);
    assert_int_equal (options_count (run.options, "scan"), 1);
    assert_string_equal (options_item (run.options, "scan", 0), "three");
    forget (&run);
}

/* A mistyped variable is an error with a suggestion; one of another command is not. */
static void test_environment_errors (void **state)
{
    (void) state;
    run_t run = {0};
    assert_usage (&run, load_with (&run, "make x", (char *[]){"FASTSCANNER_LOG_LEVL=info", NULL}),
                  "unknown variable FASTSCANNER_LOG_LEVL in the environment: did you mean "
                  "FASTSCANNER_LOG_LEVEL?");
    assert_usage (
        &run, load_with (&run, "make x", (char *[]){"FASTSCANNER_data=x", NULL}),
        "unknown variable FASTSCANNER_data in the environment: did you mean FASTSCANNER_DATA?");
    assert_usage (&run, load_with (&run, "make x", (char *[]){"FASTSCANNER_QQQQQQQ=", NULL}),
                  "unknown variable FASTSCANNER_QQQQQQQ in the environment");
    assert_usage (&run, load_with (&run, "make x", (char *[]){"FASTSCANNER_WORKERS=many", NULL}),
                  "FASTSCANNER_WORKERS: 'many' is not a whole number from 1 to 64");
    assert_usage (&run, load_with (&run, "make x", (char *[]){"FASTSCANNER_DATA=a\nb", NULL}),
                  "FASTSCANNER_DATA: control characters are not allowed");
    assert_int_equal (load_with (&run, "show", (char *[]){"FASTSCANNER_WORKERS=many", NULL}),
                      OPTIONS_RUN);
    forget (&run);
}

/* A ZPL file has one key a line, repeated for lists, with comments, quotes and DOS line ends. */
static void test_file (void **state)
{
    (void) state;
    run_t run = {0};
    assert_int_equal (
        load_file (&run,
                   "# all of it\r\n\r\n  # indented\nscan = one,k=1\nscan=\"two #2\" # the second\n"
                   "data = 'it is'   # here\nlog-level =   error  \r\nstrict = false"),
        OPTIONS_RUN);
    assert_string_equal (run.out, "");
    assert_int_equal (options_count (run.options, "scan"), 2);
    assert_string_equal (options_item (run.options, "scan", 0), "one,k=1");
    assert_string_equal (options_item (run.options, "scan", 1), "two #2");
    assert_string_equal (options_text (run.options, "data"), "it is");
    assert_string_equal (options_text (run.options, "log-level"), "error");
    assert_false (options_flag (run.options, "strict"));
    assert_int_equal (options_origin (run.options, "strict"), ORIGIN_FILE);
    assert_int_equal (load_file (&run, ""), OPTIONS_RUN);
    forget (&run);
}

/* What is wrong in a file is said with its line, on stderr alone; czmq would print on stdout. */
static void test_file_errors (void **state)
{
    (void) state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"\n# c\nform = 2023-03-13\n", "line 3: form is no option: did you mean from?"},
        {"qqqqqqqq = 1\n", "line 1: qqqqqqqq is no option of a file"},
        {"config = other.zpl\n", "line 1: config is no option of a file"},
        {"data = a\ndata = b\n", "line 2: data is given twice"},
        {"data =\n", "line 1: data: a value is missing: DIR"},
        {"data = ''\n", "line 1: data: a value is missing: DIR"},
        {"workers = 65\n", "line 1: workers: '65' is not a whole number from 1 to 64"},
        {"data = a\033b\n", "line 1: data: control characters are not allowed"},
        {"data = a#b\n", "line 1: '#' would begin a comment: put the value in quotes"},
        {"data = # none\n", "line 1: '#' would begin a comment: put the value in quotes"},
        {"data = \"a\n", "line 1: the closing quote is missing"},
        {"data = \"a\" b\n", "line 1: text after the closing quote"},
        {"data\n    from = 2023-03-13\n", "line 1: not KEY = VALUE"},
        {"data = a\n    from = 2023-03-13\n", "line 2: indented: options have no sections"},
        {"= a\n", "line 1: not KEY = VALUE"},
        {"data: a\n", "line 1: not KEY = VALUE"},
        {"log level = info\n", "line 1: not KEY = VALUE"},
    };
    run_t run = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *message = memory_format (FILE_NAME ": %s", cases[i].message);
        assert_usage (&run, load_file (&run, cases[i].text), message);
        free (message);
    }
    write_file ("data = a\0b", 10);
    assert_usage (&run, load (&run, "make x --config " FILE_NAME),
                  FILE_NAME ": line 1: longer than 1000 bytes, or with a NUL");
    char *large = memory_new ((1 << 20) + 2);
    memset (large, '\n', (1 << 20) + 1);
    assert_usage (&run, load_file (&run, large), FILE_NAME ": longer than 1 MiB");
    memset (large, 'x', 1001);
    large[1001] = '\0';
    assert_usage (&run, load_file (&run, large),
                  FILE_NAME ": line 1: longer than 1000 bytes, or with a NUL");
    free (large);
    forget (&run);
}

/* A file that cannot be read, a directory, which czmq takes for an empty file, and a fifo are
 * refused at once. */
static void test_file_kind (void **state)
{
    (void) state;
    run_t run = {0};
    assert_int_equal (mkfifo ("fifo", 0600), 0);
    assert_usage (&run, load (&run, "make x --config absent.zpl"),
                  "absent.zpl: No such file or directory");
    assert_usage (&run, load (&run, "make x --config ."), ".: not a regular file");
    assert_usage (&run, load (&run, "make x --config fifo"), "fifo: not a regular file");
    assert_int_equal (unlink ("fifo"), 0);
    forget (&run);
}

/* Help and version go to stdout and win over what comes after them. */
static void test_help (void **state)
{
    (void) state;
    run_t run = {0};
    assert_int_equal (load (&run, "--version"), OPTIONS_HELP);
    assert_string_equal (run.out, "thing 1.2.3\n");
    assert_int_equal (load (&run, "-h"), OPTIONS_HELP);
    assert_non_null (strstr (run.out, "\n  make        makes it\n"));
    assert_int_equal (load (&run, "make --help --bad"), OPTIONS_HELP);
    assert_non_null (strstr (run.out, "usage: thing make [OPTION...] DIR\n"));
    assert_non_null (strstr (run.out, "\n  --scan NAME            a scan; repeatable\n"));
    assert_non_null (strstr (run.out, "\n  --log-level error|info\n"));
    assert_non_null (strstr (run.out, "\n                         a choice (default info)\n"));
    assert_non_null (strstr (run.out, "FASTSCANNER_LOG_LEVEL"));
    assert_string_equal (run.err, "");
    forget (&run);
}

/* A program without commands takes its options at once, shows their help, and lets its parent's
 * variables be. */
static void test_no_commands (void **state)
{
    (void) state;
    static const command_t none[] = {{"", "", "", 0, 0, "  thing-worker --broker ENDPOINT"},
                                     {.name = NULL}};
    static const option_t one[] = {
        {"broker", OPTION_TEXT, false, 1, "ENDPOINT", NULL, 0, 0, "the broker"}, {.name = NULL}};
    static const program_t worker = {"thing-worker", "Works.", "1", none, one};
    options_t *options = NULL;
    char *arguments[] = {"thing-worker", "--broker", "ipc://x", NULL};
    assert_int_equal (
        options_load (&worker, 3, arguments, (char *[]){"FASTSCANNER_DATA=x", NULL}, &options),
        OPTIONS_RUN);
    assert_int_equal (options_command (options), 0);
    assert_string_equal (options_text (options, "broker"), "ipc://x");
    options_destroy (&options);
    options_destroy (&options); /* nothing is left to destroy */

    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    options_help (&worker, -1, out);
    fclose (out);
    assert_non_null (strstr (text, "usage: thing-worker [OPTION...]\n\nWorks.\n"));
    free (text);
}

/* Each option of the command is printed with its values and where they came from. */
static void test_print (void **state)
{
    (void) state;
    run_t run = {0};
    char *environment[] = {"FASTSCANNER_SCAN=one\ntwo", NULL};
    write_file ("from = 2023-03-13\n", 18);
    assert_int_equal (load_with (&run, "make x --workers 4 --config " FILE_NAME, environment),
                      OPTIONS_RUN);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    options_print (run.options, out);
    fclose (out);
    assert_string_equal (
        text,
        "config       options.zpl                               --config on the command line\n"
        "data         .                                         default\n"
        "scan         one                                       FASTSCANNER_SCAN\n"
        "             two\n"
        "freq         1d,1min                                   default\n"
        "from         2023-03-13                                options.zpl\n"
        "workers      4                                         --workers on the command line\n"
        "strict       false                                     default\n"
        "log-level    info                                      default\n");
    free (text);
    forget (&run);
}

static int enter_directory (void **state)
{
    (void) state;
    return mkdtemp (directory) && chdir (directory) == 0 ? 0 : -1;
}

static int remove_directory (void **state)
{
    (void) state;
    unlink (FILE_NAME);
    return rmdir (directory);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_defaults),
        cmocka_unit_test (test_command_line),
        cmocka_unit_test (test_option_of_two_commands),
        cmocka_unit_test (test_usage_errors),
        cmocka_unit_test (test_precedence),
        cmocka_unit_test (test_environment_lists),
        cmocka_unit_test (test_environment_errors),
        cmocka_unit_test (test_file),
        cmocka_unit_test (test_file_errors),
        cmocka_unit_test (test_file_kind),
        cmocka_unit_test (test_help),
        cmocka_unit_test (test_no_commands),
        cmocka_unit_test (test_print),
    };
    return cmocka_run_group_tests (tests, enter_directory, remove_directory);
}
