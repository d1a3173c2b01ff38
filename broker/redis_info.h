/* redis_info - what XINFO STREAM answers, without its entries: its ids.
 *
 * hiredis' reader calls us for each element; nothing is allocated. The first and the last entry come
 * along in the reply, whatever their size: when it breaks off in one that is too large to be held, the
 * ids are there already.
 */
#ifndef REDIS_INFO_H
#define REDIS_INFO_H

#include "entry.h"

#include <hiredis/hiredis.h>

#define REDIS_INFO_ERROR 200

typedef struct {
    bool has_newest, has_oldest;
    bool empty;                   /* no entries */
    entry_id_t newest;            /* the last id that was given, even when the entry is gone */
    entry_id_t oldest;            /* of the first entry */
    char error[REDIS_INFO_ERROR]; /* what it was refused with, or "" */
    int field;                    /* whose value comes next */
} redis_info_t;

/* With a redis_info_t as privdata, which is {0} before each reply. */
redisReplyObjectFunctions *redis_info_functions (void);

/* Are the ids there? Then `oldest` is the first that can still be read: when it is empty, the one after
 * the newest. */
bool redis_info_ids (const redis_info_t *self, entry_id_t *oldest, entry_id_t *newest);

#endif
