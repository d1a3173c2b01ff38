/* Every verdict that a link can give, and what it keeps. */
#include "link.h"

#include "check.h"

static const session_t none = {0, 0}, first = {100, 1}, second = {100, 2}, next_run = {101, 1};

static void check_state (const link_t *link, session_t session, uint64_t last, bool gap)
{
    assert_int_equal (session_compare (link->session, session), 0);
    assert_int_equal (link->last, last);
    assert_int_equal (link->gap, gap);
}

/* Sessions are ordered by epoch, then by counter, over the whole range of both. */
static void test_compare (void **state)
{
    (void) state;
    static const session_t rising[] = {{0, 0}, {0, 1},          {0, UINT64_MAX},
                                       {1, 0}, {UINT64_MAX, 0}, {UINT64_MAX, UINT64_MAX}};
    for (int i = 0; i < 6; i++) {
        for (int k = 0; k < 6; k++) {
            int order = session_compare (rising[i], rising[k]);
            assert_int_equal ((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
}

/* A session's messages are taken one after the other, the first of them as the first. */
static void test_in_order (void **state)
{
    (void) state;
    link_t link = {0};
    assert_int_equal (link_take (&link, first, 1), LINK_FIRST);
    for (uint64_t n = 2; n <= 1000; n++) {
        assert_int_equal (link_take (&link, first, n), LINK_TAKE);
    }
    check_state (&link, first, 1000, false);
}

/* A message that comes again changes nothing, and the link goes on. */
static void test_repeated (void **state)
{
    (void) state;
    link_t link = {first, 5, false};
    for (uint64_t n = 0; n <= 5; n++) {
        assert_int_equal (link_take (&link, first, n), LINK_OLD);
        check_state (&link, first, 5, false);
    }
    assert_int_equal (link_take (&link, first, 6), LINK_TAKE);
}

/* After a gap nothing more of the session is taken, not even the message that was missing; a newer
 * session heals it. */
static void test_gap (void **state)
{
    (void) state;
    link_t link = {first, 5, false};
    assert_int_equal (link_take (&link, first, 7), LINK_GAP);
    check_state (&link, first, 5, true);
    assert_int_equal (link_take (&link, first, 6), LINK_GAP);
    assert_int_equal (link_take (&link, first, 5), LINK_OLD);
    check_state (&link, first, 5, true);
    assert_int_equal (link_take (&link, second, 1), LINK_FIRST);
    check_state (&link, second, 1, false);
    assert_int_equal (link_take (&link, second, 2), LINK_TAKE);
}

/* What is left of ended sessions is ignored, whatever its number, in this run of the broker or the
 * one before. */
static void test_ended_sessions (void **state)
{
    (void) state;
    link_t link = {next_run, 3, false};
    static const uint64_t numbers[] = {0, 1, 3, 4, UINT64_MAX};
    for (int i = 0; i < 5; i++) {
        assert_int_equal (link_take (&link, first, numbers[i]), LINK_OLD);
        assert_int_equal (link_take (&link, (session_t){100, UINT64_MAX}, numbers[i]), LINK_OLD);
        assert_int_equal (link_take (&link, none, numbers[i]), LINK_OLD);
        check_state (&link, next_run, 3, false);
    }
}

/* A newer session begins with its first message, however the one before ended. */
static void test_new_sessions (void **state)
{
    (void) state;
    link_t link = {0};
    assert_int_equal (link_take (&link, first, 1), LINK_FIRST);
    assert_int_equal (link_take (&link, second, 1), LINK_FIRST);
    assert_int_equal (link_take (&link, second, 1), LINK_OLD);
    assert_int_equal (link_take (&link, (session_t){101, 0}, 1), LINK_FIRST);
    assert_int_equal (link_take (&link, next_run, 1), LINK_FIRST);
    check_state (&link, next_run, 1, false);
}

/* A newer session whose start was lost is a gap, on a link in use and on one that never was; its
 * later messages are not taken either. */
static void test_start_lost (void **state)
{
    (void) state;
    link_t links[] = {{none, 0, false}, {first, 9, false}, {first, 9, true}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal (link_take (&links[i], second, 2), LINK_GAP);
        check_state (&links[i], second, 0, true);
        assert_int_equal (link_take (&links[i], second, 3), LINK_GAP);
        assert_int_equal (link_take (&links[i], second, 1), LINK_GAP);
        assert_int_equal (link_take (&links[i], second, 0), LINK_OLD);
        check_state (&links[i], second, 0, true);
        assert_int_equal (link_take (&links[i], next_run, 1), LINK_FIRST);
        check_state (&links[i], next_run, 1, false);
    }
}

/* No session is {0, 0}: on a link that has received nothing it is not taken as the next. */
static void test_no_session (void **state)
{
    (void) state;
    link_t link = {0};
    static const uint64_t numbers[] = {0, 1, 2, UINT64_MAX};
    for (int i = 0; i < 4; i++) {
        assert_int_equal (link_take (&link, none, numbers[i]), LINK_OLD);
        check_state (&link, none, 0, false);
    }
}

/* The highest number has none after it: a link does not wrap to 0. */
static void test_highest_number (void **state)
{
    (void) state;
    link_t link = {first, UINT64_MAX - 1, false};
    assert_int_equal (link_take (&link, first, UINT64_MAX), LINK_TAKE);
    assert_int_equal (link_take (&link, first, 0), LINK_OLD);
    assert_int_equal (link_take (&link, first, UINT64_MAX), LINK_OLD);
    check_state (&link, first, UINT64_MAX, false);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_compare),        cmocka_unit_test (test_in_order),
        cmocka_unit_test (test_repeated),       cmocka_unit_test (test_gap),
        cmocka_unit_test (test_ended_sessions), cmocka_unit_test (test_new_sessions),
        cmocka_unit_test (test_start_lost),     cmocka_unit_test (test_no_session),
        cmocka_unit_test (test_highest_number),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
