#include "redis_inside.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECRET_MAX 1024
#define ADDRESSES  60 /* tries go round a name's addresses: 1 to 6 of them evenly */

/* The first line of the password's file: false when it cannot be read. */
static bool read_secret (const redis_t *self, char secret[static SECRET_MAX])
{
    int file = open (self->password_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        return false;
    }
    ssize_t size = read (file, secret, SECRET_MAX - 1);
    int number = errno;
    close (file);
    errno = number;
    if (size < 0) {
        return false;
    }
    secret[size] = '\0';
    secret[strcspn (secret, "\r\n")] = '\0';
    return true;
}

static void greet (redis_t *self)
{
    char secret[SECRET_MAX] = "", db[16];
    if (self->password_file && !read_secret (self, secret)) {
        redis_fail (self, SECRET, "the password file '%s': %s", self->password_file,
                    strerror (errno));
        return;
    }
    self->step = GREETING;
    if (self->user) {
        redis_command (self, 3, (const char *[]){"AUTH", self->user, secret}, NULL);
    } else if (self->password_file) {
        redis_command (self, 2, (const char *[]){"AUTH", secret}, NULL);
    }
    explicit_bzero (secret, sizeof secret);
    if (self->address.db > 0) {
        snprintf (db, sizeof db, "%u", self->address.db);
        redis_command (self, 2, (const char *[]){"SELECT", db}, NULL);
    }
    redis_command (self, 1, (const char *[]){"PING"}, NULL);
}

static void connected (redis_t *self)
{
    struct pollfd item = {.fd = self->fd, .events = POLLOUT};
    if (poll (&item, 1, 0) <= 0) {
        return;
    }
    int number = 0;
    socklen_t size = sizeof number;
    getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &number, &size);
    if (number != 0) {
        redis_fail (self, UNREACHABLE, "cannot connect: %s", strerror (number));
    } else {
        greet (self);
    }
}

static void dial (redis_t *self)
{
    self->fd = address_connect (&self->address, self->lookup, self->tries++ % ADDRESSES);
    self->step = CONNECTING;
    if (self->fd < 0) {
        redis_fail (self, UNREACHABLE, "cannot connect: %s", strerror (errno));
        return;
    }
    connected (self);
}

static void looked_up (redis_t *self)
{
    const char *why;
    lookup_state_t state = lookup_state (self->lookup, &why);
    if (state == LOOKUP_FAILED) {
        redis_fail (self, UNREACHABLE, "no address: %s", why);
    } else if (state == LOOKUP_DONE) {
        dial (self);
    }
}

void redis_dial (redis_t *self)
{
    self->since = self->now;
    self->step = LOOKING_UP;
    if (self->address.is_unix) {
        dial (self);
    } else {
        self->lookup = lookup_start (&self->address);
        looked_up (self);
    }
}

static void rise (redis_t *self)
{
    lookup_destroy (&self->lookup);
    redis_use_functions (self, self->functions, self->privdata);
    self->step = UP;
    self->up_since = self->now;
    self->waits = false;
    self->drained = self->reader->pos == self->reader->len;
    redis_fill_in (self);
    self->life++;
    if (self->told) {
        self->told = false;
        log_info ("redis %s: connected", self->address.name);
    }
}

static bool begins (const char *text, const char *word)
{
    return strncmp (text, word, strlen (word)) == 0;
}

static void greeted (redis_t *self, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR) {
        if (--self->greetings == 0) {
            rise (self);
        }
        return;
    }
    static const char *const denials[] = {"NOAUTH", "WRONGPASS", "NOPERM", "ERR AUTH",
                                          "ERR invalid password"};
    redis_fault_t fault = REFUSED;
    for (size_t i = 0; i < sizeof denials / sizeof *denials; i++) {
        fault = begins (reply->str, denials[i]) ? DENIED : fault;
    }
    fault = begins (reply->str, "LOADING") ? LOADING : fault;
    redis_fail (self, fault, "it refuses: %.160s", reply->str);
}

static void take_greeting (redis_t *self)
{
    redis_write (self);
    if (self->step == GREETING) {
        redis_read (self);
    }
    while (self->step == GREETING) {
        redisReply *reply = redis_next (self);
        if (!reply) {
            return;
        }
        greeted (self, reply);
        freeReplyObject (reply);
    }
}

void redis_greet (redis_t *self)
{
    if (self->step == LOOKING_UP) {
        looked_up (self);
    } else if (self->step == CONNECTING) {
        connected (self);
    }
    if (self->step == GREETING) {
        take_greeting (self);
    }
}
