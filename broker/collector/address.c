#include "address.h"

#include "memory.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DB_MAX       1000000
#define PORT_DEFAULT "6379"

struct lookup {
    struct gaicb request;
    struct addrinfo hints;
    struct addrinfo *numbers; /* of a host that is a number */
    char host[ADDRESS_HOST_MAX + 1];
    char port[6];
};

__attribute__ ((format (printf, 3, 4))) static int refuse (char *error, size_t error_size,
                                                           const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (error, error_size, format, arguments);
    va_end (arguments);
    return -1;
}

/* A decimal number up to `max` that is all of [text, end). */
static bool read_number (const char *text, const char *end, unsigned max, unsigned *number)
{
    *number = 0;
    if (text == end || end - text > 7) {
        return false;
    }
    for (; text < end; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        *number = *number * 10 + (unsigned) (*text - '0');
    }
    return *number <= max;
}

/* Copies [text, end) into `size` bytes; false when it is empty, does not fit, or has controls or
 * spaces. */
static bool copy (char *to, size_t size, const char *text, const char *end)
{
    size_t length = (size_t) (end - text);
    if (length == 0 || length >= size) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char) text[i] <= ' ' || text[i] == 0x7f) {
            return false;
        }
    }
    memcpy (to, text, length);
    to[length] = '\0';
    return true;
}

static int parse_path (address_t *self, const char *text, char *error, size_t error_size)
{
    const char *end = text + strcspn (text, "?");
    self->is_unix = true;
    if (*text != '/' || !copy (self->path, sizeof self->path, text, end)) {
        return refuse (
            error, error_size,
            "unix:// wants an absolute path of at most %zu bytes: unix:///run/redis.sock",
            sizeof self->path - 1);
    }
    if (*end == '?' && (strncmp (end, "?db=", 4) != 0 ||
                        !read_number (end + 4, end + strlen (end), DB_MAX, &self->db))) {
        return refuse (error, error_size, "after the path of unix:// only ?db=N may come");
    }
    snprintf (self->name, sizeof self->name, "%s", self->path);
    return 0;
}

static int parse_host (address_t *self, const char *text, char *error, size_t error_size)
{
    const char *end = text + strcspn (text, "/");
    const char *host = text, *host_end = memchr (text, ':', (size_t) (end - text));
    bool bracket = *text == '[';
    if (bracket) {
        host = text + 1;
        host_end = memchr (text, ']', (size_t) (end - text));
    }
    host_end = host_end || bracket ? host_end : end;
    if (!host_end || !copy (self->host, sizeof self->host, host, host_end)) {
        return refuse (error, error_size, "redis:// wants redis://HOST[:PORT][/DB]");
    }
    const char *port = host_end + bracket;
    unsigned number = 0;
    strcpy (self->port, PORT_DEFAULT);
    if (port < end) {
        if (*port != ':' || !read_number (port + 1, end, 65535, &number) || number == 0) {
            return refuse (error, error_size, "the port of redis:// is a number up to 65535");
        }
        snprintf (self->port, sizeof self->port, "%u", number);
    }
    if (*end == '/' && end[1] && !read_number (end + 1, end + strlen (end), DB_MAX, &self->db)) {
        return refuse (error, error_size, "what follows / in redis:// is a database's number");
    }
    snprintf (self->name, sizeof self->name, bracket ? "[%s]:%s" : "%s:%s", self->host, self->port);
    return 0;
}

int address_parse (address_t *self, const char *url, char *error, size_t error_size)
{
    *self = (address_t){0};
    if (strncmp (url, "unix://", 7) == 0) {
        return parse_path (self, url + 7, error, error_size);
    }
    if (strncmp (url, "redis://", 8) != 0) {
        return refuse (error, error_size, "a Redis URL begins with redis:// or unix://");
    }
    if (strchr (url, '@')) {
        /* The URL is shown in messages and by ps: it is not repeated here either. */
        return refuse (error, error_size,
                       "no user or password in a URL: --redis-user and --redis-password-file");
    }
    return parse_host (self, url + 8, error, error_size);
}

lookup_t *lookup_start (const address_t *address)
{
    lookup_t *self = memory_new (sizeof *self);
    memcpy (self->host, address->host, sizeof self->host);
    memcpy (self->port, address->port, sizeof self->port);
    self->hints = (struct addrinfo){.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    if (getaddrinfo (self->host, self->port, &self->hints, &self->numbers) == 0) {
        return self;
    }
    self->numbers = NULL;
    self->hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    self->request =
        (struct gaicb){.ar_name = self->host, .ar_service = self->port, .ar_request = &self->hints};
    struct gaicb *list[] = {&self->request};
    getaddrinfo_a (GAI_NOWAIT, list, 1, NULL);
    return self;
}

void lookup_destroy (lookup_t **self)
{
    lookup_t *lookup = *self;
    if (!lookup) {
        return;
    }
    *self = NULL;
    if (!lookup->numbers) {
        gai_cancel (&lookup->request);
        if (gai_error (&lookup->request) == EAI_INPROGRESS) {
            return; /* the library's thread still writes to it: it is left to it */
        }
    }
    struct addrinfo *found = lookup->numbers ? lookup->numbers : lookup->request.ar_result;
    if (found) {
        freeaddrinfo (found);
    }
    free (lookup);
}

lookup_state_t lookup_state (lookup_t *self, const char **why)
{
    int code = self->numbers ? 0 : gai_error (&self->request);
    if (code == EAI_INPROGRESS) {
        return LOOKUP_WAITS;
    }
    if (code == 0 && (self->numbers || self->request.ar_result)) {
        return LOOKUP_DONE;
    }
    *why = code == 0 ? "no address" : gai_strerror (code);
    return LOOKUP_FAILED;
}

static int begin (int family, const struct sockaddr *to, socklen_t size)
{
    int fd = socket (family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect (fd, to, size) != 0 && errno != EINPROGRESS) {
        int number = errno;
        close (fd);
        errno = number;
        return -1;
    }
    return fd;
}

int address_connect (const address_t *self, const lookup_t *lookup, unsigned number)
{
    if (self->is_unix) {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        memcpy (to.sun_path, self->path, sizeof to.sun_path);
        return begin (AF_UNIX, (const struct sockaddr *) &to, sizeof to);
    }
    const struct addrinfo *first = lookup->numbers ? lookup->numbers : lookup->request.ar_result;
    const struct addrinfo *one = first;
    while (number-- > 0) {
        one = one->ai_next ? one->ai_next : first;
    }
    int fd = begin (one->ai_family, one->ai_addr, one->ai_addrlen), on = 1;
    if (fd >= 0) {
        setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    return fd;
}
