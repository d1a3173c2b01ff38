/* stats - where a run's CPU time went, by stage, and a run's figures as a person reads them. */
#ifndef STATS_H
#define STATS_H

#include <stddef.h>
#include <stdint.h>

/* Reading files, parsing, computing and writing are timed per block; transport is what the
 * processes used beyond these (sockets, messages, dispatch); idle is what the cores had left. */
typedef enum {
    STAGE_READ,
    STAGE_PARSE,
    STAGE_TRANSPORT,
    STAGE_SCAN,
    STAGE_SINK,
    STAGE_IDLE,
    STAGE_COUNT
} stage_t;

const char *stage_name (stage_t stage);

/* Microseconds of CPU per stage. Transport and idle are filled by stats_close. A value; all zero is
 * empty. */
typedef struct {
    int64_t us[STAGE_COUNT];
} stats_t;

/* `cpu_us`: of all processes together; `wall_us` and `cores`: what there was. */
void stats_close (stats_t *self, int64_t cpu_us, int64_t wall_us, int cores);

/* Share of a stage, 0-100, rounded so that all shares sum to 100. */
void stats_shares (const stats_t *self, int shares[STAGE_COUNT]);

/* 1234567 as "1,234,567"; returns `text`. */
char *stats_count (uint64_t value, char text[static 32]);

/* A rate with three digits: "4,761", "1.23 M". */
char *stats_rate (double per_second, char text[static 32]);

#endif
