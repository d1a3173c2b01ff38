#include "proxy.h"

#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef enum { PASS, ARMED, EXECUTES, HOLDS, CUT, STOP } phase_t;

struct proxy {
    char *server_path;
    int listener, program, server; /* -1: none */
    int word;                      /* the test has changed the phase */
    int held;                      /* it holds a reply */
    _Atomic phase_t phase;
    pthread_t thread;
    char tail[4]; /* the last bytes from the program: a word may come in two pieces */
};

static _Noreturn void fail (const char *what)
{
    perror (what);
    abort ();
}

static struct sockaddr_un address_of (const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen (path) >= sizeof address.sun_path) {
        fail (path);
    }
    memcpy (address.sun_path, path, strlen (path));
    return address;
}

static void say (int fd)
{
    uint64_t one = 1;
    if (write (fd, &one, sizeof one) != sizeof one) {
        fail ("eventfd");
    }
}

/* ---- the thread */

static void cut (proxy_t *self)
{
    if (self->program >= 0) {
        close (self->program);
    }
    if (self->server >= 0) {
        close (self->server);
    }
    self->program = self->server = -1;
}

static void take_program (proxy_t *self)
{
    struct sockaddr_un address = address_of (self->server_path);
    self->program = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
    self->server = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memset (self->tail, 0, sizeof self->tail);
    if (connect (self->server, (struct sockaddr *) &address, sizeof address) != 0) {
        cut (self);
    }
}

static bool pass_on (int to, const char *bytes, ssize_t size)
{
    while (size > 0) {
        ssize_t sent = send (to, bytes, (size_t) size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        size -= sent;
    }
    return true;
}

static void look_for_exec (proxy_t *self, const char *bytes, ssize_t size)
{
    char *text = memory_new (sizeof self->tail + (size_t) size);
    memcpy (text, self->tail, sizeof self->tail);
    memcpy (text + sizeof self->tail, bytes, (size_t) size);
    phase_t armed = ARMED;
    if (memmem (text, sizeof self->tail + (size_t) size, "EXEC", 4)) {
        atomic_compare_exchange_strong (&self->phase, &armed, EXECUTES);
    }
    memcpy (self->tail, text + size, sizeof self->tail);
    free (text);
}

static void from_program (proxy_t *self)
{
    char bytes[65536];
    ssize_t size = recv (self->program, bytes, sizeof bytes, 0);
    if (size > 0) {
        look_for_exec (self, bytes, size);
    }
    if (size <= 0 || !pass_on (self->server, bytes, size)) {
        cut (self);
    }
}

/* An array is the reply to an EXEC: what is queued before it is answered in words. */
static bool has_array (const char *bytes, ssize_t size)
{
    for (ssize_t i = 0; i < size; i++) {
        if (bytes[i] == '*' && (i == 0 || bytes[i - 1] == '\n')) {
            return true;
        }
    }
    return false;
}

static void from_server (proxy_t *self)
{
    char bytes[65536];
    ssize_t size = recv (self->server, bytes, sizeof bytes, 0);
    phase_t phase = atomic_load (&self->phase);
    if (size <= 0) {
        if (phase != HOLDS) {
            cut (self);
        }
    } else if (phase == EXECUTES || phase == HOLDS) {
        if (phase == EXECUTES && has_array (bytes, size)) {
            atomic_store (&self->phase, HOLDS);
            say (self->held);
        }
    } else if (!pass_on (self->program, bytes, size)) {
        cut (self);
    }
}

static void wait_for_something (proxy_t *self, struct pollfd fds[4])
{
    bool holds = atomic_load (&self->phase) == HOLDS;
    fds[0] = (struct pollfd){.fd = self->word, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = self->program < 0 ? self->listener : -1, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = self->program, .events = POLLIN};
    fds[3] = (struct pollfd){.fd = holds ? -1 : self->server, .events = POLLIN};
    if (poll (fds, 4, -1) < 0 && errno != EINTR) {
        fail ("poll");
    }
}

static void *run (void *argument)
{
    proxy_t *self = argument;
    for (;;) {
        struct pollfd fds[4];
        uint64_t words;
        wait_for_something (self, fds);
        if (fds[0].revents && read (self->word, &words, sizeof words) == sizeof words) {
            phase_t phase = CUT;
            if (atomic_load (&self->phase) == STOP) {
                break;
            }
            if (atomic_load (&self->phase) == CUT) {
                cut (self);
                atomic_compare_exchange_strong (&self->phase, &phase, PASS);
            }
            continue;
        }
        if (fds[1].revents) {
            take_program (self);
        }
        if (fds[2].revents && self->program >= 0) {
            from_program (self);
        }
        if (fds[3].revents && self->server >= 0) {
            from_server (self);
        }
    }
    cut (self);
    return NULL;
}

/* ---- the test's side */

proxy_t *proxy_start (const char *path, const char *server_path)
{
    proxy_t *self = memory_new (sizeof *self);
    struct sockaddr_un address = address_of (path);
    self->server_path = memory_text (server_path);
    self->program = self->server = -1;
    self->word = eventfd (0, EFD_CLOEXEC);
    self->held = eventfd (0, EFD_CLOEXEC);
    self->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind (self->listener, (struct sockaddr *) &address, sizeof address) != 0 ||
        listen (self->listener, 8) != 0 || pthread_create (&self->thread, NULL, run, self) != 0) {
        fail (path);
    }
    return self;
}

static void go_to (proxy_t *self, phase_t phase)
{
    atomic_store (&self->phase, phase);
    say (self->word);
}

void proxy_stop (proxy_t **self)
{
    proxy_t *proxy = *self;
    if (proxy) {
        go_to (proxy, STOP);
        pthread_join (proxy->thread, NULL);
        close (proxy->listener);
        close (proxy->word);
        close (proxy->held);
        free (proxy->server_path);
        free (proxy);
        *self = NULL;
    }
}

void proxy_arm (proxy_t *self)
{
    atomic_store (&self->phase, ARMED);
}

bool proxy_holds (proxy_t *self, int ms)
{
    struct pollfd held = {.fd = self->held, .events = POLLIN};
    uint64_t times;
    return poll (&held, 1, ms) == 1 && read (self->held, &times, sizeof times) == sizeof times;
}

void proxy_cut (proxy_t *self)
{
    go_to (self, CUT);
}
