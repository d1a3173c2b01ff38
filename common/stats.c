#include "stats.h"

#include <stdio.h>
#include <string.h>

const char *stage_name (stage_t stage)
{
    static const char *const names[STAGE_COUNT] = {"read", "parse", "transport",
                                                   "scan", "sink",  "idle"};
    return names[stage];
}

void stats_close (stats_t *self, int64_t cpu_us, int64_t wall_us, int cores)
{
    int64_t measured =
        self->us[STAGE_READ] + self->us[STAGE_PARSE] + self->us[STAGE_SCAN] + self->us[STAGE_SINK];
    int64_t idle = wall_us * cores - cpu_us;
    self->us[STAGE_TRANSPORT] = cpu_us > measured ? cpu_us - measured : 0;
    self->us[STAGE_IDLE] = idle > 0 ? idle : 0;
}

void stats_shares (const stats_t *self, int shares[STAGE_COUNT])
{
    int64_t total = 0;
    for (int i = 0; i < STAGE_COUNT; i++) {
        total += self->us[i];
    }
    /* Each share is the difference of two rounded running sums, so that the sum is exact. */
    int64_t sum = 0;
    int before = 0;
    for (int i = 0; i < STAGE_COUNT; i++) {
        sum += self->us[i];
        int now = total > 0 ? (int) ((sum * 100 + total / 2) / total) : 0;
        shares[i] = now - before;
        before = now;
    }
}

char *stats_count (uint64_t value, char text[static 32])
{
    char digits[24];
    int length = snprintf (digits, sizeof digits, "%llu", (unsigned long long) value);
    char *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *to++ = ',';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

char *stats_rate (double per_second, char text[static 32])
{
    if (per_second >= 1e6) {
        snprintf (text, 32, "%.*f M", per_second < 1e7 ? 2 : 1, per_second / 1e6);
    } else if (per_second >= 10) {
        stats_count ((uint64_t) (per_second + 0.5), text);
    } else {
        snprintf (text, 32, "%.1f", per_second);
    }
    return text;
}
