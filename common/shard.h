/* shard - which part of the market a symbol belongs to, and which worker owns the part, in live
 * runs.
 *
 * symbol -> shard: FNV-1a 64, mixed by the finalizer of MurmurHash3, modulo 256. shard -> worker: rendezvous hashing over the
 * workers' stable names, so that a worker's leaving moves only its own shards. Both are part of the
 * format of every journal: their values are pinned by a test. (Batch runs need no shards: there the
 * unit of work is dynamic.)
 */
#ifndef SHARD_H
#define SHARD_H

#include <stddef.h>
#include <stdint.h>

#define SHARD_COUNT 256

/* FNV-1a 64 (Fowler, Noll, Vo) over `size` bytes, started from `seed` (SHARD_HASH_START). */
#define SHARD_HASH_START 0xcbf29ce484222325u
uint64_t shard_hash (uint64_t seed, const void *bytes, size_t size);

/* 0 .. SHARD_COUNT - 1. */
unsigned shard_of (const char *symbol);

/* The index of the owner among `count` names (NULL entries are workers that are gone); -1 when none
 * is left. The highest of a mixed hash of name and shard (Thaler and Ravishankar 1998); ties go to
 * the lesser name. */
int shard_owner (unsigned shard, const char *const *names, size_t count);

#endif
