/* redis - a connection to a Redis server that never blocks and comes back by itself.
 *
 *     DOWN --back-off over--> OPENING: connect, AUTH, SELECT --> UP: commands out, replies in, in order
 *       ^                        |                               |
 *       +---- refused, LOADING, NOAUTH, closed, an error in the protocol, a reply larger than allowed
 *
 * Over hiredis: its writer's format and its reader; sockets are ours, so that SIGPIPE, timeouts and the size
 * of what is buffered are too. The password is read anew from its file at each try. Every kind of loss is logged
 * once, with what to do, until a connection has stood for 5 s; tries are 50 ms apart at first, doubling to 5 s.
 *
 * The greeting is AUTH and SELECT where they are wanted, and PING: it is what a server that is LOADING, or wants
 * a password, refuses. An array in a reply of hiredis' own functions may have 1,048,576 elements, those of arrays
 * in it counted: they are allocated before they come.
 */
#ifndef REDIS_H
#define REDIS_H

#include "clock.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct redis redis_t;

typedef enum { REDIS_DOWN, REDIS_OPENING, REDIS_UP } redis_state_t;

/* Checks `redis://HOST[:PORT][/DB]` (numeric or resolvable HOST, [v6]) or `unix:///PATH[?db=N]`: 0, or -1 with
 * one line in `error`. A password or user in it is refused: secrets come from files. */
int redis_check (const char *url, char *error, size_t error_size);

/* `url` was checked. `user`, `password_file` may be NULL. Does not connect yet. */
redis_t *redis_new (const char *url, const char *user, const char *password_file);
void redis_destroy (redis_t **self);

/* Connects, writes and reads what can be without waiting. Replies are to be taken then, until there is none:
 * poll does not tell of those that were read already. */
redis_state_t redis_turn (redis_t *self, mono_t now);
/* Writes only: after commands, when replies were taken. */
void redis_flush (redis_t *self);
redis_state_t redis_state (const redis_t *self);

/* For poll: the descriptor or -1, and its events; milliseconds until the next try (0 or more) when DOWN, or
 * until a connect or a command that is not answered times out; -1: none. */
int redis_fd (const redis_t *self, short *events);
int64_t redis_due_ms (const redis_t *self, mono_t now);

/* Rises with every connection that came UP: replies to commands of an older one never come. */
uint64_t redis_life (const redis_t *self);

/* Sends a command; only when UP. Commands are answered in order. Buffered, bounded by the caller: what is
 * not yet written is redis_unsent () bytes. */
void redis_command (redis_t *self, size_t count, const char *const *words, const size_t *sizes);
/* The same word by word: begin, then `count` words, before anything else is done with it. */
void redis_begin_command (redis_t *self, size_t count);
void redis_put_word (redis_t *self, const char *word, size_t size);
size_t redis_unsent (const redis_t *self);
/* Commands sent and not answered. */
size_t redis_unanswered (const redis_t *self);

/* The next reply, or NULL. A redisReply for freeReplyObject; or what the own object functions made of it; or
 * the parser's `of`.
 * Nothing more is read from the server until it was NULL: who does not take replies holds the server up, and is
 * not timed out. */
void *redis_reply (redis_t *self);

/* Replies from here on are made by these functions (of the reader's thread of calls; NULL: hiredis' own). Kept
 * over connections. Only when nothing is unanswered. */
void redis_set_functions (redis_t *self, redisReplyObjectFunctions *functions, void *privdata);

/* Replies from here on are read by `read` in the bytes as they were received, and redis_reply () gives `of` for
 * each. `read` reads on in the reply that comes next: 1 when it is whole, 0 when more bytes are wanted, -1 when
 * it is no answer (the connection ends); `*used` of the bytes are done with, the others are given again. It takes
 * every element that is whole. Once, before the first turn. */
typedef int redis_read_t (void *of, const char *bytes, size_t size, size_t *used);
void redis_set_parser (redis_t *self, redis_read_t *read, void *of);

/* Bytes that may be held for a reply that is not whole (64 MiB when not set): with own functions or a parser those of the
 * element that is not whole, else of all of it. More ends the connection: redis_counts () says `too_large`. */
void redis_set_limit (redis_t *self, size_t bytes);

/* Milliseconds after which an unanswered command counts as a dead connection (10 s when not set). */
void redis_set_timeout (redis_t *self, int64_t ms);

/* Another connection to the same server says when it is gone, or does not let us in: this one need not. */
void redis_set_quiet (redis_t *self);

/* Ends the connection by the caller's will, because of a reply it cannot go on with: logged with `why`. */
void redis_give_up (redis_t *self, const char *why);

typedef struct {
    uint64_t lost;    /* connections that were UP and ended */
    uint64_t retries; /* tries that failed */
    uint64_t bytes;   /* received */
    bool too_large;   /* the last one ended because of the limit */
} redis_counts_t;
void redis_counts (const redis_t *self, redis_counts_t *counts);

/* host:port, or the path: for messages. Without secrets. */
const char *redis_name (const redis_t *self);

#endif
