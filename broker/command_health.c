/* fastscanner health: asks a running program of ours how it is.
 *
 *      GET /healthz or /readyz HTTP/1.0 --> its http.h --> status 200: exit 0, another: exit 1
 *
 * It may be a program that hangs, or another one: what comes is bounded in size and time, and only what can be printed
 * is.
 */
#include "clock.h"
#include "commands.h"
#include "http_address.h"
#include "job.h"
#include "log.h"
#include "memory.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS    2000 /* for all of it */
#define ANSWER_MAX 4096
#define PRINT_MAX  200 /* of it that is printed */

typedef struct {
    const char *place; /* as the user wrote it */
    mono_t since;
    int socket;
} asking_t;

/* False when the time is over. */
static bool wait_for (const asking_t *self, short events)
{
    int64_t left = WAIT_MS - mono_ms (self->since, mono_now ());
    struct pollfd item = {.fd = self->socket, .events = events};
    int rc = left > 0 ? poll (&item, 1, (int) left) : 0;
    while (rc < 0 && errno == EINTR) {
        rc = poll (&item, 1, 0);
    }
    errno = rc == 0 ? ETIMEDOUT : errno;
    return rc > 0;
}

/* The error is in errno. */
static bool dial (asking_t *self, const struct addrinfo *there)
{
    int error = 0;
    socklen_t size = sizeof error;
    self->socket = socket (there->ai_family, there->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                           there->ai_protocol);
    if (self->socket < 0) {
        return false;
    }
    if (connect (self->socket, there->ai_addr, there->ai_addrlen) == 0) {
        return true;
    }
    if (errno == EINPROGRESS && wait_for (self, POLLOUT) &&
        getsockopt (self->socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0) {
        errno = error;
        return error == 0;
    }
    return false;
}

static bool reach (asking_t *self, const struct addrinfo *there)
{
    bool reached = false;
    for (; there && !reached; there = there->ai_next) {
        if (self->socket >= 0) {
            close (self->socket);
        }
        reached = dial (self, there);
    }
    return reached;
}

static bool ask (asking_t *self, const char *path)
{
    char *text = memory_format ("GET %s HTTP/1.0\r\n\r\n", path);
    size_t size = strlen (text);
    bool sent = send (self->socket, text, size, MSG_NOSIGNAL) == (ssize_t) size;
    free (text);
    return sent;
}

/* All that comes until the peer ends it, as a text. */
static bool hear (const asking_t *self, char answer[static ANSWER_MAX + 1])
{
    size_t used = 0;
    ssize_t got = 1;
    while (got != 0 && used < ANSWER_MAX) {
        if (!wait_for (self, POLLIN)) {
            return false;
        }
        got = recv (self->socket, answer + used, ANSWER_MAX - used, 0);
        if (got < 0 && errno != EINTR && errno != EAGAIN) {
            return false;
        }
        used += got > 0 ? (size_t) got : 0;
    }
    answer[used] = '\0';
    return true;
}

static void print_line (const char *body)
{
    for (size_t i = 0; i < PRINT_MAX && isprint ((unsigned char) body[i]); i++) {
        putchar (body[i]);
    }
    putchar ('\n');
}

/* The exit code. */
static int judge (const asking_t *self, const char *answer)
{
    int status = 0;
    char end[2];
    const char *body = strstr (answer, "\r\n\r\n");
    if (sscanf (answer, "HTTP/1.%*1[01] %3d%1[ \r]", &status, end) != 2 || !body ||
        (status != 200 && status != 503)) {
        log_error ("%s: that is no answer of a program of ours", self->place);
        return EXIT_FAILED;
    }
    print_line (body + 4);
    return status == 200 ? EXIT_DONE : EXIT_FAILED;
}

static int ask_there (asking_t *self, const struct addrinfo *there, const char *path)
{
    char answer[ANSWER_MAX + 1];
    int rc = EXIT_FAILED;
    if (reach (self, there) && ask (self, path) && hear (self, answer)) {
        rc = judge (self, answer);
    } else {
        log_error ("%s does not answer: %s", self->place, strerror (errno));
    }
    if (self->socket >= 0) {
        close (self->socket);
    }
    return rc;
}

int command_health (const options_t *options)
{
    http_address_t address;
    const char *place = options_text (options, "http");
    if (!place) {
        log_error ("--http [HOST:]PORT is required: as the program has it that is asked");
        return EXIT_USAGE;
    }
    if (!http_address_check (place) || !http_address_read (place, &address)) {
        return EXIT_USAGE;
    }
    struct addrinfo *found = http_address_find (&address, false);
    if (!found) {
        return EXIT_FAILED;
    }
    asking_t asking = {.place = place, .since = mono_now (), .socket = -1};
    int rc = ask_there (&asking, found, options_flag (options, "ready") ? "/readyz" : "/healthz");
    freeaddrinfo (found);
    return rc;
}
