/* What XREAD answers, as bytes, to candles or reasons; and what no Redis would answer. */
#include "redis_entries.h"

#include "check.h"
#include "memory.h"
#include "redis_info.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRIVAL 1679059865000 /* five seconds after the minute */

static const char *const names[] = {"s0", "s1", "s2"};
static const entry_id_t nowhere[3] = {{0, 0}, {0, 0}, {0, 0}};

typedef struct {
    redis_entries_t *entries;
    buffer_t left; /* what was not taken yet */
} fixture_t;

static fixture_t open_fixture (void)
{
    fixture_t self = {.entries = redis_entries_new ()};
    redis_entries_ask (self.entries, 3, names, nowhere, 10);
    return self;
}

static void close_fixture (fixture_t *self)
{
    buffer_free (&self->left);
    redis_entries_destroy (&self->entries);
    assert_null (self->entries);
}

/* Gives the reader bytes; true when that was a whole reply, `*bad` when it was a wrong one. */
static bool feed (fixture_t *self, const char *bytes, size_t size, bool *bad)
{
    size_t used;
    buffer_append (&self->left, bytes, size);
    int rc = redis_entries_read (self->entries, self->left.bytes, self->left.size, &used);
    assert_true (used <= self->left.size);
    self->left.size -= used;
    memmove (self->left.bytes, self->left.bytes + used, self->left.size);
    *bad = rc < 0;
    return rc > 0;
}

/* ---- replies ---- */

static void put_word (buffer_t *out, const char *text, size_t size)
{
    buffer_printf (out, "$%zu\r\n", size);
    buffer_append (out, text, size);
    buffer_append (out, "\r\n", 2);
}

static void put (buffer_t *out, const char *text)
{
    put_word (out, text, strlen (text));
}

/* An entry of fields "name=value name=value", a space between. */
static void put_entry (buffer_t *out, const char *id, const char *fields)
{
    size_t count = 0;
    for (const char *at = fields; *at; at++) {
        count += *at == '=';
    }
    buffer_printf (out, "*2\r\n");
    put (out, id);
    buffer_printf (out, "*%zu\r\n", 2 * count);
    while (*fields) {
        size_t name = strcspn (fields, "="), value = strcspn (fields + name + 1, " ");
        put_word (out, fields, name);
        put_word (out, fields + name + 1, value);
        fields += name + 1 + value;
        fields += *fields == ' ';
    }
}

#define GOOD "symbol=BRK.B timestamp=1679059860000 open=1.5 high=2 low=.5 close=1e0 volume=0"

/* One entry of the stream "s1" is judged: its row. */
static redis_entry_t judge (const char *fields)
{
    fixture_t self = open_fixture ();
    buffer_t bytes = {0};
    bool bad;
    size_t count;
    buffer_printf (&bytes, "*1\r\n*2\r\n");
    put (&bytes, "s1");
    buffer_printf (&bytes, "*1\r\n");
    put_entry (&bytes, "1679059865000-7", fields);
    assert_true (feed (&self, bytes.bytes, bytes.size, &bad));
    assert_int_equal (redis_entries_answer (self.entries), REDIS_ANSWER_ENTRIES);
    redis_entry_t row = *redis_entries_rows (self.entries, &count);
    assert_int_equal (count, 1);
    assert_int_equal (row.k, 1);
    assert_true (row.id.ms == ARRIVAL && row.id.sequence == 7);
    buffer_free (&bytes);
    close_fixture (&self);
    return row;
}

/* A candle comes out as it went in, whatever the order of its fields and whatever is between them. */
static void test_candle (void **state)
{
    (void) state;
    static const char *const forms[] = {
        GOOD, "vwap=7 volume=0 low=.5 x= close=1e0 high=2 open=1.5 n=100 timestamp=1679059860000 "
              "symbol=BRK.B"};
    for (int i = 0; i < 2; i++) {
        redis_entry_t row = judge (forms[i]);
        assert_int_equal (row.reason, REDIS_GOOD);
        assert_string_equal (row.symbol, "BRK.B");
        assert_int_equal (row.candle.ts, 1679059860);
        assert_true (row.candle.open == 1.5 && row.candle.high == 2 && row.candle.low == 0.5);
        assert_true (row.candle.close == 1 && row.candle.volume == 0);
    }
}

static void check_reason (const char *fields, redis_reason_t reason, const char *text)
{
    char is[REDIS_REASON_TEXT];
    redis_entry_t row = judge (fields);
    assert_int_equal (row.reason, reason);
    assert_string_equal (redis_entry_reason (&row, is), text);
}

/* GOOD with `field` given another value, or left out when that is NULL. */
static void check_other (const char *field, const char *value, redis_reason_t reason,
                         const char *text)
{
    const char *at = strstr (GOOD, field), *end = at + strcspn (at, " ");
    char *other =
        memory_format ("%.*s%s%s%s%s", (int) (at - GOOD), GOOD, value ? field : "",
                       value ? "=" : "", value ? value : "", value || !*end ? end : end + 1);
    check_reason (other, reason, text);
    free (other);
}

/* Each thing that can be wrong with an entry has its reason: the rules of a file's rows, and the clock. */
static void test_reasons (void **state)
{
    (void) state;
    check_other ("symbol", NULL, REDIS_FIELD_MISSING, "no field 'symbol'");
    check_other ("timestamp", NULL, REDIS_FIELD_MISSING, "no field 'timestamp'");
    check_other ("close", NULL, REDIS_FIELD_MISSING, "no field 'close'");
    check_reason (GOOD " high=2", REDIS_FIELD_TWICE, "field 'high' comes twice");
    check_reason ("a=b", REDIS_FIELD_MISSING, "no field 'symbol'");
    char digits[66];
    memset (digits, '1', 65);
    digits[65] = '\0';
    check_other ("open", digits, REDIS_FIELD_LONG, "field 'open' is longer than 64 bytes");
    check_other ("symbol", digits, REDIS_FIELD_LONG, "field 'symbol' is longer than 64 bytes");
    static const char *const numbers[] = {"", "x", "1x", "+", "nan", "inf", "1e999", "0x1", "1,5"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        check_other ("low", numbers[i], REDIS_NOT_NUMBER, "low is not a number");
        check_other ("volume", numbers[i], REDIS_NOT_NUMBER, "volume is not a number");
    }
    static const char *const symbols[] = {"", ".A", "A/B", "../A", "A\n"};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        check_other ("symbol", symbols[i], REDIS_NO_SYMBOL, "its symbol is none");
    }
    static const char *const times[] = {
        "", "-", "1679059860000.0", "1e12", "+1679059860000", "1679059860000000", "x"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        check_other ("timestamp", times[i], REDIS_NO_TIMESTAMP,
                     "timestamp is not a whole number of milliseconds");
    }
    check_other ("timestamp", "1679059860001", REDIS_NOT_MINUTE,
                 "timestamp is not on a full minute");
    check_other ("timestamp", "1679059859000", REDIS_NOT_MINUTE,
                 "timestamp is not on a full minute");
    check_other ("timestamp", "900000000000000", REDIS_NOT_DAY, "timestamp is not in 1900 to 2199");
    check_other ("timestamp", "-900000000000000", REDIS_NOT_DAY,
                 "timestamp is not in 1900 to 2199");
    check_other ("timestamp", "4070908800000", REDIS_AHEAD,
                 "it starts more than 5 minutes after its arrival");
    check_other ("open", "0", REDIS_PRICE, "price is not > 0");
    check_other ("close", "-1", REDIS_PRICE, "price is not > 0");
    check_other ("volume", "-0.5", REDIS_VOLUME, "volume is negative");
    check_other ("high", "0.4", REDIS_HIGH_LOW, "high is below low");
}

/* Exactly five minutes ahead of its arrival is not too far; the minute after is. Old is never too old. */
static void test_ahead (void **state)
{
    (void) state;
    check_other ("timestamp", "1679060160000", REDIS_GOOD, "good");
    check_other ("timestamp", "1679060220000", REDIS_AHEAD,
                 "it starts more than 5 minutes after its arrival");
    check_other ("timestamp", "60000", REDIS_GOOD, "good");
    check_other ("timestamp", "-60000", REDIS_GOOD, "good");
}

/* Entries of several streams come in one array, told by the request's numbers; streams without entries are
 * left out; the bytes may come one at a time. */
static void test_streams (void **state)
{
    (void) state;
    fixture_t self = open_fixture ();
    buffer_t bytes = {0};
    bool bad;
    buffer_printf (&bytes, "*2\r\n*2\r\n");
    put (&bytes, "s0");
    buffer_printf (&bytes, "*2\r\n");
    put_entry (&bytes, "5-1", "a=b");
    put_entry (&bytes, "5-2", GOOD);
    buffer_printf (&bytes, "*2\r\n");
    put (&bytes, "s2");
    buffer_printf (&bytes, "*1\r\n");
    put_entry (&bytes, "18446744073709551615-18446744073709551615", GOOD);
    for (size_t i = 0; i + 1 < bytes.size; i++) {
        assert_false (feed (&self, bytes.bytes + i, 1, &bad));
        assert_false (bad);
    }
    assert_true (feed (&self, bytes.bytes + bytes.size - 1, 1, &bad));
    size_t count;
    const redis_entry_t *rows = redis_entries_rows (self.entries, &count);
    assert_int_equal (count, 3);
    assert_true (rows[0].k == 0 && rows[0].id.sequence == 1);
    assert_int_equal (rows[0].reason, REDIS_FIELD_MISSING);
    assert_true (rows[1].k == 0 && rows[1].id.sequence == 2);
    assert_int_equal (rows[1].reason, REDIS_AHEAD);
    assert_true (rows[2].k == 2 && rows[2].id.ms == UINT64_MAX);
    assert_int_equal (rows[2].reason, REDIS_NO_ARRIVAL);
    buffer_free (&bytes);
    close_fixture (&self);
}

/* An entry as the one before is read in one go, and any other in its elements: what comes out is the same, where
 * ever the bytes are cut. */
static void test_whole (void **state)
{
    (void) state;
    enum { EACH = 60 };
    static const char *const others[] = {
        GOOD,
        GOOD,
        "vwap=1 " GOOD,
        GOOD " high=3",
        "symbol=A open=x",
        "a=b",
        "timestamp=1679059860000 symbol=X open=1 high=2 low=1 close=1 volume=3"};
    static const size_t cuts[] = {100000, 3000, 1023, 7};
    buffer_t bytes = {0};
    buffer_printf (&bytes, "*1\r\n*2\r\n");
    put (&bytes, "s0");
    buffer_printf (&bytes, "*%d\r\n", EACH);
    for (int i = 0; i < EACH; i++) {
        char id[ENTRY_ID_TEXT];
        entry_id_format ((entry_id_t){ARRIVAL + (uint64_t) i / 7, (uint64_t) i}, id);
        put_entry (&bytes, id, others[(i * i + i / 3) % 7]);
    }
    redis_entry_t first[EACH];
    for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
        fixture_t self = open_fixture ();
        bool bad, whole = false;
        size_t count;
        redis_entries_ask (self.entries, 3, names, nowhere, EACH);
        for (size_t i = 0; i < bytes.size; i += cuts[c]) {
            size_t left = bytes.size - i;
            whole = feed (&self, bytes.bytes + i, left < cuts[c] ? left : cuts[c], &bad);
            assert_int_equal (whole, left <= cuts[c]);
        }
        const redis_entry_t *rows = redis_entries_rows (self.entries, &count);
        assert_int_equal (count, EACH);
        for (int i = 0; i < EACH; i++) {
            if (c == 0) {
                first[i] = rows[i];
            }
            assert_int_equal (rows[i].reason, first[i].reason);
            assert_true (entry_id_compare (rows[i].id, first[i].id) == 0);
            if (rows[i].reason == REDIS_GOOD) {
                assert_string_equal (rows[i].symbol, first[i].symbol);
                assert_memory_equal (&rows[i].candle, &first[i].candle, sizeof (candle_t));
            }
        }
        close_fixture (&self);
    }
    buffer_free (&bytes);
}

/* Nothing found, a time and an error are told apart, and leave no rows of the reply before. */
static void test_answers (void **state)
{
    (void) state;
    fixture_t self = open_fixture ();
    bool bad;
    size_t count;
    assert_true (feed (&self, "*-1\r\n", 5, &bad));
    assert_int_equal (redis_entries_answer (self.entries), REDIS_ANSWER_ENTRIES);
    redis_entries_rows (self.entries, &count);
    assert_int_equal (count, 0);
    redis_entries_ask_time (self.entries);
    assert_true (feed (&self, "*2\r\n$10\r\n1679059865\r\n$6\r\n123456\r\n", 33, &bad));
    assert_int_equal (redis_entries_answer (self.entries), REDIS_ANSWER_TIME);
    assert_true (redis_entries_time_ms (self.entries) == 1679059865123);
    redis_entries_ask (self.entries, 3, names, nowhere, 10);
    assert_true (feed (&self, "-WRONGTYPE x\r\n", 14, &bad));
    assert_int_equal (redis_entries_answer (self.entries), REDIS_ANSWER_ERROR);
    assert_string_equal (redis_entries_error (self.entries), "WRONGTYPE x");
    close_fixture (&self);
}

/* What was not asked for is no answer: it ends the connection before anything is made of it. */
static void test_lies (void **state)
{
    (void) state;
    static const char *const lies[] = {
        "*4\r\n", /* streams */
        "*0\r\n",
        "*2000000000\r\n",
        ":1\r\n",
        "+OK\r\n",
        "$2\r\ns0\r\n",
        "*1\r\n*3\r\n",
        "*1\r\n$2\r\ns0\r\n",
        "*1\r\n*2\r\n$2\r\ns3\r\n",                         /* a stream that was not asked for */
        "*2\r\n*2\r\n$2\r\ns1\r\n*0\r\n*2\r\n$2\r\ns0\r\n", /* or out of order */
        "*2\r\n*2\r\n$2\r\ns1\r\n*0\r\n*2\r\n$2\r\ns1\r\n",
        "*1\r\n*2\r\n$2\r\ns0\r\n*11\r\n", /* entries */
        "*1\r\n*2\r\n$2\r\ns0\r\n$1\r\nx\r\n",
        "*1\r\n*2\r\n$2\r\ns0\r\n*-1\r\n",
        "*1\r\n*2\r\n$2\r\ns0\r\n*1\r\n*1\r\n",
        "*1\r\n*2\r\n$2\r\ns0\r\n*1\r\n*2\r\n$1\r\nx\r\n", /* an id */
        "*1\r\n*2\r\n$2\r\ns0\r\n*1\r\n*2\r\n$3\r\n0-0\r\n",
        "*1\r\n*2\r\n$2\r\ns0\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*0\r\n*2\r\n$3\r\n1-1\r\n",
        "*1\r\n*2\r\n$2\r\ns0\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*3\r\n", /* fields */
        "*1\r\n*2\r\n$2\r\ns0\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n",
        "*1\r\n*2\r\n$2\r\ns0\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n:1\r\n",
        "*1\r\n*2\r\n$2\r\ns0\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n*2\r\n",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        fixture_t self = open_fixture ();
        bool bad;
        assert_false (feed (&self, lies[i], strlen (lies[i]), &bad));
        assert_true (bad);
        close_fixture (&self);
    }
    static const char *const times[] = {"*3\r\n", "*-1\r\n", "*2\r\n$1\r\nx\r\n",
                                        "*2\r\n$2\r\n-1\r\n", "*2\r\n$12\r\n999999999999\r\n"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        fixture_t self = open_fixture ();
        bool bad;
        redis_entries_ask_time (self.entries);
        assert_false (feed (&self, times[i], strlen (times[i]), &bad));
        assert_true (bad);
        close_fixture (&self);
    }
}

/* Ids at or before those that were asked for are no answer either. */
static void test_after (void **state)
{
    (void) state;
    const entry_id_t after[] = {{7, 3}};
    static const char *const ids[] = {"7-3", "7-2", "6-9", "7-4"};
    for (int i = 0; i < 4; i++) {
        fixture_t self = open_fixture ();
        buffer_t bytes = {0};
        bool bad;
        redis_entries_ask (self.entries, 1, names, after, 1);
        buffer_printf (&bytes, "*1\r\n*2\r\n");
        put (&bytes, "s0");
        buffer_printf (&bytes, "*1\r\n");
        put_entry (&bytes, ids[i], GOOD);
        assert_int_equal (feed (&self, bytes.bytes, bytes.size, &bad), i == 3);
        buffer_free (&bytes);
        close_fixture (&self);
    }
}

/* Where a reply broke off, the entries before are there, and the one that is not whole is named. */
static void test_broken (void **state)
{
    (void) state;
    fixture_t self = open_fixture ();
    buffer_t bytes = {0};
    bool bad;
    uint32_t k;
    entry_id_t id;
    size_t count;
    assert_false (redis_entries_broken (self.entries, &k, &id));
    buffer_printf (&bytes, "*1\r\n*2\r\n");
    put (&bytes, "s1");
    buffer_printf (&bytes, "*3\r\n");
    put_entry (&bytes, "8-1", GOOD);
    size_t whole = bytes.size;
    buffer_printf (&bytes, "*2\r\n$3\r\n8-2\r\n*2\r\n$1\r\na\r\n$9000000\r\nxxx");
    assert_false (feed (&self, bytes.bytes, whole, &bad));
    assert_false (redis_entries_broken (self.entries, &k, &id));
    assert_false (feed (&self, bytes.bytes + whole, bytes.size - whole, &bad));
    assert_true (redis_entries_broken (self.entries, &k, &id));
    assert_true (k == 1 && id.ms == 8 && id.sequence == 2);
    redis_entries_rows (self.entries, &count);
    assert_int_equal (count, 1);
    buffer_free (&bytes);
    close_fixture (&self);
}

/* ---- XINFO ---- */

static redis_info_t read_info (const char *bytes, bool *whole)
{
    redis_info_t info = {0};
    void *reply = NULL;
    redisReader *reader = redisReaderCreateWithFunctions (redis_info_functions ());
    reader->privdata = &info;
    assert_int_equal (redisReaderFeed (reader, bytes, strlen (bytes)), REDIS_OK);
    *whole = redisReaderGetReply (reader, &reply) == REDIS_OK && reply;
    redisReaderFree (reader);
    return info;
}

#define INFO_ENTRY "*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"

/* The ids of a stream are found, with entries or without, in the forms of Redis 7 and of those before. */
static void test_info (void **state)
{
    (void) state;
    bool whole;
    entry_id_t oldest, newest;
    redis_info_t info =
        read_info ("*8\r\n$6\r\nlength\r\n:3\r\n$17\r\nlast-generated-id\r\n$3\r\n9-1\r\n"
                   "$11\r\nfirst-entry\r\n" INFO_ENTRY "$10\r\nlast-entry\r\n" INFO_ENTRY,
                   &whole);
    assert_true (whole && redis_info_ids (&info, &oldest, &newest));
    assert_true (oldest.ms == 5 && newest.ms == 9 && newest.sequence == 1);
    info = read_info ("*6\r\n$6\r\nlength\r\n:0\r\n$17\r\nlast-generated-id\r\n$3\r\n9-1\r\n"
                      "$11\r\nfirst-entry\r\n$-1\r\n",
                      &whole);
    assert_true (whole && redis_info_ids (&info, &oldest, &newest));
    assert_true (oldest.ms == 9 && oldest.sequence == 2);
    info = read_info ("-ERR no such key\r\n", &whole);
    assert_true (whole);
    assert_string_equal (info.error, "ERR no such key");
    info = read_info ("*8\r\n$6\r\nlength\r\n:3\r\n$17\r\nlast-generated-id\r\n$3\r\n9-1\r\n"
                      "$23\r\nrecorded-first-entry-id\r\n$3\r\n4-0\r\n"
                      "$11\r\nfirst-entry\r\n*2\r\n$3\r\n4-0\r\n*2\r\n$1\r\na\r\n$90000\r\nxx",
                      &whole);
    assert_true (!whole && redis_info_ids (&info, &oldest, &newest) && oldest.ms == 4);
    info = read_info ("*2000000000\r\n", &whole);
    assert_false (whole);
    assert_false (redis_info_ids (&info, &oldest, &newest));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_candle), cmocka_unit_test (test_reasons),
        cmocka_unit_test (test_ahead),  cmocka_unit_test (test_streams),
        cmocka_unit_test (test_whole),  cmocka_unit_test (test_answers),
        cmocka_unit_test (test_lies),   cmocka_unit_test (test_after),
        cmocka_unit_test (test_broken), cmocka_unit_test (test_info),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
