/* http_address - where a program answers over HTTP: --http [HOST:]PORT. For who listens there, and who asks. */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include "endpoint.h"

#include <netdb.h>

/* For the program's table. */
#define HTTP_OPTION(taken)                                                                         \
    {                                                                                              \
        .name = "http", .type = OPTION_TEXT, .commands = (taken), .argument = "[HOST:]PORT",       \
        .help = "where GET /healthz and /readyz are answered; HOST is 127.0.0.1 when not given"    \
    }

typedef struct {
    char host[ENDPOINT_HOST_MAX + 1]; /* a name, an IPv4 address, or an IPv6 address in brackets */
    uint16_t port;
} http_address_t;

/* Takes "[HOST:]PORT" apart. False when it is none such, or its port is not of 1-65535. */
bool http_address_read (const char *text, http_address_t *address);

/* The same for an option's value (NULL: not given), with the error logged. */
bool http_address_check (const char *text);

/* Its socket addresses, for freeaddrinfo; `passive`: to listen there. May wait for a name server. NULL with the
 * error logged. */
struct addrinfo *http_address_find (const http_address_t *address, bool passive);

#endif
