#include "local.h"

#include "log.h"
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX   "fastscanner."
#define ATTEMPTS 10 /* to make a directory */

struct local {
    char *directory;
    int lock; /* of DIRECTORY/lock: held as long as the run lives */
    size_t count;
    pid_t *children; /* 0: not running */
};

/* Removes the files in a directory of ours and the directory. */
static void remove_directory (const char *path)
{
    DIR *folder = opendir (path);
    const struct dirent *entry;
    while (folder && (entry = readdir (folder))) {
        if (entry->d_name[0] != '.') {
            unlinkat (dirfd (folder), entry->d_name, 0);
        }
    }
    if (folder) {
        closedir (folder);
    }
    rmdir (path);
}

/* Takes the lock of a directory of ours; -1 when another run holds it, or there is no such file to
 * open. */
static int take_lock (const char *directory, int flags)
{
    char *path = memory_format ("%s/lock", directory);
    int lock = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    struct stat locked, there;
    /* Between open and flock another run may have swept the directory: then the lock is on nothing. */
    bool holds = lock >= 0 && flock (lock, LOCK_EX | LOCK_NB) == 0 && fstat (lock, &locked) == 0 &&
                 stat (path, &there) == 0 && locked.st_ino == there.st_ino;
    if (lock >= 0 && !holds) {
        close (lock);
        lock = -1;
    }
    free (path);
    return lock;
}

/* Is it a directory that local_new of this user made? In a root that others may write to, a name
 * alone says nothing: a symlink would have us remove the files of its target. */
static bool is_ours (int root, const char *name)
{
    struct stat status;
    return strncmp (name, PREFIX, strlen (PREFIX)) == 0 &&
           fstatat (root, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (status.st_mode) &&
           status.st_uid == geteuid () && (status.st_mode & 077) == 0;
}

/* Directories that killed runs of this user left: those whose lock nobody holds. */
static void sweep (const char *root)
{
    DIR *folder = opendir (root);
    const struct dirent *entry;
    while (folder && (entry = readdir (folder))) {
        if (!is_ours (dirfd (folder), entry->d_name)) {
            continue;
        }
        char *path = memory_format ("%s/%s", root, entry->d_name);
        int lock = take_lock (path, 0);
        if (lock >= 0) {
            log_debug ("removing %s, which a killed run left behind", path);
            remove_directory (path);
            close (lock);
        }
        free (path);
    }
    if (folder) {
        closedir (folder);
    }
}

static const char *root_directory (void)
{
    const char *names[] = {"XDG_RUNTIME_DIR", "TMPDIR"};
    for (size_t i = 0; i < 2; i++) {
        const char *root = getenv (names[i]);
        if (root && root[0] == '/' && strlen (root) <= 60 && access (root, W_OK | X_OK) == 0) {
            return root; /* longer ones would not leave room for an ipc path (107 bytes) */
        }
    }
    return "/tmp";
}

local_t *local_new (size_t count)
{
    const char *root = root_directory ();
    sweep (root);
    local_t *self = memory_new (sizeof *self);
    self->count = count;
    self->children = memory_new (count * sizeof *self->children);
    self->lock = -1;
    /* A sweeping run may take the lock in the moment before we do, and removes the directory. */
    for (int i = 0; i < ATTEMPTS && self->lock < 0; i++) {
        free (self->directory);
        self->directory = memory_format ("%s/%sXXXXXX", root, PREFIX);
        if (!mkdtemp (self->directory)) {
            break;
        }
        self->lock = take_lock (self->directory, O_CREAT);
    }
    if (self->lock < 0) {
        log_error ("cannot make a directory for sockets, %s: %s", self->directory,
                   strerror (errno));
        local_destroy (&self);
    }
    return self;
}

void local_destroy (local_t **local)
{
    local_t *self = *local;
    if (!self) {
        return;
    }
    for (size_t i = 0; i < self->count; i++) {
        local_kill (self, i);
    }
    for (size_t i = 0; i < self->count; i++) {
        while (self->children[i] > 0 && waitpid (self->children[i], NULL, 0) < 0 &&
               errno == EINTR) {
        }
    }
    if (self->directory) {
        remove_directory (self->directory);
    }
    if (self->lock >= 0) {
        close (self->lock);
    }
    free (self->directory);
    free (self->children);
    free (self);
    *local = NULL;
}

const char *local_directory (const local_t *self)
{
    return self->directory;
}

char *local_endpoint (const local_t *self, const char *name)
{
    return memory_format ("ipc://%s/%s", self->directory, name);
}

/* The program's path: in the directory of the running one. */
static int program_path (const char *program, char *path, size_t size)
{
    ssize_t length = readlink ("/proc/self/exe", path, size - 1);
    if (length < 0) {
        return -1;
    }
    path[length] = '\0';
    char *slash = strrchr (path, '/');
    size_t left = size - (size_t) (slash + 1 - path);
    return snprintf (slash + 1, left, "%s", program) < (int) left ? 0 : -1;
}

/* What is said to us alone: our options, and how to notify who started us (notify.h). */
static bool is_ours_alone (const char *variable)
{
    static const char *const names[] = {"FASTSCANNER_", "NOTIFY_SOCKET=", "WATCHDOG_"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp (variable, names[i], strlen (names[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Our environment without that; the texts stay environ's. */
static char **children_environment (void)
{
    size_t count = 0, kept = 0;
    while (environ[count]) {
        count++;
    }
    char **environment = memory_new ((count + 1) * sizeof *environment);
    for (size_t i = 0; i < count; i++) {
        if (!is_ours_alone (environ[i])) {
            environment[kept++] = environ[i];
        }
    }
    return environment;
}

static void become_child (const char *path, char *const *arguments, char *const *environment,
                          pid_t parent) __attribute__ ((noreturn));

/* In the child, before exec: only what is safe after fork in a process with threads. */
static void become_child (const char *path, char *const *arguments, char *const *environment,
                          pid_t parent)
{
    sigset_t none;
    sigemptyset (&none);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (getppid () != parent) {
        _exit (127); /* the parent died before the call above */
    }
    signal (SIGINT, SIG_IGN);
    signal (SIGTERM, SIG_IGN);
    signal (SIGHUP, SIG_IGN);
    sigprocmask (SIG_SETMASK, &none, NULL);
    execve (path, arguments, environment);
    _exit (127);
}

int local_start (local_t *self, size_t index, const char *program, const char *const *arguments)
{
    char path[PATH_MAX];
    if (program_path (program, path, sizeof path) != 0 || access (path, X_OK) != 0) {
        log_error ("%s: it must lie beside fastscanner: %s", program, strerror (errno));
        return -1;
    }
    size_t count = 0;
    while (arguments[count]) {
        count++;
    }
    const char **all = memory_new ((count + 2) * sizeof *all);
    all[0] = program;
    memcpy (all + 1, arguments, count * sizeof *all);
    char **environment = children_environment ();
    pid_t parent = getpid (), child = fork ();
    if (child == 0) {
        become_child (path, (char *const *) all, environment, parent);
    }
    free (all);
    free (environment);
    if (child < 0) {
        log_error ("cannot start %s: %s", program, strerror (errno));
        return -1;
    }
    self->children[index] = child;
    return 0;
}

int local_start_worker (local_t *self, size_t index, const char *broker, uint64_t incarnation,
                        const char *log_level, const char *log_format)
{
    char name[32], number[24];
    snprintf (name, sizeof name, "worker-%zu", index);
    snprintf (number, sizeof number, "%" PRIu64, incarnation);
    const char *arguments[] = {"--broker",      broker,     "--name",      name,
                               "--incarnation", number,     "--log-level", log_level,
                               "--log-format",  log_format, NULL};
    return local_start (self, index, "fastscanner-worker", arguments);
}

long local_reap (local_t *self, int *status)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->children[i] > 0 &&
            waitpid (self->children[i], status, WNOHANG) == self->children[i]) {
            self->children[i] = 0;
            return (long) i;
        }
    }
    return -1;
}

void local_kill (local_t *self, size_t index)
{
    if (self->children[index] > 0) {
        kill (self->children[index], SIGKILL);
    }
}

bool local_runs (const local_t *self, size_t index)
{
    return self->children[index] > 0;
}

size_t local_count (const local_t *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        count += self->children[i] > 0;
    }
    return count;
}

char *local_describe (int status, char *text, size_t size)
{
    if (WIFSIGNALED (status)) {
        snprintf (text, size, "was killed by signal %d (%s)", WTERMSIG (status),
                  strsignal (WTERMSIG (status)));
    } else if (WEXITSTATUS (status) == 127) {
        snprintf (text, size, "could not be started");
    } else {
        snprintf (text, size, "exited with code %d", WEXITSTATUS (status));
    }
    return text;
}
