/* The processes of one machine: started, told apart, ended, and nothing of them left. */
#include "check.h"

#include "local.h"
#include "log.h"
#include "memory.h"
#include "spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_MS 60000

/* The test's directory is the working directory and the one that runs put theirs in. */
static int set_up (void **state)
{
    unsetenv ("XDG_RUNTIME_DIR");
    unsetenv ("TMPDIR"); /* a long one would not be used */
    char *directory = directory_new ();
    *state = directory;
    setenv ("TMPDIR", directory, 1);
    return chdir (directory) == 0 && mkfifo ("told", 0600) == 0 ? 0 : -1;
}

static int tear_down (void **state)
{
    char *directory = *state;
    unsetenv ("TMPDIR");
    int rc = chdir ("/");
    directory_destroy (&directory);
    return rc;
}

/* Directories of runs. */
static size_t count_runs (void)
{
    DIR *folder = opendir (".");
    const struct dirent *entry;
    size_t count = 0;
    while ((entry = readdir (folder))) {
        count += strncmp (entry->d_name, "fastscanner.", 12) == 0;
    }
    closedir (folder);
    return count;
}

static local_t *new_local (size_t count)
{
    local_t *local = local_new (count);
    assert_non_null (local);
    return local;
}

/* The FIFO, opened before a child is there to write. */
static int open_told (void)
{
    int told = open ("told", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true (told >= 0);
    return told;
}

/* Waits for a line of a child; without its LF. */
static void read_line (int told, char *line, size_t size)
{
    size_t used = 0;
    while (used == 0 || line[used - 1] != '\n') {
        struct pollfd item = {.fd = told, .events = POLLIN};
        assert_int_equal (poll (&item, 1, LONG_MS), 1);
        assert_true (used < size);
        ssize_t got = read (told, line + used, 1);
        assert_true (got == 1);
        used++;
    }
    line[used - 1] = '\0';
}

/* Waits until every child has closed its end. */
static void wait_closed (int told)
{
    struct pollfd item = {.fd = told, .events = POLLIN};
    assert_int_equal (poll (&item, 1, LONG_MS), 1);
    assert_true (item.revents & POLLHUP);
    close (told);
}

/* Waits until a child has ended, and leaves it to be reaped. */
static void wait_end (void)
{
    siginfo_t end;
    int rc;
    do {
        rc = waitid (P_ALL, 0, &end, WEXITED | WNOWAIT);
    } while (rc != 0 && errno == EINTR);
    assert_int_equal (rc, 0);
}

/* A child gets its arguments and no variable of ours, ignores what a terminal sends, and its end
 * comes with its index. */
static void test_child (void **state)
{
    (void) state;
    const char *arguments[] = {"exit", "3", "told", "--a=b", "", "c d", NULL};
    char line[256], text[64];
    int status = 0, told = open_told ();
    sigset_t block, before;
    local_t *local = new_local (3);
    setenv ("FASTSCANNER_DATA", "elsewhere", 1);
    setenv ("FASTSCANNER_HTTP", "9090", 1);
    setenv ("NOTIFY_SOCKET", "@elsewhere", 1);
    setenv ("WATCHDOG_USEC", "1000000", 1);
    setenv ("WATCHDOG_PID", "1", 1);
    setenv ("FASTSCANNERX", "kept", 1);
    sigemptyset (&block);
    sigaddset (&block, SIGCHLD);
    sigprocmask (SIG_BLOCK, &block, &before);
    assert_int_equal (local_reap (local, &status), -1);
    assert_int_equal (local_start (local, 1, "child", arguments), 0);
    sigprocmask (SIG_SETMASK, &before, NULL);
    read_line (told, line, sizeof line);
    assert_string_equal (line, "[child][exit][3][told][--a=b][][c d] FASTSCANNERX=kept deaf");
    wait_end ();
    assert_true (local_runs (local, 1));
    assert_int_equal (local_count (local), 1);
    assert_int_equal (local_reap (local, &status), 1);
    assert_string_equal (local_describe (status, text, sizeof text), "exited with code 3");
    assert_false (local_runs (local, 1));
    assert_int_equal (local_count (local), 0);
    assert_int_equal (local_reap (local, &status), -1);
    local_destroy (&local);
    local_destroy (&local); /* NULL by now */
    wait_closed (told);
    unsetenv ("FASTSCANNER_DATA");
    unsetenv ("FASTSCANNER_HTTP");
    unsetenv ("NOTIFY_SOCKET");
    unsetenv ("WATCHDOG_USEC");
    unsetenv ("WATCHDOG_PID");
    unsetenv ("FASTSCANNERX");
}

/* A program that is not there is an error, not a child. */
static void test_no_program (void **state)
{
    (void) state;
    const char *arguments[] = {NULL};
    local_t *local = new_local (1);
    assert_int_equal (local_start (local, 0, "no-such-program", arguments), -1);
    assert_false (local_runs (local, 0));
    local_destroy (&local);
}

static void start_waiting (local_t *local, size_t index, int told)
{
    const char *arguments[] = {"wait", "-", "told", NULL};
    char line[256];
    assert_int_equal (local_start (local, index, "child", arguments), 0);
    read_line (told, line, sizeof line);
}

/* A child that is killed is told apart from the others, and those still running are killed with
 * the run. */
static void test_kill_and_destroy (void **state)
{
    (void) state;
    char text[64];
    int status = 0, told = open_told ();
    local_t *local = new_local (3);
    for (size_t i = 0; i < 3; i++) {
        start_waiting (local, i, told);
    }
    assert_int_equal (local_count (local), 3);
    local_kill (local, 1);
    wait_end ();
    assert_int_equal (local_reap (local, &status), 1);
    assert_string_equal (local_describe (status, text, sizeof text),
                         "was killed by signal 9 (Killed)");
    local_kill (local, 1); /* nobody any more */
    assert_int_equal (local_count (local), 2);
    start_waiting (local, 1, told); /* again in its place */
    assert_int_equal (local_count (local), 3);
    local_destroy (&local);
    wait_closed (told);
    assert_int_equal (waitpid (-1, &status, WNOHANG), -1); /* all were waited for */
    assert_int_equal (count_runs (), 0);
}

/* Ends are described by their kind. */
static void test_describe (void **state)
{
    (void) state;
    char text[64];
    assert_string_equal (local_describe (0, text, sizeof text), "exited with code 0");
    assert_string_equal (local_describe (127 << 8, text, sizeof text), "could not be started");
    assert_string_equal (local_describe (SIGSEGV, text, sizeof text),
                         "was killed by signal 11 (Segmentation fault)");
    assert_string_equal (local_describe (SIGABRT | 0x80, text, sizeof text),
                         "was killed by signal 6 (Aborted)");
}

/* The directory of `local`; the caller frees it. */
static char *directory_of (const local_t *local)
{
    char *endpoint = local_endpoint (local, "");
    assert_memory_equal (endpoint, "ipc:///", 7);
    char *path = memory_text (endpoint + strlen ("ipc://"));
    free (endpoint);
    path[strlen (path) - 1] = '\0';
    return path;
}

/* The directory is private, lies where the environment says, and goes with all in it. */
static void test_directory (void **state)
{
    const char *root = *state;
    struct stat status;
    local_t *local = new_local (0);
    char *path = directory_of (local), *socket = memory_format ("%s/control", path);
    assert_memory_equal (path, root, strlen (root));
    assert_int_equal (stat (path, &status), 0);
    assert_int_equal (status.st_mode & 07777, 0700);
    file_write (socket, "");
    local_destroy (&local);
    assert_int_equal (stat (path, &status), -1);
    free (socket);
    free (path);
}

/* XDG_RUNTIME_DIR goes first; a root that is relative, missing or too long for an ipc path is
 * passed over. */
static void test_roots (void **state)
{
    const char *root = *state;
    char *runtime = memory_format ("%s/runtime", root);
    char *too_long = memory_format (
        "%s/a-name-that-leaves-no-room-for-a-path-in-the-address-of-an-ipc-socket", root);
    assert_int_equal (mkdir (runtime, 0700), 0);
    assert_int_equal (mkdir (too_long, 0700), 0);
    const char *roots[] = {runtime, "runtime", "/nowhere/at/all", too_long};
    for (size_t i = 0; i < 4; i++) {
        setenv ("XDG_RUNTIME_DIR", roots[i], 1);
        local_t *local = new_local (0);
        char *path = directory_of (local);
        const char *expected = i == 0 ? runtime : root;
        assert_memory_equal (path, expected, strlen (expected));
        assert_int_equal (count_runs (), i == 0 ? 0 : 1);
        local_destroy (&local);
        free (path);
    }
    unsetenv ("XDG_RUNTIME_DIR");
    free (runtime);
    free (too_long);
}

/* When a run is killed its children die with it; the next run sweeps what it left, and nothing of
 * one that lives. */
static void test_sweep (void **state)
{
    (void) state;
    int status, told = open_told ();
    pid_t killed = fork ();
    if (killed == 0) {
        const char *arguments[] = {"wait", "-", "told", NULL};
        local_t *local = local_new (1);
        if (!local || local_start (local, 0, "child", arguments) != 0) {
            _exit (1);
        }
        for (;;) {
            pause ();
        }
    }
    char line[256];
    read_line (told, line, sizeof line);
    assert_int_equal (count_runs (), 1);
    local_t *local = new_local (0);
    assert_int_equal (count_runs (), 2); /* the other lives */
    kill (killed, SIGKILL);
    assert_int_equal (waitpid (killed, &status, 0), killed);
    wait_closed (told);
    local_t *next = new_local (0);
    assert_int_equal (count_runs (), 2);
    local_destroy (&next);
    assert_int_equal (count_runs (), 1);
    local_destroy (&local);
    assert_int_equal (count_runs (), 0);
}

/* What only looks like a run's directory is let alone: a symlink to other files, a directory that
 * others may write to, a file. */
static void test_sweep_spares (void **state)
{
    (void) state;
    assert_int_equal (mkdir ("precious", 0700), 0);
    file_write ("precious/lock", "");
    file_write ("precious/file", "");
    assert_int_equal (symlink ("precious", "fastscanner.abcdef"), 0);
    assert_int_equal (mkdir ("fastscanner.shared", 0700), 0);
    assert_int_equal (chmod ("fastscanner.shared", 0777), 0);
    file_write ("fastscanner.shared/lock", "");
    assert_int_equal (mkdir ("fastscanner.other", 0700), 0); /* has no lock */
    file_write ("fastscanner.log", "");
    local_t *local = new_local (0);
    assert_int_equal (count_runs (), 5);
    local_destroy (&local);
    assert_int_equal (access ("precious/file", F_OK), 0);
    assert_int_equal (access ("fastscanner.shared/lock", F_OK), 0);
}

int main (void)
{
    log_init ("test_local", LOG_ERROR, LOG_TEXT);
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_child),
        TEST (test_no_program),
        TEST (test_kill_and_destroy),
        cmocka_unit_test (test_describe),
        TEST (test_directory),
        TEST (test_roots),
        TEST (test_sweep),
        TEST (test_sweep_spares),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
