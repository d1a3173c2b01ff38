#include "endpoint.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "tcp://"

bool endpoint_is_tcp (const char *text)
{
    return strncmp (text, SCHEME, sizeof SCHEME - 1) == 0;
}

static bool read_port (const char *text, uint16_t *port)
{
    unsigned value = 0;
    size_t size = strlen (text);
    for (size_t i = 0; i < size; i++) {
        if (size > 5 || text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned) (text[i] - '0');
    }
    *port = (uint16_t) value;
    return value > 0 && value <= UINT16_MAX;
}

/* Names and addresses; no white space, no slash, no quote. */
static bool is_host (const char *text, size_t size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._:[]%*";
    return size > 0 && size <= ENDPOINT_HOST_MAX && strspn (text, allowed) >= size;
}

bool endpoint_split (const char *text, char host[ENDPOINT_HOST_MAX + 1], uint16_t *port)
{
    if (!endpoint_is_tcp (text)) {
        return false;
    }
    const char *start = text + sizeof SCHEME - 1, *colon = strrchr (start, ':');
    if (!colon || !is_host (start, (size_t) (colon - start)) || !read_port (colon + 1, port)) {
        return false;
    }
    snprintf (host, ENDPOINT_HOST_MAX + 1, "%.*s", (int) (colon - start), start);
    if (strcmp (host, "*") == 0) {
        snprintf (host, ENDPOINT_HOST_MAX + 1, "0.0.0.0");
    }
    return true;
}

bool endpoint_is_anywhere (const char *text)
{
    char host[ENDPOINT_HOST_MAX + 1];
    uint16_t port;
    return endpoint_split (text, host, &port) &&
           (strcmp (host, "0.0.0.0") == 0 || strcmp (host, "[::]") == 0);
}

bool endpoint_reach (const char *text, const char *host, char *reached, size_t size)
{
    char own[ENDPOINT_HOST_MAX + 1];
    uint16_t port;
    int length;
    if (endpoint_is_anywhere (text) && endpoint_split (text, own, &port)) {
        bool bare = strchr (host, ':') && host[0] != '['; /* an IPv6 address as sockets say it */
        length = snprintf (reached, size, SCHEME "%s%s%s:%u", bare ? "[" : "", host,
                           bare ? "]" : "", (unsigned) port);
    } else {
        length = snprintf (reached, size, "%s", text);
    }
    return length >= 0 && (size_t) length < size;
}
