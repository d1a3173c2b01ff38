#include "notify.h"

#include "log.h"
#include "memory.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STATUS_MAX 200

struct notify {
    int socket;
    struct sockaddr_un address;
    socklen_t size;               /* of it */
    int64_t watchdog_us;          /* half its period; 0: there is none */
    mono_t fed, told;             /* the watchdog; the status */
    bool ready, stopping, failed; /* was said; the last datagram could not go */
    char status[STATUS_MAX];      /* as it was said last */
};

/* ---- the environment ---- */

/* A path, or a name of the abstract kind after `@`. */
static bool read_address (notify_t *self, const char *name)
{
    size_t length = strlen (name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 ||
        length >= sizeof self->address.sun_path) {
        log_warning ("NOTIFY_SOCKET '%s' is no path of a socket and no @name: nobody is notified",
                     name);
        return false;
    }
    self->address.sun_family = AF_UNIX;
    memcpy (self->address.sun_path, name, length + 1);
    self->size = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length);
    if (name[0] == '@') {
        self->address.sun_path[0] = '\0';
    } else {
        self->size++;
    }
    return true;
}

/* A positive whole number, or 0. */
static int64_t read_number (const char *name)
{
    const char *text = getenv (name);
    char *end = NULL;
    errno = 0;
    long long value = text ? strtoll (text, &end, 10) : 0;
    return text && errno == 0 && end != text && *end == '\0' && value > 0 ? value : 0;
}

/* A watchdog that is of another process, our parent perhaps, is not ours to feed. */
static int64_t find_watchdog (void)
{
    int64_t pid = getenv ("WATCHDOG_PID") ? read_number ("WATCHDOG_PID") : getpid ();
    return pid == getpid () ? read_number ("WATCHDOG_USEC") / 2 : 0;
}

notify_t *notify_new (void)
{
    const char *name = getenv ("NOTIFY_SOCKET");
    if (!name || !*name) {
        return NULL;
    }
    notify_t *self = memory_new (sizeof *self);
    self->socket = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->socket < 0) {
        log_warning ("NOTIFY_SOCKET: no socket can be made: %s: nobody is notified",
                     strerror (errno));
    }
    if (self->socket < 0 || !read_address (self, name)) {
        self->stopping = true;
        notify_destroy (&self);
        return NULL;
    }
    self->watchdog_us = find_watchdog ();
    return self;
}

/* ---- saying ---- */

static bool say (notify_t *self, const char *text)
{
    ssize_t sent = sendto (self->socket, text, strlen (text), MSG_NOSIGNAL,
                           (const struct sockaddr *) &self->address, self->size);
    if (sent < 0 && !self->failed && errno != EAGAIN) {
        log_warning ("NOTIFY_SOCKET cannot be reached: %s", strerror (errno));
        self->failed = true;
    }
    self->failed = self->failed && sent < 0;
    return sent >= 0;
}

static void say_once (notify_t *self, bool *said, bool wanted, const char *text)
{
    if (wanted && !*said) {
        *said = say (self, text);
    }
}

static void say_status (notify_t *self, mono_t now, const char *status)
{
    char text[STATUS_MAX + 16], cut[STATUS_MAX];
    snprintf (cut, sizeof cut, "%s", status);
    bool first = self->status[0] == '\0';
    if (strcmp (cut, self->status) == 0 ||
        (!first && mono_ms (self->told, now) < NOTIFY_STATUS_MS)) {
        return;
    }
    snprintf (text, sizeof text, "STATUS=%s", cut);
    self->told = now; /* of a try that failed too: it is not tried at every turn */
    if (say (self, text)) {
        memcpy (self->status, cut, sizeof cut);
    }
}

void notify_turn (notify_t *self, mono_t now, bool ready, bool stopping, const char *status)
{
    if (!self) {
        return;
    }
    say_once (self, &self->ready, ready, "READY=1");
    say_once (self, &self->stopping, stopping, "STOPPING=1");
    say_status (self, now, status);
    if (self->watchdog_us > 0 && now.us - self->fed.us >= self->watchdog_us &&
        say (self, "WATCHDOG=1")) {
        self->fed = now;
    }
}

void notify_destroy (notify_t **self)
{
    if (!*self) {
        return;
    }
    say_once (*self, &(*self)->stopping, true, "STOPPING=1");
    if ((*self)->socket >= 0) {
        close ((*self)->socket);
    }
    free (*self);
    *self = NULL;
}
