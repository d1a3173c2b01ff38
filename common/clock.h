/* clock - the clocks of the machine. Each is a type of its own, so that one cannot be taken for
 * another; the exchange's and the source's time are int64_t of Unix seconds and milliseconds
 * (exchange.h). */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Rises evenly from some start; for deadlines and rates. */
typedef struct {
    int64_t us;
} mono_t;

mono_t mono_now (void);
/* Milliseconds from `since` to `now`; may be negative. */
int64_t mono_ms (mono_t since, mono_t now);

/* Microseconds of the wall clock since 1970: what candles are stamped with. Unlike mono_now's, it is
 * roughly the same on all machines; it may be set, so it is for what people are told alone. */
int64_t wall_now_us (void);

/* CPU time used so far: by the calling thread in nanoseconds, by the process in microseconds. */
int64_t cpu_thread_ns (void);
int64_t cpu_process_us (void);

#endif
