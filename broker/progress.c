#include "progress.h"

#include "log.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TERMINAL_MS 100
#define LINE_MS     1000
#define BAR_MAX     30

static void before_log (void *self)
{
    progress_clear (self);
}

void progress_init (progress_t *self, bool shown, mono_t now)
{
    *self = (progress_t){
        .shown = shown, .terminal = isatty (STDERR_FILENO), .started = now, .last = now};
    if (self->shown && self->terminal) {
        log_around (before_log, NULL, self);
    }
}

static int64_t interval (const progress_t *self)
{
    return self->terminal ? TERMINAL_MS : LINE_MS;
}

int64_t progress_due (const progress_t *self, mono_t now)
{
    if (!self->shown) {
        return -1;
    }
    int64_t left = interval (self) - mono_ms (self->last, now);
    return left > 0 ? left : 0;
}

/* ", ETA 12 s", ", ETA 3 min 5 s", or "" before anything is known. */
static void format_eta (const progress_t *self, uint64_t done, uint64_t total, mono_t now,
                        char *text, size_t size)
{
    text[0] = '\0';
    double elapsed = (double) mono_ms (self->started, now) / 1000;
    if (done > 0 && elapsed > 0.3) {
        long left = (long) (elapsed * (double) (total - done) / (double) done + 0.5);
        if (left >= 60) {
            snprintf (text, size, ", ETA %ld min %ld s", left / 60, left % 60);
        } else {
            snprintf (text, size, ", ETA %ld s", left);
        }
    }
}

static int terminal_width (void)
{
    struct winsize window;
    return ioctl (STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col
                                                                                : 80;
}

static void draw_bar (progress_t *self, uint64_t done, uint64_t total, uint64_t hits,
                      const char *eta)
{
    char line[256], bar[BAR_MAX + 1];
    int filled = (int) (total ? done * BAR_MAX / total : 0);
    memset (bar, '.', BAR_MAX);
    memset (bar, '#', (size_t) filled);
    bar[BAR_MAX] = '\0';
    int length = snprintf (line, sizeof line, "[%s] %3d %%  %llu hits%s", bar,
                           (int) (total ? done * 100 / total : 0), (unsigned long long) hits, eta);
    int width = terminal_width () - 1;
    if (length > width) {
        line[width] = '\0';
    }
    fprintf (stderr, "\r%s\033[K", line);
    self->drawn = true;
}

void progress_show (progress_t *self, uint64_t done, uint64_t total, uint64_t hits, mono_t now)
{
    if (!self->shown || mono_ms (self->last, now) < interval (self)) {
        return;
    }
    char eta[48];
    done = done < total ? done : total;
    self->last = now;
    format_eta (self, done, total, now, eta, sizeof eta);
    if (self->terminal) {
        draw_bar (self, done, total, hits, eta);
    } else {
        log_info ("%llu of %llu units, %llu hits%s", (unsigned long long) done,
                  (unsigned long long) total, (unsigned long long) hits, eta);
    }
}

void progress_line (progress_t *self, const char *line, size_t size, mono_t now)
{
    if (!self->shown || (!self->terminal && mono_ms (self->last, now) < PROGRESS_LINE_MS)) {
        return;
    }
    self->last = now;
    if (!self->terminal) {
        log_info ("%.*s", (int) size, line);
        return;
    }
    int width = terminal_width () - 1;
    fprintf (stderr, "\r%.*s\033[K", (int) size < width ? (int) size : width, line);
    self->drawn = true;
}

void progress_clear (progress_t *self)
{
    if (self->drawn) {
        fputs ("\r\033[K", stderr);
        self->drawn = false;
    }
}
