#include "memory.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory (size_t size) __attribute__ ((noreturn));

static void out_of_memory (size_t size)
{
    fprintf (stderr, "out of memory: no block of %zu bytes\n", size);
    exit (1);
}

void memory_init (void)
{
    mallopt (M_MMAP_THRESHOLD, 8 << 20);
    mallopt (M_TRIM_THRESHOLD, 16 << 20);
    mallopt (M_ARENA_MAX, 2);
}

void *memory_new (size_t size)
{
    void *block = calloc (1, size ? size : 1);
    if (!block) {
        out_of_memory (size);
    }
    return block;
}

void *memory_resize (void *block, size_t count, size_t size)
{
    if (count > SIZE_MAX / size) {
        out_of_memory (SIZE_MAX);
    }
    size_t bytes = count * size;
    void *resized = realloc (block, bytes > 0 ? bytes : 1);
    if (!resized) {
        out_of_memory (bytes);
    }
    return resized;
}

char *memory_text (const char *text)
{
    size_t size = strlen (text) + 1;
    return memcpy (memory_new (size), text, size);
}

char *memory_format (const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start (arguments, format);
    int length = vasprintf (&text, format, arguments);
    va_end (arguments);
    if (length < 0) {
        out_of_memory (0);
    }
    return text;
}

char *buffer_reserve (buffer_t *self, size_t size)
{
    if (!self->bytes || size > self->capacity - self->size) { /* an address for no bytes too */
        size_t capacity = self->capacity ? self->capacity : 256;
        while (capacity - self->size < size) {
            capacity += capacity / 2;
        }
        self->bytes = memory_resize (self->bytes, capacity, 1);
        self->capacity = capacity;
    }
    return self->bytes + self->size;
}

void buffer_append (buffer_t *self, const void *bytes, size_t size)
{
    if (size > 0) {
        memcpy (buffer_reserve (self, size), bytes, size);
        self->size += size;
    }
}

void buffer_printf (buffer_t *self, const char *format, ...)
{
    va_list arguments, again;
    va_start (arguments, format);
    va_copy (again, arguments);
    int length = vsnprintf (NULL, 0, format, arguments);
    va_end (arguments);
    if (length > 0) {
        vsnprintf (buffer_reserve (self, (size_t) length + 1), (size_t) length + 1, format, again);
        self->size += (size_t) length;
    }
    va_end (again);
}

void buffer_free (buffer_t *self)
{
    free (self->bytes);
    *self = (buffer_t){0};
}
