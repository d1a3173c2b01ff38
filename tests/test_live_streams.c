/* What Redis and its producers can do to a live run: rubbish, streams cut and emptied, a server that is not
 * there, or is another one. The other symbols' hits stay as they are, and it is said.
 */
#include "live_market.h"
#include "proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAID_MS = 10000, AT_ONCE_MS = 1000, LONG = 10 << 20, NAMES = 1000 };

#define PRICES "open 10 high 11 low 9 close 10 volume 100"

/* Starts it, and waits until candles came through and all is well. */
static void begin (live_case_t *self, const char *const *more)
{
    live_case_produce (self, "", LIVE_DAY_2, 20);
    live_case_start (self, more);
    live_case_wait (self, "candles>0 hits>0 unattached=0 shards_outstanding=0");
}

/* ---- rubbish */

/* XADDs to the symbol's stream what follows the id. */
static void add_text (live_case_t *self, const char *symbol, const char *fields)
{
    char id[PRODUCER_ID];
    char *command = memory_format ("XADD candles_min_%s %s %s", symbol,
                                   producer_next_id (self->producer, id), fields);
    redis_server_do (self->server, command);
    free (command);
}

/* XADDs an entry with one field that is long, its name or its value. */
static void add_long (live_case_t *self, const char *symbol, bool name)
{
    char id[PRODUCER_ID], *bytes = memory_new (LONG);
    memset (bytes, '7', LONG);
    producer_next_id (self->producer, id);
    redis_server_do (self->server, "XADD candles_min_%s %s symbol %s timestamp 1678114800000 %b %b",
                     symbol, id, symbol, name ? bytes : "open", name ? (size_t) LONG : (size_t) 4,
                     bytes, (size_t) LONG);
    free (bytes);
}

/* Entries that are no candles are counted and passed over, at any size; the candles between them give
 * their hits, and a candle of 2099 closes no date. */
static void test_rubbish (void **state)
{
    static const char *const rubbish[] = {
        "a b",
        "symbol %s",
        "symbol %s timestamp soon " PRICES,
        "symbol %s timestamp 1678114800001 " PRICES,
        "symbol %s timestamp -1 " PRICES,
        "symbol %s timestamp 99999999999999999999 " PRICES,
        "symbol %s timestamp 4076000400000 " PRICES, /* 2099 */
        "symbol %s timestamp 1678114800000 open x high 11 low 9 close 10 volume 100",
        "symbol %s timestamp 1678114800000 open nan high 11 low 9 close 10 volume 100",
        "symbol %s timestamp 1678114800000 open 10 high inf low 9 close 10 volume 100",
        "symbol %s timestamp 1678114800000 open 10 high 1e999 low 9 close 10 volume 100",
        "symbol %s timestamp 1678114800000 open 10 high 11 low 9 close 10 volume 1_000",
        "symbol ../%s timestamp 1678114800000 " PRICES,
        "symbol %s%%n%%s timestamp 1678114800000 " PRICES,
    };
    enum { COUNT = sizeof rubbish / sizeof *rubbish, TIMES = 3 };
    live_case_t *self = *state;
    buffer_t wanted = {0};
    begin (self, NULL);
    for (unsigned i = 0; i < COUNT * TIMES; i++) {
        const char *symbol = live_market_symbol (i);
        char *fields = memory_text (rubbish[i % COUNT]);
        char *at = strstr (fields, "%s");
        char *text = at ? memory_format ("%.*s%s%s", (int) (at - fields), fields, symbol, at + 2)
                        : memory_text (fields);
        add_text (self, symbol, text);
        live_case_produce (self, "", "9", 10 + 2 * i);
        free (text);
        free (fields);
    }
    add_long (self, live_market_symbol (0), false);
    add_long (self, live_market_symbol (1), true);
    buffer_printf (&wanted, "rejected=%d", COUNT * TIMES + 2);
    live_case_wait (self, wanted.bytes);
    assert_true (live_run_number (self->run, "broker_memory") < LIVE_MEMORY_MAX);
    live_case_finish (self);
    live_case_compare (self, NULL);
    buffer_free (&wanted);
}

/* A symbol's candles in a second stream are refused and counted: what they say does not count. */
static void test_a_symbol_in_two_streams (void **state)
{
    live_case_t *self = *state;
    begin (self, NULL);
    for (int i = 0; i < 100; i++) {
        redis_server_do (self->server,
                         "XADD candles_min_SECOND * symbol %s timestamp %lld open 1 high 900 low 1 "
                         "close 800 volume 1000000",
                         live_market_symbol (0), 1678114800000LL + i * 60000LL);
    }
    live_case_wait (self, "misplaced=100");
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* Streams without end are refused from --max-symbols on, and that is said; those that were there before
 * lose nothing. */
static void test_names_without_end (void **state)
{
    static const char *const more[] = {"--max-symbols", "20", NULL};
    live_case_t *self = *state;
    begin (self, more);
    for (int i = 0; i < NAMES; i++) {
        redis_server_do (self->server,
                         "XADD candles_min_N%d * symbol N%d timestamp 1678114800000 " PRICES, i, i);
    }
    live_case_says (self, "more than --max-symbols 20", SAID_MS);
    live_case_wait (self, "refused_streams>900 symbols<21");
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* ---- streams that lose entries */

/* The rows of a symbol and a date are those of the undisturbed run. */
static void compare_date (live_case_t *self, const char *symbol, const char *date)
{
    buffer_t why = {0};
    sink_rows_t *expected = live_run_rows (live_market_undisturbed (), LIVE_CSV),
                *actual = live_run_rows (self->run, LIVE_CSV);
    if (symbol) {
        sink_rows_keep (expected, symbol);
        sink_rows_keep (actual, symbol);
    }
    sink_rows_keep (expected, date);
    sink_rows_keep (actual, date);
    if (sink_rows_compare (expected, actual, &why) > 0) {
        buffer_append (&why, "", 1);
        fail_msg ("%s %s\n%s%s", symbol ? symbol : "", date, why.bytes, live_run_log (self->run));
    }
    buffer_free (&why);
    sink_rows_destroy (&expected);
    sink_rows_destroy (&actual);
}

/* A stream trimmed past its floor is named within a second; its symbol is right again the day after, the
 * others always. */
static void test_trimmed (void **state)
{
    live_case_t *self = *state;
    const char *symbol = live_market_symbol (2);
    begin (self, NULL);
    redis_server_do (self->server, "XTRIM candles_min_%s MAXLEN 3", symbol);
    int64_t trimmed_ms = live_case_now_ms ();
    live_case_says (self, "was trimmed", AT_ONCE_MS);
    print_message ("said after %d ms\n", (int) (live_case_now_ms () - trimmed_ms));
    live_case_finish (self);
    live_case_compare (self, symbol);
    compare_date (self, symbol, "2023-03-07");
    compare_date (self, symbol, "2023-03-08");
}

/* Ids that go backwards, as after a failover to a server that was behind, are said within a second; the
 * stream is read from its start. */
static void test_backwards (void **state)
{
    live_case_t *self = *state;
    const char *symbol = live_market_symbol (3);
    begin (self, NULL);
    redis_server_do (self->server, "DEL candles_min_%s", symbol);
    redis_server_do (self->server,
                     "XADD candles_min_%s 1000-1 symbol %s timestamp 1678114800000 " PRICES, symbol,
                     symbol);
    int64_t replaced_ms = live_case_now_ms ();
    live_case_says (self, "went backwards", AT_ONCE_MS);
    print_message ("said after %d ms\n", (int) (live_case_now_ms () - replaced_ms));
    live_case_wait (self, "backwards>0");
    live_case_finish (self);
    live_case_compare (self, symbol);
    compare_date (self, symbol, "2023-03-07");
    compare_date (self, symbol, "2023-03-08");
}

/* A server that comes back with nothing: dates that were whole before, or begin after, have their hits,
 * and the sink in it is filled again from the journal. */
static void test_an_empty_server (void **state)
{
    live_case_t *self = *state;
    begin (self, NULL);
    live_case_produce (self, LIVE_DAY_2, LIVE_DAY_3, 50);
    assert_true (live_run_settle (self->run, LIVE_RUN_MS));
    redis_server_kill (self->server);
    redis_server_again (self->server);
    live_case_finish (self);
    compare_date (self, NULL, "2023-03-06");
    compare_date (self, NULL, "2023-03-08");
    sink_rows_t *stream = live_run_rows (self->run, LIVE_STREAM),
                *journal = live_run_rows (self->run, LIVE_JOURNAL);
    assert_int_equal (sink_rows_count (stream), sink_rows_count (journal));
    sink_rows_destroy (&stream);
    sink_rows_destroy (&journal);
}

/* ---- servers that do not let it in */

/* Without a server it waits, says so, and begins when one comes. */
static void test_a_late_server (void **state)
{
    live_case_t *self = *state;
    redis_server_kill (self->server);
    live_case_start (self, NULL);
    live_case_says (self, "trying again", SAID_MS);
    redis_server_again (self->server);
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* A wrong password is said, and tried again with what the file says then. The user may only read, as
 * long as hits go elsewhere. */
static void test_a_wrong_password (void **state)
{
    live_case_t *self = *state;
    redis_server_t *other = redis_server_start (NULL);
    const char *more[] = {"--redis-user", "reader", "--redis-password-file", NULL, NULL};
    more[3] = stage_write (self->stage, "password", "wrong\n");
    self->plan.sink_url = redis_server_url (other);
    redis_server_do (self->server,
                     "ACL SETUSER reader on >right ~candles_min_* -@all +xread +xrange "
                     "+xinfo +scan +time +select +ping");
    redis_server_do (other, "ACL SETUSER reader on >right ~* +@all");
    live_case_start (self, more);
    live_case_says (self, "WRONGPASS", SAID_MS);
    live_case_produce (self, "", LIVE_DAY_2, 50);
    stage_write (self->stage, "password", "right\n");
    live_case_finish (self);
    live_case_compare (self, NULL);
    redis_server_destroy (&other);
}

/* ---- a sink's server that dies when it must not */

/* The server of the sink is killed, or the connection cut, when it has carried out an EXEC and not yet
 * said so: each hit is in the stream once. */
static void test_a_reply_withheld (void **state)
{
    static const char *const durable[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    live_case_t *self = *state;
    redis_server_t *other = redis_server_start (durable);
    char *path = stage_path (self->stage, "proxy");
    proxy_t *proxy = proxy_start (path, redis_server_url (other) + strlen ("unix://"));
    self->plan.sink_url = stage_text (self->stage, "unix://%s", path);
    begin (self, NULL);
    for (unsigned i = 1; i <= 6; i++) {
        proxy_arm (proxy);
        live_case_produce (self, "", "9", 15 * i);
        if (!proxy_holds (proxy, LIVE_RUN_MS)) {
            fail_msg ("round %u: no EXEC came\n%s", i, live_run_log (self->run));
        }
        if (i % 2 == 0) {
            redis_server_kill (other);
            redis_server_again (other);
        }
        proxy_cut (proxy);
    }
    live_case_finish (self);
    live_case_compare (self, NULL);
    proxy_stop (&proxy);
    redis_server_destroy (&other);
}

int main (void)
{
    if (!redis_server_is_there ()) {
        print_message ("no redis-server here\n");
        return 77;
    }
#define TEST(name) cmocka_unit_test_setup_teardown (name, live_case_open, live_case_close)
    const struct CMUnitTest tests[] = {
        TEST (test_rubbish),           TEST (test_a_symbol_in_two_streams),
        TEST (test_names_without_end), TEST (test_trimmed),
        TEST (test_backwards),         TEST (test_an_empty_server),
        TEST (test_a_late_server),     TEST (test_a_wrong_password),
        TEST (test_a_reply_withheld),
    };
    return cmocka_run_group_tests (tests, live_market_open, live_market_close);
}
