/* load_redis_inside - what the two ends of a producer's pipe share: load_redis.c (the broker's) and
 * load_producer.c (the child's). For them alone. */
#ifndef LOAD_REDIS_INSIDE_H
#define LOAD_REDIS_INSIDE_H

#include "load_redis.h"

#define LOAD_KEY_TEXT (LOAD_PREFIX_TEXT + 32)

/* The key of stream number `stream`. The name of a symbol's own stream says so to the reader; that of a shared one
 * must not look as if it did (redis_patterns.h). */
char *load_redis_key (const load_redis_config_t *config, const char *prefix, uint32_t stream,
                      char text[static LOAD_KEY_TEXT]);

/* Messages of a SOCK_SEQPACKET pair: each is one struct. */
typedef enum { LOAD_GO = 1, LOAD_STOP, LOAD_CLEAN } load_word_t;

typedef struct {
    load_word_t word;
    int64_t begin_us;
} load_order_t;

typedef struct {
    bool ready;
    load_redis_state_t state;
} load_answer_t;

/* The child's whole life; returns its exit code. */
int load_producer_run (const load_redis_config_t *config, const char *prefix, int pair);

#endif
