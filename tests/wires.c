#include "wires.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char scans[][SCAN_TEXT_MAX] = {"one:day2_gap,min_adv=1", "two:small_cap_up"};
static const day_t holidays[] = {-25567, -1, 0, 84005};
static const partition_t partitions[] = {{{1, 'd'}, 19358}, {{3, 'm'}, 19422}, {{2, 'h'}, 19417}};
static const wire_need_t needs[] = {
    {7, 1, 2, partitions}, {300, 2, 0, NULL}, {8, 0, 1, partitions + 2}};
static const wire_link_state_t links[] = {{3, {{5, 6}, 70000, true}}, {4, {{5, 7}, 0, false}}};
static const char notes[][WIRE_NOTE_MAX + 1] = {"A/1d/2023.csv:12: no number", "\xc3\xa9"};
static const uint32_t voids[] = {0, 128, UINT32_MAX};
static const wire_split_t splits[] = {{19429, 4.0}, {19500, 0.125}};
static const char symbols[][SYMBOL_MAX + 1] = {"BRK.B", "A"};
static const wire_condition_t conditions[] = {
    {"adv_14", ">=", 1.5, 2, false, false},
    {"time", "<", NAN, 570, true, true},
};

static const wire_shard_state_t shards[] = {
    {255, 9, {8, 7}, 4294967296, 70000}, {0, 9, {0, 0}, 0, 0}, {128, UINT64_MAX, {1, 1}, 0, 1}};
static const wire_sink_state_t sinks[] = {{"csv:hits.csv", 12, true}, {"redis:", 0, false}};
static const wire_owner_t owners[] = {{255, 3, {9, 8}}, {0, UINT32_MAX, {9, UINT64_MAX}}};
static const wire_place_t places[] = {
    {"BRK.B", "candles_min_BRK.B", 19428, 19429, {1678714260123, 4}},
    {"A", "all \xc3\xa9", DAY_NONE, DAY_FIRST, {UINT64_MAX, UINT64_MAX}},
    {"NA", "all \xc3\xa9", DAY_LAST, DAY_NONE, {1, 0}}};
static const wire_stream_place_t streams[] = {{"all \xc3\xa9", {1678714260123, 5}}, {"s", {0, 0}}};
static const wire_closed_t closed[] = {{"BRK.B", 19428}, {"A", DAY_FIRST}};

/* Three rows in columns, little endian: each line is a row. */
#define INDICES                                                                                    \
    "\x02\x00\x00\x00"                                                                             \
    "\x00\x00\x00\x00"                                                                             \
    "\x01\x00\x00\x00"
#define TIMES                                                                                      \
    "\x58\x25\x0f\x64\x00\x00\x00\x00"                                                             \
    "\x58\x25\x0f\x64\x00\x00\x00\x00"                                                             \
    "\x94\x25\x0f\x64\x00\x00\x00\x00"
#define ARRIVALS                                                                                   \
    "\x9b\xca\x2a\xdb\x86\x01\x00\x00"                                                             \
    "\x9c\xca\x2a\xdb\x86\x01\x00\x00"                                                             \
    "\x00\x00\x00\x00\x00\x00\x00\x10"
#define OPENS                                                                                      \
    "\x00\x00\x00\x00\x00\x00\x25\x40"                                                             \
    "\x00\x00\x00\x00\x00\x00\xf0\x3f"                                                             \
    "\x00\x00\x00\x00\x00\x00\x00\x40"
#define HIGHS                                                                                      \
    "\x00\x00\x00\x00\x00\x00\x26\x40"                                                             \
    "\x01\x00\x00\x00\x00\x00\x00\x00"                                                             \
    "\xff\xff\xff\xff\xff\xff\xef\x7f"
#define LOWS                                                                                       \
    "\x00\x00\x00\x00\x00\x80\x24\x40"                                                             \
    "\x01\x00\x00\x00\x00\x00\x00\x00"                                                             \
    "\x9a\x99\x99\x99\x99\x99\xb9\x3f"
#define CLOSES                                                                                     \
    "\x00\x00\x00\x00\x00\x80\x25\x40"                                                             \
    "\x00\x00\x00\x00\x00\x00\x08\x40"                                                             \
    "\x00\x00\x00\x00\x00\x00\x10\x40"
#define VOLUMES                                                                                    \
    "\x00\x00\x00\x00\x65\xcd\xcd\x41"                                                             \
    "\x00\x00\x00\x00\x00\x00\x00\x00"                                                             \
    "\x00\x00\x00\x00\x00\x00\xe0\x3f"
/* The longest took 40 us; one thing took 3, 256 took 40. */
#define AGES                                                                                       \
    "\x28\x00\x00\x00\x00\x00\x00\x00"                                                             \
    "\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00"                                                     \
    "\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static const wire_reference_file_t reference_files[] = {
    {WIRE_PARTITION, 19358, "", BYTES ("a,b\n\0\xff")},
    {WIRE_FUNDAMENTALS, DAY_NONE, "cut short", {NULL, 0}}};

const wires_example_t wires[WIRES_COUNT] = {
    {"hello",
     {WIRE_HELLO, .hello = {WIRE_ROLE_COLLECTOR, "collector-1", UINT64_MAX, "ipc:///run/hits"}},
     "96010102ab636f6c6c6563746f722d31cfffffffffffffffffaf6970633a2f2f"
     "2f72756e2f68697473"},
    {"welcome",
     {WIRE_WELCOME,
      .welcome =
          {2, {1700000000, 3}, "ipc:///run/data", "tcp://[::1]:5556", true, 2, scans, 4, holidays}},
     "9a020102ce6553f10003af6970633a2f2f2f72756e2f64617461b07463703a2f"
     "2f5b3a3a315d3a35353536c392b66f6e653a646179325f6761702c6d696e5f61"
     "64763d31b074776f3a736d616c6c5f6361705f757094d19c21ff00ce00014825"},
    {"worker_state",
     {WIRE_WORKER_STATE,
      .worker_state =
          {9, {{1700000000, 3}, 42, true}, true, 1u << 20, 1, 255, 256, 65536, 3, needs}},
     "9e030109ce6553f100032ac3c3ce0010000001ccffcd0100ce00010000939307"
     "01929301a164cd4b9e9303a16dcd4bde93cd012c0290930800919302a168cd4b"
     "d9"},
    {"collector_state",
     {WIRE_COLLECTOR_STATE, .collector_state = {10,
                                                11,
                                                12,
                                                BYTES ("\x05\x80"),
                                                13,
                                                true,
                                                false,
                                                true,
                                                14,
                                                15,
                                                {16, 17, 18, 19, 20, 21},
                                                22,
                                                23,
                                                2,
                                                links,
                                                2,
                                                notes}},
     "dc001604010a0b0cc40205800dc3c2c30e0f10111213141516179295030506ce"
     "00011170c39504050700c292bb412f31642f323032332e6373763a31323a206e"
     "6f206e756d626572a2c3a9"},
    {"broker_state",
     {WIRE_BROKER_STATE, .broker_state = {127, WIRE_PHASE_STOP, 1000, 3, voids}},
     "9605017f02cd03e89300cc80ceffffffff"},
    {"link",
     {WIRE_LINK, .link = {1, {1700000000, UINT64_MAX}, 4294967296}},
     "96100101ce6553f100cfffffffffffffffffcf0000000100000000"},
    {"unit",
     {WIRE_UNIT, .unit = {1, 2, "BRK.B", 19358, 19447, true, false, 0x8000000000000001, true,
                          1678714200, 2, splits}},
     "9d11010102a542524b2e42cd4b9ecd4bf7c3c2cf8000000000000001c3ce640f"
     "25589292cd4be5cb401000000000000092cd4c2ccb3fc0000000000000"},
    {"file",
     {WIRE_FILE,
      .file = {3, 4, WIRE_PARTITION, {{3, 'm'}, 19422}, true, "cut short", BYTES ("a,b\n\0\xff")}},
     "9b120103040103a16dcd4bdec3a96375742073686f7274c600000006612c620a"
     "00ff"},
    {"ready", {WIRE_READY, .ready = {5, 65535}}, "94130105cdffff"},
    {"candles",
     {WIRE_CANDLES, .candles = {255,
                                {6, 7},
                                8,
                                1,
                                2,
                                symbols,
                                3,
                                BYTES (INDICES),
                                {BYTES (TIMES), BYTES (ARRIVALS), BYTES (OPENS), BYTES (HIGHS),
                                 BYTES (LOWS), BYTES (CLOSES), BYTES (VOLUMES)},
                                1678714260123456}},
     "dc00111402ccff0607080192a542524b2e42a141c40c02000000000000000100"
     "0000c41858250f640000000058250f640000000094250f6400000000c4189bca"
     "2adb860100009cca2adb860100000000000000000010c4180000000000002540"
     "000000000000f03f0000000000000040c4180000000000002640010000000000"
     "0000ffffffffffffef7fc418000000000080244001000000000000009a999999"
     "9999b93fc418000000000080254000000000000008400000000000001040c418"
     "0000000065cdcd410000000000000000000000000000e03fcf0005f6c81f276f"
     "40"},
    {"hit",
     {WIRE_HIT,
      .hit = {9,
              1,
              "A",
              {63, 1678714200, {1678714140, 10.5, 11, 0.1, 10.75, 1e9}, 3, {NAN, -0.0, INFINITY}}}},
     "dc001015010901a1413fce640f2558ce640f251ccb4025000000000000cb4026"
     "000000000000cb3fb999999999999acb4025800000000000cb41cdcd65000000"
     "00cb7ff8000000000000cb8000000000000000cb7ff0000000000000"},
    {"done",
     {WIRE_DONE, .done = {10, 2, "_x-1", {1, 2, 3, 4, 5, UINT64_MAX}, 2, notes}},
     "9c16010a02a45f782d310102030405cfffffffffffffffff92bb412f31642f32"
     "3032332e6373763a31323a206e6f206e756d626572a2c3a9"},
    {"explain",
     {WIRE_EXPLAIN, .explain = {11, 3, 62, true, false, "no candle", 2, conditions}},
     "9917010b033ec3c2a96e6f2063616e646c659296a66164765f3134a23e3dcb3f"
     "f8000000000000cb4000000000000000c2c296a474696d65a13ccb7ff8000000"
     "000000cb4081d00000000000c3c3"},
    {"live_welcome",
     {WIRE_LIVE_WELCOME, .live_welcome = {2,
                                          {1700000000, 3},
                                          "ipc:///run/data",
                                          "ipc:///run/hits",
                                          UINT64_MAX - 1,
                                          1678714200000,
                                          20000,
                                          21600000,
                                          true,
                                          2,
                                          scans,
                                          4,
                                          holidays,
                                          {3, 4}}},
     "dc0010060202ce6553f10003af6970633a2f2f2f72756e2f64617461af697063"
     "3a2f2f2f72756e2f68697473cffffffffffffffffecf00000186db29dfc0cd4e"
     "20ce01499700c392b66f6e653a646179325f6761702c6d696e5f6164763d31b0"
     "74776f3a736d616c6c5f6361705f757094d19c21ff00ce000148250304"},
    {"live_worker",
     {WIRE_LIVE_WORKER, .live_worker = {9,
                                        {{1700000000, 3}, 42, true},
                                        true,
                                        1u << 20,
                                        1,
                                        2,
                                        3,
                                        4,
                                        5,
                                        255,
                                        256,
                                        65536,
                                        2,
                                        notes,
                                        true}},
     "dc0013070209ce6553f100032ac3c3ce001000000102030405ccffcd0100ce00"
     "01000092bb412f31642f323032332e6373763a31323a206e6f206e756d626572"
     "a2c3a9c3"},
    {"live_collector",
     {WIRE_LIVE_COLLECTOR, .live_collector = {10,        11,    12,    13, 1678714200000,
                                              true,      true,  14,    15, 16,
                                              17,        18,    19,    20, 21,
                                              22,        2,     links, 3,  shards,
                                              2,         sinks, 23,    24, BYTES (AGES),
                                              BYTES ("")}},
     "dc001908020a0b0c0dcf00000186db29dfc0c3c30e0f10111213141516929503"
     "0506ce00011170c39504050700c29396ccff090807cf0000000100000000ce00"
     "0111709600090000000096cc80cfffffffffffffffff010100019293ac637376"
     "3a686974732e6373760cc393a672656469733a00c21718c41c28000000000000"
     "000300010000000000000028000001000000000000c400"},
    {"live_broker",
     {WIRE_LIVE_BROKER, .live_broker = {127, 11, 13, WIRE_PHASE_EXIT, 2, owners}},
     "9709017f0b0d039294ccff0309089400ceffffffff09cfffffffffffffffff"},
    {"places",
     {WIRE_PLACES, .places = {13, 1, true, 3, places, 2, streams}},
     "970a010d01c39396a542524b2e42b163616e646c65735f6d696e5f42524b2e42"
     "cd4be4cd4be5cf00000186db2aca9b0496a141a6616c6c20c3a9d280000000d1"
     "9c21cfffffffffffffffffcfffffffffffffffff96a24e41a6616c6c20c3a9ce"
     "00014825d28000000001009293a6616c6c20c3a9cf00000186db2aca9b0593a1"
     "730000"},
    {"known",
     {WIRE_KNOWN, .places = {13, 300, true, 2, places + 1, 1, streams}},
     "970b010dcd012cc39296a141a6616c6c20c3a9d280000000d19c21cfffffffff"
     "ffffffffcfffffffffffffffff96a24e41a6616c6c20c3a9ce00014825d28000"
     "000001009193a6616c6c20c3a9cf00000186db2aca9b05"},
    {"begin",
     {WIRE_BEGIN, .begin = {255, {6, 7}, 2, closed, 9, BYTES ("\0\1\xff")}},
     "982002ccff06079292a542524b2e42cd4be492a141d19c2109c4030001ff"},
    {"state",
     {WIRE_STATE, .state = {255, {6, 7}, 9, BYTES ("\0\1\xff")}},
     "970c01ccff060709c4030001ff"},
    {"yield", {WIRE_YIELD, .yield = {250, {6, 7}, 9}}, "962501ccfa060709"},
    {"reference",
     {WIRE_REFERENCE, .reference = {254, {6, 7}, "BRK.B", 19429, 2, splits, 2, reference_files}},
     "992101ccfe0607a542524b2e42cd4be59292cd4be5cb401000000000000092cd"
     "4c2ccb3fc0000000000000929401cd4b9ea0c406612c620a00ff9400d2800000"
     "00a96375742073686f7274c400"},
    {"clock",
     {WIRE_CLOCK, .clock = {253, {6, 7}, 9, 1678714260123, true}},
     "982201ccfd060709cf00000186db2aca9bc3"},
    {"live_hit",
     {WIRE_LIVE_HIT,
      .live_hit =
          {252,
           {6, 7},
           "A",
           1678714260123,
           19429,
           1678714260123456,
           {63, 1678714200, {1678714140, 10.5, 11, 0.1, 10.75, 1e9}, 3, {NAN, -0.0, INFINITY}}}},
     "dc00142302ccfc0607a141cf00000186db2aca9bcd4be5cf0005f6c81f276f40"
     "3fce640f2558ce640f251ccb4025000000000000cb4026000000000000cb3fb9"
     "99999999999acb4025800000000000cb41cdcd6500000000cb7ff80000000000"
     "00cb8000000000000000cb7ff0000000000000"},
    {"progress",
     {WIRE_PROGRESS, .progress = {251, {6, 7}, UINT64_MAX, 4096, 1678714260123456}},
     "982402ccfb0607cfffffffffffffffffcd1000cf0005f6c81f276f40"},
};

const wires_example_t *wires_find (wire_kind_t kind)
{
    for (size_t i = 0; i < WIRES_COUNT; i++) {
        if (wires[i].object.kind == kind) {
            return &wires[i];
        }
    }
    return NULL;
}

void wires_put (buffer_t *message, const wire_object_t *object)
{
    switch (object->kind) {
    case WIRE_HELLO:
        wire_put_hello (message, &object->hello);
        break;
    case WIRE_WELCOME:
        wire_put_welcome (message, &object->welcome);
        break;
    case WIRE_WORKER_STATE:
        wire_put_worker_state (message, &object->worker_state);
        break;
    case WIRE_COLLECTOR_STATE:
        wire_put_collector_state (message, &object->collector_state);
        break;
    case WIRE_BROKER_STATE:
        wire_put_broker_state (message, &object->broker_state);
        break;
    case WIRE_LINK:
        wire_put_link (message, &object->link);
        break;
    case WIRE_UNIT:
        wire_put_unit (message, &object->unit);
        break;
    case WIRE_FILE:
        wire_put_file (message, &object->file);
        break;
    case WIRE_READY:
        wire_put_ready (message, &object->ready);
        break;
    case WIRE_CANDLES:
        wire_put_candles (message, &object->candles);
        break;
    case WIRE_HIT:
        wire_put_hit (message, &object->hit);
        break;
    case WIRE_DONE:
        wire_put_done (message, &object->done);
        break;
    case WIRE_EXPLAIN:
        wire_put_explain (message, &object->explain);
        break;
    case WIRE_LIVE_WELCOME:
        wire_put_live_welcome (message, &object->live_welcome);
        break;
    case WIRE_LIVE_WORKER:
        wire_put_live_worker (message, &object->live_worker);
        break;
    case WIRE_LIVE_COLLECTOR:
        wire_put_live_collector (message, &object->live_collector);
        break;
    case WIRE_LIVE_BROKER:
        wire_put_live_broker (message, &object->live_broker);
        break;
    case WIRE_PLACES:
        wire_put_places (message, &object->places);
        break;
    case WIRE_KNOWN:
        wire_put_known (message, &object->places);
        break;
    case WIRE_BEGIN:
        wire_put_begin (message, &object->begin);
        break;
    case WIRE_REFERENCE:
        wire_put_reference (message, &object->reference);
        break;
    case WIRE_CLOCK:
        wire_put_clock (message, &object->clock);
        break;
    case WIRE_LIVE_HIT:
        wire_put_live_hit (message, &object->live_hit);
        break;
    case WIRE_PROGRESS:
        wire_put_progress (message, &object->progress);
        break;
    case WIRE_YIELD:
        wire_put_yield (message, &object->yield);
        break;
    case WIRE_STATE:
        wire_put_state (message, &object->state);
        break;
    }
}

int wires_read (const char *bytes, size_t size)
{
    char *copy = malloc (size > 0 ? size : 1);
    memcpy (copy, bytes, size);
    wire_reader_t *reader = wire_reader_new ();
    wire_object_t object;
    int count = 0;
    int result;
    wire_reader_begin (reader, copy, size);
    while ((result = wire_next (reader, &object)) == 1) {
        buffer_t again = {0};
        wires_put (&again, &object);
        buffer_free (&again);
        count++;
    }
    wire_reader_destroy (&reader);
    free (copy);
    return result == 0 ? count : -1;
}

int wires_read_object (const wire_object_t *object)
{
    buffer_t message = {0};
    wires_put (&message, object);
    int result = wires_read (message.bytes, message.size);
    buffer_free (&message);
    return result;
}
