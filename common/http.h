/* http - answers GET over HTTP, in a thread of its own: a table of paths.
 *
 *      peer --GET /readyz--> libmicrohttpd's thread --path's answer--> status and body --> peer, and the connection ends
 *
 * Nobody waits for it: not the loop, whatever peers do. One connection is one request, whose body is not read. Peers
 * are bounded in number, altogether and of one address, in the size of a request, and in how long they may be silent:
 * who is over a bound is cut off, or waits until others are gone.
 */
#ifndef HTTP_H
#define HTTP_H

#include "http_address.h"
#include "memory.h"

#define HTTP_CONNECTIONS        64
#define HTTP_CONNECTIONS_OF_ONE 16    /* address */
#define HTTP_SILENT_S           10    /* a peer that is silent so long is cut off */
#define HTTP_REQUEST_BYTES      16384 /* with its headers; and what answering it takes */

#define HTTP_OK          200
#define HTTP_UNAVAILABLE 503

typedef struct {
    const char *path; /* "/healthz" */
    const char *type; /* of its body: "text/plain; charset=utf-8" */
    /* Appends the body and returns the status. Called in the server's thread: what it looks at must be there until
     * http_destroy, and made for that. It must not wait: others do. */
    unsigned (*answer) (void *argument, buffer_t *body);
    void *argument;
} http_path_t;

typedef struct http http_t;

/* Listens at once; at port 0 at a free one. `paths` is copied; what it points to is not. NULL with the error logged. */
http_t *http_new (const http_address_t *address, const http_path_t *paths, size_t count);
/* The port where it listens. */
uint16_t http_port (const http_t *self);
/* Cuts off who is there, and ends the thread. Takes NULL. */
void http_destroy (http_t **self);

#endif
