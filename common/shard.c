#include "shard.h"

#include <string.h>

uint64_t shard_hash (uint64_t seed, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) {
        seed = (seed ^ byte[i]) * 0x100000001b3u;
    }
    return seed;
}

/* The finalizer of MurmurHash3: FNV alone leaves the high bits of short inputs alike. */
static uint64_t mix (uint64_t x)
{
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
    return x ^ (x >> 33);
}

unsigned shard_of (const char *symbol)
{
    return (unsigned) (mix (shard_hash (SHARD_HASH_START, symbol, strlen (symbol))) % SHARD_COUNT);
}

int shard_owner (unsigned shard, const char *const *names, size_t count)
{
    unsigned char number[2] = {(unsigned char) (shard & 0xff), (unsigned char) (shard >> 8)};
    int owner = -1;
    uint64_t best = 0;
    for (size_t i = 0; i < count; i++) {
        if (!names[i]) {
            continue;
        }
        uint64_t hash = shard_hash (SHARD_HASH_START, names[i], strlen (names[i]));
        uint64_t score = mix (shard_hash (hash, number, sizeof number));
        if (owner < 0 || score > best || (score == best && strcmp (names[i], names[owner]) < 0)) {
            owner = (int) i;
            best = score;
        }
    }
    return owner;
}
