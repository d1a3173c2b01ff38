/* bench_run - runs a program and says what it took, as a sample (samples.h).
 *
 *     bench_run SERIES [NAME=NUMBER ...] -- PROGRAM ARGUMENT...
 *
 *     start --> end of the whole process    seconds        wall
 *               and all it waited for       cpu_seconds    user and system
 *                                           peak_mb        of the largest process, 10^6 bytes
 *     NAME=NUMBER, as given; `rows` gives rows_per_s
 *     stdout, where its last line is a JSON object: its fields   (the peers)
 *     stderr, where it is fastscanner's summary: symbols, candles, hits
 *
 * Exit code 1 when the program fails or takes too long; its stderr is then shown.
 */
#include "clock.h"
#include "memory.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 180000, TEXT_MAX = 1 << 20 };

typedef struct {
    int out, err; /* files in memory: a pipe would have to be emptied meanwhile */
    int status;
    double seconds;
    struct rusage usage;
} outcome_t;

static _Noreturn void become (char **command, const outcome_t *outcome)
{
    setpgid (0, 0);
    dup2 (outcome->out, STDOUT_FILENO);
    dup2 (outcome->err, STDERR_FILENO);
    execvp (command[0], command);
    perror (command[0]);
    _exit (127);
}

/* ru_maxrss counts what was before exec too: this process is small for that reason. */
static int run (char **command, outcome_t *outcome)
{
    outcome->out = memfd_create ("out", MFD_CLOEXEC);
    outcome->err = memfd_create ("err", MFD_CLOEXEC);
    mono_t start = mono_now ();
    pid_t pid = fork ();
    if (pid == 0) {
        become (command, outcome);
    }
    struct pollfd ended = {.fd = pid < 0 ? -1 : pidfd_open (pid, 0), .events = POLLIN};
    if (ended.fd < 0) {
        perror ("bench_run");
        return -1;
    }
    if (poll (&ended, 1, LIMIT_MS) != 1) {
        fprintf (stderr, "bench_run: it takes too long: killed\n");
        kill (-pid, SIGKILL);
    }
    close (ended.fd);
    if (wait4 (pid, &outcome->status, 0, &outcome->usage) != pid) {
        return -1;
    }
    outcome->seconds = (double) (mono_now ().us - start.us) / 1e6;
    return 0;
}

/* What was written, at most TEXT_MAX bytes of it. */
static char *text_of (int file)
{
    char *text = memory_new (TEXT_MAX + 1);
    ssize_t size = pread (file, text, TEXT_MAX, 0);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void set_number (json_t *sample, const char *name, double value)
{
    json_object_set_new (sample, name, json_real (value));
}

/* NAME=NUMBER */
static int set_given (json_t *sample, const char *word)
{
    const char *equals = strchr (word, '=');
    char *end = NULL;
    double value = equals ? strtod (equals + 1, &end) : 0;
    if (!equals || equals == word || end == equals + 1 || *end != '\0') {
        fprintf (stderr, "bench_run: '%s' is not NAME=NUMBER\n", word);
        return -1;
    }
    char *name = memory_format ("%.*s", (int) (equals - word), word);
    set_number (sample, name, value);
    free (name);
    return 0;
}

static void set_printed (json_t *sample, char *text)
{
    size_t size = strlen (text);
    while (size > 0 && text[size - 1] == '\n') {
        text[--size] = '\0';
    }
    char *line = strrchr (text, '\n');
    json_t *object = json_loads (line ? line + 1 : text, 0, NULL);
    if (json_is_object (object)) {
        json_object_update (sample, object);
    }
    json_decref (object);
}

/* The number that ends where ` symbols` and the like begin: digits, and commas between thousands. */
static void set_counted (json_t *sample, const char *text, const char *name)
{
    char *mark = memory_format (" %s", name);
    const char *at = strstr (text, mark);
    double value = 0, place = 1;
    const char *digit = at;
    for (; digit && digit > text && strchr ("0123456789,", digit[-1]); digit--) {
        if (digit[-1] != ',') {
            value += place * (digit[-1] - '0');
            place *= 10;
        }
    }
    if (digit != at) {
        set_number (sample, name, value);
    }
    free (mark);
}

/* fastscanner: 200 symbols, 1,727,154 candles, 0 rejected rows, 1,528 hits */
static void set_summary (json_t *sample, const char *text)
{
    if (strstr (text, " rejected rows, ")) {
        set_counted (sample, text, "symbols");
        set_counted (sample, text, "candles");
        set_counted (sample, text, "hits");
    }
}

static double seconds_of (struct timeval time)
{
    return (double) time.tv_sec + (double) time.tv_usec / 1e6;
}

static void set_taken (json_t *sample, const outcome_t *outcome)
{
    const struct rusage *usage = &outcome->usage;
    double rows = json_number_value (json_object_get (sample, "rows"));
    set_number (sample, "seconds", outcome->seconds);
    set_number (sample, "cpu_seconds", seconds_of (usage->ru_utime) + seconds_of (usage->ru_stime));
    set_number (sample, "peak_mb", (double) usage->ru_maxrss * 1024 / 1e6);
    if (rows > 0) {
        set_number (sample, "rows_per_s", rows / outcome->seconds);
    }
}

int main (int argc, char **argv)
{
    json_t *sample = json_object ();
    int at = 2, rc = argc < 2 ? -1 : 0;
    for (; rc == 0 && at < argc && strcmp (argv[at], "--") != 0; at++) {
        rc = set_given (sample, argv[at]);
    }
    if (rc != 0 || at + 1 >= argc) {
        fprintf (stderr, "usage: bench_run SERIES [NAME=NUMBER ...] -- PROGRAM ARGUMENT...\n");
        return 2;
    }
    outcome_t outcome;
    json_object_set_new (sample, "series", json_string (argv[1]));
    if (run (&argv[at + 1], &outcome) != 0) {
        return 1;
    }
    char *out = text_of (outcome.out), *err = text_of (outcome.err);
    bool good = WIFEXITED (outcome.status) && WEXITSTATUS (outcome.status) == 0;
    set_printed (sample, out);
    set_summary (sample, err);
    set_taken (sample, &outcome);
    if (good) {
        json_dumpf (sample, stdout, JSON_COMPACT);
        putchar ('\n');
    } else {
        fprintf (stderr, "%s%s: status %d\n", err, argv[at + 1], outcome.status);
    }
    free (out);
    free (err);
    json_decref (sample);
    return good ? 0 : 1;
}
