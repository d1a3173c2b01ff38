/* redis_inside - what the parts of a connection share: redis.c (its states, and how it ends), redis_greeting.c
 * (the way up) and redis_bytes.c (commands out, replies in). For them alone.
 */
#ifndef REDIS_INSIDE_H
#define REDIS_INSIDE_H

#include "address.h"
#include "memory.h"
#include "redis.h"

#define REDIS_CHUNK (64u << 10) /* bytes read at once */

typedef enum { DOWN, LOOKING_UP, CONNECTING, GREETING, UP } redis_step_t;

/* Why a connection ended: each kind is logged once. */
typedef enum {
    UNREACHABLE,
    SECRET,
    DENIED,
    LOADING,
    REFUSED,
    LOST,
    SILENT,
    BROKEN,
    OWN
} redis_fault_t;

struct redis {
    address_t address;
    char *user, *password_file;
    lookup_t *lookup;
    redis_step_t step;
    int fd;
    redisReader *reader;
    redisReplyObjectFunctions defaults; /* hiredis', with arrays bounded */
    void *(*default_array) (const redisReadTask *, int);
    long long elements;                   /* of the reply that is being read */
    redisReplyObjectFunctions *functions; /* the user's, or NULL */
    void *privdata;
    redis_read_t *parser; /* or NULL */
    void *parser_of;
    buffer_t in;   /* with a parser: what was received, */
    size_t parsed; /* and how much of it is done with */
    char *chunk;   /* without: what is received, for hiredis' reader */
    buffer_t out;
    size_t written; /* of it */
    size_t unanswered;
    int greetings;      /* replies of the greeting that are to come */
    bool drained;       /* every whole reply was taken: read on */
    size_t reply_bytes; /* held for the reply that is being read */
    size_t limit;
    int64_t timeout_ms;
    mono_t now;   /* of the last turn */
    mono_t since; /* when the step began; UP: when something last came, or was asked for */
    mono_t up_since;
    mono_t retry_at;
    bool waits; /* UP: `since` holds for what is unanswered */
    int64_t delay_ms;
    unsigned tries;
    unsigned said; /* bit per redis_fault_t */
    bool quiet;
    bool told; /* something was said, and not yet that it works again */
    uint64_t life;
    redis_counts_t counts;
};

/* ---- redis.c ---- */

/* The connection ends, with why. */
void redis_fail (redis_t *self, redis_fault_t fault, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* ---- redis_greeting.c ---- */

void redis_dial (redis_t *self);
/* Goes on with LOOKING_UP, CONNECTING and GREETING. */
void redis_greet (redis_t *self);

/* ---- redis_bytes.c ---- */

/* A new reader; what the old one held is gone. */
void redis_renew_reader (redis_t *self);
/* The connection has ended, or was made: nothing, or what hiredis' reader holds, is the parser's. */
void redis_clear_in (redis_t *self);
void redis_fill_in (redis_t *self);
void redis_use_functions (redis_t *self, redisReplyObjectFunctions *functions, void *privdata);
void redis_write (redis_t *self);
void redis_read (redis_t *self);
/* The next whole reply, as the reader's functions made it. */
void *redis_next (redis_t *self);

#endif
