/* redis_request - an XREAD under way: which streams, from where, how much of each. */
#ifndef REDIS_REQUEST_H
#define REDIS_REQUEST_H

#include "redis.h"
#include "redis_entries.h"

/* A value that is used again and again; all zero is empty. It owns its arrays; the names are others'. */
typedef struct {
    uint32_t count, capacity;
    uint32_t each;  /* COUNT */
    uint32_t *rows; /* whatever the owner calls a stream by */
    const char **names;
    entry_id_t *after; /* exclusive */
    entry_id_t *last;  /* passed on, `after` at first */
    uint32_t *seen;    /* entries in the reply */
} redis_request_t;

void redis_request_clear (redis_request_t *self);
void redis_request_add (redis_request_t *self, uint32_t row, const char *name, entry_id_t after);
void redis_request_free (redis_request_t *self);

/* Sends it, with `block_ms` > 0 to wait as long for the first entry, 0: not. Only when `redis` is UP. */
void redis_request_send (redis_request_t *self, redis_t *redis, uint32_t each, int64_t block_ms);

/* The next reply that `entries` makes answers it. */
void redis_request_expect (const redis_request_t *self, redis_entries_t *entries);

#endif
