/* The format: the bytes of each kind of message, and that every field comes back. What happens to
 * damaged messages is in test_wire_damage.c. */
#include "wires.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of an example, as they are pinned. */
static buffer_t pinned (const wires_example_t *example)
{
    buffer_t bytes = {0};
    for (const char *digit = example->hex; *digit; digit += 2) {
        char byte = (char) strtoul ((char[]){digit[0], digit[1], '\0'}, NULL, 16);
        buffer_append (&bytes, &byte, 1);
    }
    return bytes;
}

/* Puts, reads, and requires the same object and the end after it. */
static void check_round (const wire_object_t *object)
{
    buffer_t message = {0};
    wires_put (&message, object);
    wire_reader_t *reader = wire_reader_new ();
    wire_object_t read;
    wire_reader_begin (reader, message.bytes, message.size);
    assert_int_equal (wire_next (reader, &read), 1);
    assert_true (wires_same (object, &read));
    assert_int_equal (wire_next (reader, &read), 0);
    wire_reader_destroy (&reader);
    buffer_free (&message);
}

/* Each kind is written in the bytes of its version; processes of other builds read just these. */
static void test_bytes (void **state)
{
    (void) state;
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t expected = pinned (&wires[i]);
        buffer_t message = {0};
        wires_put (&message, &wires[i].object);
        assert_int_equal (message.size, expected.size);
        assert_memory_equal (message.bytes, expected.bytes, expected.size);
        buffer_free (&message);
        buffer_free (&expected);
    }
}

/* The pinned bytes of each kind read as the object that they were written from, field by field. */
static void test_fields (void **state)
{
    (void) state;
    wire_reader_t *reader = wire_reader_new ();
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        buffer_t bytes = pinned (&wires[i]);
        wire_object_t read;
        wire_reader_begin (reader, bytes.bytes, bytes.size);
        assert_int_equal (wire_next (reader, &read), 1);
        assert_true (wires_same (&wires[i].object, &read));
        assert_int_equal (wire_next (reader, &read), 0);
        assert_int_equal (wire_next (reader, &read), 0);
        buffer_free (&bytes);
    }
    wire_reader_destroy (&reader);
    assert_null (reader);
    wire_reader_destroy (&reader);
}

/* The comparison that the tests here rest on sees every example as unlike every other, and sees one
 * changed element of a list. */
static void test_comparison (void **state)
{
    (void) state;
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        for (size_t k = 0; k < WIRES_COUNT; k++) {
            assert_int_equal (wires_same (&wires[i].object, &wires[k].object), i == k);
        }
    }
    wire_object_t hit = wires_find (WIRE_HIT)->object;
    hit.hit.hit.values[1] = 0.0; /* was -0 */
    assert_false (wires_same (&hit, &wires_find (WIRE_HIT)->object));
    wire_object_t unit = wires_find (WIRE_UNIT)->object;
    wire_split_t splits[2] = {unit.unit.splits[0], unit.unit.splits[1]};
    splits[1].day++;
    unit.unit.splits = splits;
    assert_false (wires_same (&unit, &wires_find (WIRE_UNIT)->object));
}

/* Empty texts, lists and bytes and the lowest values come back too. */
static void test_least (void **state)
{
    (void) state;
    const partition_t daily = {FREQUENCY_1D, DAY_FIRST};
    const wire_object_t objects[] = {
        {WIRE_HELLO, .hello = {.role = WIRE_ROLE_WORKER}},
        {WIRE_WELCOME, .welcome = {0}},
        {WIRE_WORKER_STATE, .worker_state = {0}},
        {WIRE_COLLECTOR_STATE, .collector_state = {0}},
        {WIRE_BROKER_STATE, .broker_state = {0}},
        {WIRE_LINK, .link = {0}},
        {WIRE_UNIT, .unit = {.symbol = "A", .first = DAY_FIRST, .last = DAY_FIRST}},
        {WIRE_FILE, .file = {.content = WIRE_FUNDAMENTALS, .partition = daily}},
        {WIRE_READY, .ready = {0}},
        {WIRE_CANDLES, .candles = {.generation = {1, 1}, .sequence = 1}},
        {WIRE_HIT, .hit = {.symbol = "A"}},
        {WIRE_DONE, .done = {.symbol = "A"}},
        {WIRE_EXPLAIN, .explain = {0}},
        {WIRE_LIVE_WELCOME, .live_welcome = {0}},
        {WIRE_LIVE_WORKER, .live_worker = {0}},
        {WIRE_LIVE_COLLECTOR, .live_collector = {0}},
        {WIRE_LIVE_BROKER, .live_broker = {0}},
        {WIRE_PLACES, .places = {.epoch = 1, .number = 1}},
        {WIRE_KNOWN, .places = {.epoch = 1}},
        {WIRE_BEGIN, .begin = {.generation = {1, 1}}},
        {WIRE_REFERENCE, .reference = {.generation = {1, 1}, .symbol = "A", .day = DAY_FIRST}},
        {WIRE_CLOCK, .clock = {.generation = {1, 1}, .sequence = 1}},
        {WIRE_LIVE_HIT, .live_hit = {.generation = {1, 1}, .symbol = "A", .day = DAY_FIRST}},
        {WIRE_PROGRESS, .progress = {.generation = {1, 1}, .sequence = 1}},
    };
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        check_round (&objects[i]);
    }
}

/* Texts of full length, full lists and the highest numbers come back. */
static void test_most (void **state)
{
    (void) state;
    wire_object_t hello = {WIRE_HELLO, .hello = {.role = WIRE_ROLE_WORKER}};
    memset (hello.hello.name, 'n', WIRE_NAME_MAX);
    memset (hello.hello.endpoint, 'e', WIRE_ENDPOINT_MAX);
    check_round (&hello);

    char (*scans)[SCAN_TEXT_MAX] = memory_new (SCANS_MAX * sizeof *scans);
    for (size_t i = 0; i < SCANS_MAX; i++) {
        memset (scans[i], 's', SCAN_TEXT_MAX - 1);
    }
    day_t holidays[2000];
    for (int i = 0; i < 2000; i++) {
        holidays[i] = DAY_LAST - i;
    }
    check_round (
        &(wire_object_t){WIRE_WELCOME, .welcome = {.worker = UINT32_MAX,
                                                   .scan_count = SCANS_MAX,
                                                   .scans = (const char (*)[SCAN_TEXT_MAX]) scans,
                                                   .holiday_count = 2000,
                                                   .holidays = holidays}});
    free (scans);

    wire_object_t done = {WIRE_DONE, .done = {.note_count = WIRE_NOTES_MAX}};
    static char notes[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
    memset (notes, '~', sizeof notes);
    for (size_t i = 0; i < WIRE_NOTES_MAX; i++) {
        notes[i][WIRE_NOTE_MAX] = '\0';
    }
    done.done.notes = (const char (*)[WIRE_NOTE_MAX + 1]) notes;
    memset (done.done.symbol, 'S', SYMBOL_MAX);
    check_round (&done);

    wire_object_t hit = {WIRE_HIT, .hit = {.symbol = "A", .hit.value_count = SCAN_COLUMNS_MAX}};
    for (int i = 0; i < SCAN_COLUMNS_MAX; i++) {
        hit.hit.hit.values[i] = i % 2 ? -INFINITY : 0x1p-1074;
    }
    check_round (&hit);
}

/* Needs of many units with many partitions, more than one growth of the reader's memory, come back
 * each with its own. */
static void test_many_needs (void **state)
{
    (void) state;
    enum { NEEDS = 100, EACH = 99 };
    static partition_t partitions[NEEDS * EACH];
    static wire_need_t needs[NEEDS];
    for (uint32_t i = 0; i < NEEDS; i++) {
        needs[i] = (wire_need_t){i, i + 1, i % (EACH + 1), partitions + (size_t) i * EACH};
        for (int k = 0; k < EACH; k++) {
            day_t day = partition_first (FREQUENCY_1MIN, 10000 + 7 * (k + (int) i));
            partitions[i * EACH + (uint32_t) k] = (partition_t){FREQUENCY_1MIN, day};
        }
    }
    check_round (
        &(wire_object_t){WIRE_WORKER_STATE, .worker_state = {.need_count = NEEDS, .needs = needs}});
}

/* Objects that share a message are read in their order, and a reader begins again with the next
 * message. */
static void test_several (void **state)
{
    (void) state;
    buffer_t message = {0};
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        wires_put (&message, &wires[i].object);
    }
    wire_reader_t *reader = wire_reader_new ();
    for (int round = 0; round < 2; round++) {
        wire_object_t read;
        wire_reader_begin (reader, message.bytes, message.size);
        for (size_t i = 0; i < WIRES_COUNT; i++) {
            assert_int_equal (wire_next (reader, &read), 1);
            assert_true (wires_same (&wires[i].object, &read));
        }
        assert_int_equal (wire_next (reader, &read), 0);
        wire_reader_begin (reader, message.bytes, 0);
        assert_int_equal (wire_next (reader, &read), 0);
    }
    wire_reader_destroy (&reader);
    buffer_free (&message);
}

/* A file that is read into the message in place gives the bytes of one that is put whole, also when
 * less came than was reserved, and something can follow it. */
static void test_file_in_place (void **state)
{
    (void) state;
    wire_object_t object = wires_find (WIRE_FILE)->object;
    wire_object_t ready = wires_find (WIRE_READY)->object;
    for (int last = 0; last < 2; last++) {
        object.file.is_last = last;
        buffer_t put = {0}, in_place = {0};
        wires_put (&put, &object);
        wires_put (&put, &ready);

        wire_slot_t slot;
        wire_file_t head = object.file;
        head.is_last = !last; /* ignored, as are the bytes */
        head.bytes = (wire_bytes_t){0};
        char *to = wire_file_begin (&in_place, &head, WIRE_CHUNK, &slot);
        memset (to, '?', WIRE_CHUNK);
        memcpy (to, object.file.bytes.bytes, object.file.bytes.size);
        wire_file_end (&in_place, &slot, object.file.bytes.size, last);
        wires_put (&in_place, &ready);

        assert_int_equal (put.size, in_place.size);
        assert_memory_equal (put.bytes, in_place.bytes, put.size);
        buffer_free (&put);
        buffer_free (&in_place);
    }
}

/* A chunk of the largest size comes back, from where it lies in the message. */
static void test_largest_chunk (void **state)
{
    (void) state;
    wire_object_t object = wires_find (WIRE_FILE)->object;
    buffer_t message = {0};
    wire_slot_t slot;
    wires_put (&message, &wires_find (WIRE_LINK)->object);
    memset (wire_file_begin (&message, &object.file, WIRE_CHUNK, &slot), 'x', WIRE_CHUNK);
    wire_file_end (&message, &slot, WIRE_CHUNK, false);
    wire_reader_t *reader = wire_reader_new ();
    wire_object_t read;
    wire_reader_begin (reader, message.bytes, message.size);
    assert_int_equal (wire_next (reader, &read), 1);
    assert_int_equal (wire_next (reader, &read), 1);
    assert_false (read.file.is_last);
    assert_int_equal (read.file.bytes.size, WIRE_CHUNK);
    assert_ptr_equal (read.file.bytes.bytes, message.bytes + message.size - WIRE_CHUNK);
    wire_reader_destroy (&reader);
    buffer_free (&message);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_bytes),         cmocka_unit_test (test_fields),
        cmocka_unit_test (test_comparison),    cmocka_unit_test (test_least),
        cmocka_unit_test (test_most),          cmocka_unit_test (test_many_needs),
        cmocka_unit_test (test_several),       cmocka_unit_test (test_file_in_place),
        cmocka_unit_test (test_largest_chunk),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
