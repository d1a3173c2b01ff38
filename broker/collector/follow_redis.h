/* follow_redis - streams in Redis that follow the journal. */
#ifndef FOLLOW_REDIS_H
#define FOLLOW_REDIS_H

#include "follow.h"
#include "follower.h"

/* Opens the sink `text`, which was checked. Waits up to a second for the server's cursors: NULL, and
 * `*usage`, when they are not of this journal. A server that does not answer is tried again. */
void *follow_redis_open (feed_t *feed, const char *text, const follower_config_t *config,
                         bool *usage);

#endif
