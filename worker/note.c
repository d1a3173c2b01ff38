#include "note.h"

#include <stdio.h>

void note_write (char note[static WIRE_NOTE_MAX + 1], const char *symbol, wire_content_t content,
                 partition_t partition, const char *format, va_list arguments)
{
    int used;
    if (content == WIRE_FUNDAMENTALS) {
        used = snprintf (note, WIRE_NOTE_MAX + 1, "data/fundamentals/%s.json", symbol);
    } else {
        char frequency[FREQUENCY_TEXT], key[PARTITION_TEXT];
        used = snprintf (note, WIRE_NOTE_MAX + 1, "data/candles/%s/%s/%s.csv", symbol,
                         frequency_format (partition.frequency, frequency),
                         partition_format (partition.frequency, partition.key, key));
    }
    vsnprintf (note + used, (size_t) (WIRE_NOTE_MAX + 1 - used), format, arguments);
    /* A reason may repeat what stands in the file; on the wire a control would make the message a
     * bad one, and its receiver would take the worker for a broken one. */
    for (; *note; note++) {
        if ((unsigned char) *note < ' ' || *note == 0x7f) {
            *note = '?';
        }
    }
}
