#include "http_address.h"

#include "log.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool http_address_read (const char *text, http_address_t *address)
{
    const char *host = strchr (text, ':') ? "" : "127.0.0.1:";
    char *endpoint = memory_format ("tcp://%s%s", host, text);
    bool good = endpoint_split (endpoint, address->host, &address->port);
    free (endpoint);
    return good;
}

bool http_address_check (const char *text)
{
    http_address_t address;
    if (!text || http_address_read (text, &address)) {
        return true;
    }
    log_error ("--http '%s': give PORT or HOST:PORT, like 9090 or 0.0.0.0:9090", text);
    return false;
}

struct addrinfo *http_address_find (const http_address_t *address, bool passive)
{
    struct addrinfo *found = NULL;
    struct addrinfo wanted = {.ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)};
    char host[ENDPOINT_HOST_MAX + 1], port[8];
    size_t size = strlen (address->host);
    bool bracketed = size > 2 && address->host[0] == '[' && address->host[size - 1] == ']';
    snprintf (host, sizeof host, "%.*s", (int) (bracketed ? size - 2 : size),
              address->host + (bracketed ? 1 : 0));
    snprintf (port, sizeof port, "%u", (unsigned) address->port);
    int rc = getaddrinfo (host, port, &wanted, &found);
    if (rc != 0) {
        log_error ("--http: %s cannot be found: %s", address->host, gai_strerror (rc));
        return NULL;
    }
    return found;
}
