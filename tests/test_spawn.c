/* The runner of programs: output is whole, ends and texts are noticed, deadlines hold, nothing
 * stays behind. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "spawn.h"

static spawn_t *shell (const char *script)
{
    return spawn_start ((const char *const[]){"sh", "-c", script, NULL});
}

static void test_output_and_code (void **state)
{
    (void) state;
    spawn_t *process = shell ("echo out; echo err >&2; exit 3");
    assert_int_equal (spawn_wait (process, 10000), 3);
    assert_string_equal (spawn_out (process), "out\n");
    assert_string_equal (spawn_err (process), "err\n");
    spawn_destroy (&process);
    assert_null (process);
}

/* More than the pipes hold, on both at once. */
static void test_much_output (void **state)
{
    (void) state;
    spawn_t *process = shell ("head -c 3000000 /dev/zero | tr '\\0' o & "
                              "head -c 1000000 /dev/zero | tr '\\0' e >&2; wait");
    assert_int_equal (spawn_wait (process, 30000), 0);
    assert_int_equal (spawn_out_size (process), 3000000);
    assert_int_equal (strlen (spawn_out (process)), 3000000);
    assert_int_equal (strlen (spawn_err (process)), 1000000);
    spawn_destroy (&process);
}

static void test_unknown_program (void **state)
{
    (void) state;
    spawn_t *process = spawn_run ((const char *const[]){"/no/such/program", NULL}, 10000);
    assert_int_equal (spawn_code (process), 127);
    assert_non_null (strstr (spawn_err (process), "/no/such/program"));
    spawn_destroy (&process);
}

static void test_deadline (void **state)
{
    (void) state;
    spawn_t *process = spawn_run ((const char *const[]){"sleep", "1000", NULL}, 50);
    assert_int_equal (spawn_code (process), SPAWN_RUNS);
    spawn_destroy (&process);
}

/* Waits for a text, sends a signal, sees what it did. */
static void test_text_and_signal (void **state)
{
    (void) state;
    spawn_t *process = shell ("trap 'echo stopped; exit 5' INT; echo ready >&2; "
                              "while :; do sleep 0.01; done");
    assert_true (spawn_wait_err (process, "ready", 10000));
    assert_false (spawn_wait_err (process, "never", 20));
    spawn_signal (process, SIGINT);
    assert_true (spawn_wait_out (process, "stopped", 10000));
    assert_int_equal (spawn_wait (process, 10000), 5);
    assert_false (spawn_wait_err (process, "never", 10000)); /* at once: it has ended */
    spawn_destroy (&process);

    process = shell ("kill -9 $$");
    assert_int_equal (spawn_wait (process, 10000), 128 + SIGKILL);
    spawn_destroy (&process);
}

/* Destroying ends children that outlived their parent: the pipe that they hold closes. */
static void test_children_end_too (void **state)
{
    (void) state;
    int fds[2];
    char byte;
    assert_int_equal (pipe (fds), 0);
    spawn_t *process = shell ("sleep 1000 & exit 0");
    close (fds[1]);
    assert_int_equal (spawn_wait (process, 10000), 0);
    spawn_destroy (&process);
    assert_int_equal (read (fds[0], &byte, 1), 0);
    close (fds[0]);
}

static void test_files (void **state)
{
    (void) state;
    char *directory = directory_new ();
    char path[256];
    snprintf (path, sizeof path, "%s/file", directory);
    assert_null (file_read (path, NULL));
    file_write (path, "some\ntext");
    size_t size;
    char *text = file_read (path, &size);
    assert_string_equal (text, "some\ntext");
    assert_int_equal (size, 9);
    free (text);
    directory_destroy (&directory);
    assert_null (directory);
    assert_null (file_read (path, NULL));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_output_and_code), cmocka_unit_test (test_much_output),
        cmocka_unit_test (test_unknown_program), cmocka_unit_test (test_deadline),
        cmocka_unit_test (test_text_and_signal), cmocka_unit_test (test_children_end_too),
        cmocka_unit_test (test_files),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
