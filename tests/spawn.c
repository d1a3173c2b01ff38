#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

enum { LOOK_MS = 10 }; /* between two looks whether a process has ended */

typedef struct {
    int fd; /* -1 at its end */
    buffer_t text;
} output_t;

struct spawn {
    pid_t pid;
    bool ended; /* and was waited for */
    output_t out, err;
    int code;
};

static void fail (const char *what)
{
    perror (what);
    abort ();
}

static long long now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (long long) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void output_open (output_t *self, int *write_fd)
{
    int fds[2];
    if (pipe2 (fds, O_CLOEXEC) != 0) {
        fail ("pipe");
    }
    fcntl (fds[0], F_SETFL, O_NONBLOCK);
    self->fd = fds[0];
    *write_fd = fds[1];
}

static void output_close (output_t *self)
{
    if (self->fd >= 0) {
        close (self->fd);
        self->fd = -1;
    }
}

/* Reads what is there. */
static void output_read (output_t *self)
{
    while (self->fd >= 0) {
        ssize_t got = read (self->fd, buffer_reserve (&self->text, 65536), 65535);
        if (got > 0) {
            self->text.size += (size_t) got;
        } else if (got < 0 && errno == EAGAIN) {
            break;
        } else if (got == 0 || errno != EINTR) {
            output_close (self);
        }
    }
    *buffer_reserve (&self->text, 1) = '\0';
}

static void child (const char *const argv[], int out_fd, int err_fd, pid_t parent)
{
    setpgid (0, 0);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (getppid () != parent) {
        _exit (127);
    }
    int null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2 (null_fd, STDIN_FILENO);
    dup2 (out_fd, STDOUT_FILENO);
    dup2 (err_fd, STDERR_FILENO);
    execvp (argv[0], (char *const *) argv);
    dprintf (STDERR_FILENO, "%s: %s\n", argv[0], strerror (errno));
    _exit (127);
}

spawn_t *spawn_start (const char *const argv[])
{
    spawn_t *self = memory_new (sizeof *self);
    int out_fd, err_fd;
    output_open (&self->out, &out_fd);
    output_open (&self->err, &err_fd);
    self->code = SPAWN_RUNS;
    pid_t parent = getpid ();
    self->pid = fork ();
    if (self->pid < 0) {
        fail ("fork");
    }
    if (self->pid == 0) {
        child (argv, out_fd, err_fd, parent);
    }
    setpgid (self->pid, self->pid); /* whoever of the two comes first */
    close (out_fd);
    close (err_fd);
    output_read (&self->out);
    output_read (&self->err);
    return self;
}

spawn_t *spawn_run (const char *const argv[], int timeout_ms)
{
    spawn_t *self = spawn_start (argv);
    if (spawn_wait (self, timeout_ms) == SPAWN_RUNS) {
        kill (-self->pid, SIGKILL);
        spawn_wait (self, 10000);
        self->code = SPAWN_RUNS;
    }
    return self;
}

void spawn_destroy (spawn_t **self_p)
{
    spawn_t *self = *self_p;
    if (!self) {
        return;
    }
    kill (-self->pid, SIGKILL); /* its children too, when it is gone itself */
    if (!self->ended) {
        spawn_wait (self, 10000);
    }
    output_close (&self->out);
    output_close (&self->err);
    buffer_free (&self->out.text);
    buffer_free (&self->err.text);
    free (self);
    *self_p = NULL;
}

pid_t spawn_pid (const spawn_t *self)
{
    return self->pid;
}

void spawn_signal (spawn_t *self, int number)
{
    if (!self->ended) {
        kill (self->pid, number);
    }
}

/* Looks whether the process has ended. */
static void look (spawn_t *self)
{
    int status = 0;
    if (waitpid (self->pid, &status, WNOHANG) == self->pid) {
        self->code = WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
        self->ended = true;
    }
}

/* Waits a moment for output or the end; false when `deadline_ms` has passed or there is nothing to
 * wait for. The end of a process is mostly seen as the end of its output; LOOK_MS is for those
 * whose children hold it open. */
static bool step (spawn_t *self, long long deadline_ms)
{
    if (self->ended) {
        return false;
    }
    struct pollfd fds[] = {
        {.fd = self->out.fd, .events = POLLIN},
        {.fd = self->err.fd, .events = POLLIN},
    };
    long long left_ms = deadline_ms - now_ms ();
    int wait_ms = left_ms < 0 ? 0 : left_ms < LOOK_MS ? (int) left_ms : LOOK_MS;
    if (poll (fds, 2, wait_ms) < 0 && errno != EINTR) {
        fail ("poll");
    }
    look (self);
    output_read (&self->out);
    output_read (&self->err);
    return left_ms > 0;
}

int spawn_wait (spawn_t *self, int timeout_ms)
{
    long long deadline_ms = now_ms () + timeout_ms;
    while (step (self, deadline_ms)) {
    }
    return self->code;
}

static bool wait_text (spawn_t *self, const output_t *output, const char *text, int timeout_ms)
{
    long long deadline_ms = now_ms () + timeout_ms;
    while (!strstr (output->text.bytes, text)) {
        if (!step (self, deadline_ms)) {
            return strstr (output->text.bytes, text) != NULL;
        }
    }
    return true;
}

bool spawn_wait_err (spawn_t *self, const char *text, int timeout_ms)
{
    return wait_text (self, &self->err, text, timeout_ms);
}

bool spawn_wait_out (spawn_t *self, const char *text, int timeout_ms)
{
    return wait_text (self, &self->out, text, timeout_ms);
}

int spawn_code (const spawn_t *self)
{
    return self->code;
}

const char *spawn_out (const spawn_t *self)
{
    return self->out.text.bytes;
}

const char *spawn_err (const spawn_t *self)
{
    return self->err.text.bytes;
}

size_t spawn_out_size (const spawn_t *self)
{
    return self->out.text.size;
}

char *file_read (const char *path, size_t *size_bytes)
{
    FILE *file = fopen (path, "rbe");
    if (!file) {
        return NULL;
    }
    buffer_t text = {0};
    size_t got;
    while ((got = fread (buffer_reserve (&text, 65536), 1, 65535, file)) > 0) {
        text.size += got;
    }
    bool good = !ferror (file);
    fclose (file);
    if (!good) {
        buffer_free (&text);
        return NULL;
    }
    *buffer_reserve (&text, 1) = '\0';
    if (size_bytes) {
        *size_bytes = text.size;
    }
    return text.bytes;
}

void file_write (const char *path, const char *text)
{
    FILE *file = fopen (path, "wbe");
    if (!file || fputs (text, file) < 0 || fclose (file) != 0) {
        fail (path);
    }
}

char *directory_new (void)
{
    const char *base = getenv ("TMPDIR");
    char *path = memory_format ("%s/fastscanner-test-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp (path)) {
        fail (path);
    }
    return path;
}

void directory_destroy (char **self)
{
    if (*self) {
        const char *argv[] = {"rm", "-rf", "--", *self, NULL};
        spawn_t *rm = spawn_run (argv, 60000);
        spawn_destroy (&rm);
        free (*self);
        *self = NULL;
    }
}
