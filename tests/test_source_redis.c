/* Redis streams as a source, against a real server and a flow that notes what it is told. */
#include "source.h"

#include "check.h"
#include "fake_flow.h"
#include "memory.h"
#include "redis_server.h"
#include "spawn.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 20000
#define MANY    2000 /* streams that are swept */

typedef struct {
    redis_server_t *server;
    flow_t *flow;
    source_t source;
    bool stop;
} fixture_t;

static fixture_t *fixture_open (const char *const *arguments)
{
    fixture_t *self = memory_new (sizeof *self);
    self->server = redis_server_start (arguments);
    self->flow = memory_new (sizeof *self->flow);
    return self;
}

static void source_close (fixture_t *self)
{
    if (self->source.kind) {
        self->source.kind->destroy (self->source.self);
        self->source.kind = NULL;
    }
}

static void fixture_close (fixture_t *self)
{
    source_close (self);
    assert_int_equal (self->flow->disorder, 0);
    assert_int_equal (self->flow->unstamped, 0);
    fake_flow_free (self->flow);
    free (self->flow);
    redis_server_destroy (&self->server);
    free (self);
}

static void open_as (fixture_t *self, source_redis_config_t config)
{
    char error[256];
    config.url = redis_server_url (self->server);
    assert_int_equal (source_redis_open (&self->source, self->flow, &config, error, sizeof error),
                      0);
}

static void open_live (fixture_t *self, const char *streams)
{
    open_as (self, (source_redis_config_t){.streams = streams});
}

/* One turn, after a wait for what it waits for. */
static void turn (fixture_t *self)
{
    const source_kind_t *kind = self->source.kind;
    struct pollfd items[SOURCE_POLL_MAX];
    size_t count = kind->poll (self->source.self, items);
    assert_true (count <= SOURCE_POLL_MAX);
    int64_t due = kind->due_ms (self->source.self, mono_now ());
    poll (items, count, due >= 0 && due < 50 ? (int) due : 50);
    while (kind->turn (self->source.self, self->stop, mono_now ())) {
    }
}

/* Turns until the condition holds. */
#define WAIT_FOR(self, condition)                                                                  \
    do {                                                                                           \
        mono_t start_ = mono_now ();                                                               \
        while (!(condition)) {                                                                     \
            assert_true (mono_ms (start_, mono_now ()) < WAIT_MS);                                 \
            turn (self);                                                                           \
        }                                                                                          \
    } while (0)

static void turn_for (fixture_t *self, int64_t ms)
{
    mono_t start = mono_now ();
    while (mono_ms (start, mono_now ()) < ms) {
        turn (self);
    }
}

static source_counts_t counts_of (const fixture_t *self)
{
    source_counts_t counts;
    self->source.kind->counts (self->source.self, &counts);
    return counts;
}

static fake_stream_t *find (fixture_t *self, const char *name)
{
    return fake_flow_find (self->flow, name);
}

/* Entries of the stream passed on, rejected ones too; 0 when it is not there. */
static uint64_t passed (fixture_t *self, const char *name)
{
    const fake_stream_t *stream = find (self, name);
    return stream ? stream->entries + stream->skipped : 0;
}

static void add (fixture_t *self, const char *stream, const char *id, const char *symbol)
{
    redis_server_do (self->server,
                     "XADD %s %s symbol %s timestamp 1679059860000 open 1 high 2 low 1 close 1.5 "
                     "volume 100",
                     stream, id, symbol);
}

/* `count` entries at once. */
static void add_many (fixture_t *self, const char *stream, unsigned count)
{
    char *script = memory_format (
        "for i = 1, %u do redis.call ('XADD', '%s', '*', 'symbol', 'A', 'timestamp', "
        "'1679059860000', 'open', '1', 'high', '2', 'low', '1', 'close', '1.5', 'volume', '1') end "
        "return 1",
        count, stream);
    redis_server_do (self->server, "EVAL %s 0", script);
    free (script);
}

/* An entry with a field of `size` bytes. */
static void add_large (fixture_t *self, const char *stream, size_t size)
{
    char *bytes = memory_new (size);
    redis_server_do (self->server, "XADD %s * x %b symbol A", stream, bytes, size);
    free (bytes);
}

/* ---- opening ---- */

/* What is no URL and no list of patterns is refused with a line. */
static void test_wrong (void **state)
{
    (void) state;
    static const char *const streams[] = {"", ",", "a,", "a,,b", "a\n"};
    flow_t flow = {0};
    source_t source;
    char error[256] = "";
    source_redis_config_t config = {.url = "http://x", .streams = "a"};
    assert_int_equal (source_redis_open (&source, &flow, &config, error, sizeof error), -1);
    assert_true (strlen (error) > 0);
    config.url = "redis://h";
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        config.streams = streams[i];
        error[0] = '\0';
        assert_int_equal (source_redis_open (&source, &flow, &config, error, sizeof error), -1);
        assert_true (strlen (error) > 0);
    }
}

/* ---- which streams ---- */

/* Patterns find what is there and what comes later, and say what symbol to expect; a name is read as soon as
 * it exists; what cannot be a stream of ours is refused and counted once; other keys are left alone. */
static void test_patterns (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    char longer[200];
    memset (longer, 'x', sizeof longer);
    memcpy (longer, "p_", 2);
    longer[sizeof longer - 1] = '\0';
    add (self, "p_BRK.B", "*", "BRK.B");
    add (self, "p_.no", "*", "A");
    add (self, "p_tab\t", "*", "A");
    add (self, longer, "*", "A");
    add (self, "q1z", "*", "Z");
    add (self, "other", "*", "A");
    redis_server_do (self->server, "SET p_string x");
    open_live (self, "p_*,named,q?z");
    WAIT_FOR (self, self->flow->entries == 3);
    assert_true (find (self, "p_BRK.B")->has_symbol);
    assert_string_equal (find (self, "p_BRK.B")->symbol, "BRK.B");
    assert_string_equal (find (self, "p_BRK.B")->last_symbol, "BRK.B");
    assert_false (find (self, "p_.no")->has_symbol);
    assert_false (find (self, "q1z")->has_symbol);
    assert_false (find (self, "named")->exists);
    add (self, "named", "*", "N");
    add (self, "p_NEW", "*", "NEW");
    WAIT_FOR (self, passed (self, "named") == 1 && passed (self, "p_NEW") == 1);
    assert_string_equal (find (self, "p_NEW")->symbol, "NEW");
    turn_for (self, 2200); /* another round finds nothing new */
    assert_int_equal (self->flow->names.count, 5);
    assert_int_equal (counts_of (self).refused_streams, 2);
    assert_int_equal (counts_of (self).rejected, 0);
    fixture_close (self);
}

/* What lies before `begin` is not read; nor is that an id gone backwards. */
static void test_begin (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    add (self, "s", "1679059860000-0", "A");
    add (self, "s", "1679059920000-5", "A");
    add (self, "old", "1679059860000-0", "A");
    open_as (self, (source_redis_config_t){.streams = "s,old", .begin = {1679059920000, 0}});
    WAIT_FOR (self, passed (self, "s") == 1 && find (self, "old")->looks > 1);
    assert_int_equal (passed (self, "old"), 0);
    assert_int_equal (self->flow->backwards, 0);
    fixture_close (self);
}

/* ---- entries ---- */

/* Entries that are no candles are rejected, counted, and passed over; a large field that is not ours is no
 * harm; and one that no buffer holds costs a connection, but no entry beside it. */
static void test_rejected (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    add (self, "s", "*", "A");
    redis_server_do (self->server, "XADD s * a b");
    redis_server_do (self->server, "XADD s * symbol A timestamp 4070908800000 open 1 high 2 low 1 "
                                   "close 1 volume 1");
    redis_server_do (self->server, "XADD s * symbol A timestamp %b", "\0\xff\r\n$9", (size_t) 6);
    add_large (self, "s", 10u << 20);
    add (self, "s", "*", "../A");
    add (self, "s", "*", "B");
    open_live (self, "s,t");
    WAIT_FOR (self, passed (self, "s") == 7);
    assert_int_equal (find (self, "s")->entries, 2);
    assert_int_equal (counts_of (self).rejected, 5);
    assert_int_equal (counts_of (self).lost, 0);
    add (self, "t", "*", "A");
    add_large (self, "t", 40u << 20);
    add (self, "t", "*", "A");
    WAIT_FOR (self, passed (self, "t") == 3);
    assert_int_equal (find (self, "t")->entries, 2);
    assert_int_equal (counts_of (self).rejected, 6);
    assert_true (counts_of (self).lost > 0);
    add (self, "t", "*", "A");
    WAIT_FOR (self, passed (self, "t") == 4);
    fixture_close (self);
}

/* A backlog larger than a reply is read to its end, beside streams that have little. */
static void test_backlog (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    add_many (self, "a", 30000);
    add_many (self, "b", 10);
    open_live (self, "a,b,c");
    WAIT_FOR (self, self->flow->entries == 30010);
    add (self, "c", "*", "C");
    WAIT_FOR (self, self->flow->entries == 30011);
    assert_int_equal (counts_of (self).entries, 30011);
    WAIT_FOR (self, counts_of (self).caught_up);
    assert_int_equal (counts_of (self).lag_ms, 0);
    fixture_close (self);
}

/* Thousands of streams: each entry once, in order, whether few come or all at once. */
static void test_many_streams (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    char *script = memory_format (
        "for i = 1, %d do redis.call ('XADD', 'm_S' .. i, '*', 'symbol', 'A', 'timestamp', "
        "'1679059860000', 'open', '1', 'high', '2', 'low', '1', 'close', '1.5', 'volume', '1') end "
        "return 1",
        MANY);
    redis_server_do (self->server, "EVAL %s 0", script);
    open_live (self, "m_*");
    WAIT_FOR (self, self->flow->entries == MANY);
    for (uint64_t round = 2; round < 5; round++) {
        redis_server_do (self->server, "EVAL %s 0", script);
        WAIT_FOR (self, self->flow->entries == round * MANY);
    }
    for (uint64_t one = 1; one <= 20; one++) {
        add (self, one % 2 ? "m_S1999" : "m_S3", "*", "A");
        WAIT_FOR (self, self->flow->entries == 4 * MANY + one);
    }
    assert_int_equal (self->flow->names.count, MANY);
    free (script);
    fixture_close (self);
}

/* The clock of a stream that is read to its end is Redis' time, also when nothing comes; of one that is
 * not, its last entry's. */
static void test_clock (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    int64_t before_ms = strtoll (redis_server_do (self->server, "TIME"), NULL, 10) * 1000;
    add (self, "s", "1679059860000-0", "A");
    open_live (self, "s,empty");
    WAIT_FOR (self, passed (self, "s") == 1 && find (self, "empty")->clock_ms > 0);
    assert_true (find (self, "empty")->clock_ms >= before_ms);
    int64_t clock_ms = find (self, "empty")->clock_ms;
    WAIT_FOR (self, find (self, "empty")->clock_ms > clock_ms);
    WAIT_FOR (self, find (self, "s")->clock_ms >= before_ms);
    int64_t after_ms = (strtoll (redis_server_do (self->server, "TIME"), NULL, 10) + 1) * 1000;
    assert_true (find (self, "s")->clock_ms <= after_ms);
    fixture_close (self);
}

/* Of two brokers each reads the streams of its part: of symbols by their name, shared ones by what they are cut by. One
 * that is not cut is refused, once, and so is one that is cut in a number that two does not divide. */
static void test_cells (void **state)
{
    (void) state;
    for (unsigned i = 0; i < 2; i++) {
        fixture_t *self = fixture_open (NULL);
        char name[16], symbol[] = "A";
        self->flow->cell = (cell_t){i, 2};
        for (; *symbol <= 'H'; ++*symbol) {
            snprintf (name, sizeof name, "p_%s", symbol);
            add (self, name, "*", symbol);
        }
        add (self, "s:0/2", "*", "A");
        add (self, "s:3/4", "*", "A");
        add (self, "s:0/3", "*", "A");
        add (self, "mixed", "*", "A");
        open_live (self, "p_*,s:*,mixed");
        WAIT_FOR (self, passed (self, i == 0 ? "s:0/2" : "s:3/4") == 1);
        for (*symbol = 'A'; *symbol <= 'H'; ++*symbol) {
            snprintf (name, sizeof name, "p_%s", symbol);
            if (shard_of (symbol) % 2 == i) {
                WAIT_FOR (self, passed (self, name) == 1);
            } else {
                assert_null (find (self, name));
            }
        }
        assert_null (find (self, i == 0 ? "s:3/4" : "s:0/2"));
        assert_null (find (self, "s:0/3"));
        assert_null (find (self, "mixed"));
        assert_int_equal (counts_of (self).refused_streams, 2);
        fixture_close (self);
    }
}

/* ---- trouble ---- */

/* A key of another type spoils nothing but itself, and is read when it has become a stream. */
static void test_wrong_type (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    redis_server_do (self->server, "SET wrong x");
    add (self, "right", "*", "A");
    open_live (self, "wrong,right");
    WAIT_FOR (self, passed (self, "right") == 1);
    assert_int_equal (counts_of (self).refused_streams, 1);
    redis_server_do (self->server, "DEL wrong");
    add (self, "wrong", "*", "A");
    WAIT_FOR (self, passed (self, "wrong") == 1);
    redis_server_do (self->server, "DEL wrong");
    redis_server_do (self->server, "SET wrong y");
    add (self, "right", "*", "A");
    WAIT_FOR (self, passed (self, "right") == 2);
    assert_int_equal (counts_of (self).refused_streams, 2);
    fixture_close (self);
}

/* A server that comes back without its data: streams are said to be gone, and what is added is read on; ids
 * that begin anew are read from their start. */
static void test_restart (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    add (self, "forward", "2000000000000-0", "A");
    add (self, "back", "2000000000000-0", "A");
    open_live (self, "forward,back");
    WAIT_FOR (self, self->flow->entries == 2);
    redis_server_kill (self->server);
    WAIT_FOR (self, !counts_of (self).connected && counts_of (self).retries > 0);
    redis_server_again (self->server);
    WAIT_FOR (self, !find (self, "forward")->exists);
    add (self, "forward", "2000000000001-0", "A");
    add (self, "back", "1999999999999-0", "A");
    add (self, "back", "1999999999999-1", "A");
    WAIT_FOR (self, passed (self, "forward") == 2 && passed (self, "back") == 3);
    assert_int_equal (self->flow->backwards, 1);
    assert_int_equal (counts_of (self).lost, 3);
    assert_true (counts_of (self).connected);
    fixture_close (self);
}

/* After a reconnection nothing is read before all streams were looked at. */
static void test_looks_first (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    add (self, "s", "*", "A");
    open_live (self, "s,t");
    WAIT_FOR (self, passed (self, "s") == 1);
    for (int i = 2; i < 6; i++) {
        uint64_t looks = find (self, "t")->looks;
        redis_server_do (self->server, "CLIENT KILL TYPE normal SKIPME yes");
        add (self, "s", "*", "A");
        /* The read that waited may still have its answer: then the next one counts. */
        WAIT_FOR (self, passed (self, "s") == (uint64_t) i);
        WAIT_FOR (self, find (self, "t")->looks > looks);
    }
    assert_true (counts_of (self).lost >= 12);
    fixture_close (self);
}

/* Looks see what trimming left, and that all is gone. */
static void test_trimmed (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    add (self, "s", "5-0", "A");
    add (self, "s", "6-0", "A");
    add (self, "s", "7-0", "A");
    open_live (self, "s");
    WAIT_FOR (self, find (self, "s") && find (self, "s")->exists);
    assert_true (find (self, "s")->oldest.ms == 5 && find (self, "s")->newest.ms == 7);
    redis_server_do (self->server, "XTRIM s MAXLEN 1");
    WAIT_FOR (self, find (self, "s")->oldest.ms == 7);
    redis_server_do (self->server, "XTRIM s MAXLEN 0");
    WAIT_FOR (self, find (self, "s")->oldest.sequence == 1);
    assert_true (find (self, "s")->newest.ms == 7);
    redis_server_do (self->server, "DEL s");
    WAIT_FOR (self, !find (self, "s")->exists);
    fixture_close (self);
}

/* A user who may only read what we read is enough; one who lacks a command is refused, and is tried again
 * until he has it. The password comes from a file. */
static void test_access (void **state)
{
    (void) state;
    static const char *const arguments[] = {
        "--user", "reader",        "on",    ">secret", "%R~s",   "%R~p_*", "+xread", "+xinfo",
        "+time",  "+select",       "+ping", "+scan",   "--user", "half",   "on",     ">secret",
        "%R~s",   "+xinfo|stream", "+time", "+ping",   "+scan",  NULL};
    fixture_t *self = fixture_open (arguments);
    char *file = memory_format ("%s/password", redis_server_directory (self->server));
    file_write (file, "secret\n");
    add (self, "s", "*", "A");
    add (self, "p_A", "*", "A");
    open_as (self,
             (source_redis_config_t){.streams = "s,p_*", .user = "reader", .password_file = file});
    WAIT_FOR (self, self->flow->entries == 2);
    assert_int_equal (counts_of (self).retries, 0);
    source_close (self);
    fake_flow_free (self->flow);
    open_as (self, (source_redis_config_t){.streams = "s", .user = "half", .password_file = file});
    WAIT_FOR (self, counts_of (self).retries > 2);
    assert_true (counts_of (self).connected);
    assert_int_equal (self->flow->entries, 0);
    redis_server_do (self->server, "ACL SETUSER half +xread");
    WAIT_FOR (self, self->flow->entries == 1);
    assert_false (self->source.kind->failed (self->source.self));
    free (file);
    fixture_close (self);
}

/* ---- reading again ---- */

/* What the flow asks for is read again from where it says, as many as it says, rejected ones too; a stream that
 * is gone has none. */
static void test_again (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    flow_t *flow = self->flow;
    add (self, "s", "5-0", "A");
    add (self, "s", "1679059860000-0", "A");
    add (self, "s", "1679059860000-1", "A");
    add (self, "s", "1679059860000-2", "A");
    add (self, "t", "1679059860000-0", "A");
    open_live (self, "s,t,gone");
    WAIT_FOR (self, passed (self, "s") == 4 && passed (self, "t") == 1);
    fake_flow_ask (flow, "s", (entry_id_t){4, 0});
    fake_flow_ask (flow, "gone", (entry_id_t){0, 0});
    fake_flow_ask (flow, "t", (entry_id_t){0, 0});
    flow->read.entries = 3;
    flow->wants = true;
    WAIT_FOR (self, flow->again_ended == 1);
    assert_int_equal (flow->again_count[0], 3);
    assert_int_equal (flow->again_count[1], 0);
    assert_int_equal (flow->again_count[2], 1);
    assert_int_equal (flow->again_rejected, 1);
    assert_int_equal (flow->again, 3);
    assert_int_equal (flow->entries, 4); /* of the main reader, and it has not moved */
    fixture_close (self);
}

/* An entry that no buffer holds is rejected there too, and what is behind it comes. */
static void test_again_large (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    flow_t *flow = self->flow;
    add (self, "s", "*", "A");
    add_large (self, "s", 40u << 20);
    add (self, "s", "*", "A");
    add (self, "s", "*", "A");
    add (self, "t", "*", "A");
    open_live (self, "s,t");
    WAIT_FOR (self, passed (self, "s") == 4 && passed (self, "t") == 1);
    fake_flow_ask (flow, "s", (entry_id_t){0, 0});
    fake_flow_ask (flow, "t", (entry_id_t){0, 0});
    flow->read.entries = 3;
    flow->wants = true;
    WAIT_FOR (self, flow->again_ended == 1);
    assert_int_equal (flow->again_count[0], 3);
    assert_int_equal (flow->again_count[1], 1);
    assert_int_equal (flow->again_rejected, 1);
    assert_int_equal (flow->again_failed, 0);
    fixture_close (self);
}

/* While a request that holds is unanswered, the main reader passes nothing on: then it goes on. */
static void test_holds (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    flow_t *flow = self->flow;
    add_many (self, "s", 20000);
    open_live (self, "s,t");
    WAIT_FOR (self, passed (self, "s") == 20000 && counts_of (self).caught_up);
    fake_flow_ask (flow, "s", (entry_id_t){0, 0});
    flow->read.entries = 20000;
    flow->read.holds = true;
    flow->wants = true;
    flow->first_event = 0;
    self->source.kind->turn (self->source.self, false, mono_now ());
    assert_true (flow->given);
    add (self, "t", "*", "A");
    WAIT_FOR (self, passed (self, "t") == 1);
    assert_int_equal (flow->again_ended, 1);
    assert_int_equal (flow->again, 20000);
    assert_true (flow->again_event < flow->first_event);
    fixture_close (self);
}

/* A request that is under way when the connection is lost has failed: the flow asks again. */
static void test_again_lost (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    flow_t *flow = self->flow;
    add (self, "s", "*", "A");
    open_live (self, "s");
    WAIT_FOR (self, passed (self, "s") == 1 && counts_of (self).connected);
    redis_server_pause (self->server, true);
    fake_flow_ask (flow, "s", (entry_id_t){0, 0});
    flow->read.entries = 9;
    flow->wants = true;
    turn (self);
    assert_true (flow->given);
    redis_server_kill (self->server);
    WAIT_FOR (self, flow->again_failed == 1);
    assert_int_equal (flow->again_ended, 0);
    fixture_close (self);
}

/* Stopped, it passes on nothing new, and still reads again. */
static void test_stop (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    flow_t *flow = self->flow;
    add (self, "s", "*", "A");
    open_live (self, "s");
    WAIT_FOR (self, passed (self, "s") == 1);
    self->stop = true;
    add (self, "s", "*", "A");
    fake_flow_ask (flow, "s", (entry_id_t){0, 0});
    flow->read.entries = 9;
    flow->wants = true;
    WAIT_FOR (self, flow->again_ended == 1);
    turn_for (self, 300);
    assert_int_equal (flow->again, 2);
    assert_int_equal (passed (self, "s"), 1);
    fixture_close (self);
}

/* ---- replay ---- */

static bool is_over (const fixture_t *self)
{
    return self->source.kind->is_over (self->source.self);
}

/* A replay passes on the history as it is found at its start, in order, then it is over; its clock is the ids';
 * it waits while there is no room. */
static void test_replay (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    flow_t *flow = self->flow;
    add_many (self, "p_A", 5000);
    add (self, "p_B", "1679059860000-0", "B");
    add (self, "p_B", "1679059920000-0", "B");
    flow->full = true;
    open_as (self, (source_redis_config_t){.streams = "p_*,none", .is_replay = true});
    WAIT_FOR (self, find (self, "p_B") && find (self, "p_B")->looks > 0);
    turn_for (self, 200);
    assert_int_equal (flow->entries, 0);
    assert_false (is_over (self));
    add (self, "p_A", "*", "A");
    add (self, "p_C", "*", "C");
    flow->full = false;
    WAIT_FOR (self, is_over (self));
    assert_int_equal (passed (self, "p_A"), 5000);
    assert_int_equal (passed (self, "p_B"), 2);
    assert_true (find (self, "p_B")->clock_ms == 1679059920000);
    assert_null (find (self, "p_C"));
    assert_int_equal (find (self, "none")->clock_ms, 0);
    fixture_close (self);
}

/* Paced, an entry is passed on when its time has come: two seconds at ten times real time take 200 ms, and
 * entries of all streams come in the order of their arrival. */
static void test_paced (void **state)
{
    (void) state;
    fixture_t *self = fixture_open (NULL);
    flow_t *flow = self->flow;
    char id[40];
    for (unsigned i = 0; i < 20; i++) {
        snprintf (id, sizeof id, "%" PRIu64 "-0", UINT64_C (1679059900000) + i * 100);
        add (self, i % 2 ? "a" : "b", id, "A");
    }
    add (self, "c", "1679059901900-0", "A");
    open_as (self, (source_redis_config_t){.streams = "a,b,c", .is_replay = true, .speed = 10});
    WAIT_FOR (self, flow->entries == 1);
    mono_t start = mono_now ();
    while (!is_over (self)) {
        turn (self);
        int64_t ms = mono_ms (start, mono_now ());
        assert_true (ms < WAIT_MS);
        assert_true ((int64_t) flow->entries <= ms / 10 + 3 + (ms >= 185));
    }
    assert_in_range (mono_ms (start, mono_now ()), 180, 2000);
    assert_int_equal (flow->entries, 21);
    fixture_close (self);
}

int main (void)
{
    if (!redis_server_is_there ()) {
        return 77;
    }
    if (exchange_init () != 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_wrong),   cmocka_unit_test (test_patterns),
        cmocka_unit_test (test_begin),   cmocka_unit_test (test_rejected),
        cmocka_unit_test (test_backlog), cmocka_unit_test (test_many_streams),
        cmocka_unit_test (test_clock),   cmocka_unit_test (test_wrong_type),
        cmocka_unit_test (test_restart), cmocka_unit_test (test_looks_first),
        cmocka_unit_test (test_trimmed), cmocka_unit_test (test_access),
        cmocka_unit_test (test_again),   cmocka_unit_test (test_again_large),
        cmocka_unit_test (test_holds),   cmocka_unit_test (test_again_lost),
        cmocka_unit_test (test_stop),    cmocka_unit_test (test_replay),
        cmocka_unit_test (test_paced),   cmocka_unit_test (test_cells),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
