#include "redis_info.h"

#include <stdio.h>
#include <string.h>

#define ELEMENTS_MAX 256 /* of the reply itself: 20 in Redis 7 */

enum { OTHER, LENGTH, NEWEST, FIRST_ID, FIRST_ENTRY };

static int field_of (const char *text, size_t size)
{
    static const struct {
        const char *name;
        int field;
    } names[] = {{"length", LENGTH},
                 {"last-generated-id", NEWEST},
                 {"recorded-first-entry-id", FIRST_ID},
                 {"first-entry", FIRST_ENTRY}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen (names[i].name) == size && memcmp (names[i].name, text, size) == 0) {
            return names[i].field;
        }
    }
    return OTHER;
}

/* 0 for the reply, 1 for its elements... */
static int depth_of (const redisReadTask *task)
{
    int depth = 0;
    for (; task->parent; task = task->parent) {
        depth++;
    }
    return depth;
}

static void *create_string (const redisReadTask *task, char *text, size_t size)
{
    redis_info_t *self = task->privdata;
    int depth = depth_of (task);
    if (depth == 0) {
        snprintf (self->error, sizeof self->error, "%.*s",
                  size < REDIS_INFO_ERROR ? (int) size : REDIS_INFO_ERROR, text);
        return task->type == REDIS_REPLY_ERROR ? self : NULL;
    }
    if (depth == 1 && task->idx % 2 == 0) {
        self->field = field_of (text, size);
    } else if (depth == 1 && self->field == NEWEST) {
        self->has_newest = entry_id_parse (text, size, &self->newest);
    } else if ((depth == 1 && self->field == FIRST_ID) ||
               (depth == 2 && self->field == FIRST_ENTRY && task->idx == 0)) {
        self->has_oldest = entry_id_parse (text, size, &self->oldest);
    }
    return self;
}

static void *create_array (const redisReadTask *task, int elements)
{
    return task->parent || elements <= ELEMENTS_MAX ? task->privdata : NULL;
}

static void *create_integer (const redisReadTask *task, long long number)
{
    redis_info_t *self = task->privdata;
    if (depth_of (task) == 1 && self->field == LENGTH) {
        self->empty = number == 0;
    }
    return self;
}

static void *create_nil (const redisReadTask *task)
{
    return task->privdata;
}

static void free_object (void *of)
{
    (void) of;
}

redisReplyObjectFunctions *redis_info_functions (void)
{
    static redisReplyObjectFunctions functions = {.createString = create_string,
                                                  .createArray = create_array,
                                                  .createInteger = create_integer,
                                                  .createNil = create_nil,
                                                  .freeObject = free_object};
    return &functions;
}

bool redis_info_ids (const redis_info_t *self, entry_id_t *oldest, entry_id_t *newest)
{
    *newest = self->newest;
    *oldest = self->empty ? entry_id_after (self->newest) : self->oldest;
    return self->has_newest && (self->empty || self->has_oldest);
}
