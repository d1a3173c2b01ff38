#include "http.h"

#include "log.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOT_FOUND   404
#define NOT_ALLOWED 405
#define PLAIN       "text/plain; charset=utf-8"

struct http {
    struct MHD_Daemon *daemon;
    http_path_t *paths;
    size_t count;
    uint16_t port;
};

/* ---- answering ---- */

static const http_path_t *find_path (const http_t *self, const char *path)
{
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp (self->paths[i].path, path) == 0) {
            return &self->paths[i];
        }
    }
    return NULL;
}

static bool is_asking (const char *method)
{
    return strcmp (method, MHD_HTTP_METHOD_GET) == 0 || strcmp (method, MHD_HTTP_METHOD_HEAD) == 0;
}

/* The body is the response's from here on. */
static enum MHD_Result respond (struct MHD_Connection *connection, unsigned status,
                                const char *type, buffer_t *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer (body->size, body->bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        buffer_free (body);
        return MHD_NO;
    }
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (status == NOT_ALLOWED) {
        MHD_add_response_header (response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response (connection, status, response);
    MHD_destroy_response (response);
    return result;
}

/* Called when a request's headers are there: it is answered then, so that no body of it is waited for. */
static enum MHD_Result answer (void *argument, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **request)
{
    const http_t *self = argument;
    const http_path_t *path = find_path (self, url);
    buffer_t body = {0};
    (void) version, (void) upload, (void) upload_size, (void) request;
    if (!path) {
        buffer_printf (&body, "not found\n");
        return respond (connection, NOT_FOUND, PLAIN, &body);
    }
    if (!is_asking (method)) {
        buffer_printf (&body, "GET or HEAD\n");
        return respond (connection, NOT_ALLOWED, PLAIN, &body);
    }
    unsigned status = path->answer (path->argument, &body);
    return respond (connection, status, path->type, &body);
}

/* ---- listening ---- */

/* The error is in errno. */
static int listen_there (const struct addrinfo *there)
{
    int on = 1, door = socket (there->ai_family, there->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                               there->ai_protocol);
    if (door >= 0 && (setsockopt (door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
                      bind (door, there->ai_addr, there->ai_addrlen) != 0 ||
                      listen (door, HTTP_CONNECTIONS) != 0)) {
        int error = errno;
        close (door);
        errno = error;
        return -1;
    }
    return door;
}

static int open_door (const http_address_t *address)
{
    int door = -1;
    struct addrinfo *found = http_address_find (address, true);
    if (!found) {
        return -1;
    }
    for (const struct addrinfo *there = found; there && door < 0; there = there->ai_next) {
        door = listen_there (there);
    }
    if (door < 0) {
        log_error ("--http: cannot listen at %s:%u: %s: choose another address", address->host,
                   (unsigned) address->port, strerror (errno));
    }
    freeaddrinfo (found);
    return door;
}

/* The address is an IPv4 or an IPv6 one: both have the port at one place. */
static uint16_t find_port (int door)
{
    struct sockaddr_in6 bound = {.sin6_port = 0};
    socklen_t size = sizeof bound;
    getsockname (door, (struct sockaddr *) &bound, &size);
    return ntohs (bound.sin6_port);
}

/* The thread takes no signal: they are the loop's. The door is the daemon's from here on. */
static struct MHD_Daemon *start_daemon (http_t *self, int door)
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = MHD_start_daemon (
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, self,
        MHD_OPTION_LISTEN_SOCKET, door, MHD_OPTION_CONNECTION_LIMIT, (unsigned) HTTP_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned) HTTP_CONNECTIONS_OF_ONE,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) HTTP_SILENT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t) HTTP_REQUEST_BYTES, MHD_OPTION_END);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return daemon;
}

http_t *http_new (const http_address_t *address, const http_path_t *paths, size_t count)
{
    int door = open_door (address);
    if (door < 0) {
        return NULL;
    }
    http_t *self = memory_new (sizeof *self);
    self->count = count;
    self->port = find_port (door);
    self->paths = memory_new (count * sizeof *self->paths);
    memcpy (self->paths, paths, count * sizeof *paths);
    self->daemon = start_daemon (self, door);
    if (!self->daemon) {
        log_error ("--http: the server cannot be started: is there memory, and are there files?");
        close (door);
        http_destroy (&self);
    }
    return self;
}

uint16_t http_port (const http_t *self)
{
    return self->port;
}

void http_destroy (http_t **self)
{
    if (!*self) {
        return;
    }
    if ((*self)->daemon) {
        MHD_stop_daemon ((*self)->daemon);
    }
    free ((*self)->paths);
    free (*self);
    *self = NULL;
}
