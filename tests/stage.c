#include "stage.h"

#include "check.h"
#include "memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 64, LOOK_MS = 1, APPEAR_MS = 20000 };

struct stage {
    char *directory;
    char *programs;
    char *outer; /* TMPDIR as it was; NULL: not set */
    size_t text_count, spawn_count;
    char **texts;
    spawn_t **spawns;
};

static char *keep (stage_t *self, char *text)
{
    self->texts = memory_resize (self->texts, self->text_count + 1, sizeof *self->texts);
    self->texts[self->text_count++] = text;
    return text;
}

static void forget_variables (void)
{
    for (size_t i = 0; environ[i];) {
        if (strncmp (environ[i], "FASTSCANNER_", 12) == 0) {
            char *name = memory_text (environ[i]);
            name[strcspn (name, "=")] = '\0';
            unsetenv (name);
            free (name);
        } else {
            i++;
        }
    }
}

int stage_open (void **state)
{
    stage_t *self = memory_new (sizeof *self);
    const char *outer = getenv ("TMPDIR");
    forget_variables ();
    unsetenv ("XDG_RUNTIME_DIR");
    self->outer = outer ? memory_text (outer) : NULL;
    unsetenv ("TMPDIR"); /* a long one would leave no room for the sockets' names */
    self->directory = directory_new ();
    self->programs = TEST_BIN;
    setenv ("TMPDIR", self->directory, 1);
    *state = self;
    return 0;
}

int stage_close (void **state)
{
    stage_t *self = *state;
    for (size_t i = 0; i < self->spawn_count; i++) {
        spawn_destroy (&self->spawns[i]);
    }
    for (size_t i = 0; i < self->text_count; i++) {
        free (self->texts[i]);
    }
    unsetenv ("TMPDIR");
    if (self->outer) {
        setenv ("TMPDIR", self->outer, 1);
    }
    directory_destroy (&self->directory);
    free (self->outer);
    free (self->texts);
    free (self->spawns);
    free (self);
    return 0;
}

char *stage_text (stage_t *self, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start (arguments, format);
    assert_true (vasprintf (&text, format, arguments) >= 0);
    va_end (arguments);
    return keep (self, text);
}

char *stage_path (stage_t *self, const char *name, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start (arguments, name);
    assert_true (vasprintf (&text, name, arguments) >= 0);
    va_end (arguments);
    char *path = memory_format ("%s/%s", self->directory, text);
    free (text);
    return keep (self, path);
}

char *stage_write (stage_t *self, const char *name, const char *text)
{
    char *path = stage_path (self, "%s", name);
    for (char *slash = path + strlen (self->directory) + 1; (slash = strchr (slash, '/'));
         slash++) {
        *slash = '\0';
        assert_true (mkdir (path, 0777) == 0 || errno == EEXIST);
        *slash = '/';
    }
    file_write (path, text);
    return path;
}

char *stage_read (stage_t *self, const char *path, size_t *size_bytes)
{
    char *bytes = file_read (path, size_bytes);
    return bytes ? keep (self, bytes) : NULL;
}

void stage_programs (stage_t *self, const char *directory)
{
    self->programs = keep (self, memory_text (directory));
}

/* Starts it: `first` is the program, the rest are its arguments. */
static spawn_t *start (stage_t *self, const char *first, va_list rest)
{
    const char *argv[ARGUMENTS_MAX + 2] = {first};
    size_t count = 1;
    while ((argv[count] = va_arg (rest, const char *))) {
        assert_true (++count <= ARGUMENTS_MAX);
    }
    spawn_t *process = spawn_start (argv);
    self->spawns = memory_resize (self->spawns, self->spawn_count + 1, sizeof (spawn_t *));
    self->spawns[self->spawn_count++] = process;
    return process;
}

static const char *program (stage_t *self)
{
    return stage_text (self, "%s/fastscanner", self->programs);
}

spawn_t *stage_start (stage_t *self, ...)
{
    va_list arguments;
    va_start (arguments, self);
    spawn_t *process = start (self, program (self), arguments);
    va_end (arguments);
    return process;
}

spawn_t *stage_run (stage_t *self, ...)
{
    va_list arguments;
    va_start (arguments, self);
    spawn_t *process = start (self, program (self), arguments);
    va_end (arguments);
    assert_int_not_equal (spawn_wait (process, STAGE_MS), SPAWN_RUNS);
    return process;
}

spawn_t *stage_spawn (stage_t *self, ...)
{
    va_list arguments;
    va_start (arguments, self);
    const char *first = va_arg (arguments, const char *);
    spawn_t *process = start (self, first, arguments);
    va_end (arguments);
    return process;
}

void stage_must (stage_t *self, ...)
{
    va_list arguments;
    va_start (arguments, self);
    const char *first = va_arg (arguments, const char *);
    spawn_t *process = start (self, first, arguments);
    va_end (arguments);
    if (spawn_wait (process, STAGE_MS) != 0) {
        fail_msg ("%s: exit code %d\n%s", first, spawn_code (process), spawn_err (process));
    }
}

size_t stage_left (const stage_t *self)
{
    size_t count = 0;
    DIR *folder = opendir (self->directory);
    const struct dirent *entry;
    while (folder && (entry = readdir (folder))) {
        count += strncmp (entry->d_name, "fastscanner.", 12) == 0;
    }
    closedir (folder);
    return count;
}

static long long now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (long long) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool stage_wait_file (const stage_t *self, const char *path)
{
    (void) self;
    struct stat there;
    long long end_ms = now_ms () + APPEAR_MS;
    while (stat (path, &there) != 0) {
        if (now_ms () > end_ms) {
            return false;
        }
        poll (NULL, 0, LOOK_MS);
    }
    return true;
}

typedef struct {
    char command[20]; /* "(COMM)", COMM cut to 15 bytes */
    pid_t parent, group;
} process_t;

/* Reads /proc/PID/stat: "PID (COMM) STATE PPID PGRP ...". False when it has ended, a zombie too. */
static bool read_process (pid_t pid, process_t *self)
{
    char path[40], line[512] = "", state = 'Z';
    snprintf (path, sizeof path, "/proc/%d/stat", (int) pid);
    FILE *file = fopen (path, "re");
    bool good = file && fgets (line, sizeof line, file);
    if (file) {
        fclose (file);
    }
    const char *open = good ? strchr (line, '(') : NULL, *close = good ? strrchr (line, ')') : NULL;
    if (!open || !close ||
        sscanf (close + 1, " %c %d %d", &state, &self->parent, &self->group) != 3) {
        return false;
    }
    snprintf (self->command, sizeof self->command, "%.*s", (int) (close + 1 - open), open);
    return state != 'Z';
}

static bool is_role (const process_t *self, stage_role_t role)
{
    static const char *const commands[] = {
        [STAGE_WORKER] = "(fastscanner-wor)", [STAGE_COLLECTOR] = "(fastscanner-col)"};
    return role == STAGE_ANY || strcmp (self->command, commands[role]) == 0;
}

/* The next process of /proc that lives; 0 at the end. */
static pid_t next_process (DIR *folder, process_t *process)
{
    const struct dirent *entry;
    while (folder && (entry = readdir (folder))) {
        pid_t pid = isdigit ((unsigned char) entry->d_name[0]) ? atoi (entry->d_name) : 0;
        if (pid > 0 && read_process (pid, process)) {
            return pid;
        }
    }
    return 0;
}

static int compare_pids (const void *a, const void *b)
{
    return *(const pid_t *) a < *(const pid_t *) b ? -1 : 1;
}

size_t stage_children (pid_t parent, stage_role_t role, pid_t *pids, size_t max)
{
    size_t count = 0;
    process_t process;
    pid_t pid;
    DIR *folder = opendir ("/proc");
    while (count < max && (pid = next_process (folder, &process))) {
        if (process.parent == parent && is_role (&process, role)) {
            pids[count++] = pid;
        }
    }
    closedir (folder);
    if (count > 0) {
        qsort (pids, count, sizeof *pids, compare_pids);
    }
    return count;
}

bool stage_wait_children (pid_t parent, stage_role_t role, size_t count)
{
    pid_t pids[256];
    long long end_ms = now_ms () + APPEAR_MS;
    while (stage_children (parent, role, pids, 256) < count) {
        if (now_ms () > end_ms) {
            return false;
        }
        poll (NULL, 0, LOOK_MS);
    }
    return true;
}

bool stage_group_lives (pid_t group)
{
    bool lives = false;
    process_t process;
    DIR *folder = opendir ("/proc");
    while (!lives && next_process (folder, &process)) {
        lives = process.group == group;
    }
    closedir (folder);
    return lives;
}
