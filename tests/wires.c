#include "wires.h"

#include <math.h>
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

/* Three rows in columns, little endian. */
#define INDICES "\1\0\0\0\0\0\0\0\1\0\0\0"
#define COLUMN(x)                                                                                  \
    x "\0\0\0\0\0\0\xf0\x3f"                                                                       \
      "\0\0\0\0\0\0\0\x40"
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

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
                                2,
                                symbols,
                                3,
                                BYTES (INDICES),
                                {BYTES (COLUMN ("tttttttt")), BYTES (COLUMN ("oooooooo")),
                                 BYTES (COLUMN ("hhhhhhhh")), BYTES (COLUMN ("llllllll")),
                                 BYTES (COLUMN ("cccccccc")), BYTES (COLUMN ("vvvvvvvv"))}}},
     "9e1401ccff06070892a542524b2e42a141c40c010000000000000001000000c4"
     "187474747474747474000000000000f03f0000000000000040c4186f6f6f6f6f"
     "6f6f6f000000000000f03f0000000000000040c4186868686868686868000000"
     "000000f03f0000000000000040c4186c6c6c6c6c6c6c6c000000000000f03f00"
     "00000000000040c4186363636363636363000000000000f03f00000000000000"
     "40c4187676767676767676000000000000f03f0000000000000040"},
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
    }
}

static bool same_double (double a, double b)
{
    return isnan (a) ? isnan (b) : a == b && signbit (a) == signbit (b);
}

static bool same_bytes (wire_bytes_t a, wire_bytes_t b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.bytes, b.bytes, a.size) == 0);
}

static bool same_session (session_t a, session_t b)
{
    return session_compare (a, b) == 0;
}

static bool same_link (const link_t *a, const link_t *b)
{
    return same_session (a->session, b->session) && a->last == b->last && a->gap == b->gap;
}

static bool same_partition (const partition_t *a, const partition_t *b)
{
    return frequency_equal (a->frequency, b->frequency) && a->key == b->key;
}

/* Texts of one capacity, one behind the other. */
static bool same_texts (const char *a, const char *b, size_t count, size_t capacity)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp (a + i * capacity, b + i * capacity) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_notes (const char (*a)[WIRE_NOTE_MAX + 1], size_t a_count,
                        const char (*b)[WIRE_NOTE_MAX + 1], size_t b_count)
{
    return a_count == b_count &&
           (a_count == 0 || same_texts (a[0], b[0], a_count, WIRE_NOTE_MAX + 1));
}

static bool same_counts (const wire_counts_t *a, const wire_counts_t *b)
{
    return a->candles == b->candles && a->rejected_rows == b->rejected_rows &&
           a->unsorted_rows == b->unsorted_rows && a->duplicate_rows == b->duplicate_rows &&
           a->rejected_files == b->rejected_files && a->rejected_json == b->rejected_json;
}

static bool same_hello (const wire_hello_t *a, const wire_hello_t *b)
{
    return a->role == b->role && strcmp (a->name, b->name) == 0 &&
           a->incarnation == b->incarnation && strcmp (a->endpoint, b->endpoint) == 0;
}

static bool same_welcome (const wire_welcome_t *a, const wire_welcome_t *b)
{
    return a->worker == b->worker && same_session (a->session, b->session) &&
           strcmp (a->data_endpoint, b->data_endpoint) == 0 &&
           strcmp (a->collector_endpoint, b->collector_endpoint) == 0 &&
           a->all_hits == b->all_hits && a->scan_count == b->scan_count &&
           (a->scan_count == 0 ||
            same_texts (a->scans[0], b->scans[0], a->scan_count, SCAN_TEXT_MAX)) &&
           a->holiday_count == b->holiday_count &&
           (a->holiday_count == 0 ||
            memcmp (a->holidays, b->holidays, a->holiday_count * sizeof *a->holidays) == 0);
}

static bool same_need (const wire_need_t *a, const wire_need_t *b)
{
    bool same =
        a->unit == b->unit && a->attempt == b->attempt && a->partition_count == b->partition_count;
    for (uint32_t i = 0; same && i < a->partition_count; i++) {
        same = same_partition (&a->partitions[i], &b->partitions[i]);
    }
    return same;
}

static bool same_worker_state (const wire_worker_state_t *a, const wire_worker_state_t *b)
{
    bool same =
        a->serial == b->serial && same_link (&a->link, &b->link) && a->blocked == b->blocked &&
        a->consumed == b->consumed && a->refused == b->refused && a->parse_us == b->parse_us &&
        a->scan_us == b->scan_us && a->cpu_us == b->cpu_us && a->need_count == b->need_count;
    for (size_t i = 0; same && i < a->need_count; i++) {
        same = same_need (&a->needs[i], &b->needs[i]);
    }
    return same;
}

static bool same_collector_state (const wire_collector_state_t *a, const wire_collector_state_t *b)
{
    bool same = a->serial == b->serial && a->incarnation == b->incarnation &&
                a->released == b->released && same_bytes (a->held, b->held) &&
                a->held_bytes == b->held_bytes && a->able == b->able && a->failed == b->failed &&
                a->closed == b->closed && a->hits == b->hits && a->refused == b->refused &&
                same_counts (&a->counts, &b->counts) && a->sink_us == b->sink_us &&
                a->cpu_us == b->cpu_us && a->link_count == b->link_count &&
                same_notes (a->notes, a->note_count, b->notes, b->note_count);
    for (size_t i = 0; same && i < a->link_count; i++) {
        same = a->links[i].worker == b->links[i].worker &&
               same_link (&a->links[i].link, &b->links[i].link);
    }
    return same;
}

static bool same_broker_state (const wire_broker_state_t *a, const wire_broker_state_t *b)
{
    return a->serial == b->serial && a->phase == b->phase && a->units == b->units &&
           a->void_count == b->void_count &&
           (a->void_count == 0 ||
            memcmp (a->voids, b->voids, a->void_count * sizeof *a->voids) == 0);
}

static bool same_unit (const wire_unit_t *a, const wire_unit_t *b)
{
    bool same = a->unit == b->unit && a->attempt == b->attempt &&
                strcmp (a->symbol, b->symbol) == 0 && a->first == b->first && a->last == b->last &&
                a->is_first == b->is_first && a->is_last == b->is_last &&
                a->folders == b->folders && a->explain == b->explain && a->when == b->when &&
                a->split_count == b->split_count;
    for (size_t i = 0; same && i < a->split_count; i++) {
        same = a->splits[i].day == b->splits[i].day &&
               same_double (a->splits[i].factor, b->splits[i].factor);
    }
    return same;
}

static bool same_file (const wire_file_t *a, const wire_file_t *b)
{
    return a->unit == b->unit && a->attempt == b->attempt && a->content == b->content &&
           same_partition (&a->partition, &b->partition) && a->is_last == b->is_last &&
           strcmp (a->problem, b->problem) == 0 && same_bytes (a->bytes, b->bytes);
}

static bool same_candles (const wire_candles_t *a, const wire_candles_t *b)
{
    bool same = a->shard == b->shard && same_session (a->generation, b->generation) &&
                a->sequence == b->sequence && a->symbol_count == b->symbol_count &&
                (a->symbol_count == 0 ||
                 same_texts (a->symbols[0], b->symbols[0], a->symbol_count, SYMBOL_MAX + 1)) &&
                a->count == b->count && same_bytes (a->symbol, b->symbol);
    for (size_t i = 0; same && i < sizeof a->columns / sizeof *a->columns; i++) {
        same = same_bytes (a->columns[i], b->columns[i]);
    }
    return same;
}

static bool same_hit (const wire_hit_t *a, const wire_hit_t *b)
{
    const candle_t *left = &a->hit.candle;
    const candle_t *right = &b->hit.candle;
    bool same =
        a->unit == b->unit && a->attempt == b->attempt && strcmp (a->symbol, b->symbol) == 0 &&
        a->hit.scan == b->hit.scan && a->hit.ts == b->hit.ts && left->ts == right->ts &&
        same_double (left->open, right->open) && same_double (left->high, right->high) &&
        same_double (left->low, right->low) && same_double (left->close, right->close) &&
        same_double (left->volume, right->volume) && a->hit.value_count == b->hit.value_count;
    for (int i = 0; same && i < a->hit.value_count; i++) {
        same = same_double (a->hit.values[i], b->hit.values[i]);
    }
    return same;
}

static bool same_done (const wire_done_t *a, const wire_done_t *b)
{
    return a->unit == b->unit && a->attempt == b->attempt && strcmp (a->symbol, b->symbol) == 0 &&
           same_counts (&a->counts, &b->counts) &&
           same_notes (a->notes, a->note_count, b->notes, b->note_count);
}

static bool same_explain (const wire_explain_t *a, const wire_explain_t *b)
{
    bool same = a->unit == b->unit && a->attempt == b->attempt && a->scan == b->scan &&
                a->is_rule == b->is_rule && a->hit == b->hit && strcmp (a->note, b->note) == 0 &&
                a->condition_count == b->condition_count;
    for (size_t i = 0; same && i < a->condition_count; i++) {
        const wire_condition_t *left = &a->conditions[i];
        const wire_condition_t *right = &b->conditions[i];
        same = strcmp (left->what, right->what) == 0 && strcmp (left->op, right->op) == 0 &&
               same_double (left->value, right->value) &&
               same_double (left->threshold, right->threshold) && left->is_time == right->is_time &&
               left->passed == right->passed;
    }
    return same;
}

bool wires_same (const wire_object_t *a, const wire_object_t *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case WIRE_HELLO:
        return same_hello (&a->hello, &b->hello);
    case WIRE_WELCOME:
        return same_welcome (&a->welcome, &b->welcome);
    case WIRE_WORKER_STATE:
        return same_worker_state (&a->worker_state, &b->worker_state);
    case WIRE_COLLECTOR_STATE:
        return same_collector_state (&a->collector_state, &b->collector_state);
    case WIRE_BROKER_STATE:
        return same_broker_state (&a->broker_state, &b->broker_state);
    case WIRE_LINK:
        return a->link.worker == b->link.worker &&
               same_session (a->link.session, b->link.session) && a->link.n == b->link.n;
    case WIRE_UNIT:
        return same_unit (&a->unit, &b->unit);
    case WIRE_FILE:
        return same_file (&a->file, &b->file);
    case WIRE_READY:
        return a->ready.unit == b->ready.unit && a->ready.attempt == b->ready.attempt;
    case WIRE_CANDLES:
        return same_candles (&a->candles, &b->candles);
    case WIRE_HIT:
        return same_hit (&a->hit, &b->hit);
    case WIRE_DONE:
        return same_done (&a->done, &b->done);
    case WIRE_EXPLAIN:
        return same_explain (&a->explain, &b->explain);
    }
    return false;
}
