/* json_walk - walks the members of a top-level JSON object without a tree: a file of the whole
 * market costs its bytes, and only the values that are wanted become trees, one at a time.
 *
 *     {"A": [{"split_from": 1}, ...], "B": 7}
 *      '-'  '-----------------------'
 *      name           value              the first member; "B" and 7 are the second
 *
 * It knows where a value ends (strings, brackets that match), not whether it is good JSON: that is
 * told by whoever parses it. What it does not understand between values ends the walk.
 */
#ifndef JSON_WALK_H
#define JSON_WALK_H

#include "span.h"

#define JSON_WALK_DEPTH_MAX 64 /* brackets in brackets */

/* A value. */
typedef struct {
    const char *at, *end; /* what is left of the text */
    size_t line;          /* of `at`, from 1 */
    bool begun, ended;
    const char *problem; /* why the walk ended in `line`; NULL when it came to the end */
} json_walk_t;

/* Both lie in the text. */
typedef struct {
    span_t name;  /* with its quotes and escapes */
    span_t value; /* no blanks around it */
    size_t line;  /* of the value's first byte */
} json_member_t;

/* A walk over `size` bytes, which need no NUL and must outlive it. */
void json_walk_init (json_walk_t *self, const char *text, size_t size);

/* The next member. False at the end of the object and, with `problem` set, where the text is broken;
 * false for good then. */
bool json_walk_next (json_walk_t *self, json_member_t *member);

#endif
