/* proxy - stands between a program and its Redis server, and can withhold the reply to an EXEC that was
 * carried out: the moment at which the program cannot know whether it was.
 *
 *     program --unix socket--> proxy (a thread) --unix socket--> redis-server
 */
#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>

typedef struct proxy proxy_t;

/* Listens at a path that is not there yet; one connection at a time. The server is connected to when the
 * program comes; when that fails the program is cut off. */
proxy_t *proxy_start (const char *path, const char *server_path);
void proxy_stop (proxy_t **self);

/* The reply to the next EXEC is withheld, and all that come after it. */
void proxy_arm (proxy_t *self);
/* Waits until it is there. */
bool proxy_holds (proxy_t *self, int ms);
/* Cuts both sides off without it; later connections pass. */
void proxy_cut (proxy_t *self);

#endif
