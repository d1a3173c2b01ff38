#include "bare_xread.h"

#include "log.h"
#include "memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, ID = 48, LINE = 32, COUNT_MAX = 1 << 20, WORD = 128 };

typedef struct {
    int socket;
    const char (*keys)[BARE_XREAD_KEY];
    unsigned count, each;
    int64_t entries;
    char ids[BARE_XREAD_STREAMS][ID];
    size_t from, to; /* what of `bytes` is not stepped over yet */
    char bytes[BUFFER];
} bare_t;

/* ---- bytes */

/* Has at least `size` bytes ready, which is at most BUFFER. */
static bool have (bare_t *self, size_t size)
{
    if (self->to - self->from >= size) {
        return true;
    }
    if (size > BUFFER - self->from) {
        memmove (self->bytes, self->bytes + self->from, self->to - self->from);
        self->to -= self->from;
        self->from = 0;
    }
    while (self->to - self->from < size) {
        ssize_t got = read (self->socket, self->bytes + self->to, BUFFER - self->to);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            log_error ("bare XREAD: the server's answer ended: %s",
                       got < 0 ? strerror (errno) : "end of file");
            return false;
        }
        self->to += got > 0 ? (size_t) got : 0;
    }
    return true;
}

/* A header: its type, and its number of at most 7 digits, or -1. */
static bool header (bare_t *self, char type, long *number)
{
    size_t size = 1;
    *number = 0;
    if (!have (self, 4)) { /* the shortest is $0\r\n */
        return false;
    }
    const char *at = self->bytes + self->from;
    if (at[0] != type) {
        log_error ("bare XREAD: '%c' where '%c' was due", at[0], type);
        return false;
    }
    bool negative = at[1] == '-';
    for (size += negative; size < 9; size++) {
        if (!have (self, size + 2)) {
            return false;
        }
        at = self->bytes + self->from;
        if (at[size] < '0' || at[size] > '9') {
            break;
        }
        *number = *number * 10 + (at[size] - '0');
    }
    *number = negative ? -*number : *number;
    if (at[size] != '\r' || at[size + 1] != '\n' || *number < -1 || *number > COUNT_MAX) {
        log_error ("bare XREAD: a length that cannot be");
        return false;
    }
    self->from += size + 2;
    return true;
}

/* A text of less than `max` bytes, which stays until the next call; NULL. */
static const char *text (bare_t *self, long max, size_t *size)
{
    long number;
    if (!header (self, '$', &number)) {
        return NULL;
    }
    if (number < 0 || number >= max) {
        log_error ("bare XREAD: a text of %ld bytes", number);
        return NULL;
    }
    *size = (size_t) number;
    if (!have (self, *size + 2)) {
        return NULL;
    }
    const char *start = self->bytes + self->from;
    self->from += *size + 2;
    return start;
}

/* ---- the reply */

static bool take_entry (bare_t *self, char id[static ID])
{
    long parts, fields;
    size_t size;
    const char *start;
    if (!header (self, '*', &parts) || parts != 2 || !(start = text (self, ID, &size))) {
        return false;
    }
    memcpy (id, start, size);
    id[size] = '\0';
    if (!header (self, '*', &fields)) {
        return false;
    }
    for (long i = 0; i < fields; i++) {
        if (!text (self, BUFFER - 2, &size)) {
            return false;
        }
    }
    self->entries++;
    return true;
}

static bool take_stream (bare_t *self)
{
    long parts, entries;
    size_t size;
    const char *key;
    unsigned which = 0;
    if (!header (self, '*', &parts) || parts != 2 || !(key = text (self, BARE_XREAD_KEY, &size))) {
        return false;
    }
    while (which < self->count &&
           (strlen (self->keys[which]) != size || memcmp (self->keys[which], key, size) != 0)) {
        which++;
    }
    if (which == self->count) {
        log_error ("bare XREAD: a stream that was not asked for");
        return false;
    }
    bool good = header (self, '*', &entries);
    for (long i = 0; good && i < entries; i++) {
        good = take_entry (self, self->ids[which]);
    }
    return good;
}

/* ---- the request */

static bool send_all (int socket, const char *bytes, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t now = send (socket, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (now < 0 && errno != EINTR) {
            log_error ("bare XREAD: %s", strerror (errno));
            return false;
        }
        sent += now > 0 ? (size_t) now : 0;
    }
    return true;
}

static bool ask (const bare_t *self)
{
    char request[(2 * BARE_XREAD_STREAMS + 4) * WORD], each[16];
    snprintf (each, sizeof each, "%u", self->each);
    int size = snprintf (request, sizeof request,
                         "*%u\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$%zu\r\n%s\r\n$7\r\nSTREAMS\r\n",
                         4 + 2 * self->count, strlen (each), each);
    for (unsigned i = 0; i < 2 * self->count; i++) {
        const char *word = i < self->count ? self->keys[i] : self->ids[i - self->count];
        size += snprintf (request + size, sizeof request - (size_t) size, "$%zu\r\n%s\r\n",
                          strlen (word), word);
    }
    return send_all (self->socket, request, (size_t) size);
}

/* 1, or 0 when there was nothing more, or -1. */
static int turn (bare_t *self)
{
    long streams = 0;
    if (!ask (self) || !header (self, '*', &streams)) {
        return -1;
    }
    for (long i = 0; i < streams; i++) {
        if (!take_stream (self)) {
            return -1;
        }
    }
    return streams > 0;
}

int64_t bare_xread (int socket, const char (*keys)[BARE_XREAD_KEY], unsigned count, unsigned each)
{
    bare_t *self = memory_new (sizeof *self);
    self->socket = socket;
    self->keys = keys;
    self->count = count < BARE_XREAD_STREAMS ? count : BARE_XREAD_STREAMS;
    self->each = each;
    for (unsigned i = 0; i < self->count; i++) {
        strcpy (self->ids[i], "0");
    }
    int rc;
    while ((rc = turn (self)) == 1) {
    }
    int64_t entries = rc < 0 ? -1 : self->entries;
    free (self);
    return entries;
}
