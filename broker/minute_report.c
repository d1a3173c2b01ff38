#include "minute_report.h"

#include "stats.h"

void minute_report_format (const minute_report_t *self,
                           const char *(*name) (const void *argument, uint32_t symbol),
                           const void *argument, buffer_t *text)
{
    char numbers[3][32];
    int minute = exchange_minute (self->ts);
    buffer_printf (text, "minute %02d:%02d: %s of %s symbols%s, %s missing", minute / 60,
                   minute % 60, stats_count (self->expected - self->missing, numbers[0]),
                   stats_count (self->expected, numbers[1]),
                   self->days == 0 ? " seen so far today" : "",
                   stats_count (self->missing, numbers[2]));
    for (uint32_t i = 0; name && i < self->name_count; i++) {
        buffer_printf (text, "%s%s", i ? ", " : " (", name (argument, self->names[i]));
    }
    if (name && self->name_count > 0) {
        buffer_printf (text, "%s", self->missing > self->name_count ? ", ...)" : ")");
    }
    if (self->symbols > self->expected - self->missing) {
        uint32_t more = self->symbols - (self->expected - self->missing);
        buffer_printf (text, ", %s more", stats_count (more, numbers[0]));
    }
    double seconds = (double) self->last_ms / 1000;
    buffer_printf (text, ", last candle %+.1f s", seconds);
}
