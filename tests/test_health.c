/* What a process says of itself, and what those who ask are answered. */
#include "check.h"

#include "health.h"
#include "http_address.h"
#include "log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const mono_t start = {INT64_C (5000000)};

static mono_t later (int64_t ms)
{
    return (mono_t){start.us + ms * 1000};
}

static void expect_alive (const health_t *health, mono_t now, bool alive, const char *text)
{
    buffer_t said = {0};
    assert_int_equal (health_is_alive (health, now, &said), alive);
    assert_int_equal (health_is_alive (health, now, NULL), alive);
    buffer_append (&said, "", 1);
    assert_string_equal (said.bytes, text);
    buffer_free (&said);
}

static void expect_ready (const health_t *health, mono_t now, bool ready, const char *text)
{
    buffer_t said = {0};
    assert_int_equal (health_is_ready (health, now, &said), ready);
    assert_int_equal (health_is_ready (health, now, NULL), ready);
    buffer_append (&said, "", 1);
    assert_string_equal (said.bytes, text);
    buffer_free (&said);
}

/* A process that starts is alive, and not ready before it says so. */
static void test_start (void **state)
{
    (void) state;
    health_t health;
    health_init (&health, start);
    expect_alive (&health, start, true, "ok");
    expect_ready (&health, start, false, "starting");
    health_say (&health, (health_state_t){.reason = HEALTH_READY});
    expect_ready (&health, start, true, "ok");
}

/* Every reason but "ready" is not ready, with a text of its own, and the process is alive. */
static void test_reasons (void **state)
{
    (void) state;
    char *seen[HEALTH_REASONS] = {NULL};
    health_t health;
    health_init (&health, start);
    for (int reason = 0; reason < HEALTH_REASONS; reason++) {
        buffer_t text = {0};
        health_say (&health, (health_state_t){.reason = (health_reason_t) reason});
        assert_int_equal (health_is_ready (&health, start, &text), reason == HEALTH_READY);
        expect_alive (&health, start, true, "ok");
        buffer_append (&text, "", 1);
        assert_true (text.size > 2);
        seen[reason] = text.bytes;
        for (int other = 0; other < reason; other++) {
            assert_string_not_equal (seen[other], seen[reason]);
        }
    }
    for (int reason = 0; reason < HEALTH_REASONS; reason++) {
        free (seen[reason]);
    }
}

/* A reason that counts says how many; a count that does not fit is the largest. */
static void test_counts (void **state)
{
    (void) state;
    health_t health;
    health_init (&health, start);
    health_say (&health, (health_state_t){HEALTH_READ_AGAIN, 12});
    expect_ready (&health, start, false, "symbols are read again: 12");
    health_say (&health, (health_state_t){HEALTH_SINK_BEHIND, health_count (UINT64_MAX)});
    expect_ready (&health, start, false, "rows that a sink is behind: 4294967295");
    assert_int_equal (health_count (7), 7);
}

/* A loop that stands still for 10 s is neither alive nor ready, whatever it said; one turn mends it. */
static void test_still (void **state)
{
    (void) state;
    health_t health;
    health_init (&health, start);
    health_say (&health, (health_state_t){.reason = HEALTH_READY});
    expect_alive (&health, later (HEALTH_ALIVE_MS - 1), true, "ok");
    expect_ready (&health, later (HEALTH_ALIVE_MS - 1), true, "ok");
    expect_alive (&health, later (HEALTH_ALIVE_MS), false, "the loop has not turned for 10 s");
    expect_ready (&health, later (HEALTH_ALIVE_MS), false, "the loop has not turned for 10 s");
    health_turned (&health, later (HEALTH_ALIVE_MS));
    expect_alive (&health, later (HEALTH_ALIVE_MS), true, "ok");
    expect_ready (&health, later (2 * HEALTH_ALIVE_MS - 1), true, "ok");
    expect_alive (&health, later (2 * HEALTH_ALIVE_MS), false, "the loop has not turned for 10 s");
}

/* Says two states in turn, until it is told to end. */
typedef struct {
    health_t health;
    atomic_bool over;
} shared_t;

static void *say_in_turn (void *argument)
{
    shared_t *shared = argument;
    while (!atomic_load (&shared->over)) {
        health_say (&shared->health, (health_state_t){HEALTH_READ_AGAIN, 11});
        health_say (&shared->health, (health_state_t){HEALTH_SINKS_FAIL, 22});
    }
    return NULL;
}

/* Who asks from another thread never gets the reason of one state with the count of another. */
static void test_threads (void **state)
{
    (void) state;
    shared_t shared;
    pthread_t thread;
    size_t seen[2] = {0};
    health_init (&shared.health, start);
    atomic_init (&shared.over, false);
    assert_int_equal (pthread_create (&thread, NULL, say_in_turn, &shared), 0);
    while (seen[0] < 100 || seen[1] < 100) {
        buffer_t text = {0};
        health_is_ready (&shared.health, start, &text);
        buffer_append (&text, "", 1);
        bool first = strcmp (text.bytes, "symbols are read again: 11") == 0;
        bool second = strcmp (text.bytes, "sinks fail: 22") == 0;
        assert_true (first || second || strcmp (text.bytes, "starting") == 0);
        seen[0] += first;
        seen[1] += second;
        buffer_free (&text);
    }
    atomic_store (&shared.over, true);
    pthread_join (thread, NULL);
}

static void expect_address (const char *text, const char *host, uint16_t port)
{
    http_address_t address;
    assert_true (http_address_read (text, &address));
    assert_true (http_address_check (text));
    assert_string_equal (address.host, host);
    assert_int_equal (address.port, port);
}

/* A port alone is one of this machine only; the rest is as it is written. */
static void test_addresses (void **state)
{
    (void) state;
    expect_address ("9090", "127.0.0.1", 9090);
    expect_address ("0.0.0.0:1", "0.0.0.0", 1);
    expect_address ("*:65535", "0.0.0.0", 65535);
    expect_address ("worker-3.workers:9090", "worker-3.workers", 9090);
    expect_address ("[::1]:9090", "[::1]", 9090);
    assert_true (http_address_check (NULL));
}

/* What is no address is refused. */
static void test_no_addresses (void **state)
{
    (void) state;
    static const char *const wrong[] = {"",      "0",          "65536",       "x",        ":9090",
                                        "a b:1", "127.0.0.1:", "127.0.0.1:x", "http://a", "9090/",
                                        "a/b:1", "-1",         " 9090"};
    http_address_t address;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false (http_address_read (wrong[i], &address));
        assert_false (http_address_check (wrong[i]));
    }
}

int main (void)
{
    log_init ("test_health", LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_start),        cmocka_unit_test (test_reasons),
        cmocka_unit_test (test_counts),       cmocka_unit_test (test_still),
        cmocka_unit_test (test_threads),      cmocka_unit_test (test_addresses),
        cmocka_unit_test (test_no_addresses),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
