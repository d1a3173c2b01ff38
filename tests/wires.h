/* wires - an example of each kind of message, for the tests of wire. */
#ifndef WIRES_H
#define WIRES_H

#include "wire.h"

/* An object and the bytes that it has on the wire, in hexadecimal digits. */
typedef struct {
    const char *name;
    wire_object_t object;
    const char *hex;
} wires_example_t;

/* Every kind once, no field at its default. */
#define WIRES_COUNT 26
extern const wires_example_t wires[WIRES_COUNT];

/* The example of a kind. */
const wires_example_t *wires_find (wire_kind_t kind);

/* Appends any object, by the wire_put_... of its kind. */
void wires_put (buffer_t *message, const wire_object_t *object);

/* Whether all fields are the same, and all that they point to; NAN is the same as NAN. */
bool wires_same (const wire_object_t *a, const wire_object_t *b);

/* Reads a copy of the message, which lies in a block of just its size, to its end, and looks at
 * everything that it gives: how many objects, or -1 when it was refused. */
int wires_read (const char *bytes, size_t size);

/* The same of a message that is this object. */
int wires_read_object (const wire_object_t *object);

/* The example of `kind` with one thing changed is refused, or accepted. */
#define CHANGED(kind, member, change, expected)                                                    \
    do {                                                                                           \
        wire_object_t object = wires_find (kind)->object;                                          \
        object.member.change;                                                                      \
        assert_int_equal (wires_read_object (&object), expected);                                  \
    } while (0)
#define REFUSED(kind, member, change)  CHANGED (kind, member, change, -1)
#define ACCEPTED(kind, member, change) CHANGED (kind, member, change, 1)

#endif
