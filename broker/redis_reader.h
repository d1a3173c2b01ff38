/* redis_reader - the main reader: every stream's entries, each once, in their order, to the flow.
 *
 *     few streams (up to 64):   XREAD BLOCK over all --> entries --> (a pause) --> XREAD BLOCK over all ...
 *
 *     many:   XREAD BLOCK over all --an entry came--> SWEEP: XREAD over 1,000 at a time, two under way
 *                ^                                        |          |           ^
 *                |                                     nothing    a little       |
 *                +----------------------------------------+          +- pause ---+--- a lot
 *
 *     a reply that COUNT cut: its streams are read on at once, in turn with the sweep
 *
 *                       Redis makes 3     2 lies in the socket     we decode 1, and ask for 4
 *     up to six at once:  [ 3 ]  ------------->  [ 2 ]  ------------->  [ 1 ]  --> entries
 *                           ^------------- the next share of what has more ----+
 *
 * Why so. Redis goes through every stream that XREAD names: 10,000 cost it 5 ms, and 10 ms when it is to
 * wait for them. A read that waits is woken by the first stream alone, and then has nothing of the
 * others; but it costs nothing while it waits. So an idle market waits (10 ms of Redis every 2.5 s),
 * a burst is swept from its first entry on, and what trickles in is swept with pauses of twice
 * the time that a sweep takes: a third of what Redis can do, and entries wait for some 20 ms. Commands
 * of 1,000 streams, because others can be under way, because other clients get their turn in between, and
 * because a reply is bounded.
 *
 * Where a stream is read on from is known when its reply is there, so what has more is divided into six
 * shares that take turns. A reply has 256 entries, because Redis writes 64 KiB at once, and while the rest
 * waits for room in the socket it makes nothing: with six of 1,024 it and we waited for each other for half
 * of the time, with two of 256 for a quarter (of 1,000,000 entries in 16 streams; with six of 256 it
 * is as fast as when its replies are thrown away). Of many streams a reply has up to 8 each.
 *
 * A stream that is found while a read waits is read when that ends: 1 s, and 2.5 s with 10,000 streams.
 *
 * TIME goes in front of each XREAD: a stream whose reply was not cut has nothing that arrived before.
 *
 * A replay never waits; it stops at each stream's end. Paced, it keeps the arrival of each stream's next entry,
 * and reads a stream when that is due.
 */
#ifndef REDIS_READER_H
#define REDIS_READER_H

#include "redis.h"
#include "redis_streams.h"

typedef struct redis_reader redis_reader_t;

/* `redis` is its connection, whose functions and limits it sets; both outlive it. */
redis_reader_t *redis_reader_new (redis_streams_t *streams, redis_t *redis, bool is_replay,
                                  double speed);
void redis_reader_destroy (redis_reader_t **self);

/* Does a bounded part of what can be done. `reads`: it may ask for more (all streams were looked at since
 * the connection came up). True: call again at once. */
bool redis_reader_turn (redis_reader_t *self, bool reads, mono_t now);

/* Milliseconds until it wants its turn, whatever its connection does; -1: never. */
int64_t redis_reader_due_ms (const redis_reader_t *self, bool reads, mono_t now);

/* True once after each time when all streams are to be looked at: a new connection, a key of another type. */
bool redis_reader_wants_look (redis_reader_t *self);

/* Entries come one on the other: other work on the server can wait. */
bool redis_reader_is_hard (const redis_reader_t *self, mono_t now);

bool redis_reader_caught_up (const redis_reader_t *self);
int64_t redis_reader_lag_ms (const redis_reader_t *self);

/* Replay: every stream was read to its end. */
bool redis_reader_is_over (const redis_reader_t *self);

#endif
