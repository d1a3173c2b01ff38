/* Whatever the bytes: a message is read or refused within its own memory, and an object that was
 * read, written again, reads as the same. A message of n bytes has no more objects than bytes. */
#undef NDEBUG
#include "fuzz.h"

#include "wires.h"

#include <assert.h>

/* Writing what was read looks at every byte that the object points to. */
static void check_again (wire_reader_t *reader, const wire_object_t *object)
{
    buffer_t message = {0};
    wire_object_t again;
    wires_put (&message, object);
    wire_reader_begin (reader, message.bytes, message.size);
    assert (wire_next (reader, &again) == 1);
    assert (wires_same (object, &again));
    assert (wire_next (reader, &again) == 0);
    buffer_free (&message);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    wire_reader_t *reader = wire_reader_new ();
    wire_reader_t *other = wire_reader_new ();
    wire_object_t object;
    size_t count = 0;
    int result;
    wire_reader_begin (reader, data, size);
    while ((result = wire_next (reader, &object)) == 1) {
        check_again (other, &object);
        count++;
    }
    assert (count <= size && (result == 0 || result == -1));
    wire_reader_destroy (&reader);
    wire_reader_destroy (&other);
    return 0;
}
