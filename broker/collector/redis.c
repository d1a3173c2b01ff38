#include "redis_inside.h"

#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_DEFAULT  ((size_t) 64 << 20)
#define TIMEOUT_MS     10000
#define DELAY_FIRST_MS 50
#define DELAY_LAST_MS  5000
#define STANDS_MS      5000 /* a connection that stood so long was a good one */
#define LOOKUP_MS      20   /* between two looks whether the name's address is there */

static void say (redis_t *self, redis_fault_t fault, const char *why)
{
    bool shared = fault != BROKEN && fault != OWN;
    if (!(self->said & 1u << fault) && !(self->quiet && shared)) {
        log_warning ("redis %s: %s%s; trying again", self->address.name, why,
                     fault == DENIED ? " (check --redis-user and --redis-password-file)" : "");
        self->told = true;
    }
    self->said |= 1u << fault;
}

static void closed (redis_t *self)
{
    if (self->fd >= 0) {
        close (self->fd);
        self->fd = -1;
    }
    lookup_destroy (&self->lookup);
    redis_renew_reader (self); /* with what was left of a reply */
    redis_clear_in (self);
    self->out.size = self->written = self->reply_bytes = 0;
    self->unanswered = 0;
    self->greetings = 0;
    self->elements = 0;
    self->drained = true;
    self->waits = false;
    self->step = DOWN;
}

void redis_fail (redis_t *self, redis_fault_t fault, const char *format, ...)
{
    char why[256];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (why, sizeof why, format, arguments);
    va_end (arguments);
    if (self->step == UP) {
        self->counts.lost++;
        if (mono_ms (self->up_since, self->now) >= STANDS_MS) {
            self->delay_ms = DELAY_FIRST_MS;
            self->said = 0;
        }
    } else {
        self->counts.retries++;
    }
    self->counts.too_large = false;
    closed (self);
    say (self, fault, why);
    self->retry_at = (mono_t){self->now.us + self->delay_ms * 1000};
    self->delay_ms = self->delay_ms * 2 < DELAY_LAST_MS ? self->delay_ms * 2 : DELAY_LAST_MS;
}

int redis_check (const char *url, char *error, size_t error_size)
{
    address_t address;
    return address_parse (&address, url, error, error_size);
}

redis_t *redis_new (const char *url, const char *user, const char *password_file)
{
    redis_t *self = memory_new (sizeof *self);
    char error[256];
    if (address_parse (&self->address, url, error, sizeof error) != 0) {
        log_error ("%s", error);
        abort (); /* our own bug: it was to be checked */
    }
    self->user = user ? memory_text (user) : NULL;
    self->password_file = password_file ? memory_text (password_file) : NULL;
    self->fd = -1;
    self->limit = LIMIT_DEFAULT;
    self->timeout_ms = TIMEOUT_MS;
    self->delay_ms = DELAY_FIRST_MS;
    redis_renew_reader (self);
    return self;
}

void redis_destroy (redis_t **self)
{
    redis_t *redis = *self;
    if (!redis) {
        return;
    }
    *self = NULL;
    closed (redis);
    redisReaderFree (redis->reader);
    buffer_free (&redis->out);
    buffer_free (&redis->in);
    free (redis->chunk);
    free (redis->user);
    free (redis->password_file);
    free (redis);
}

static void turn_up (redis_t *self)
{
    if (self->unanswered == 0 || !self->drained || !self->waits) {
        self->waits = self->unanswered > 0 && self->drained;
        self->since = self->now;
    }
    redis_write (self);
    if (self->step == UP && self->drained) {
        redis_read (self);
    }
}

redis_state_t redis_turn (redis_t *self, mono_t now)
{
    self->now = now;
    if (self->step == DOWN && mono_ms (now, self->retry_at) <= 0) {
        redis_dial (self);
    }
    if (self->step == UP) {
        turn_up (self);
    } else if (self->step != DOWN) {
        redis_greet (self);
    }
    bool waits = self->step != DOWN && (self->step != UP || self->waits);
    if (waits && mono_ms (self->since, now) >= self->timeout_ms) {
        redis_fail (self, SILENT, "no answer for %lld ms", (long long) self->timeout_ms);
    }
    return redis_state (self);
}

void redis_flush (redis_t *self)
{
    if (self->step == UP) {
        redis_write (self);
    }
}

redis_state_t redis_state (const redis_t *self)
{
    return self->step == DOWN ? REDIS_DOWN : self->step == UP ? REDIS_UP : REDIS_OPENING;
}

int redis_fd (const redis_t *self, short *events)
{
    bool writes = self->step == CONNECTING || self->written < self->out.size;
    bool reads = self->step >= GREETING && self->drained;
    *events = (short) ((writes ? POLLOUT : 0) | (reads ? POLLIN : 0));
    return writes || reads ? self->fd : -1;
}

int64_t redis_due_ms (const redis_t *self, mono_t now)
{
    int64_t left = self->timeout_ms - mono_ms (self->since, now);
    if (self->step == DOWN) {
        left = (self->retry_at.us - now.us + 999) / 1000;
    } else if (self->step == LOOKING_UP) {
        left = LOOKUP_MS;
    } else if (self->step == UP && (self->unanswered == 0 || !self->drained)) {
        return -1;
    } else if (self->step == UP && !self->waits) {
        left = 0; /* the time is to begin */
    }
    return left > 0 ? left : 0;
}

uint64_t redis_life (const redis_t *self)
{
    return self->life;
}

size_t redis_unsent (const redis_t *self)
{
    return self->out.size - self->written;
}

size_t redis_unanswered (const redis_t *self)
{
    return self->unanswered;
}

void *redis_reply (redis_t *self)
{
    return self->step == UP ? redis_next (self) : NULL;
}

void redis_set_functions (redis_t *self, redisReplyObjectFunctions *functions, void *privdata)
{
    self->functions = functions;
    self->privdata = privdata;
    if (self->step == UP) {
        redis_use_functions (self, functions, privdata);
    }
}

void redis_set_parser (redis_t *self, redis_read_t *read, void *of)
{
    self->parser = read;
    self->parser_of = of;
}

void redis_set_limit (redis_t *self, size_t bytes)
{
    self->limit = bytes;
}

void redis_set_timeout (redis_t *self, int64_t ms)
{
    self->timeout_ms = ms;
}

void redis_set_quiet (redis_t *self)
{
    self->quiet = true;
}

void redis_give_up (redis_t *self, const char *why)
{
    if (self->step != DOWN) {
        redis_fail (self, OWN, "%s", why);
    }
}

void redis_counts (const redis_t *self, redis_counts_t *counts)
{
    *counts = self->counts;
}

const char *redis_name (const redis_t *self)
{
    return self->address.name;
}
