/* test_ledger - the collector's ledger: one attempt of each unit, units in order, bounded. And link,
 * which decides what gets into it. */
#include "ledger.h"

#include "check.h"

#include <string.h>

/* A hit that can be told from others: `ts` names it. */
static bool put_hit (ledger_t *ledger, uint32_t unit, uint32_t attempt, int64_t ts, int values)
{
    wire_hit_t hit = {.unit = unit, .attempt = attempt, .hit = {.ts = ts, .value_count = values}};
    for (int i = 0; i < values; i++) {
        hit.hit.values[i] = (double) ts + i;
    }
    return ledger_hit (ledger, &hit);
}

static bool put_done (ledger_t *ledger, uint32_t unit, uint32_t attempt)
{
    wire_done_t done = {.unit = unit, .attempt = attempt, .symbol = "A"};
    done.counts.candles = unit * 10 + attempt;
    return ledger_done (ledger, &done);
}

/* Releases one unit and checks which it is, its attempt, and its hits: ts first, first + 1, ... */
static void check_release (ledger_t *ledger, bool gaps, uint32_t unit, uint32_t attempt,
                           int64_t first, size_t hits)
{
    ledger_unit_t released;
    hit_t hit;
    assert_true (ledger_release (ledger, gaps, &released));
    assert_int_equal (released.unit, unit);
    assert_int_equal (released.counts->candles, unit * 10 + attempt);
    assert_int_equal (released.hit_count, hits);
    for (size_t i = 0; i < hits; i++) {
        assert_true (ledger_next_hit (ledger, &hit));
        assert_int_equal (hit.ts, first + (int64_t) i);
        for (int v = 0; v < hit.value_count; v++) {
            assert_true (hit.values[v] == (double) hit.ts + v);
        }
    }
    assert_false (ledger_next_hit (ledger, &hit));
}

static void check_nothing (ledger_t *ledger, bool gaps)
{
    ledger_unit_t released;
    assert_false (ledger_release (ledger, gaps, &released));
}

/* Units come out in their order, whatever the order in which they became whole, and only whole. */
static void test_order (void **state)
{
    (void) state;
    ledger_t *ledger = ledger_new ();
    put_hit (ledger, 1, 1, 100, 2);
    put_done (ledger, 1, 1);
    put_hit (ledger, 0, 1, 7, 0);
    put_hit (ledger, 0, 1, 8, 3);
    check_nothing (ledger, false);
    put_done (ledger, 0, 1);
    check_release (ledger, false, 0, 1, 7, 2);
    check_release (ledger, false, 1, 1, 100, 1);
    check_nothing (ledger, false);
    assert_int_equal (ledger_released (ledger), 2);
    ledger_destroy (&ledger);
    assert_null (ledger);
}

/* The newest attempt replaces what is held; what older ones still send is ignored, and so is what
 * comes after one was whole, or was released. */
static void test_one_attempt (void **state)
{
    (void) state;
    ledger_t *ledger = ledger_new ();
    put_done (ledger, 1, 1);
    put_hit (ledger, 0, 1, 1, 0);
    put_hit (ledger, 0, 3, 50, 0);
    put_hit (ledger, 0, 2, 2, 0);
    assert_true (put_done (ledger, 0, 2));
    check_nothing (ledger, false);
    put_hit (ledger, 0, 3, 51, 0);
    put_done (ledger, 0, 3);
    assert_true (put_hit (ledger, 0, 4, 3, 0));
    assert_true (put_done (ledger, 0, 4));
    check_release (ledger, false, 0, 3, 50, 2);
    assert_true (put_hit (ledger, 0, 5, 4, 0));
    assert_true (put_done (ledger, 0, 5));
    check_release (ledger, false, 1, 1, 0, 0);
    check_nothing (ledger, false);
    ledger_destroy (&ledger);
}

/* A void unit is passed over, with what it held; one that is whole is released all the same. Voids
 * that were passed, or are out of reach, do no harm. */
static void test_voids (void **state)
{
    (void) state;
    ledger_t *ledger = ledger_new ();
    const uint32_t voids[] = {0, 1, 2, 5, LEDGER_REACH + 9};
    put_hit (ledger, 0, 1, 1, 9);
    put_done (ledger, 1, 1);
    put_done (ledger, 3, 1);
    ledger_void (ledger, voids, 5);
    ledger_void (ledger, voids, 5);
    put_hit (ledger, 0, 2, 1, 9);
    check_release (ledger, false, 1, 1, 0, 0);
    check_release (ledger, false, 3, 1, 0, 0);
    ledger_void (ledger, voids, 5);
    check_nothing (ledger, false);
    assert_int_equal (ledger_released (ledger), 4);
    put_done (ledger, 4, 1);
    check_release (ledger, false, 4, 1, 0, 0);
    assert_int_equal (ledger_released (ledger), 6);
    check_nothing (ledger, false);
    assert_int_equal (ledger_held_bytes (ledger), 0);
    put_done (ledger, 6, 1);
    check_release (ledger, false, 6, 1, 0, 0);
    ledger_destroy (&ledger);
}

/* A stopped run writes what is whole, in order, each once; what it reports stays true: nothing that
 * is missing counts as released, and what was written beyond shows as held. */
static void test_gaps (void **state)
{
    (void) state;
    ledger_t *ledger = ledger_new ();
    char held[LEDGER_REACH / 8];
    put_done (ledger, 0, 1);
    put_hit (ledger, 1, 1, 1, 0);
    put_hit (ledger, 2, 1, 5, 1);
    put_done (ledger, 2, 1);
    put_done (ledger, LEDGER_REACH, 1); /* out of reach while 0 is there */
    check_release (ledger, true, 0, 1, 0, 0);
    put_done (ledger, LEDGER_REACH, 1);
    check_release (ledger, true, 2, 1, 5, 1);
    check_release (ledger, true, LEDGER_REACH, 1, 0, 0);
    check_nothing (ledger, true);
    check_nothing (ledger, true);
    assert_int_equal (ledger_released (ledger), 1);
    assert_int_equal (ledger_held (ledger, held), LEDGER_REACH / 8);
    assert_int_equal ((unsigned char) held[0], 2);
    put_done (ledger, 1, 1);
    check_release (ledger, true, 1, 1, 1, 1);
    assert_int_equal (ledger_released (ledger), 3);
    ledger_destroy (&ledger);
}

/* What is beyond reach is refused, and reach moves with what is released, over the ring's end. */
static void test_reach (void **state)
{
    (void) state;
    ledger_t *ledger = ledger_new ();
    assert_false (put_hit (ledger, LEDGER_REACH, 1, 0, 0));
    assert_false (put_done (ledger, LEDGER_REACH, 1));
    assert_false (put_done (ledger, UINT32_MAX, 1));
    assert_true (put_done (ledger, LEDGER_REACH - 1, 1));
    for (uint32_t u = 0; u < 3 * LEDGER_REACH; u++) {
        assert_true (put_hit (ledger, u, 2, u, 1));
        put_done (ledger, u, 2);
        if (u != LEDGER_REACH - 1) {
            check_release (ledger, false, u, 2, u, 1);
        } else {
            check_release (ledger, false, u, 1, 0, 0);
        }
        assert_false (put_done (ledger, u + 1 + LEDGER_REACH, 1));
    }
    ledger_destroy (&ledger);
}

/* The bitmap names exactly the units that are whole, from the last released on. */
static void test_held_bitmap (void **state)
{
    (void) state;
    ledger_t *ledger = ledger_new ();
    char held[LEDGER_REACH / 8];
    assert_int_equal (ledger_held (ledger, held), 0);
    put_hit (ledger, 2, 1, 0, 0);
    put_done (ledger, 3, 1);
    put_done (ledger, 12, 1);
    assert_int_equal (ledger_held (ledger, held), 2);
    assert_int_equal (held[0], 1 << 3);
    assert_int_equal (held[1], 1 << 4);
    for (uint32_t u = 0; u < 3; u++) {
        put_done (ledger, u, 1);
        check_release (ledger, false, u, 1, 0, u == 2);
    }
    check_release (ledger, false, 3, 1, 0, 0);
    assert_int_equal (ledger_held (ledger, held), 2);
    assert_int_equal (held[0], 0);
    assert_int_equal (held[1], 1);
    ledger_destroy (&ledger);
}

/* Held bytes are those of the hits in memory: they fall when an attempt is replaced and when a unit
 * was read, and come back to 0. */
static void test_held_bytes (void **state)
{
    (void) state;
    ledger_t *ledger = ledger_new ();
    put_hit (ledger, 0, 1, 0, 0);
    uint64_t one = ledger_held_bytes (ledger);
    assert_true (one > 0 && one <= sizeof (hit_t));
    put_hit (ledger, 0, 1, 1, 2);
    assert_int_equal (ledger_held_bytes (ledger), 2 * one + 2 * sizeof (double));
    put_hit (ledger, 0, 2, 2, 0);
    assert_int_equal (ledger_held_bytes (ledger), one);
    put_hit (ledger, 0, 1, 3, 0);
    assert_int_equal (ledger_held_bytes (ledger), one);
    put_done (ledger, 0, 2);
    put_hit (ledger, 0, 3, 4, 0);
    assert_int_equal (ledger_held_bytes (ledger), one);
    check_release (ledger, false, 0, 2, 2, 1);
    check_nothing (ledger, false);
    assert_int_equal (ledger_held_bytes (ledger), 0);
    ledger_destroy (&ledger);
}

/* A unit's notes and symbol are copied: the message they came in may go. */
static void test_notes (void **state)
{
    (void) state;
    ledger_t *ledger = ledger_new ();
    char notes[2][WIRE_NOTE_MAX + 1] = {"first", "second"};
    wire_done_t done = {.attempt = 1,
                        .symbol = "BRK.B",
                        .note_count = 2,
                        .notes = (const char (*)[WIRE_NOTE_MAX + 1]) notes};
    ledger_done (ledger, &done);
    memset (notes, 'x', sizeof notes);
    memset (&done, 'x', sizeof done);
    ledger_unit_t unit;
    assert_true (ledger_release (ledger, false, &unit));
    assert_string_equal (unit.symbol, "BRK.B");
    assert_int_equal (unit.note_count, 2);
    assert_string_equal (unit.notes[0], "first");
    assert_string_equal (unit.notes[1], "second");
    ledger_destroy (&ledger);
}

/* A link takes each number once and in order, starts a newer session at its first message only, and
 * a gap is always that of the session it names: also when it is the first message that is missing. */
static void test_link (void **state)
{
    (void) state;
    link_t link = {0};
    const session_t a = {1, 9}, b = {2, 1}, c = {2, 2};
    assert_int_equal (link_take (&link, b, 1), LINK_FIRST);
    assert_int_equal (link_take (&link, b, 2), LINK_TAKE);
    assert_int_equal (link_take (&link, b, 2), LINK_OLD);
    assert_int_equal (link_take (&link, a, 1), LINK_OLD);
    assert_int_equal (link_take (&link, b, 4), LINK_GAP);
    assert_int_equal (link_take (&link, b, 3), LINK_GAP);
    assert_true (link.gap && link.last == 2);
    assert_int_equal (link_take (&link, c, 1), LINK_FIRST);
    assert_true (!link.gap && link.last == 1);
    const session_t d = {3, 1}, e = {3, 2};
    assert_int_equal (link_take (&link, d, 2), LINK_GAP);
    assert_true (link.gap && link.last == 0 && session_compare (link.session, d) == 0);
    assert_int_equal (link_take (&link, c, 2), LINK_OLD);
    assert_int_equal (link_take (&link, e, 1), LINK_FIRST);
    assert_false (link.gap);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_order),      cmocka_unit_test (test_one_attempt),
        cmocka_unit_test (test_voids),      cmocka_unit_test (test_gaps),
        cmocka_unit_test (test_reach),      cmocka_unit_test (test_held_bitmap),
        cmocka_unit_test (test_held_bytes), cmocka_unit_test (test_notes),
        cmocka_unit_test (test_link),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
