/* The quick way to read fundamentals against the tree: what it takes, the tree takes too, and both
 * say the same. */
#include "fundamentals_quick.h"
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define USUAL                                                                                      \
    "{\n  \"type\": \"Common Stock\",\n  \"city\": \"San Jose\",\n"                                \
    "  \"historical_market_cap\": {\n    \"2022-04-29\": 4037907106,\n"                            \
    "    \"2022-05-06\": 39.60934e8,\n    \"2022-05-13\": -0.5\n  },\n"                            \
    "  \"earnings_dates\": [\"2022-03-29\", \"2022-06-28\", \"2022-06-28\"],\n"                    \
    "  \"ipo_date\": \"2018-10-06\",\n  \"beta\": 0.78, \"x\": null, \"y\": true,\n"               \
    "  \"shares_float\": 100000000000000000000\n}\n"

/* True when the quick way took it: then the tree did, and they agree. `text` lies at the very end of
 * its block, so that a look beyond is seen. */
static bool is_taken (const char *text, size_t size)
{
    char error[128];
    char *block = memory_new (size);
    memcpy (block, text, size);
    fundamentals_t quick, tree;
    bool taken = fundamentals_quick (&quick, block, size);
    if (taken) {
        assert_int_equal (fundamentals_parse_tree (&tree, block, size, error, sizeof error), 0);
        assert_int_equal (quick.cap_count, tree.cap_count);
        assert_int_equal (quick.earnings_count, tree.earnings_count);
        assert_int_equal (quick.ipo, tree.ipo);
        for (size_t i = 0; i < tree.cap_count; i++) {
            assert_int_equal (quick.cap_days[i], tree.cap_days[i]);
            assert_memory_equal (&quick.caps[i], &tree.caps[i], sizeof *tree.caps);
        }
        for (size_t i = 0; i < tree.earnings_count; i++) {
            assert_int_equal (quick.earnings[i], tree.earnings[i]);
        }
        fundamentals_free (&tree);
    }
    fundamentals_free (&quick);
    free (block);
    return taken;
}

static bool takes (const char *text)
{
    return is_taken (text, strlen (text));
}

/* The usual file is taken, and every part may be absent or empty. */
static void test_usual (void **state)
{
    (void) state;
    assert_true (takes (USUAL));
    assert_true (takes ("{\"ipo_date\": null}"));
    assert_true (takes ("{\"a\":1}"));
    assert_true (takes (" {\t\"historical_market_cap\" : { } , \"earnings_dates\" : [ ]\r\n}"));
}

/* More elements than there is room for at first. */
static void test_many (void **state)
{
    (void) state;
    buffer_t text = {0};
    char date[11];
    buffer_printf (&text, "{\"historical_market_cap\": {");
    for (day_t day = 0; day < 1000; day++) {
        buffer_printf (&text, "%s\"%s\": %d", day ? "," : "", day_format (day, date), day * 7);
    }
    buffer_printf (&text, "}, \"earnings_dates\": [");
    for (day_t day = 0; day < 1000; day++) {
        buffer_printf (&text, "%s\"%s\"", day ? "," : "", day_format (day, date));
    }
    buffer_printf (&text, "]}");
    assert_true (is_taken (text.bytes, text.size));
    buffer_free (&text);
}

/* What is unusual, or wrong, is left to the tree. */
static void test_left (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"a\": 1",
        "{\"a\": 1} x",
        "{\"a\": 1,}",
        "{\"a\" 1}",
        "{\"a\": 01}",
        "{\"a\": .5}",
        "{\"a\": +1}",
        "{\"a\": 1.}",
        "{\"a\": 1E5}",
        "{\"a\": 1e999}",
        "{\"a\": nul}",
        "{\"a\": [1]}",
        "{\"a\": {}}",
        "{\"a\": \"\\n\"}",
        "{\"a\": \"x\n1}",
        "{\"a\": \"\xC3\xA4\"}",
        "{\"a\": 1, \"a\": 2}",
        "{\"ipo_date\": \"2018-13-06\"}",
        "{\"ipo_date\": 5}",
        "{\"historical_market_cap\": null}",
        "{\"historical_market_cap\": {\"2022-04-29\": \"1\"}}",
        "{\"historical_market_cap\": {\"2022-04-29\": 1, \"2022-04-29\": 2}}",
        "{\"historical_market_cap\": {\"2022-04-29\": 1, \"2022-04-28\": 2}}",
        "{\"earnings_dates\": [\"2022-04-29\", \"2022-04-28\"]}",
        "{\"earnings_dates\": [\"2022-04-29\",]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (takes (texts[i])) {
            fail_msg ("taken: %s", texts[i]);
        }
    }
    assert_false (is_taken ("{\"a\":\0 1}", 9));
    assert_false (is_taken ("{\"a\": 1}\0", 9));
}

static unsigned next_random (uint64_t *bits) /* Marsaglia's xorshift */
{
    *bits ^= *bits << 13;
    *bits ^= *bits >> 7;
    *bits ^= *bits << 17;
    return (unsigned) (*bits >> 32);
}

/* Of a usual file that bytes were changed in, cut out or put into, never is anything taken that the
 * tree refuses, or read differently. */
static void test_random (void **state)
{
    (void) state;
    static const char bytes[] = "{}[]\",:\\ \n0123456789.-+eEtrunlx\0\x80";
    uint64_t bits = 88172645463325252;
    int taken = 0, rounds = getenv ("TEST_LONG") ? 1000000 : 50000;
    for (int i = 0; i < rounds; i++) {
        char text[sizeof USUAL + 1];
        size_t size = sizeof USUAL - 1;
        memcpy (text, USUAL, size);
        for (unsigned k = 1 + next_random (&bits) % 2; k > 0; k--) {
            size_t at = next_random (&bits) % size;
            switch (next_random (&bits) % 3) {
            case 0:
                text[at] = bytes[next_random (&bits) % (sizeof bytes - 1)];
                break;
            case 1:
                memmove (text + at, text + at + 1, --size - at);
                break;
            default:
                if (size < sizeof text - 1) {
                    memmove (text + at + 1, text + at, size++ - at);
                    text[at] = bytes[next_random (&bits) % (sizeof bytes - 1)];
                }
            }
        }
        taken += is_taken (text, size);
    }
    assert_true (taken > rounds / 10 && taken < rounds);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_usual),
        cmocka_unit_test (test_many),
        cmocka_unit_test (test_left),
        cmocka_unit_test (test_random),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
