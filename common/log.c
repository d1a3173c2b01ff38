#include "log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A line of at most PIPE_BUF bytes is never mixed with another process's in a pipe; a longer
 * message is cut. */
#define LINE_MAX_BYTES PIPE_BUF
#define TAIL_BYTES     8 /* kept free for what ends a cut line: ..."}\n */
#define TIME_TEXT      32

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const char *const format_names[] = {"text", "logfmt", "json"};

static const char *program = "fastscanner";
static log_level_t level = LOG_INFO;
static log_format_t form = LOG_TEXT;
static _Thread_local void (*before_line) (void *);
static _Thread_local void (*after_line) (void *);
static _Thread_local void *around_argument;

typedef struct {
    char bytes[LINE_MAX_BYTES];
    size_t size;
    bool cut;
} line_t;

void log_init (const char *name, log_level_t wanted, log_format_t format)
{
    program = name;
    level = wanted;
    form = format;
}

static bool name_parse (const char *text, const char *const *names, unsigned count, unsigned *index)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp (text, names[i]) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

bool log_level_parse (const char *text, log_level_t *parsed)
{
    unsigned index;
    bool known = name_parse (text, level_names, LOG_DEBUG + 1, &index);
    if (known) {
        *parsed = (log_level_t) index;
    }
    return known;
}

bool log_format_parse (const char *text, log_format_t *parsed)
{
    unsigned index;
    bool known = name_parse (text, format_names, LOG_JSON + 1, &index);
    if (known) {
        *parsed = (log_format_t) index;
    }
    return known;
}

bool log_wants (log_level_t asked)
{
    return asked <= level;
}

void log_around (void (*before) (void *), void (*after) (void *), void *argument)
{
    before_line = before;
    after_line = after;
    around_argument = argument;
}

/* Appends a piece whole or, once there is no room, nothing any more. */
static void line_append (line_t *self, const char *piece, size_t size)
{
    if (self->cut || size > sizeof self->bytes - TAIL_BYTES - self->size) {
        self->cut = true;
        return;
    }
    memcpy (self->bytes + self->size, piece, size);
    self->size += size;
}

static void line_text (line_t *self, const char *text)
{
    line_append (self, text, strlen (text));
}

/* Ends the line; the room for it was kept. */
static void line_end (line_t *self, const char *end)
{
    char tail[TAIL_BYTES];
    int size = snprintf (tail, sizeof tail, "%s%s\n", self->cut ? "..." : "", end);
    memcpy (self->bytes + self->size, tail, (size_t) size);
    self->size += (size_t) size;
}

/* Bytes of the UTF-8 character at `text`, 0 when it is none (RFC 3629: no overlong forms, no
 * surrogates). */
static size_t utf8_size (const unsigned char *text)
{
    unsigned char first = text[0];
    size_t size = first < 0x80   ? 1
                  : first < 0xC2 ? 0
                  : first < 0xE0 ? 2
                  : first < 0xF0 ? 3
                  : first < 0xF5 ? 4
                                 : 0;
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (first == 0xE0 && text[1] < 0xA0) || (first == 0xF0 && text[1] < 0x90);
    bool outside = (first == 0xED && text[1] > 0x9F) || (first == 0xF4 && text[1] > 0x8F);
    return overlong || outside ? 0 : size;
}

/* A control character, as it is written in the line; NULL for any other. */
static const char *control_escape (const unsigned char *text, char escape[static 8])
{
    bool high = text[0] == 0xC2 && text[1] < 0xA0; /* U+0080 to U+009F: terminals obey them too */
    if (text[0] >= 0x20 && text[0] != 0x7F && !high) {
        return NULL;
    }
    switch (text[0]) {
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        snprintf (escape, 8, form == LOG_JSON ? "\\u%04x" : "\\x%02x", high ? text[1] : text[0]);
        return escape;
    }
}

/* Appends text from anywhere so that neither a terminal nor a parser can be confused. A byte that
 * is not UTF-8 reads \xNN in every form, in json with the backslash that its parser takes away. */
static void line_escaped (line_t *self, const char *text)
{
    for (const unsigned char *at = (const unsigned char *) text; *at;) {
        char escape[8];
        size_t size = utf8_size (at);
        const char *control = size > 0 ? control_escape (at, escape) : NULL;
        if (size == 0) {
            snprintf (escape, sizeof escape, form == LOG_JSON ? "\\\\x%02x" : "\\x%02x", *at);
            line_text (self, escape);
            size = 1;
        } else if (control) {
            line_text (self, control);
        } else if (form != LOG_TEXT && (*at == '"' || *at == '\\')) {
            line_append (self, (const char[]){'\\', (char) *at}, 2);
        } else {
            line_append (self, (const char *) at, size);
        }
        at += size;
    }
}

/* Now in RFC 3339, UTC, with milliseconds. */
static void time_format (char text[static TIME_TEXT])
{
    struct timespec now;
    struct tm utc;
    clock_gettime (CLOCK_REALTIME, &now);
    gmtime_r (&now.tv_sec, &utc);
    size_t size = strftime (text, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf (text + size, TIME_TEXT - size, ".%03ldZ", now.tv_nsec / 1000000);
}

static void line_build (line_t *self, log_level_t severity, const char *message)
{
    if (form == LOG_TEXT) {
        line_escaped (self, program);
        line_text (self, ": ");
        if (severity != LOG_INFO) {
            line_text (self, level_names[severity]);
            line_text (self, ": ");
        }
        line_escaped (self, message);
        line_end (self, "");
        return;
    }
    bool json = form == LOG_JSON;
    char time[TIME_TEXT];
    time_format (time);
    line_text (self, json ? "{\"time\":\"" : "time=");
    line_text (self, time);
    line_text (self, json ? "\",\"level\":\"" : " level=");
    line_text (self, level_names[severity]);
    line_text (self, json ? "\",\"program\":\"" : " program=");
    line_escaped (self, program);
    line_text (self, json ? "\",\"message\":\"" : " message=\"");
    line_escaped (self, message);
    line_end (self, json ? "\"}" : "\"");
}

/* Writes once. A reader that went away must not end the process, and the program's own way with
 * SIGPIPE is not ours to change: the signal is held back for the moment and, when this write raised
 * it, taken away. */
static void line_write (const line_t *self)
{
    sigset_t pipe_only, previous, pending;
    sigemptyset (&pipe_only);
    sigaddset (&pipe_only, SIGPIPE);
    sigpending (&pending);
    pthread_sigmask (SIG_BLOCK, &pipe_only, &previous);
    ssize_t written;
    do {
        written = write (STDERR_FILENO, self->bytes, self->size);
    } while (written < 0 && errno == EINTR);
    if (written < 0 && errno == EPIPE && !sigismember (&pending, SIGPIPE)) {
        sigtimedwait (&pipe_only, NULL, &(struct timespec){0});
    }
    pthread_sigmask (SIG_SETMASK, &previous, NULL);
}

static void log_line (log_level_t severity, const char *format, va_list arguments)
    __attribute__ ((format (printf, 2, 0)));

static void log_line (log_level_t severity, const char *format, va_list arguments)
{
    if (!log_wants (severity)) {
        return;
    }
    int error = errno; /* whoever logs may still want to look at it */
    char message[LINE_MAX_BYTES + 1];
    if (vsnprintf (message, sizeof message, format, arguments) < 0) {
        message[0] = '\0';
    }
    line_t line = {.size = 0};
    line_build (&line, severity, message);
    if (before_line) {
        before_line (around_argument);
    }
    line_write (&line);
    if (after_line) {
        after_line (around_argument);
    }
    errno = error;
}

void log_error (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    log_line (LOG_ERROR, format, arguments);
    va_end (arguments);
}

void log_warning (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    log_line (LOG_WARNING, format, arguments);
    va_end (arguments);
}

void log_info (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    log_line (LOG_INFO, format, arguments);
    va_end (arguments);
}

void log_debug (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    log_line (LOG_DEBUG, format, arguments);
    va_end (arguments);
}
