/* Which shard a symbol is in, and who owns it: values that every journal rests on. */
#include "shard.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

#define WORKERS 5

static const char *const workers[WORKERS] = {"worker-1", "worker-2", "worker-3", "worker-4",
                                             "worker-5"};

/* The hash is FNV-1a 64: the values of its authors' own test suite. */
static void test_hash (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        uint64_t hash;
    } known[] = {
        {"", 0xcbf29ce484222325},
        {"a", 0xaf63dc4c8601ec8c},
        {"b", 0xaf63df4c8601f1a5},
        {"foobar", 0x85944171f73967e8},
        {"chongo was here!\n", 0x46810940eff5f915},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t size = strlen (known[i].text);
        assert_true (shard_hash (SHARD_HASH_START, known[i].text, size) == known[i].hash);
    }
    /* it goes on from a hash as if the bytes were one text; bytes above 127 count as such */
    uint64_t half = shard_hash (SHARD_HASH_START, "foo", 3);
    assert_true (shard_hash (half, "bar", 3) == 0x85944171f73967e8);
    assert_true (shard_hash (SHARD_HASH_START, "\xff", 1) == 0xaf64724c8602eb6e);
}

/* Symbols stay in the shards where they are in every journal that was ever written. */
static void test_symbols (void **state)
{
    (void) state;
    static const struct {
        const char *symbol;
        unsigned shard;
    } pinned[] = {
        {"A", 189},   {"AAPL", 135}, {"BRK.B", 197}, {"SPY", 50}, {"TSLA", 254},
        {"NVDA", 28}, {"ZZZ", 69},   {"_x-1", 65},   {"0", 44},   {"GOOGL", 29},
    };
    for (size_t i = 0; i < sizeof pinned / sizeof *pinned; i++) {
        assert_int_equal (shard_of (pinned[i].symbol), pinned[i].shard);
    }
}

/* Shards stay with their owners over versions of the program: else every start would move them. */
static void test_owners (void **state)
{
    (void) state;
    static const int pinned[16] = {0, 2, 1, 2, 2, 2, 1, 0, 1, 0, 0, 2, 0, 2, 0, 1};
    for (unsigned shard = 0; shard < 16; shard++) {
        assert_int_equal (shard_owner (shard, workers, 3), pinned[shard]);
    }
}

/* A whole market is spread over all shards: of 10,000 symbols, 39 to each on average, none has less
 * than a third of that or more than double. */
static void test_even_symbols (void **state)
{
    (void) state;
    int counts[SHARD_COUNT] = {0};
    for (int i = 0; i < 10000; i++) {
        char symbol[] = {(char) ('A' + i / 676 % 26), (char) ('A' + i / 26 % 26),
                         (char) ('A' + i % 26), '\0'};
        unsigned shard = shard_of (symbol);
        assert_true (shard < SHARD_COUNT);
        counts[shard]++;
    }
    for (int i = 0; i < SHARD_COUNT; i++) {
        assert_in_range (counts[i], 13, 78);
    }
}

/* Each worker owns its part of the shards, within a half. */
static void test_even_owners (void **state)
{
    (void) state;
    int counts[WORKERS] = {0};
    for (unsigned shard = 0; shard < SHARD_COUNT; shard++) {
        counts[shard_owner (shard, workers, WORKERS)]++;
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_in_range (counts[i], SHARD_COUNT / WORKERS / 2, SHARD_COUNT / WORKERS * 3 / 2);
    }
}

/* When a worker leaves, its shards move and no others; when it comes back, so do they. */
static void test_leaving (void **state)
{
    (void) state;
    for (int gone = 0; gone < WORKERS; gone++) {
        const char *left[WORKERS];
        memcpy (left, workers, sizeof left);
        left[gone] = NULL;
        for (unsigned shard = 0; shard < SHARD_COUNT; shard++) {
            int before = shard_owner (shard, workers, WORKERS);
            int after = shard_owner (shard, left, WORKERS);
            assert_true (after >= 0 && after != gone);
            assert_true (before == gone || after == before);
        }
    }
}

/* Names decide, not their places: the same worker owns a shard in whatever order they are listed. */
static void test_order (void **state)
{
    (void) state;
    const char *turned[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        turned[i] = workers[WORKERS - 1 - i];
    }
    for (unsigned shard = 0; shard < SHARD_COUNT; shard++) {
        assert_string_equal (workers[shard_owner (shard, workers, WORKERS)],
                             turned[shard_owner (shard, turned, WORKERS)]);
    }
}

/* With nobody left there is no owner; the only one left owns all. */
static void test_few (void **state)
{
    (void) state;
    const char *const none[3] = {NULL, NULL, NULL};
    const char *const one[3] = {NULL, NULL, "worker-9"};
    for (unsigned shard = 0; shard < SHARD_COUNT; shard++) {
        assert_int_equal (shard_owner (shard, none, 3), -1);
        assert_int_equal (shard_owner (shard, none, 0), -1);
        assert_int_equal (shard_owner (shard, one, 3), 2);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_hash),        cmocka_unit_test (test_symbols),
        cmocka_unit_test (test_owners),      cmocka_unit_test (test_even_symbols),
        cmocka_unit_test (test_even_owners), cmocka_unit_test (test_leaving),
        cmocka_unit_test (test_order),       cmocka_unit_test (test_few),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
