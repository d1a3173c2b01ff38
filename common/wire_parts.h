/* wire_parts - the small things that messages of all kinds are made of. */
#ifndef WIRE_PARTS_H
#define WIRE_PARTS_H

#include "frequency.h"
#include "link.h"
#include "text.h"

#define WIRE_NAME_MAX     48
#define WIRE_ENDPOINT_MAX 160
#define WIRE_STREAM_MAX   120 /* characters of the longest name of a stream */
#define WIRE_NOTE_MAX     400
#define WIRE_NOTES_MAX    10 /* located messages that one unit, or one state, carries */

/* The highest time or span of time in milliseconds that is read: sums of a few do not overflow. */
#define WIRE_MS_MAX (INT64_C (1) << 60)

/* The latest time in microseconds that is read. A stamp is the wall clock (wall_now_us) when a candle
 * was read, or was to be there by the plan of a load test; of several, the oldest; 0: none. */
#define WIRE_STAMP_MAX (INT64_C (1) << 60)

/* Bytes inside a received message: not NUL-terminated, valid as long as the message. */
typedef struct {
    const char *bytes;
    size_t size;
} wire_bytes_t;

/* A partition file of candles. */
typedef struct {
    frequency_t frequency;
    day_t key; /* partition_first */
} partition_t;

/* One worker's link as the collector sees it. */
typedef struct {
    uint32_t worker;
    link_t link;
} wire_link_state_t;

typedef struct {
    day_t day;
    double factor; /* split_from / split_to */
} wire_split_t;

typedef enum {
    WIRE_PHASE_RUN = 0,
    WIRE_PHASE_FINISH = 1, /* every unit was released or is void: make the result whole */
    WIRE_PHASE_STOP = 2,   /* interrupted: write what is held, in order, and leave the part */
    WIRE_PHASE_EXIT = 3    /* go */
} wire_phase_t;

typedef enum { WIRE_FUNDAMENTALS = 0, WIRE_PARTITION = 1 } wire_content_t;

#endif
