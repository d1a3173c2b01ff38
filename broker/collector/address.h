/* address - where a Redis server is: the URL that people write, and a socket on its way there.
 *
 *     redis://HOST[:PORT][/DB]   HOST a name, an IPv4 address or [an IPv6 address]; PORT 6379
 *     unix:///PATH[?db=N]
 *
 * Names are looked up on a thread of the C library's, because a name server that is gone answers
 * after 10 seconds, and whoever uses this has heartbeats to send.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#define ADDRESS_HOST_MAX 255
#define ADDRESS_NAME_MAX (ADDRESS_HOST_MAX + 16)

typedef struct {
    bool is_unix;
    char host[ADDRESS_HOST_MAX + 1];
    char port[6];
    char path[sizeof ((struct sockaddr_un *) 0)->sun_path];
    unsigned db;
    char name[ADDRESS_NAME_MAX]; /* host:port, or the path: for messages */
} address_t;

/* 0, or -1 with one line in `error` when the URL is none of ours, or has a user or password in it. */
int address_parse (address_t *self, const char *url, char *error, size_t error_size);

/* A host's addresses on their way. */
typedef struct lookup lookup_t;

/* Numbers are there at once. */
lookup_t *lookup_start (const address_t *address);
/* Does not wait for it; what is still under way then ends by itself. Takes NULL. */
void lookup_destroy (lookup_t **self);

typedef enum { LOOKUP_WAITS, LOOKUP_DONE, LOOKUP_FAILED } lookup_state_t;

/* `*why` of LOOKUP_FAILED is a text of the C library. */
lookup_state_t lookup_state (lookup_t *self, const char **why);

/* A socket that is connecting, or connected, to the address number `number` modulo how many there
 * are; `lookup` (LOOKUP_DONE) is not used for a path. Never blocks. -1 with errno. */
int address_connect (const address_t *self, const lookup_t *lookup, unsigned number);

#endif
