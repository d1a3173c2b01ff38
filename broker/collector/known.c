#include "known.h"

#include "names.h"

#include <stdlib.h>

#define CHUNK 1000 /* symbols, and streams, of one message */

typedef struct {
    cell_t cell;
    names_t names; /* streams in which our symbols are */
    size_t symbol_count, symbol_room, stream_count, stream_room;
    wire_place_t *symbols;
    wire_stream_place_t *streams;
} known_t;

static void add_symbol (void *argument, const wire_place_t *place)
{
    known_t *self = argument;
    if (!cell_has_symbol (self->cell, place->symbol)) {
        return;
    }
    if (!cell_is_whole (self->cell)) {
        names_add (&self->names, place->stream);
    }
    if (self->symbol_count == self->symbol_room) {
        self->symbol_room = 2 * self->symbol_room + CHUNK;
        self->symbols = memory_resize (self->symbols, self->symbol_room, sizeof *self->symbols);
    }
    self->symbols[self->symbol_count++] = *place;
}

/* Behind all symbols. */
static void add_stream (void *argument, const wire_stream_place_t *stream)
{
    known_t *self = argument;
    if (cell_stream (self->cell, stream->stream, NULL) != CELL_OURS &&
        names_find (&self->names, stream->stream) == NAMES_NONE) {
        return;
    }
    if (self->stream_count == self->stream_room) {
        self->stream_room = 2 * self->stream_room + CHUNK;
        self->streams = memory_resize (self->streams, self->stream_room, sizeof *self->streams);
    }
    self->streams[self->stream_count++] = *stream;
}

/* How many of `count` are in the chunk that starts at `from`. */
static size_t chunk (size_t from, size_t count)
{
    size_t left = from < count ? count - from : 0;
    return left < CHUNK ? left : CHUNK;
}

static void send_all (const known_t *self, uint64_t epoch, channel_t *control)
{
    bool last = false, sent = true;
    for (uint64_t number = 0; !last && sent; number++) {
        size_t from = (size_t) number * CHUNK;
        wire_places_t places = {.epoch = epoch, .number = number};
        buffer_t message = {0};
        places.symbol_count = chunk (from, self->symbol_count);
        places.stream_count = chunk (from, self->stream_count);
        places.symbols = places.symbol_count > 0 ? self->symbols + from : NULL;
        places.streams = places.stream_count > 0 ? self->streams + from : NULL;
        last = from + CHUNK >= self->symbol_count && from + CHUNK >= self->stream_count;
        places.last = last;
        wire_put_known (&message, &places);
        sent = channel_send (control, &message);
    }
}

void known_send (journal_t *journal, uint64_t epoch, cell_t cell, channel_t *control)
{
    known_t known = {.cell = cell};
    if (journal_places (journal, add_symbol, add_stream, &known) == 0) {
        send_all (&known, epoch, control);
    }
    names_free (&known.names);
    free (known.symbols);
    free (known.streams);
}
