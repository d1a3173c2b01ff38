#include "redis_inside.h"

#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define KEEP (256u << 10) /* bytes of a buffer that are kept between replies */
#define RECEIVE                                                                                    \
    (128u << 10) /* bytes that a parser is given at once: what fits into the nearest caches */
#define ELEMENTS_MAX (1 << 20)
#define LINE_BYTES   (64u << 10)  /* bytes of a line of the protocol */
#define WRITTEN_MAX  (256u << 10) /* bytes that were written, in front of others that were not */

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
    *to++ = type;
    to = text_put_whole (to, number);
    *to++ = '\r';
    *to++ = '\n';
    out->size = (size_t) (to - out->bytes);
}

void redis_begin_command (redis_t *self, size_t count)
{
    if (self->step >= GREETING) {
        put_header (&self->out, '*', count);
        self->unanswered++;
        self->greetings += self->step == GREETING;
    }
}

void redis_put_word (redis_t *self, const char *word, size_t size)
{
    if (self->step >= GREETING) {
        put_header (&self->out, '$', size);
        buffer_append (&self->out, word, size);
        buffer_append (&self->out, "\r\n", 2);
    }
}

void redis_command (redis_t *self, size_t count, const char *const *words, const size_t *sizes)
{
    redis_begin_command (self, count);
    for (size_t i = 0; i < count; i++) {
        redis_put_word (self, words[i], sizes ? sizes[i] : strlen (words[i]));
    }
}

/* Who always has more to say would have all that was ever said held. */
static void drop_written (redis_t *self)
{
    if (self->written >= WRITTEN_MAX) {
        self->out.size -= self->written;
        memmove (self->out.bytes, self->out.bytes + self->written, self->out.size);
        self->written = 0;
    }
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
            drop_written (self);
            return;
        }
        self->written += (size_t) sent;
    }
    self->out.size = self->written = 0;
    if (self->out.capacity > KEEP) {
        buffer_free (&self->out);
    }
}

void redis_clear_in (redis_t *self)
{
    buffer_free (&self->in);
    self->parsed = 0;
}

void redis_fill_in (redis_t *self)
{
    if (self->parser) {
        const redisReader *reader = self->reader;
        buffer_append (&self->in, reader->buf + reader->pos, reader->len - reader->pos);
        redis_renew_reader (self);
        free (self->chunk);
        self->chunk = NULL;
    }
}

/* Room for what is received: behind what hiredis' reader copies, or where the parser reads it. */
static char *make_room (redis_t *self, size_t *size)
{
    if (self->step != UP || !self->parser) {
        *size = REDIS_CHUNK;
        self->chunk = self->chunk ? self->chunk : memory_new (REDIS_CHUNK);
        return self->chunk;
    }
    size_t left = self->in.size - self->parsed;
    if (left == 0 && self->in.capacity > KEEP) {
        buffer_free (&self->in);
    }
    if (left > 0) {
        memmove (self->in.bytes, self->in.bytes + self->parsed, left);
    }
    self->in.size = left;
    self->parsed = 0;
    /* Twice the room for an element that is larger: it is moved a few times, not hundreds. */
    *size = left > RECEIVE ? left : RECEIVE;
    return buffer_reserve (&self->in, *size);
}

void redis_read (redis_t *self)
{
    size_t size;
    char *to = make_room (self, &size);
    ssize_t got = recv (self->fd, to, size, 0);
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
    if (to != self->chunk) {
        self->in.size += (size_t) got;
    } else if (redisReaderFeed (self->reader, self->chunk, (size_t) got) != REDIS_OK) {
        abort (); /* out of memory */
    }
}

/* Less than an element is held: is it more than may be, or does its header promise more? `text` is behind
 * the '$' of what is a bulk. */
static void check_held (redis_t *self, const char *text, size_t held, bool bulk)
{
    unsigned long long size = held;
    if (held > LINE_BYTES) {
        if (!memchr (text, '\n', LINE_BYTES)) {
            redis_fail (self, BROKEN, "a line without end");
            return;
        }
        size = bulk ? strtoull (text, NULL, 10) : size;
    }
    bool whole = !self->parser && self->reader->fn == &self->defaults;
    if (size > self->limit || (whole && self->reply_bytes > self->limit)) {
        redis_fail (self, OWN, "a reply has more than %zu bytes", self->limit);
        self->counts.too_large = true;
    }
}

static void *next_parsed (redis_t *self)
{
    const char *bytes = self->in.bytes + self->parsed;
    size_t size = self->in.size - self->parsed, used = 0;
    if (self->unanswered == 0) {
        redis_fail (self, BROKEN, "a reply that was not asked for");
        return NULL;
    }
    int rc = self->parser (self->parser_of, bytes, size, &used);
    self->parsed += used;
    if (rc < 0) {
        redis_fail (self, BROKEN, "a bad reply: more in it than was asked for, or something else");
        return NULL;
    }
    if (rc == 0) {
        size_t held = size - used;
        bool bulk = held > 0 && bytes[used] == '$';
        self->drained = true;
        check_held (self, bytes + used + bulk, held - bulk, bulk);
        return NULL;
    }
    self->drained = self->parsed == self->in.size;
    self->unanswered--;
    return self->parser_of;
}

/* The next whole reply that hiredis' reader makes. */
static void *next_read (redis_t *self)
{
    void *reply = NULL;
    redisReader *reader = self->reader;
    if (redisReaderGetReply (reader, &reply) != REDIS_OK) {
        bool own = reader->err == REDIS_ERR_OOM;
        redis_fail (self, BROKEN, "a bad reply: %s",
                    own ? "more in it than was asked for" : reader->errstr);
        return NULL;
    }
    if (!reply) {
        /* The reader has taken the '$' of what is a bulk: its length comes next. */
        bool bulk = reader->ridx >= 0 && reader->rstack[reader->ridx].type == REDIS_REPLY_STRING;
        self->drained = true;
        check_held (self, reader->buf + reader->pos, reader->len - reader->pos, bulk);
        return NULL;
    }
    self->reply_bytes = reader->len - reader->pos;
    self->drained = self->reply_bytes == 0;
    self->elements = 0;
    if (self->unanswered == 0) {
        reader->fn->freeObject (reply);
        redis_fail (self, BROKEN, "a reply that was not asked for");
        return NULL;
    }
    self->unanswered--;
    return reply;
}

void *redis_next (redis_t *self)
{
    if (self->drained) {
        return NULL;
    }
    return self->parser && self->step == UP ? next_parsed (self) : next_read (self);
}
