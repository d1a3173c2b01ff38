#include "redis_server.h"

#include "memory.h"
#include "spawn.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARGUMENTS 32
#define START_MS  20000

struct redis_server {
    char *directory, *socket, *url, *tcp_url, *port;
    const char *arguments[ARGUMENTS];
    spawn_t *process;
    redisContext *context;
    redisReply *reply;
    char text[32];
};

static void fail (const char *what)
{
    fprintf (stderr, "redis_server: %s\n", what);
    abort ();
}

bool redis_server_is_there (void)
{
    spawn_t *process = spawn_run ((const char *[]){"redis-server", "--version", NULL}, START_MS);
    bool there = spawn_code (process) == 0;
    spawn_destroy (&process);
    return there;
}

/* A port that was free just now. */
static int free_port (void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind (fd, (struct sockaddr *) &address, size) != 0 ||
        getsockname (fd, (struct sockaddr *) &address, &size) != 0) {
        fail ("no free port");
    }
    close (fd);
    return ntohs (address.sin_port);
}

static void forget (redis_server_t *self)
{
    if (self->reply) {
        freeReplyObject (self->reply);
        self->reply = NULL;
    }
    if (self->context) {
        redisFree (self->context);
        self->context = NULL;
    }
}

void redis_server_again (redis_server_t *self)
{
    forget (self);
    spawn_destroy (&self->process);
    self->process = spawn_start (self->arguments);
    if (!spawn_wait_out (self->process, "Ready to accept connections", START_MS)) {
        fail (spawn_out (self->process));
    }
}

redis_server_t *redis_server_start (const char *const *arguments)
{
    redis_server_t *self = memory_new (sizeof *self);
    self->directory = directory_new ();
    self->socket = memory_format ("%s/s", self->directory);
    self->url = memory_format ("unix://%s", self->socket);
    self->port = memory_format ("%d", free_port ());
    self->tcp_url = memory_format ("redis://127.0.0.1:%s", self->port);
    const char *const always[] = {
        "redis-server",  "--bind",       "127.0.0.1",  "--port", self->port, "--dir",
        self->directory, "--unixsocket", self->socket, "--save", ""};
    size_t count = sizeof always / sizeof *always;
    memcpy (self->arguments, always, sizeof always);
    for (; arguments && *arguments && count < ARGUMENTS - 1; arguments++) {
        self->arguments[count++] = *arguments;
    }
    redis_server_again (self);
    return self;
}

void redis_server_destroy (redis_server_t **self)
{
    redis_server_t *server = *self;
    if (!server) {
        return;
    }
    *self = NULL;
    forget (server);
    spawn_destroy (&server->process);
    directory_destroy (&server->directory);
    free (server->socket);
    free (server->url);
    free (server->tcp_url);
    free (server->port);
    free (server);
}

const char *redis_server_url (const redis_server_t *self)
{
    return self->url;
}

const char *redis_server_tcp_url (const redis_server_t *self)
{
    return self->tcp_url;
}

const char *redis_server_directory (const redis_server_t *self)
{
    return self->directory;
}

void redis_server_kill (redis_server_t *self)
{
    forget (self);
    spawn_signal (self->process, SIGKILL);
    spawn_wait (self->process, START_MS);
    spawn_destroy (&self->process);
}

void redis_server_pause (redis_server_t *self, bool paused)
{
    spawn_signal (self->process, paused ? SIGSTOP : SIGCONT);
}

redisContext *redis_server_connect (const redis_server_t *self)
{
    redisContext *context = redisConnectUnix (self->socket);
    if (!context || context->err) {
        fail ("cannot connect");
    }
    return context;
}

const char *redis_server_do (redis_server_t *self, const char *format, ...)
{
    if (!self->context) {
        self->context = redis_server_connect (self);
    }
    if (self->reply) {
        freeReplyObject (self->reply);
    }
    va_list arguments;
    va_start (arguments, format);
    self->reply = redisvCommand (self->context, format, arguments);
    va_end (arguments);
    const redisReply *reply = self->reply;
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        fail (reply ? reply->str : "no reply");
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0) {
        reply = reply->element[0];
    }
    if (reply->type == REDIS_REPLY_INTEGER) {
        snprintf (self->text, sizeof self->text, "%lld", reply->integer);
        return self->text;
    }
    return reply->str ? reply->str : "";
}
