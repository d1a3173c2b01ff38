#include "redis_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define KEEP         (2u << 20) /* bytes of the reader's buffer that are kept between replies */
#define ELEMENTS_MAX (1 << 20)
#define LINE_BYTES   (64u << 10) /* bytes of a line of the protocol */

/* hiredis' function allocates what the header promises. */
static void *bounded_array (const redisReadTask *task, int elements)
{
    redis_t *self = task->privdata;
    self->elements += elements;
    return self->elements <= ELEMENTS_MAX ? self->default_array (task, elements) : NULL;
}

void redis_use_functions (redis_t *self, redisReplyObjectFunctions *functions, void *privdata)
{
    self->reader->fn = functions ? functions : &self->defaults;
    self->reader->privdata = functions ? privdata : self;
}

void redis_renew_reader (redis_t *self)
{
    if (self->reader) {
        redisReaderFree (self->reader);
    }
    self->reader = redisReaderCreate ();
    if (!self->reader) {
        abort ();
    }
    self->reader->maxbuf = KEEP;
    self->defaults = *self->reader->fn;
    self->default_array = self->defaults.createArray;
    self->defaults.createArray = bounded_array;
    redis_use_functions (self, NULL, NULL);
}

static void put_header (buffer_t *out, char type, size_t number)
{
    char *to = buffer_reserve (out, 24);
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char) ('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *to++ = type;
    while (count > 0) {
        *to++ = digits[--count];
    }
    *to++ = '\r';
    *to++ = '\n';
    out->size = (size_t) (to - out->bytes);
}

void redis_command (redis_t *self, size_t count, const char *const *words, const size_t *sizes)
{
    if (self->step < GREETING) {
        return;
    }
    put_header (&self->out, '*', count);
    for (size_t i = 0; i < count; i++) {
        size_t size = sizes ? sizes[i] : strlen (words[i]);
        put_header (&self->out, '$', size);
        buffer_append (&self->out, words[i], size);
        buffer_append (&self->out, "\r\n", 2);
    }
    self->unanswered++;
    self->greetings += self->step == GREETING;
}

void redis_write (redis_t *self)
{
    while (self->written < self->out.size) {
        ssize_t sent = send (self->fd, self->out.bytes + self->written,
                             self->out.size - self->written, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            redis_fail (self, LOST, "connection lost: %s", strerror (errno));
            return;
        }
        if (sent < 0) {
            return;
        }
        self->written += (size_t) sent;
    }
    self->out.size = self->written = 0;
}

void redis_read (redis_t *self)
{
    ssize_t got = recv (self->fd, self->chunk, REDIS_CHUNK, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        redis_fail (self, LOST, "connection lost: %s",
                    got == 0 ? "closed by it" : strerror (errno));
        return;
    }
    self->since = self->now;
    self->drained = false;
    self->reply_bytes += (size_t) got;
    self->counts.bytes += (uint64_t) got;
    if (redisReaderFeed (self->reader, self->chunk, (size_t) got) != REDIS_OK) {
        abort (); /* out of memory */
    }
}

/* The reader holds less than an element: is it more than may be, or does its header promise more? */
static void check_held (redis_t *self)
{
    const redisReader *reader = self->reader;
    size_t held = reader->len - reader->pos;
    unsigned long long size = held > 0 ? held : 0;
    if (held > LINE_BYTES) {
        const char *text = reader->buf + reader->pos;
        if (!memchr (text, '\n', LINE_BYTES)) {
            redis_fail (self, BROKEN, "a line without end");
            return;
        }
        /* The reader has taken the '$' of what is a bulk: its length comes next. */
        bool bulk = reader->ridx >= 0 && reader->rstack[reader->ridx].type == REDIS_REPLY_STRING;
        size = bulk ? strtoull (text, NULL, 10) : size;
    }
    if (size > self->limit || (reader->fn == &self->defaults && self->reply_bytes > self->limit)) {
        redis_fail (self, OWN, "a reply has more than %zu bytes", self->limit);
        self->counts.too_large = true;
    }
}

void *redis_next (redis_t *self)
{
    void *reply = NULL;
    if (self->drained) {
        return NULL;
    }
    if (redisReaderGetReply (self->reader, &reply) != REDIS_OK) {
        bool own = self->reader->err == REDIS_ERR_OOM;
        redis_fail (self, BROKEN, "a bad reply: %s",
                    own ? "more in it than was asked for" : self->reader->errstr);
        return NULL;
    }
    if (!reply) {
        self->drained = true;
        check_held (self);
        return NULL;
    }
    self->reply_bytes = self->reader->len - self->reader->pos;
    self->drained = self->reply_bytes == 0;
    self->elements = 0;
    if (self->unanswered == 0) {
        self->reader->fn->freeObject (reply);
        redis_fail (self, BROKEN, "a reply that was not asked for");
        return NULL;
    }
    self->unanswered--;
    return reply;
}
