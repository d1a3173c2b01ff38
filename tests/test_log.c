#include "log.h"

#include "check.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONG_MESSAGE (3 * (size_t) PIPE_BUF) /* bytes, a whole number of every fill */

/* A pipe in the place of stderr: what one read gives is what one write gave. */
typedef struct {
    int stderr_fd, reader;
    char text[2 * PIPE_BUF];
} capture_t;

static void capture_start (capture_t *self)
{
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    self->reader = ends[0];
    self->stderr_fd = dup (STDERR_FILENO);
    dup2 (ends[1], STDERR_FILENO);
    close (ends[1]);
}

/* Puts stderr back; the text written, all of it. */
static const char *capture_end (capture_t *self)
{
    dup2 (self->stderr_fd, STDERR_FILENO);
    close (self->stderr_fd);
    size_t size = 0;
    ssize_t got;
    while ((got = read (self->reader, self->text + size, sizeof self->text - 1 - size)) > 0) {
        size += (size_t) got;
    }
    self->text[size] = '\0';
    close (self->reader);
    return self->text;
}

/* Text lines name the level, but for information; what is below the level is not written. */
static void test_text (void **state)
{
    (void) state;
    capture_t capture;
    log_init ("fastscanner", LOG_INFO, LOG_TEXT);
    capture_start (&capture);
    log_error ("no %s", "file");
    log_warning ("%d rows", 3);
    log_info ("done");
    log_debug ("unseen");
    assert_string_equal (capture_end (&capture), "fastscanner: error: no file\n"
                                                 "fastscanner: warning: 3 rows\n"
                                                 "fastscanner: done\n");
    assert_true (log_wants (LOG_INFO));
    assert_false (log_wants (LOG_DEBUG));
}

/* What came from outside can neither move a terminal's cursor nor begin a line of its own. */
static void test_text_escapes (void **state)
{
    (void) state;
    capture_t capture;
    log_init ("fastscanner", LOG_DEBUG, LOG_TEXT);
    capture_start (&capture);
    log_debug ("%s", "a\nb\t\033[2J\x7f \xc2\x9b \xff \xc3\xa9 \"\\");
    assert_string_equal (capture_end (&capture),
                         "fastscanner: debug: a\\nb\\t\\x1b[2J\\x7f \\x9b \\xff \xc3\xa9 \"\\\n");
}

/* Checks a time in RFC 3339, UTC, with milliseconds; the address after it. */
static const char *skip_time (const char *text)
{
    int size = 0;
    int parts[7];
    assert_int_equal (sscanf (text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &parts[0], &parts[1],
                              &parts[2], &parts[3], &parts[4], &parts[5], &parts[6], &size),
                      7);
    assert_int_equal (size, 24);
    return text + size;
}

/* logfmt has the time, level, program and a quoted message. */
static void test_logfmt (void **state)
{
    (void) state;
    capture_t capture;
    log_init ("fastscanner", LOG_INFO, LOG_LOGFMT);
    capture_start (&capture);
    log_warning ("%s", "say \"x\"\n\\");
    const char *text = capture_end (&capture);
    assert_memory_equal (text, "time=", 5);
    assert_string_equal (skip_time (text + 5),
                         " level=warning program=fastscanner message=\"say \\\"x\\\"\\n\\\\\"\n");
}

/* A json line is one valid object whatever the message: quotes, controls and broken UTF-8 are
 * escaped. */
static void test_json (void **state)
{
    (void) state;
    capture_t capture;
    log_init ("fastscanner", LOG_INFO, LOG_JSON);
    capture_start (&capture);
    log_info ("%s", "\"\\\n\x01 \xc3\xa9 \xe2\x82 \xed\xa0\x80 \xc0\xaf \xf0\x9f\x98\x80");
    const char *text = capture_end (&capture);
    assert_memory_equal (text, "{\"time\":\"", 9);
    assert_string_equal (
        skip_time (text + 9),
        "\",\"level\":\"info\",\"program\":\"fastscanner\",\"message\":\"\\\"\\\\\\n\\u0001 "
        "\xc3\xa9 "
        "\\\\xe2\\\\x82 \\\\xed\\\\xa0\\\\x80 \\\\xc0\\\\xaf \xf0\x9f\x98\x80\"}\n");
}

/* A message of any length is one line that a pipe takes whole, cut where it must be, and still
 * valid json. */
static void test_long_line (void **state)
{
    (void) state;
    static const log_format_t formats[] = {LOG_TEXT, LOG_LOGFMT, LOG_JSON};
    static const char *const ends[] = {"...\n", "...\"\n", "...\"}\n"};
    static const char *const fills[] = {"x", "\"", "\x01", "\xc3\xa9", "\xff"};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 5; j++) {
            char message[LONG_MESSAGE + 1];
            size_t width = strlen (fills[j]);
            for (size_t at = 0; at < LONG_MESSAGE; at++) {
                message[at] = fills[j][at % width];
            }
            message[LONG_MESSAGE] = '\0';
            capture_t capture;
            log_init ("fastscanner", LOG_INFO, formats[i]);
            capture_start (&capture);
            log_info ("%s", message);
            const char *text = capture_end (&capture);
            size_t size = strlen (text);
            assert_in_range (size, PIPE_BUF - 32, PIPE_BUF);
            assert_ptr_equal (strchr (text, '\n'), text + size - 1);
            assert_string_equal (text + size - strlen (ends[i]), ends[i]);
        }
    }
}

/* A reader of stderr that went away neither kills the program nor holds it up, and errno stays. */
static void test_broken_pipe (void **state)
{
    (void) state;
    capture_t capture;
    sigset_t pending, before, after;
    log_init ("fastscanner", LOG_INFO, LOG_TEXT);
    sigprocmask (SIG_SETMASK, NULL, &before);
    capture_start (&capture);
    close (capture.reader);
    errno = ENOENT;
    log_error ("into the void");
    int error = errno;
    dup2 (capture.stderr_fd, STDERR_FILENO);
    close (capture.stderr_fd);
    assert_int_equal (error, ENOENT);
    sigpending (&pending);
    sigprocmask (SIG_SETMASK, NULL, &after);
    assert_false (sigismember (&pending, SIGPIPE));
    assert_int_equal (sigismember (&before, SIGPIPE), sigismember (&after, SIGPIPE));
}

/* Levels and formats are read by the names that the options have. */
static void test_names (void **state)
{
    (void) state;
    log_level_t level = LOG_ERROR;
    log_format_t format = LOG_TEXT;
    assert_true (log_level_parse ("debug", &level));
    assert_int_equal (level, LOG_DEBUG);
    assert_false (log_level_parse ("loud", &level));
    assert_int_equal (level, LOG_DEBUG);
    assert_true (log_format_parse ("json", &format));
    assert_int_equal (format, LOG_JSON);
    assert_false (log_format_parse ("", &format));
}

static void count_before (void *argument)
{
    int *counts = argument;
    assert_int_equal (counts[0], counts[1]);
    counts[0]++;
}

static void count_after (void *argument)
{
    int *counts = argument;
    counts[1]++;
    assert_int_equal (counts[0], counts[1]);
}

/* The progress line's owner is called before and after each line that is written, and no other. */
static void test_around (void **state)
{
    (void) state;
    capture_t capture;
    int counts[2] = {0, 0};
    log_init ("fastscanner", LOG_INFO, LOG_TEXT);
    log_around (count_before, count_after, counts);
    capture_start (&capture);
    log_info ("one");
    log_debug ("not written");
    log_info ("two");
    log_around (NULL, NULL, NULL);
    log_info ("three");
    assert_string_equal (capture_end (&capture),
                         "fastscanner: one\nfastscanner: two\nfastscanner: three\n");
    assert_int_equal (counts[0], 2);
    assert_int_equal (counts[1], 2);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_text),      cmocka_unit_test (test_text_escapes),
        cmocka_unit_test (test_logfmt),    cmocka_unit_test (test_json),
        cmocka_unit_test (test_long_line), cmocka_unit_test (test_broken_pipe),
        cmocka_unit_test (test_names),     cmocka_unit_test (test_around),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
