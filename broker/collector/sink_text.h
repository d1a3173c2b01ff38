/* sink_text - what csv and jsonl share: an output, a layout, and all that is not the form of a row.
 *
 *     hit --> format: row --> output: PATH.part, PATH at its mark, or a stream
 *
 * A live file's mark is its length. Its first line tells whether it is ours and has our columns.
 */
#ifndef SINK_TEXT_H
#define SINK_TEXT_H

#include "layout.h"
#include "output.h"
#include "sink_backend.h"

#define DATETIME_TEXT 25 /* characters of a datetime */

/* How a text is formed. Both write to `at`, where there is room, and return the end. */
struct sink_format {
    /* The first line; nothing when the form has none. */
    char *(*header) (const layout_t *layout, char *at);
    char *(*row) (const layout_t *layout, const char *symbol, size_t scan, const hit_t *hit,
                  char *at);
    size_t column_bytes; /* of a row's column besides its value */
};

typedef struct {
    const sink_format_t *format;
    output_t *output;
    layout_t layout;
    bool begins; /* a live file that has nothing of ours yet */
} sink_text_t;

/* The backend's calls. */
void *sink_text_open (const sink_backend_t *backend, const sink_file_t *file);
void *sink_text_resume (const sink_backend_t *backend, const sink_file_t *file,
                        const sink_cursor_t *cursor, sink_found_t *found);
void *sink_text_stream (const sink_backend_t *backend, const sink_file_t *file, fault_t *fault);
int sink_text_write (void *handle, const char *symbol, size_t scan, const hit_t *hit);
int sink_text_flush (void *handle);
int sink_text_mark (void *handle, char mark[static SINK_MARK_MAX + 1]);
output_t *sink_text_output (void *handle);
int sink_text_close (void *handle, bool whole);
const char *sink_text_part (const void *handle);

#endif
