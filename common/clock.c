#include "clock.h"

#include <time.h>

static int64_t read_ns (clockid_t id)
{
    struct timespec now;
    clock_gettime (id, &now);
    return now.tv_sec * (int64_t) 1000000000 + now.tv_nsec;
}

mono_t mono_now (void)
{
    return (mono_t){read_ns (CLOCK_MONOTONIC) / 1000};
}

int64_t mono_ms (mono_t since, mono_t now)
{
    return (now.us - since.us) / 1000;
}

int64_t wall_now_us (void)
{
    return read_ns (CLOCK_REALTIME) / 1000;
}

int64_t cpu_thread_ns (void)
{
    return read_ns (CLOCK_THREAD_CPUTIME_ID);
}

int64_t cpu_process_us (void)
{
    return read_ns (CLOCK_PROCESS_CPUTIME_ID) / 1000;
}
