#include "wire_inside.h"

#include "wire_check.h"

#include <stdlib.h>

struct wire_reader {
    const char *bytes;
    size_t size;
    size_t at;
    bool bad;     /* the rest is no valid message */
    tree_t *tree; /* the current object's values */
    room_t room;  /* what the current object's pointers point to */
};

/* ---- what runs of both kinds have */

void wire_put_hello (buffer_t *message, const wire_hello_t *hello)
{
    put_object (message, WIRE_HELLO, 4);
    put_uint (message, hello->role);
    put_text (message, hello->name);
    put_uint (message, hello->incarnation);
    put_text (message, hello->endpoint);
}

static void read_hello (room_t *room, fields_t *fields, wire_object_t *object)
{
    (void) room;
    wire_hello_t *hello = &object->hello;
    hello->role = (wire_role_t) get_uint (fields, WIRE_ROLE_COLLECTOR);
    get_text (fields, hello->name, sizeof hello->name);
    hello->incarnation = get_uint (fields, UINT64_MAX);
    get_text (fields, hello->endpoint, sizeof hello->endpoint);
    if (hello->role < WIRE_ROLE_WORKER) {
        fields->bad = true;
    }
}

void wire_put_link (buffer_t *message, const wire_link_t *link)
{
    put_object (message, WIRE_LINK, 4);
    put_uint (message, link->worker);
    put_session (message, link->session);
    put_uint (message, link->n);
}

static void read_link (room_t *room, fields_t *fields, wire_object_t *object)
{
    (void) room;
    object->link.worker = get_u32 (fields);
    object->link.session = get_session (fields);
    object->link.n = get_uint (fields, UINT64_MAX);
}

/* ---- reading */

/* The kinds: the one list that reading goes by. */
static const struct {
    wire_kind_t kind;
    void (*read) (room_t *, fields_t *, wire_object_t *);
} kinds[] = {
    {WIRE_HELLO, read_hello},
    {WIRE_WELCOME, read_welcome},
    {WIRE_WORKER_STATE, read_worker_state},
    {WIRE_COLLECTOR_STATE, read_collector_state},
    {WIRE_BROKER_STATE, read_broker_state},
    {WIRE_LIVE_WELCOME, read_live_welcome},
    {WIRE_LIVE_WORKER, read_live_worker},
    {WIRE_LIVE_COLLECTOR, read_live_collector},
    {WIRE_LIVE_BROKER, read_live_broker},
    {WIRE_PLACES, read_places},
    {WIRE_KNOWN, read_places},
    {WIRE_STATE, read_state},
    {WIRE_LINK, read_link},
    {WIRE_UNIT, read_unit},
    {WIRE_FILE, read_file},
    {WIRE_READY, read_ready},
    {WIRE_CANDLES, read_candles},
    {WIRE_HIT, read_hit},
    {WIRE_DONE, read_done},
    {WIRE_EXPLAIN, read_explain},
    {WIRE_BEGIN, read_begin},
    {WIRE_REFERENCE, read_reference},
    {WIRE_CLOCK, read_clock},
    {WIRE_LIVE_HIT, read_live_hit},
    {WIRE_PROGRESS, read_progress},
    {WIRE_YIELD, read_yield},
};

wire_reader_t *wire_reader_new (void)
{
    wire_reader_t *self = memory_new (sizeof *self);
    self->tree = tree_new ();
    return self;
}

void wire_reader_destroy (wire_reader_t **self)
{
    if (*self) {
        tree_destroy (&(*self)->tree);
        room_free (&(*self)->room);
        free (*self);
        *self = NULL;
    }
}

void wire_reader_begin (wire_reader_t *self, const void *bytes, size_t size)
{
    self->bytes = bytes;
    self->size = size;
    self->at = 0;
    self->bad = false;
}

static int decode (room_t *room, fields_t *fields, wire_object_t *object)
{
    uint64_t kind = get_uint (fields, UINT8_MAX);
    uint64_t version = get_uint (fields, UINT8_MAX);
    if (fields->bad || version != wire_version ((wire_kind_t) kind)) {
        return -1;
    }
    for (size_t i = 0; i < COUNT_OF (kinds); i++) {
        if (kinds[i].kind == kind) {
            object->kind = kinds[i].kind;
            kinds[i].read (room, fields, object);
            return fields->bad || fields->left > 0 ? -1 : 1;
        }
    }
    return -1;
}

/* The object at `at`, and past it. */
static int read_object (wire_reader_t *self, wire_object_t *object)
{
    const char *bytes = self->bytes + self->at;
    size_t size = wire_object_size (bytes, self->size - self->at);
    fields_t fields;
    if (size == 0 || !tree_read (self->tree, bytes, size, &fields)) {
        return -1;
    }
    self->at += size;
    return decode (&self->room, &fields, object);
}

int wire_next (wire_reader_t *self, wire_object_t *object)
{
    if (!self->bad && self->at == self->size) {
        return 0;
    }
    int result = self->bad ? -1 : read_object (self, object);
    self->bad = result < 0;
    return result;
}
