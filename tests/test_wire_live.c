/* What the messages of a live run refuse: every field that has a rule of its own, damaged. What is
 * refused in messages of all kinds is in test_wire_damage.c. */
#include "wires.h"

#include "check.h"
#include "shard.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- shards, generations, sequences */

static int read_shard_state (wire_shard_state_t state)
{
    wire_object_t object = wires_find (WIRE_LIVE_COLLECTOR)->object;
    object.live_collector.shards = &state;
    object.live_collector.shard_count = 1;
    return wires_read_object (&object);
}

static int read_owner (wire_owner_t owner)
{
    wire_object_t object = wires_find (WIRE_LIVE_BROKER)->object;
    object.live_broker.owners = &owner;
    object.live_broker.owner_count = 1;
    return wires_read_object (&object);
}

/* There are 256 shards; one above is refused wherever a shard is named. */
static void test_shards (void **state)
{
    (void) state;
    const uint32_t bad[] = {SHARD_COUNT, SHARD_COUNT + 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        REFUSED (WIRE_BEGIN, begin, shard = bad[i]);
        REFUSED (WIRE_REFERENCE, reference, shard = bad[i]);
        REFUSED (WIRE_CANDLES, candles, shard = bad[i]);
        REFUSED (WIRE_CLOCK, clock, shard = bad[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, shard = bad[i]);
        REFUSED (WIRE_PROGRESS, progress, shard = bad[i]);
        REFUSED (WIRE_YIELD, yield, shard = bad[i]);
        REFUSED (WIRE_STATE, state, shard = bad[i]);
        assert_int_equal (read_shard_state ((wire_shard_state_t){bad[i], 1, {1, 1}, 1, 0}), -1);
        assert_int_equal (read_owner ((wire_owner_t){bad[i], 1, {1, 1}}), -1);
    }
    ACCEPTED (WIRE_BEGIN, begin, shard = SHARD_COUNT - 1);
    ACCEPTED (WIRE_REFERENCE, reference, shard = SHARD_COUNT - 1);
    ACCEPTED (WIRE_CANDLES, candles, shard = 0);
    ACCEPTED (WIRE_CLOCK, clock, shard = SHARD_COUNT - 1);
    ACCEPTED (WIRE_LIVE_HIT, live_hit, shard = SHARD_COUNT - 1);
    ACCEPTED (WIRE_PROGRESS, progress, shard = 0);
}

/* An item is of a generation, whose numbers begin at 1; only the journal's shard may have none yet,
 * and then it has nothing of it. */
static void test_generations (void **state)
{
    (void) state;
    const session_t bad[] = {{0, 0}, {0, 1}, {1, 0}, {UINT64_MAX, 0}};
    for (size_t i = 0; i < 4; i++) {
        REFUSED (WIRE_BEGIN, begin, generation = bad[i]);
        REFUSED (WIRE_REFERENCE, reference, generation = bad[i]);
        REFUSED (WIRE_CANDLES, candles, generation = bad[i]);
        REFUSED (WIRE_CLOCK, clock, generation = bad[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, generation = bad[i]);
        REFUSED (WIRE_PROGRESS, progress, generation = bad[i]);
        REFUSED (WIRE_YIELD, yield, generation = bad[i]);
        REFUSED (WIRE_STATE, state, generation = bad[i]);
        assert_int_equal (read_owner ((wire_owner_t){1, 1, bad[i]}), -1);
        assert_int_equal (read_shard_state ((wire_shard_state_t){1, 1, bad[i], 0, 0}),
                          i == 0 ? 1 : -1);
        assert_int_equal (read_shard_state ((wire_shard_state_t){1, 1, bad[i], 1, 0}), -1);
    }
    ACCEPTED (WIRE_BEGIN, begin, generation = ((session_t){1, 1}));
    ACCEPTED (WIRE_PROGRESS, progress, generation = ((session_t){UINT64_MAX, UINT64_MAX}));
    assert_int_equal (read_owner ((wire_owner_t){1, 1, {1, 1}}), 1);
    assert_int_equal (read_shard_state ((wire_shard_state_t){1, 0, {1, 1}, 0, 0}), 1);
}

/* A state is there and has a bound; a generation that begins with none begins with sequence 0. */
static void test_states (void **state)
{
    (void) state;
    char *bytes = memory_new (WIRE_STATE_MAX + 1);
    const wire_bytes_t most = {bytes, WIRE_STATE_MAX}, more = {bytes, WIRE_STATE_MAX + 1},
                       none = {NULL, 0};
    REFUSED (WIRE_STATE, state, bytes = none);
    REFUSED (WIRE_STATE, state, bytes = more);
    ACCEPTED (WIRE_STATE, state, bytes = most);
    ACCEPTED (WIRE_STATE, state, sequence = 0);
    ACCEPTED (WIRE_YIELD, yield, sequence = 0);
    REFUSED (WIRE_BEGIN, begin, state = more);
    ACCEPTED (WIRE_BEGIN, begin, state = most);
    REFUSED (WIRE_BEGIN, begin, state = none);
    ACCEPTED (WIRE_BEGIN, begin, state = none; object.begin.sequence = 0);
    free (bytes);
}

/* Items that are numbered are numbered from 1, and so are PLACES; KNOWN from 0. Both name an
 * epoch. */
static void test_sequences (void **state)
{
    (void) state;
    REFUSED (WIRE_CANDLES, candles, sequence = 0);
    REFUSED (WIRE_CLOCK, clock, sequence = 0);
    REFUSED (WIRE_PROGRESS, progress, sequence = 0);
    ACCEPTED (WIRE_CANDLES, candles, sequence = 1);
    ACCEPTED (WIRE_CLOCK, clock, sequence = 1);
    ACCEPTED (WIRE_PROGRESS, progress, sequence = 1);
    REFUSED (WIRE_PLACES, places, number = 0);
    ACCEPTED (WIRE_PLACES, places, number = 1);
    ACCEPTED (WIRE_KNOWN, places, number = 0);
    REFUSED (WIRE_PLACES, places, epoch = 0);
    REFUSED (WIRE_KNOWN, places, epoch = 0);
}

/* Phases, contents and scans that there are not are refused. */
static void test_numbers (void **state)
{
    (void) state;
    ACCEPTED (WIRE_LIVE_BROKER, live_broker, phase = WIRE_PHASE_RUN);
    REFUSED (WIRE_LIVE_BROKER, live_broker, phase = WIRE_PHASE_EXIT + 1);
    REFUSED (WIRE_LIVE_HIT, live_hit, hit.scan = SCANS_MAX);
    wire_reference_file_t file = {WIRE_PARTITION + 1, 0, "", {NULL, 0}};
    REFUSED (WIRE_REFERENCE, reference, files = &file; object.reference.file_count = 1);
}

/* ---- times and dates */

/* Times in milliseconds, and stamps in microseconds, are not before 1970, nor so late that a sum of them could overflow. */
static void test_milliseconds (void **state)
{
    (void) state;
    const int64_t bad[] = {-1, INT64_MIN, WIRE_MS_MAX + 1, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        REFUSED (WIRE_LIVE_WELCOME, live_welcome, since_ms = bad[i]);
        REFUSED (WIRE_LIVE_WELCOME, live_welcome, candle_timeout_ms = bad[i]);
        REFUSED (WIRE_LIVE_WELCOME, live_welcome, day_timeout_ms = bad[i]);
        REFUSED (WIRE_LIVE_COLLECTOR, live_collector, since_ms = bad[i]);
        REFUSED (WIRE_CLOCK, clock, clock_ms = bad[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, arrival_ms = bad[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, stamp_us = bad[i]);
        REFUSED (WIRE_CANDLES, candles, stamp_us = bad[i]);
        REFUSED (WIRE_PROGRESS, progress, stamp_us = bad[i]);
    }
    const int64_t good[] = {0, WIRE_MS_MAX};
    for (size_t i = 0; i < 2; i++) {
        ACCEPTED (WIRE_LIVE_WELCOME, live_welcome, since_ms = good[i]);
        ACCEPTED (WIRE_LIVE_COLLECTOR, live_collector, since_ms = good[i]);
        ACCEPTED (WIRE_CLOCK, clock, clock_ms = good[i]);
        ACCEPTED (WIRE_LIVE_HIT, live_hit, arrival_ms = good[i]);
        ACCEPTED (WIRE_LIVE_HIT, live_hit, stamp_us = good[i]);
        ACCEPTED (WIRE_CANDLES, candles, stamp_us = good[i]);
        ACCEPTED (WIRE_PROGRESS, progress, stamp_us = good[i]);
    }
}

static int read_place (const char *stream, day_t closed, day_t day)
{
    int result = 0;
    wire_place_t place = {"A", "", closed, day, {1, 2}};
    strcpy (place.stream, stream);
    static const wire_kind_t kinds[] = {WIRE_PLACES, WIRE_KNOWN};
    for (size_t i = 0; i < 2; i++) {
        wire_object_t object = wires_find (kinds[i])->object;
        object.places.symbols = &place;
        object.places.symbol_count = 1;
        int read = wires_read_object (&object);
        assert_true (i == 0 || read == result);
        result = read;
    }
    return result;
}

static int read_file (wire_content_t content, day_t key)
{
    wire_object_t object = wires_find (WIRE_REFERENCE)->object;
    wire_reference_file_t file = {content, key, "", {NULL, 0}};
    object.reference.files = &file;
    object.reference.file_count = 1;
    return wires_read_object (&object);
}

/* Dates outside 1900-2199 are refused, and none at all where one must be. */
static void test_dates (void **state)
{
    (void) state;
    const day_t bad[] = {DAY_FIRST - 1, DAY_LAST + 1, DAY_NONE + 1, INT32_MAX, DAY_NONE};
    for (size_t i = 0; i < 5; i++) {
        int none = bad[i] == DAY_NONE ? 1 : -1;
        wire_closed_t closed = {"A", bad[i]};
        wire_split_t split = {bad[i], 1};
        REFUSED (WIRE_LIVE_WELCOME, live_welcome, holiday_count = 1;
                 object.live_welcome.holidays = &bad[i]);
        REFUSED (WIRE_BEGIN, begin, symbols = &closed; object.begin.symbol_count = 1);
        REFUSED (WIRE_REFERENCE, reference, day = bad[i]);
        REFUSED (WIRE_REFERENCE, reference, splits = &split; object.reference.split_count = 1);
        REFUSED (WIRE_LIVE_HIT, live_hit, day = bad[i]);
        assert_int_equal (read_place ("s", bad[i], DAY_LAST), none);
        assert_int_equal (read_place ("s", DAY_FIRST, bad[i]), none);
        assert_int_equal (read_file (WIRE_PARTITION, bad[i]), -1);
        assert_int_equal (read_file (WIRE_FUNDAMENTALS, bad[i]), none);
    }
    const day_t good[] = {DAY_FIRST, DAY_LAST};
    for (size_t i = 0; i < 2; i++) {
        ACCEPTED (WIRE_REFERENCE, reference, day = good[i]);
        ACCEPTED (WIRE_LIVE_HIT, live_hit, day = good[i]);
        assert_int_equal (read_place ("s", good[i], DAY_NONE), 1);
        assert_int_equal (read_place ("s", DAY_NONE, good[i]), 1);
    }
    /* an open date lies behind those that are closed */
    assert_int_equal (read_place ("s", 100, 101), 1);
    assert_int_equal (read_place ("s", 100, 100), -1);
    assert_int_equal (read_place ("s", 100, 99), -1);
    assert_int_equal (read_place ("s", DAY_NONE, DAY_NONE), 1);
    /* a year of daily candles begins with its first day */
    assert_int_equal (read_file (WIRE_PARTITION, day_from (2023, 1, 1)), 1);
    assert_int_equal (read_file (WIRE_PARTITION, day_from (2023, 1, 2)), -1);
    assert_int_equal (read_file (WIRE_FUNDAMENTALS, day_from (2023, 1, 2)), 1);
    const int64_t times[] = {(DAY_FIRST - 2) * (int64_t) 86400, (DAY_LAST + 3) * (int64_t) 86400,
                             INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        REFUSED (WIRE_LIVE_HIT, live_hit, hit.ts = times[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, hit.candle.ts = times[i]);
    }
}

/* ---- texts and lists */

/* A stream has a name, of 120 bytes at most. */
static void test_streams (void **state)
{
    (void) state;
    char longest[WIRE_STREAM_MAX + 1] = "";
    memset (longest, 's', WIRE_STREAM_MAX);
    assert_int_equal (read_place ("", 0, 1), -1);
    assert_int_equal (read_place (longest, 0, 1), 1);
    wire_stream_place_t stream = {"", {1, 2}};
    REFUSED (WIRE_PLACES, places, streams = &stream; object.places.stream_count = 1);
    strcpy (stream.stream, longest);
    ACCEPTED (WIRE_PLACES, places, streams = &stream; object.places.stream_count = 1);

    wire_object_t object = wires_find (WIRE_KNOWN)->object;
    object.places.streams = &stream;
    object.places.stream_count = 1;
    buffer_t message = {0};
    wires_put (&message, &object);
    char *name = memchr (message.bytes, 0xd9, message.size);
    assert_int_equal (name[1], WIRE_STREAM_MAX);
    name[1]++;
    buffer_append (&message, "\0", 1); /* its second number; the first is now a part of the name */
    assert_int_equal (wires_read (message.bytes, message.size), -1);
    buffer_free (&message);
}

/* Lists with a bound are refused one above it. */
static void test_list_limits (void **state)
{
    (void) state;
    static const char scans[SCANS_MAX + 1][SCAN_TEXT_MAX];
    static const char notes[WIRE_NOTES_MAX + 1][WIRE_NOTE_MAX + 1];
    static const wire_shard_state_t shards[SHARD_COUNT + 1];
    static wire_owner_t owners[SHARD_COUNT + 1];
    static wire_place_t places[WIRE_PLACES_MAX + 1];
    static wire_stream_place_t streams[WIRE_PLACES_MAX + 1];
    for (size_t i = 0; i < SHARD_COUNT + 1; i++) {
        owners[i].generation = (session_t){1, 1};
    }
    for (size_t i = 0; i < WIRE_PLACES_MAX + 1; i++) {
        places[i] = (wire_place_t){"A", "s", 0, 1, {0, 0}};
        streams[i] = (wire_stream_place_t){"s", {0, 0}};
    }
    for (size_t more = 0; more < 2; more++) {
        int expected = more ? -1 : 1;
        CHANGED (WIRE_LIVE_WELCOME, live_welcome, scan_count = SCANS_MAX + more;
                 object.live_welcome.scans = scans, expected);
        CHANGED (WIRE_LIVE_WORKER, live_worker, note_count = WIRE_NOTES_MAX + more;
                 object.live_worker.notes = notes, expected);
        CHANGED (WIRE_LIVE_COLLECTOR, live_collector, shard_count = SHARD_COUNT + more;
                 object.live_collector.shards = shards, expected);
        CHANGED (WIRE_LIVE_BROKER, live_broker, owner_count = SHARD_COUNT + more;
                 object.live_broker.owners = owners, expected);
        CHANGED (WIRE_PLACES, places, symbol_count = WIRE_PLACES_MAX + more;
                 object.places.symbols = places, expected);
        CHANGED (WIRE_KNOWN, places, stream_count = WIRE_PLACES_MAX + more;
                 object.places.streams = streams, expected);
    }
}

/* A symbol's files are few and not large; the largest that may be fit a message, with something to
 * spare. */
static void test_files (void **state)
{
    (void) state;
    char *bytes = memory_new (WIRE_REFERENCE_FILE_MAX + 1);
    wire_reference_file_t files[WIRE_REFERENCE_FILES + 1];
    for (size_t i = 0; i < WIRE_REFERENCE_FILES + 1; i++) {
        files[i] = (wire_reference_file_t){
            WIRE_FUNDAMENTALS, DAY_NONE, "", {bytes, WIRE_REFERENCE_FILE_MAX}};
    }
    wire_object_t object = wires_find (WIRE_REFERENCE)->object;
    object.reference.files = files;
    object.reference.file_count = WIRE_REFERENCE_FILES;
    buffer_t message = {0};
    wires_put (&message, &object);
    assert_in_range (message.size, 4u << 20, WIRE_MESSAGE_MAX - (1u << 19));
    assert_int_equal (wires_read (message.bytes, message.size), 1);
    buffer_free (&message);
    files[1].bytes.size++;
    assert_int_equal (wires_read_object (&object), -1);
    for (size_t i = 0; i < WIRE_REFERENCE_FILES + 1; i++) {
        files[i].bytes.size = 0;
    }
    object.reference.file_count++;
    assert_int_equal (wires_read_object (&object), -1);
    free (bytes);
}

/* ---- hits */

/* A hit's candle is of finite numbers; its columns may be missing. A split's factor is positive. */
static void test_not_finite (void **state)
{
    (void) state;
    const double bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        REFUSED (WIRE_LIVE_HIT, live_hit, hit.candle.open = bad[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, hit.candle.high = bad[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, hit.candle.low = bad[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, hit.candle.close = bad[i]);
        REFUSED (WIRE_LIVE_HIT, live_hit, hit.candle.volume = bad[i]);
        ACCEPTED (WIRE_LIVE_HIT, live_hit, hit.values[0] = bad[i]);
    }
    const double factors[] = {NAN, INFINITY, -INFINITY, 0, -0.0, -1};
    for (size_t i = 0; i < 6; i++) {
        wire_split_t splits[] = {{0, 1}, {1, factors[i]}};
        REFUSED (WIRE_REFERENCE, reference, splits = splits);
    }
}

/* A hit needs its candle, and has no more columns than a scan can have. */
static void test_hit_fields (void **state)
{
    (void) state;
    wire_object_t hit = wires_find (WIRE_LIVE_HIT)->object;
    hit.live_hit.hit.value_count = 0;
    buffer_t message = {0};
    wires_put (&message, &hit);
    assert_int_equal ((unsigned char) message.bytes[0], 0xdc);
    assert_int_equal (wires_read (message.bytes, message.size), 1);
    message.bytes[2]--; /* the volume goes */
    assert_int_equal (wires_read (message.bytes, message.size - 9), -1);
    buffer_free (&message);

    hit.live_hit.hit.value_count = SCAN_COLUMNS_MAX;
    wires_put (&message, &hit);
    assert_int_equal (wires_read (message.bytes, message.size), 1);
    message.bytes[2]++;
    buffer_append (&message, "\xcb\0\0\0\0\0\0\0\0", 9);
    assert_int_equal (wires_read (message.bytes, message.size), -1);
    buffer_free (&message);
}

/* ---- candles */

/* Every column of candles has a row for each symbol's index, in whole numbers, and every index is
 * one of a symbol. */
static void test_columns (void **state)
{
    (void) state;
    const wire_candles_t *candles = &wires_find (WIRE_CANDLES)->object.candles;
    for (size_t i = 0; i < WIRE_CANDLE_COLUMNS; i++) {
        char rows[32] = {0};
        memcpy (rows, candles->columns[i].bytes, 24);
        memcpy (rows + 24, candles->columns[i].bytes, 8);
        const size_t sizes[] = {0, 16, 23, 25, 32};
        for (size_t k = 0; k < 5; k++) {
            REFUSED (WIRE_CANDLES, candles, columns[i] = ((wire_bytes_t){rows, sizes[k]}));
        }
        ACCEPTED (WIRE_CANDLES, candles, columns[i] = ((wire_bytes_t){rows, 24}));
    }
    static const char indices[16];
    const size_t sizes[] = {0, 8, 11, 13, 15, 16};
    for (size_t i = 0; i < 6; i++) {
        REFUSED (WIRE_CANDLES, candles, symbol = ((wire_bytes_t){indices, sizes[i]}));
    }
    ACCEPTED (WIRE_CANDLES, candles, symbol = ((wire_bytes_t){indices, 12}));
    REFUSED (WIRE_CANDLES, candles, symbol = ((wire_bytes_t){"\1\0\0\0\0\0\0\0\3\0\0\0", 12}));
    REFUSED (WIRE_CANDLES, candles, symbol = ((wire_bytes_t){"\0\0\0\1\0\0\0\0\1\0\0\0", 12}));
    REFUSED (WIRE_CANDLES, candles,
             symbol = ((wire_bytes_t){"\xff\xff\xff\xff\0\0\0\0\1\0\0\0", 12}));
    REFUSED (WIRE_CANDLES, candles, symbol_count = 0);
    ACCEPTED (WIRE_CANDLES, candles,
              symbol = ((wire_bytes_t){"\2\0\0\0\2\0\0\0\0\0\0\0", 12})); /* one is known */
    ACCEPTED (WIRE_CANDLES, candles, known = UINT32_MAX);
}

/* Rows that are sent make the same bytes as their columns. */
static void test_rows (void **state)
{
    (void) state;
    const wire_candles_t *candles = &wires_find (WIRE_CANDLES)->object.candles;
    wire_row_t rows[8];
    assert_in_range (candles->count, 2, 8);
    memset (rows, 0xee, sizeof rows); /* what lies between is not sent */
    for (size_t row = 0; row < candles->count; row++) {
        memcpy (&rows[row].symbol, candles->symbol.bytes + row * 4, 4);
        for (size_t i = 0; i < WIRE_CANDLE_COLUMNS; i++) {
            memcpy ((char *) &rows[row] + i * 8, candles->columns[i].bytes + row * 8, 8);
        }
    }
    wire_candles_t head = *candles;
    head.symbol = (wire_bytes_t){0};
    memset (head.columns, 0, sizeof head.columns);
    buffer_t columns = {0}, bytes = {0};
    wire_put_candles (&columns, candles);
    wire_put_candle_rows (&bytes, &head, rows);
    assert_int_equal (bytes.size, columns.size);
    assert_memory_equal (bytes.bytes, columns.bytes, columns.size);
    buffer_free (&columns);
    buffer_free (&bytes);
}

/* Reads the example's candles with 8 other bytes in one row of one column. */
static int read_cell (wire_column_t column, int row, const void *value)
{
    wire_object_t object = wires_find (WIRE_CANDLES)->object;
    char rows[24];
    memcpy (rows, object.candles.columns[column].bytes, sizeof rows);
    memcpy (rows + (ptrdiff_t) (8 * row), value, 8);
    object.candles.columns[column].bytes = rows;
    return wires_read_object (&object);
}

/* A candle's time is a full minute of an accepted date, its arrival a time that can be reckoned
 * with: in every row. */
static void test_candle_times (void **state)
{
    (void) state;
    const int64_t good[] = {0, -60, 1678714260, WIRE_TS_FIRST, WIRE_TS_LAST};
    const int64_t bad[] = {1,
                           59,
                           -1,
                           -59,
                           1678714201,
                           WIRE_TS_FIRST - 60,
                           WIRE_TS_FIRST + 1,
                           WIRE_TS_LAST + 60,
                           WIRE_TS_LAST - 1,
                           INT64_MIN,
                           INT64_MAX,
                           INT64_MIN / 60 * 60,
                           INT64_MAX / 60 * 60};
    const int64_t arrivals[] = {-1, WIRE_MS_MAX + 1, INT64_MIN, INT64_MAX};
    for (int row = 0; row < 3; row++) {
        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
            assert_int_equal (read_cell (WIRE_COLUMN_TS, row, &good[i]), 1);
        }
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            assert_int_equal (read_cell (WIRE_COLUMN_TS, row, &bad[i]), -1);
        }
        for (size_t i = 0; i < sizeof arrivals / sizeof *arrivals; i++) {
            assert_int_equal (read_cell (WIRE_COLUMN_ARRIVAL, row, &arrivals[i]), -1);
        }
        assert_int_equal (read_cell (WIRE_COLUMN_ARRIVAL, row, &(int64_t){0}), 1);
        assert_int_equal (read_cell (WIRE_COLUMN_ARRIVAL, row, &(int64_t){1}), 1);
        assert_int_equal (read_cell (WIRE_COLUMN_ARRIVAL, row, &(int64_t){WIRE_MS_MAX}), 1);
    }
}

/* The times that are accepted are those of the accepted dates: not a minute more or less. */
static void test_candle_dates (void **state)
{
    (void) state;
    assert_int_equal (exchange_init (), 0);
    assert_int_equal (exchange_midnight (DAY_FIRST), WIRE_TS_FIRST);
    assert_int_equal (exchange_midnight (DAY_LAST + 1), WIRE_TS_LAST + 60);
}

/* Prices are finite and positive, volumes finite and not negative, no high is below its low: in
 * every row. */
static void test_candle_numbers (void **state)
{
    (void) state;
    const double never[] = {NAN, -NAN, INFINITY, -INFINITY, -0x1p-1074, -1};
    for (int row = 0; row < 3; row++) {
        for (wire_column_t column = WIRE_COLUMN_OPEN; column <= WIRE_COLUMN_VOLUME; column++) {
            for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
                assert_int_equal (read_cell (column, row, &never[i]), -1);
            }
            int zero = column == WIRE_COLUMN_VOLUME ? 1 : -1;
            assert_int_equal (read_cell (column, row, &(double){0.0}), zero);
            assert_int_equal (read_cell (column, row, &(double){-0.0}), zero);
        }
        assert_int_equal (read_cell (WIRE_COLUMN_OPEN, row, &(double){0x1p-1074}), 1);
        assert_int_equal (read_cell (WIRE_COLUMN_CLOSE, row, &(double){0x1.fffffffffffffp1023}), 1);
    }
    /* the first row: low 10.25, high 11 */
    assert_int_equal (read_cell (WIRE_COLUMN_HIGH, 0, &(double){10.25}), 1);
    assert_int_equal (read_cell (WIRE_COLUMN_HIGH, 0, &(double){10.2}), -1);
    assert_int_equal (read_cell (WIRE_COLUMN_LOW, 0, &(double){11}), 1);
    assert_int_equal (read_cell (WIRE_COLUMN_LOW, 0, &(double){11.1}), -1);
    /* the second: both the least number there is */
    assert_int_equal (read_cell (WIRE_COLUMN_LOW, 1, &(double){1}), -1);
}

/* Columns are read where they lie in the message, at any alignment, and come back as they were. */
static void test_in_place (void **state)
{
    (void) state;
    enum { ROWS = 20000, SYMBOLS = 300 };
    static char symbols[SYMBOLS][SYMBOL_MAX + 1];
    static uint32_t symbol[ROWS];
    static int64_t ts[ROWS], arrival[ROWS];
    static double prices[ROWS];
    for (uint32_t i = 0; i < SYMBOLS; i++) {
        snprintf (symbols[i], sizeof symbols[i], "S%u", i);
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        symbol[i] = i % SYMBOLS;
        ts[i] = 1678714200 + 60 * (i / SYMBOLS);
        arrival[i] = ts[i] * 1000 + i;
        prices[i] = 1 + i / 7.0;
    }
    const wire_bytes_t price = {(char *) prices, sizeof prices};
    wire_object_t object = {WIRE_CANDLES,
                            .candles = {.shard = 1,
                                        .generation = {1, 1},
                                        .sequence = 1,
                                        .symbol_count = SYMBOLS,
                                        .symbols = (const char (*)[SYMBOL_MAX + 1]) symbols,
                                        .count = ROWS,
                                        .symbol = {(char *) symbol, sizeof symbol},
                                        .columns = {{(char *) ts, sizeof ts},
                                                    {(char *) arrival, sizeof arrival},
                                                    price,
                                                    price,
                                                    price,
                                                    price,
                                                    price}}};
    wire_reader_t *reader = wire_reader_new ();
    for (size_t shift = 0; shift < 8; shift++) {
        buffer_t message = {0};
        buffer_append (&message, "\0\0\0\0\0\0\0\0", shift);
        wires_put (&message, &object);
        wire_object_t read;
        wire_reader_begin (reader, message.bytes + shift, message.size - shift);
        assert_int_equal (wire_next (reader, &read), 1);
        assert_true (wires_same (&object, &read));
        assert_ptr_equal (read.candles.columns[WIRE_COLUMN_VOLUME].bytes + sizeof prices,
                          message.bytes + message.size - 1); /* the stamp: 0 */
        assert_int_equal (wire_next (reader, &read), 0);
        buffer_free (&message);
    }
    wire_reader_destroy (&reader);
}

/* A full PLACES, all texts as long as they may be, fits a message and comes back. */
static void test_full_places (void **state)
{
    (void) state;
    static wire_place_t places[WIRE_PLACES_MAX];
    static wire_stream_place_t streams[WIRE_PLACES_MAX];
    const entry_id_t last = {UINT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < WIRE_PLACES_MAX; i++) {
        places[i] = (wire_place_t){.closed = DAY_FIRST, .day = DAY_LAST, .floor = last};
        memset (places[i].symbol, 'S', SYMBOL_MAX);
        memset (places[i].stream, 's', WIRE_STREAM_MAX);
        streams[i].position = last;
        memset (streams[i].stream, 's', WIRE_STREAM_MAX);
    }
    wire_object_t object = {WIRE_KNOWN, .places = {UINT64_MAX, UINT64_MAX, true, WIRE_PLACES_MAX,
                                                   places, WIRE_PLACES_MAX, streams}};
    buffer_t message = {0};
    wires_put (&message, &object);
    assert_in_range (message.size, 1, WIRE_MESSAGE_MAX);
    wire_reader_t *reader = wire_reader_new ();
    wire_object_t read;
    wire_reader_begin (reader, message.bytes, message.size);
    assert_int_equal (wire_next (reader, &read), 1);
    assert_true (wires_same (&object, &read));
    wire_reader_destroy (&reader);
    buffer_free (&message);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_shards),         cmocka_unit_test (test_generations),
        cmocka_unit_test (test_states),         cmocka_unit_test (test_sequences),
        cmocka_unit_test (test_numbers),        cmocka_unit_test (test_milliseconds),
        cmocka_unit_test (test_dates),          cmocka_unit_test (test_streams),
        cmocka_unit_test (test_list_limits),    cmocka_unit_test (test_files),
        cmocka_unit_test (test_not_finite),     cmocka_unit_test (test_hit_fields),
        cmocka_unit_test (test_columns),        cmocka_unit_test (test_candle_times),
        cmocka_unit_test (test_rows),           cmocka_unit_test (test_candle_dates),
        cmocka_unit_test (test_candle_numbers), cmocka_unit_test (test_in_place),
        cmocka_unit_test (test_full_places),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
