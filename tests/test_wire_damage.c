/* Damaged and hostile messages: all are refused, and nothing is read beyond their end. Messages lie
 * in blocks of just their size, so that a sanitizer sees a byte too far. */
#include "wires.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static buffer_t example_bytes (size_t i)
{
    buffer_t message = {0};
    wires_put (&message, &wires[i].object);
    return message;
}

/* ---- damage */

/* No message that was cut short is taken, wherever it was cut. */
static void test_truncated (void **state)
{
    (void) state;
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t message = example_bytes (i);
        assert_int_equal (wires_read (message.bytes, message.size), 1);
        assert_int_equal (wires_read (message.bytes, 0), 0);
        for (size_t size = 1; size < message.size; size++) {
            assert_int_equal (wires_read (message.bytes, size), -1);
        }
        buffer_free (&message);
    }
}

/* Of a message of several objects those before the damage are read, then it is refused. */
static void test_rest_refused (void **state)
{
    (void) state;
    buffer_t message = example_bytes (0);
    buffer_append (&message, "\x94\x13", 2);
    wire_reader_t *reader = wire_reader_new ();
    wire_object_t object;
    wire_reader_begin (reader, message.bytes, message.size);
    assert_int_equal (wire_next (reader, &object), 1);
    assert_int_equal (wire_next (reader, &object), -1);
    assert_int_equal (wire_next (reader, &object), -1);
    wire_reader_destroy (&reader);
    buffer_free (&message);
}

/* What follows an object that was refused is not read as if it stood alone. */
static void test_refusal_stays (void **state)
{
    (void) state;
    buffer_t message = {0};
    buffer_append (&message, "\x94\x7f\x01\x00\x00", 5); /* of an unknown kind */
    wires_put (&message, &wires[0].object);
    wire_reader_t *reader = wire_reader_new ();
    wire_object_t object;
    wire_reader_begin (reader, message.bytes, message.size);
    assert_int_equal (wire_next (reader, &object), -1);
    assert_int_equal (wire_next (reader, &object), -1);
    wire_reader_destroy (&reader);
    buffer_free (&message);
}

/* Any byte may become any other: the message is refused or read, and no more happens. */
static void test_mutated (void **state)
{
    (void) state;
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t message = example_bytes (i);
        for (size_t at = 0; at < message.size; at++) {
            char before = message.bytes[at];
            for (int byte = 0; byte < 256; byte++) {
                message.bytes[at] = (char) byte;
                int result = wires_read (message.bytes, message.size);
                assert_in_range (result + 1, 0, 2);
            }
            message.bytes[at] = before;
        }
        buffer_free (&message);
    }
}

/* ---- values replaced, added and removed on every level */

/* A value inside a message. */
typedef struct {
    size_t start, end;
    size_t head; /* bytes before the first element */
    int depth;   /* arrays around it */
    bool is_array, is_number;
    size_t count; /* elements */
} value_t;

typedef struct {
    value_t values[200];
    size_t count;
} values_t;

/* Lists the value at `at` and all within it; the address behind it. Knows what the examples hold. */
static size_t list_values (values_t *self, const buffer_t *message, size_t at, int depth)
{
    const unsigned char *bytes = (const unsigned char *) message->bytes;
    value_t *value = &self->values[self->count++];
    unsigned char tag = bytes[at];
    *value = (value_t){.start = at, .head = 1, .depth = depth};
    size_t end = at + 1;
    if (tag <= 0x7f || tag >= 0xe0) {
        value->is_number = true;
    } else if (tag >= 0x90 && tag <= 0x9f) {
        value->is_array = true;
        value->count = tag & 15;
    } else if (tag == 0xdc) {
        value->is_array = true;
        value->count = (size_t) (bytes[at + 1] << 8 | bytes[at + 2]);
        value->head = 3;
        end = at + 3;
    } else if (tag >= 0xa0 && tag <= 0xbf) {
        end += tag & 31;
    } else if (tag >= 0xcb && tag <= 0xd3) {
        static const size_t sizes[] = {8, 1, 2, 4, 8, 1, 2, 4, 8};
        value->is_number = tag != 0xcb;
        end += sizes[tag - 0xcb];
    } else if (tag == 0xc4) {
        end += 1 + (size_t) bytes[at + 1];
    } else if (tag == 0xc6) {
        end += 4 + (size_t) bytes[at + 4];
    } else {
        assert_in_range (tag, 0xc2, 0xc3);
    }
    for (size_t i = 0; i < value->count; i++) {
        end = list_values (self, message, end, depth + 1);
    }
    value->end = end;
    return end;
}

/* The message with the bytes from `start` to `end` replaced. */
static int read_replaced (const buffer_t *message, size_t start, size_t end, const char *bytes,
                          size_t size)
{
    buffer_t changed = {0};
    buffer_append (&changed, message->bytes, start);
    buffer_append (&changed, bytes, size);
    buffer_append (&changed, message->bytes + end, message->size - end);
    int result = wires_read (changed.bytes, changed.size);
    buffer_free (&changed);
    return result;
}

/* Whether both are tags of one type. */
static bool same_type (const value_t *value, unsigned char tag, unsigned char other)
{
    if (value->is_number) {
        return other <= 0x7f || other >= 0xe0;
    }
    if (value->is_array) {
        return other >= 0x90 && other <= 0x9f;
    }
    if (tag >= 0xa0 && tag <= 0xbf) {
        return other >= 0xa0 && other <= 0xbf;
    }
    if (tag == 0xc2 || tag == 0xc3) {
        return other == 0xc2;
    }
    return tag == other || (tag == 0xc6 && other == 0xc4);
}

/* In each field of each kind a value of any other type is refused, also types that this format does
 * not know (nil, maps, extensions, short floating point numbers). */
static void test_wrong_types (void **state)
{
    (void) state;
    static const struct {
        char bytes[10];
        size_t size;
    } others[] = {
        {"\x01", 1},
        {"\xff", 1},
        {"\xc2", 1},
        {"\xcb\0\0\0\0\0\0\0\0", 9},
        {"\xa1"
         "A",
         2},
        {"\xc4\1A", 3},
        {"\x90", 1},
        {"\xc0", 1},
        {"\x80", 1},
        {"\xca\0\0\0\0", 5},
        {"\xd4\1\0", 3},
        {"\xc1", 1},
    };
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t message = example_bytes (i);
        values_t values = {0};
        assert_int_equal (list_values (&values, &message, 0, 0), message.size);
        for (size_t k = 0; k < values.count; k++) {
            const value_t *value = &values.values[k];
            unsigned char tag = (unsigned char) message.bytes[value->start];
            for (size_t n = 0; n < sizeof others / sizeof *others; n++) {
                if (!same_type (value, tag, (unsigned char) others[n].bytes[0])) {
                    assert_int_equal (read_replaced (&message, value->start, value->end,
                                                     others[n].bytes, others[n].size),
                                      -1);
                }
            }
        }
        buffer_free (&message);
    }
}

/* The array with `added` nils behind its elements (1), or without its last one (-1). */
static int read_resized (const buffer_t *message, const values_t *values, const value_t *array,
                         int added)
{
    size_t end = array->end;
    if (added < 0) {
        for (size_t i = 0; i < values->count; i++) {
            const value_t *value = &values->values[i];
            if (value->depth == array->depth + 1 && value->end == array->end) {
                end = value->start;
            }
        }
    }
    size_t count = added < 0 ? array->count - 1 : array->count + 1;
    buffer_t bytes = {0};
    char head[3] = {(char) 0xdc, (char) (count >> 8), (char) count};
    buffer_append (&bytes, head, sizeof head);
    buffer_append (&bytes, message->bytes + array->start + array->head,
                   end - array->start - array->head);
    if (added > 0) {
        buffer_append (&bytes, "\xc0", 1);
    }
    int result = read_replaced (message, array->start, array->end, bytes.bytes, bytes.size);
    buffer_free (&bytes);
    return result;
}

/* One field too many or too few is refused: in the object, and in each tuple within (on every other
 * level; between them are lists, which may have any length, and a hit's columns, which may too). */
static void test_number_of_fields (void **state)
{
    (void) state;
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t message = example_bytes (i);
        values_t values = {0};
        list_values (&values, &message, 0, 0);
        for (size_t k = 0; k < values.count; k++) {
            const value_t *value = &values.values[k];
            if (!value->is_array) {
                continue;
            }
            assert_int_equal (read_resized (&message, &values, value, 1), -1);
            bool is_hit = wires[i].object.kind == WIRE_HIT || wires[i].object.kind == WIRE_LIVE_HIT;
            if (value->depth % 2 == 0 && !is_hit) {
                assert_int_equal (read_resized (&message, &values, value, -1), -1);
            } else if (value->count > 0) {
                assert_int_equal (read_resized (&message, &values, value, -1),
                                  wires[i].object.kind == WIRE_CANDLES ? -1 : 1);
            }
        }
        buffer_free (&message);
    }
}

/* A hit needs its candle: without one of its fixed fields it is refused. */
static void test_hit_cut (void **state)
{
    (void) state;
    wire_object_t hit = wires_find (WIRE_HIT)->object;
    hit.hit.hit.value_count = 0;
    buffer_t message = {0};
    wires_put (&message, &hit);
    assert_int_equal (wires_read (message.bytes, message.size), 1);
    message.bytes[0] = (char) 0x9c; /* the volume goes */
    assert_int_equal (wires_read (message.bytes, message.size - 9), -1);
    buffer_free (&message);
}

/* A need with a field too many is refused before its partitions are read: there is no room for
 * them. */
static void test_need_of_wrong_size (void **state)
{
    (void) state;
    enum { PARTITIONS = 5000 };
    static partition_t partitions[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) {
        partitions[i] = (partition_t){FREQUENCY_1D, 0};
    }
    wire_need_t need = {1, 1, PARTITIONS, partitions};
    wire_object_t object = {WIRE_WORKER_STATE, .worker_state = {.need_count = 1, .needs = &need}};
    buffer_t message = {0};
    wires_put (&message, &object);
    char *list = memchr (message.bytes, 0x91, message.size);
    assert_int_equal ((unsigned char) list[1], 0x93);
    list[1] = (char) 0x94;
    buffer_append (&message, "\xc0", 1);
    assert_int_equal (wires_read (message.bytes, message.size), -1);
    buffer_free (&message);
}

/* ---- counts and depth */

/* A header that promises more than there is is refused, whatever it promises. */
static void test_huge_counts (void **state)
{
    (void) state;
#define HEAD "\x94\x13\x01"
    static const struct {
        const char *bytes;
        size_t size;
    } messages[] = {
        {"\xdd\xff\xff\xff\xff", 5},
        {"\xdd\xff\xff\xff\xff\x13\x01\0\0", 9},
        {"\xdc\xff\xff\x13\x01\0\0", 7},
        {HEAD "\0\xdd\xff\xff\xff\xff", 9},
        {HEAD "\xdd\xff\xff\xff\xff\0", 9},
        {HEAD "\xdd\x7f\xff\xff\xff\0\0\0", 11},
        {HEAD "\0\xc6\xff\xff\xff\xff", 9},
        {HEAD "\0\xc6\0\0\0\x02x", 10},
        {HEAD "\0\xc5\xff\xff", 7},
        {HEAD "\0\xc4\x01", 6},
        {HEAD "\0\xdb\xff\xff\xff\xff", 9},
        {HEAD "\0\xda\xff\xffx", 8},
        {HEAD "\0\xd9\x02x", 7},
        {HEAD "\0\xbfx", 6},
        {HEAD "\0\xdf\xff\xff\xff\xff", 9},
        {HEAD "\0\xde\xff\xff", 7},
        {HEAD "\0\xc9\xff\xff\xff\xff\x01", 10},
        {HEAD "\0\xcf\0\0", 7},
        {HEAD "\0\xdd\xff", 6},
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        assert_int_equal (wires_read (messages[i].bytes, messages[i].size), -1);
    }
}

/* Arrays in arrays deeper than any kind has them are refused, and no stack is used by their
 * depth. */
static void test_deep (void **state)
{
    (void) state;
    for (size_t depth = 1; depth <= 1u << 20; depth *= 2) {
        char *bytes = malloc (depth + 1);
        memset (bytes, 0x91, depth);
        bytes[depth] = 0;
        assert_int_equal (wires_read (bytes, depth + 1), -1);
        free (bytes);
    }
}

static int read_holidays (size_t count)
{
    day_t *holidays = memory_new (count * sizeof *holidays);
    wire_object_t object = {WIRE_WELCOME,
                            .welcome = {.holiday_count = count, .holidays = holidays}};
    int result = wires_read_object (&object);
    free (holidays);
    return result;
}

/* An object may have 2^18 elements and no more, so that a message of the largest size cannot make
 * the reader take a hundred times its memory. */
static void test_elements (void **state)
{
    (void) state;
    const size_t others = 11; /* the object, its ten fields */
    assert_int_equal (read_holidays ((1u << 18) - others), 1);
    assert_int_equal (read_holidays ((1u << 18) - others + 1), -1);
    assert_int_equal (read_holidays (1u << 20), -1);
}

/* ---- fields */

/* Only kinds and versions that this build knows are read. */
static void test_kinds_and_versions (void **state)
{
    (void) state;
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t message = example_bytes (i);
        size_t kind = (unsigned char) message.bytes[0] == 0xdc ? 3 : 1;
        int known = (unsigned char) message.bytes[kind + 1];
        assert_in_range (known, 1, 2);
        for (int version = 0; version < 128; version++) {
            message.bytes[kind + 1] = (char) version;
            assert_int_equal (wires_read (message.bytes, message.size), version == known ? 1 : -1);
        }
        buffer_free (&message);
    }
    for (int kind = 0; kind < 256; kind++) {
        char message[] = {(char) 0x92, (char) (kind % 128), (char) (kind / 128 + 1)};
        assert_int_equal (wires_read (message, sizeof message), -1);
    }
    assert_int_equal (wires_read ("\x90", 1), -1);
    assert_int_equal (wires_read ("\x91\x13", 2), -1);
    /* 256 + READY, and version 257, are not taken for READY and 1 */
    assert_int_equal (wires_read ("\x94\xcd\x01\x13\x01\0\0", 7), -1);
    assert_int_equal (wires_read ("\x94\x13\xcd\x01\x01\0\0", 7), -1);
}

/* Numbers above what their field takes are refused, and so are negative ones where none may be. */
static void test_numbers (void **state)
{
    (void) state;
    assert_int_equal (wires_read (HEAD "\0\xce\xff\xff\xff\xff", 9), 1);
    assert_int_equal (wires_read (HEAD "\0\xcf\0\0\0\1\0\0\0\0", 13), -1);
    assert_int_equal (wires_read (HEAD "\0\xff", 5), -1);
    assert_int_equal (wires_read (HEAD "\0\xd3\x80\0\0\0\0\0\0\0", 13), -1);
    /* a number may be longer than it must */
    assert_int_equal (wires_read (HEAD "\0\xd3\0\0\0\0\0\0\0\1", 13), 1);
    assert_int_equal (wires_read (HEAD "\xcf\0\0\0\0\0\0\0\1\xcc\0", 14), 1);
    REFUSED (WIRE_HELLO, hello, role = 0);
    REFUSED (WIRE_HELLO, hello, role = 3);
    REFUSED (WIRE_BROKER_STATE, broker_state, phase = 4);
    REFUSED (WIRE_FILE, file, content = 2);
    REFUSED (WIRE_HIT, hit, hit.scan = SCANS_MAX);
    REFUSED (WIRE_EXPLAIN, explain, scan = SCANS_MAX);
}

/* Symbols become names of folders: only valid ones are read, in every kind that has one. */
static void test_symbols (void **state)
{
    (void) state;
    static const char *const bad[] = {"", ".", "..", ".A", "A/B", "../A", "A B", "\xc3\xa9", "A\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wire_object_t objects[] = {
            wires_find (WIRE_UNIT)->object,      wires_find (WIRE_HIT)->object,
            wires_find (WIRE_DONE)->object,      wires_find (WIRE_CANDLES)->object,
            wires_find (WIRE_REFERENCE)->object, wires_find (WIRE_LIVE_HIT)->object,
            wires_find (WIRE_BEGIN)->object,     wires_find (WIRE_PLACES)->object};
        char symbols[2][SYMBOL_MAX + 1] = {"A"};
        wire_closed_t closed[2] = {{"A", 0}};
        wire_place_t places[2] = {{"A", "s", 0, 1, {0, 0}}, {"", "s", 0, 1, {0, 0}}};
        strcpy (objects[0].unit.symbol, bad[i]);
        strcpy (objects[1].hit.symbol, bad[i]);
        strcpy (objects[2].done.symbol, bad[i]);
        strcpy (symbols[1], bad[i]);
        objects[3].candles.symbols = (const char (*)[SYMBOL_MAX + 1]) symbols;
        strcpy (objects[4].reference.symbol, bad[i]);
        strcpy (objects[5].live_hit.symbol, bad[i]);
        strcpy (closed[1].symbol, bad[i]);
        objects[6].begin.symbols = closed;
        strcpy (places[1].symbol, bad[i]);
        objects[7].places.symbols = places;
        objects[7].places.symbol_count = 2;
        for (size_t k = 0; k < sizeof objects / sizeof *objects; k++) {
            assert_int_equal (wires_read_object (&objects[k]), -1);
        }
    }
    /* a NUL inside does not end it */
    buffer_t message = example_bytes (11);
    char *symbol = memchr (message.bytes, '_', message.size);
    symbol[2] = '\0';
    assert_int_equal (wires_read (message.bytes, message.size), -1);
    buffer_free (&message);
}

/* A symbol, and any text, that is longer than its field is refused, not cut. */
static void test_long_texts (void **state)
{
    (void) state;
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t message = example_bytes (i);
        values_t values = {0};
        list_values (&values, &message, 0, 0);
        for (size_t k = 0; k < values.count; k++) {
            const value_t *value = &values.values[k];
            unsigned char tag = (unsigned char) message.bytes[value->start];
            if (tag >= 0xa0 && tag <= 0xbf) {
                char text[3 + SCAN_TEXT_MAX] = {(char) 0xda, SCAN_TEXT_MAX >> 8,
                                                SCAN_TEXT_MAX & 255};
                memset (text + 3, 'A', SCAN_TEXT_MAX);
                assert_int_equal (
                    read_replaced (&message, value->start, value->end, text, sizeof text), -1);
            }
        }
        buffer_free (&message);
    }
}

/* Control characters are refused in every text of every kind: nobody needs them, and a terminal
 * would obey. */
static void test_controls (void **state)
{
    (void) state;
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t message = example_bytes (i);
        values_t values = {0};
        list_values (&values, &message, 0, 0);
        for (size_t k = 0; k < values.count; k++) {
            const value_t *value = &values.values[k];
            unsigned char tag = (unsigned char) message.bytes[value->start];
            for (int c = 0; tag >= 0xa0 && tag <= 0xbf && c < 33; c++) {
                char control = c < 32 ? (char) c : 0x7f;
                size_t last = value->end - 1;
                assert_int_equal (read_replaced (&message, last, value->end, &control, 1), -1);
            }
        }
        buffer_free (&message);
    }
}

/* Prices and volumes are finite numbers, factors of splits positive ones too; columns of a hit and
 * figures of an explanation may be missing. */
static void test_not_finite (void **state)
{
    (void) state;
    const double bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        REFUSED (WIRE_HIT, hit, hit.candle.open = bad[i]);
        REFUSED (WIRE_HIT, hit, hit.candle.high = bad[i]);
        REFUSED (WIRE_HIT, hit, hit.candle.low = bad[i]);
        REFUSED (WIRE_HIT, hit, hit.candle.close = bad[i]);
        REFUSED (WIRE_HIT, hit, hit.candle.volume = bad[i]);
        ACCEPTED (WIRE_HIT, hit, hit.values[0] = bad[i]);
    }
    const double factors[] = {NAN, INFINITY, -INFINITY, 0, -0.0, -1};
    for (size_t i = 0; i < 6; i++) {
        wire_split_t splits[] = {{0, 1}, {1, factors[i]}};
        REFUSED (WIRE_UNIT, unit, splits = splits);
    }
}

/* Dates outside 1900-2199 and times outside them are refused; the first and last are not. */
static void test_days (void **state)
{
    (void) state;
    const day_t bad[] = {DAY_FIRST - 1, DAY_LAST + 1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        wire_split_t split = {bad[i], 1};
        partition_t partition = {FREQUENCY_1D, bad[i]};
        wire_need_t need = {1, 1, 1, &partition};
        REFUSED (WIRE_UNIT, unit, first = bad[i]);
        REFUSED (WIRE_UNIT, unit, last = bad[i]);
        REFUSED (WIRE_UNIT, unit, split_count = 1; object.unit.splits = &split);
        REFUSED (WIRE_WELCOME, welcome, holiday_count = 1; object.welcome.holidays = &bad[i]);
        REFUSED (WIRE_FILE, file, partition = partition);
        REFUSED (WIRE_WORKER_STATE, worker_state, need_count = 1;
                 object.worker_state.needs = &need);
    }
    ACCEPTED (WIRE_UNIT, unit, first = DAY_FIRST);
    ACCEPTED (WIRE_UNIT, unit, last = DAY_LAST);
    ACCEPTED (WIRE_UNIT, unit, last = object.unit.first);
    REFUSED (WIRE_UNIT, unit, last = object.unit.first - 1);
    const int64_t times[] = {(DAY_FIRST - 2) * (int64_t) 86400, (DAY_LAST + 3) * (int64_t) 86400,
                             INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        REFUSED (WIRE_UNIT, unit, when = times[i]);
        REFUSED (WIRE_HIT, hit, hit.ts = times[i]);
        REFUSED (WIRE_HIT, hit, hit.candle.ts = times[i]);
    }
    ACCEPTED (WIRE_HIT, hit, hit.ts = DAY_FIRST * (int64_t) 86400);
    ACCEPTED (WIRE_HIT, hit, hit.ts = (DAY_LAST + 1) * (int64_t) 86400);
}

/* A partition has a frequency that divides a day, and the first date that the calendar gives it. */
static void test_partitions (void **state)
{
    (void) state;
    const partition_t bad[] = {
        {{0, 'm'}, 19422}, {{7, 'm'}, 19422}, {{1441, 'm'}, 19422}, {{2, 'd'}, 19358},
        {{1, 's'}, 19422}, {{1, 'M'}, 19422}, {{1, '\0'}, 19422},   {{1, ' '}, 19422},
        {{5, 'h'}, 19417}, {{3, 'm'}, 19423}, {{1, 'd'}, 19359},    {{1, 'h'}, 19418},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wire_need_t need = {1, 1, 1, &bad[i]};
        REFUSED (WIRE_FILE, file, partition = bad[i]);
        REFUSED (WIRE_WORKER_STATE, worker_state, need_count = 1;
                 object.worker_state.needs = &need);
    }
    const partition_t good[] = {{{1, 'm'}, 19422}, {{24, 'h'}, 19417}, {{1, 'd'}, 19358}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ACCEPTED (WIRE_FILE, file, partition = good[i]);
    }
}

/* Lists with a bound are refused one above it: scans, notes, a hit's columns; so is a chunk. */
static void test_list_limits (void **state)
{
    (void) state;
    static const char scans[SCANS_MAX + 1][SCAN_TEXT_MAX];
    static const char notes[WIRE_NOTES_MAX + 1][WIRE_NOTE_MAX + 1];
    ACCEPTED (WIRE_WELCOME, welcome, scan_count = SCANS_MAX; object.welcome.scans = scans);
    REFUSED (WIRE_WELCOME, welcome, scan_count = SCANS_MAX + 1; object.welcome.scans = scans);
    ACCEPTED (WIRE_DONE, done, note_count = WIRE_NOTES_MAX; object.done.notes = notes);
    REFUSED (WIRE_DONE, done, note_count = WIRE_NOTES_MAX + 1; object.done.notes = notes);
    REFUSED (WIRE_COLLECTOR_STATE, collector_state, note_count = WIRE_NOTES_MAX + 1;
             object.collector_state.notes = notes);

    wire_object_t hit = {WIRE_HIT, .hit = {.symbol = "A", .hit.value_count = SCAN_COLUMNS_MAX}};
    buffer_t message = {0};
    wires_put (&message, &hit);
    assert_int_equal ((unsigned char) message.bytes[0], 0xdc);
    assert_int_equal (wires_read (message.bytes, message.size), 1);
    message.bytes[2]++;
    buffer_append (&message, "\xcb\0\0\0\0\0\0\0\0", 9);
    assert_int_equal (wires_read (message.bytes, message.size), -1);
    buffer_free (&message);

    char *chunk = memory_new (WIRE_CHUNK + 1);
    ACCEPTED (WIRE_FILE, file, bytes = ((wire_bytes_t){chunk, WIRE_CHUNK}));
    REFUSED (WIRE_FILE, file, bytes = ((wire_bytes_t){chunk, WIRE_CHUNK + 1}));
    free (chunk);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_truncated),     cmocka_unit_test (test_rest_refused),
        cmocka_unit_test (test_refusal_stays), cmocka_unit_test (test_mutated),
        cmocka_unit_test (test_wrong_types),   cmocka_unit_test (test_number_of_fields),
        cmocka_unit_test (test_hit_cut),       cmocka_unit_test (test_need_of_wrong_size),
        cmocka_unit_test (test_huge_counts),   cmocka_unit_test (test_deep),
        cmocka_unit_test (test_elements),      cmocka_unit_test (test_kinds_and_versions),
        cmocka_unit_test (test_numbers),       cmocka_unit_test (test_symbols),
        cmocka_unit_test (test_long_texts),    cmocka_unit_test (test_controls),
        cmocka_unit_test (test_not_finite),    cmocka_unit_test (test_days),
        cmocka_unit_test (test_partitions),    cmocka_unit_test (test_list_limits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
