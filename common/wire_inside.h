/* wire_inside - what the parts of wire share: wire.c (the kinds' table, the reader), wire_batch.c
 * (a batch run's kinds), wire_live.c and wire_items.c (a live run's: control, data). For these.
 *
 * A read_... reads the fields behind kind and version into the object, whose kind is set; what is
 * wrong makes the walk bad, and what is left over is refused by the reader.
 */
#ifndef WIRE_INSIDE_H
#define WIRE_INSIDE_H

#include "wire_fields.h"

/* wire_batch.c */
void read_welcome (room_t *room, fields_t *fields, wire_object_t *object);
void read_worker_state (room_t *room, fields_t *fields, wire_object_t *object);
void read_collector_state (room_t *room, fields_t *fields, wire_object_t *object);
void read_broker_state (room_t *room, fields_t *fields, wire_object_t *object);
void read_unit (room_t *room, fields_t *fields, wire_object_t *object);
void read_file (room_t *room, fields_t *fields, wire_object_t *object);
void read_ready (room_t *room, fields_t *fields, wire_object_t *object);
void read_hit (room_t *room, fields_t *fields, wire_object_t *object);
void read_done (room_t *room, fields_t *fields, wire_object_t *object);
void read_explain (room_t *room, fields_t *fields, wire_object_t *object);

/* wire_live.c */
void read_live_welcome (room_t *room, fields_t *fields, wire_object_t *object);
void read_live_worker (room_t *room, fields_t *fields, wire_object_t *object);
void read_live_collector (room_t *room, fields_t *fields, wire_object_t *object);
void read_live_broker (room_t *room, fields_t *fields, wire_object_t *object);
void read_places (room_t *room, fields_t *fields, wire_object_t *object); /* and KNOWN */

/* wire_items.c */
void read_begin (room_t *room, fields_t *fields, wire_object_t *object);
void read_reference (room_t *room, fields_t *fields, wire_object_t *object);
void read_candles (room_t *room, fields_t *fields, wire_object_t *object);
void read_clock (room_t *room, fields_t *fields, wire_object_t *object);
void read_live_hit (room_t *room, fields_t *fields, wire_object_t *object);
void read_progress (room_t *room, fields_t *fields, wire_object_t *object);
void read_yield (room_t *room, fields_t *fields, wire_object_t *object);
void read_state (room_t *room, fields_t *fields, wire_object_t *object);

#endif
