/* Whatever a server sends: our readers neither crash nor take memory by its
 * promises, rows that are good are sound, and how the bytes are cut makes no difference.
 *
 *     input: a byte (what was asked for), a byte (the size of the chunks), the replies
 */
#undef NDEBUG
#include "fuzz.h"

#include "memory.h"
#include "redis_entries.h"
#include "redis_info.h"
#include "shard.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS 3
#define EACH    50

static const char *const names[STREAMS] = {"a", "b", "shared"};
static const entry_id_t after[STREAMS] = {{0, 0}, {0, 0}, {5, 1}};

typedef struct {
    uint64_t replies, rows, hash;
    bool bad, broken;
} outcome_t;

static void ask (redis_entries_t *entries, bool time)
{
    if (time) {
        redis_entries_ask_time (entries);
    } else {
        redis_entries_ask (entries, STREAMS, names, after, EACH);
    }
}

static void check_row (const redis_entry_t *row)
{
    char reason[REDIS_REASON_TEXT];
    assert (row->k < STREAMS && strlen (redis_entry_reason (row, reason)) > 0);
    assert (entry_id_compare (row->id, after[row->k]) > 0);
    if (row->reason == REDIS_GOOD) {
        const candle_t *candle = &row->candle;
        assert (symbol_valid (row->symbol, strlen (row->symbol)));
        assert (candle->ts % 60 == 0 && candle->ts * 1000 <= (int64_t) row->id.ms + REDIS_AHEAD_MS);
        assert (candle->open > 0 && candle->high > 0 && candle->low > 0 && candle->close > 0);
        assert (isfinite (candle->high + candle->volume) && candle->high >= candle->low);
        assert (candle->volume >= 0);
    }
}

static void take (const redis_entries_t *entries, outcome_t *outcome)
{
    size_t count;
    const redis_entry_t *rows = redis_entries_rows (entries, &count);
    assert (count <= (size_t) STREAMS * EACH);
    for (size_t i = 0; i < count; i++) {
        check_row (&rows[i]);
        outcome->hash = shard_hash (outcome->hash, &rows[i].id, sizeof rows[i].id);
        outcome->hash = shard_hash (outcome->hash, &rows[i].reason, 1);
    }
    outcome->replies++;
    outcome->rows += count;
}

/* All replies that are in the bytes that are there. */
static size_t read_replies (redis_entries_t *entries, const char *bytes, size_t size, bool time,
                            outcome_t *outcome)
{
    size_t taken = 0;
    for (int rc = 1; rc > 0;) {
        size_t used;
        rc = redis_entries_read (entries, bytes + taken, size - taken, &used);
        assert (used <= size - taken);
        taken += used;
        outcome->bad = rc < 0;
        if (rc > 0) {
            take (entries, outcome);
            ask (entries, time);
        }
    }
    return taken;
}

static outcome_t read_entries (const char *bytes, size_t size, size_t chunk, bool time)
{
    outcome_t outcome = {.hash = SHARD_HASH_START};
    redis_entries_t *entries = redis_entries_new ();
    ask (entries, time);
    size_t taken = 0;
    for (size_t there = 0; there < size && !outcome.bad;) {
        there = size - there < chunk ? size : there + chunk;
        /* in a block of its own, so that a byte too far is found */
        char *copy = memory_new (there - taken + 1);
        memcpy (copy, bytes + taken, there - taken);
        taken += read_replies (entries, copy, there - taken, time, &outcome);
        free (copy);
    }
    uint32_t k;
    entry_id_t id;
    take (entries, &outcome);
    outcome.broken = redis_entries_broken (entries, &k, &id);
    assert (!outcome.broken || (k < STREAMS && entry_id_compare (id, after[k]) > 0));
    redis_entries_destroy (&entries);
    return outcome;
}

static void read_info (const char *bytes, size_t size)
{
    redis_info_t info = {0};
    entry_id_t oldest, newest;
    void *reply;
    redisReader *reader = redisReaderCreateWithFunctions (redis_info_functions ());
    reader->privdata = &info;
    redisReaderFeed (reader, bytes, size);
    while (redisReaderGetReply (reader, &reply) == REDIS_OK && reply) {
        assert (strlen (info.error) < sizeof info.error);
        redis_info_ids (&info, &oldest, &newest);
        info = (redis_info_t){0};
    }
    redisReaderFree (reader);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const char *bytes = (const char *) data + 2;
    size -= 2;
    bool time = data[0] == 't';
    outcome_t whole = read_entries (bytes, size, size + 1, time);
    outcome_t cut = read_entries (bytes, size, (size_t) data[1] + 1, time);
    assert (whole.replies == cut.replies && whole.rows == cut.rows && whole.hash == cut.hash);
    assert (whole.bad == cut.bad && whole.broken == cut.broken);
    read_info (bytes, size);
    return 0;
}
