/* memory - allocation that cannot fail, and a growable array of bytes.
 *
 * Out of memory ends the process here, in one place, with one line on stderr: no caller of
 * fastscanner could go on without the block it asked for, and every size that comes from outside is
 * checked before it gets here.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* Tells the allocator what these processes do: messages of some 100 KiB come and go all the time.
 * By default glibc maps and unmaps each (a page fault per 4 KiB); here they stay on the heap. Once,
 * first in main. */
void memory_init (void);

/* Zeroed block of `size` bytes; never NULL. The caller frees it with free (). */
void *memory_new (size_t size);

/* `block` (or NULL) resized to `count` elements of `size` bytes; never NULL, contents kept, the
 * rest not zeroed. */
void *memory_resize (void *block, size_t count, size_t size);

/* A copy of the text; never NULL. The caller frees it. */
char *memory_text (const char *text);

/* A formatted text; never NULL. The caller frees it. */
char *memory_format (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

/* Bytes that grow. A value: `buffer_t b = {0};` is empty and valid. The struct owns `bytes`. */
typedef struct {
    char *bytes;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
} buffer_t;

/* Room for `size` more bytes after the used ones; the address of the first. Does not change `size`.
 * */
char *buffer_reserve (buffer_t *self, size_t size);

/* Appends bytes. */
void buffer_append (buffer_t *self, const void *bytes, size_t size);

/* Appends formatted text, without its final NUL. */
void buffer_printf (buffer_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Frees the block; the value is empty and valid again. */
void buffer_free (buffer_t *self);

#endif
