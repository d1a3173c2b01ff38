/* Whatever the bytes of an entry are: read in one go it is what it is read word by word, and nothing is read
 * behind the bytes that have to be there.
 *
 *     input: a first entry, a zero byte, a second one: what is known of the first makes the second quick
 */
#undef NDEBUG
#include "fuzz.h"

#include "memory.h"
#include "redis_entry.h"
#include "resp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Word by word: where it ends, or NULL when it is no entry. */
static const char *read_words (redis_entry_reader_t *reader, const char *bytes, redis_entry_t *row)
{
    resp_t rest = {bytes, bytes + REDIS_ENTRY_WHOLE};
    int64_t count;
    const char *text;
    size_t size;
    if (resp_header (&rest, '*', &count) != RESP_DONE || count != 2 ||
        resp_bulk (&rest, &text, &size) != RESP_DONE || !entry_id_parse (text, size, &row->id) ||
        resp_header (&rest, '*', &count) != RESP_DONE || count < 0 || count % 2 != 0) {
        return NULL;
    }
    redis_entry_begin (reader, row);
    for (uint32_t i = 0; i < (uint32_t) count; i++) {
        if (resp_bulk (&rest, &text, &size) != RESP_DONE) {
            return NULL;
        }
        redis_entry_word (reader, i, text, size);
    }
    redis_entry_end (reader);
    return rest.at;
}

static void check_same (const redis_entry_t *a, const redis_entry_t *b)
{
    assert (a->reason == REDIS_GOOD && b->reason == REDIS_GOOD);
    assert (entry_id_compare (a->id, b->id) == 0 && strcmp (a->symbol, b->symbol) == 0);
    assert (a->candle.ts == b->candle.ts);
    assert (memcmp (&a->candle.open, &b->candle.open, 5 * sizeof (double)) == 0);
}

/* An entry, by a reader that goes on and by a new one. */
static void read_both (redis_entry_reader_t *known, const char *text, size_t size)
{
    char *bytes = memory_new (REDIS_ENTRY_WHOLE);
    redis_entry_t whole = {0}, words = {0}, again = {0};
    redis_entry_reader_t fresh;
    redis_entry_init (&fresh);
    memcpy (bytes, text, size < REDIS_ENTRY_WHOLE ? size : REDIS_ENTRY_WHOLE);
    const char *end = redis_entry_whole (known, bytes, &whole);
    const char *slow = read_words (&fresh, bytes, &words);
    if (end) {
        assert (end == slow);
        check_same (&whole, &words);
    }
    if (!end && slow) { /* it says what is wrong, whatever was read before */
        assert (read_words (known, bytes, &again) == slow);
        assert (again.reason == words.reason && again.field == words.field);
    }
    free (bytes);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    redis_entry_reader_t known;
    redis_entry_init (&known);
    const char *bytes = (const char *) data, *cut = size > 0 ? memchr (bytes, '\0', size) : NULL;
    size_t first = cut ? (size_t) (cut - bytes) : size;
    read_both (&known, bytes, first);
    read_both (&known, bytes, first);
    if (cut) {
        read_both (&known, cut + 1, size - first - 1);
    }
    return 0;
}
