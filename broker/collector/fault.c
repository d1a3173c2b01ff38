#include "fault.h"

#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#define WAIT_MIN_MS 100
#define WAIT_MAX_MS 5000

void fault_set (fault_t *self, const char *format, ...)
{
    if (self && self->failing) {
        return;
    }
    char text[1024];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    log_error ("%s", text);
    if (self) {
        self->failing = true;
    }
}

void fault_wait (fault_t *self, int64_t now_ms)
{
    int64_t longer = 2 * self->wait_ms;
    self->wait_ms = longer < WAIT_MIN_MS   ? WAIT_MIN_MS
                    : longer > WAIT_MAX_MS ? WAIT_MAX_MS
                                           : longer;
    self->due_ms = now_ms + self->wait_ms;
}

bool fault_is_due (const fault_t *self, int64_t now_ms)
{
    return self->wait_ms == 0 || now_ms >= self->due_ms;
}

int64_t fault_due_ms (const fault_t *self, int64_t now_ms)
{
    if (self->wait_ms == 0) {
        return -1;
    }
    return self->due_ms > now_ms ? self->due_ms - now_ms : 0;
}

void fault_clear (fault_t *self, const char *name)
{
    if (self->failing) {
        log_info ("%s works again", name);
    }
    *self = (fault_t){0};
}
