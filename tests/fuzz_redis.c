/* Whatever a server sends: the reader and our object functions neither crash nor take memory by its
 * promises, rows that are good are sound, and how the bytes are cut makes no difference.
 *
 *     input: a byte (what was asked for), a byte (the size of the chunks), the replies
 */
#undef NDEBUG
#include "fuzz.h"

#include "redis_entries.h"
#include "redis_info.h"
#include "shard.h"

#include <assert.h>
#include <math.h>
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
    assert (row->k < STREAMS && strlen (redis_entries_reason (row, reason)) > 0);
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

static outcome_t read_entries (const char *bytes, size_t size, size_t chunk, bool time)
{
    outcome_t outcome = {.hash = SHARD_HASH_START};
    redis_entries_t *entries = redis_entries_new ();
    redisReader *reader = redisReaderCreateWithFunctions (redis_entries_functions ());
    reader->privdata = entries;
    ask (entries, time);
    for (size_t i = 0; i < size && !outcome.bad; i += chunk) {
        void *reply = entries;
        redisReaderFeed (reader, bytes + i, size - i < chunk ? size - i : chunk);
        while (reply && !outcome.bad) {
            outcome.bad = redisReaderGetReply (reader, &reply) != REDIS_OK;
            if (!outcome.bad && reply) {
                take (entries, &outcome);
                ask (entries, time);
            }
        }
    }
    uint32_t k;
    entry_id_t id;
    take (entries, &outcome);
    outcome.broken = redis_entries_broken (entries, &k, &id);
    assert (!outcome.broken || (k < STREAMS && entry_id_compare (id, after[k]) > 0));
    redisReaderFree (reader);
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
