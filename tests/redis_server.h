/* redis_server - a Redis server of a test's own: on a socket in a private directory, and on a free port
 * of the loopback. It keeps nothing on disk unless told to, and ends with the test. */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

typedef struct redis_server redis_server_t;

/* False: no redis-server in PATH; the test program is to end with 77. */
bool redis_server_is_there (void);

/* Starts one with more arguments (a list up to NULL, which must stay; or NULL), and waits until it answers. Never NULL: a server that
 * does not come ends the test program. */
redis_server_t *redis_server_start (const char *const *arguments);
void redis_server_destroy (redis_server_t **self);

/* unix:///... and redis://127.0.0.1:PORT */
const char *redis_server_url (const redis_server_t *self);
const char *redis_server_tcp_url (const redis_server_t *self);
/* The private directory. */
const char *redis_server_directory (const redis_server_t *self);

/* kill -9, and a new one in its place: with the data that SAVE wrote, if it did. */
void redis_server_kill (redis_server_t *self);
void redis_server_again (redis_server_t *self);

/* SIGSTOP and SIGCONT. */
void redis_server_pause (redis_server_t *self, bool paused);

/* A command as hiredis formats it, whose reply must not be an error; the reply as text: of an integer
 * its digits, of an array its first element; until the next call. */
const char *redis_server_do (redis_server_t *self, const char *format, ...);

/* A connection of its own, blocking: redisFree. */
redisContext *redis_server_connect (const redis_server_t *self);

#endif
