#include "unit_inside.h"

#include <math.h>
#include <stdio.h>

static void put_explanation (unit_t *self, size_t s, bool is_rule, bool hit, const char *text,
                             const explanation_t *explanation, outbox_t *out)
{
    wire_condition_t conditions[CONDITIONS_MAX];
    for (int i = 0; i < explanation->count; i++) {
        const condition_t *from = &explanation->conditions[i];
        wire_condition_t *to = &conditions[i];
        *to = (wire_condition_t){.value = from->value,
                                 .threshold = from->threshold,
                                 .is_time = from->is_time,
                                 .passed = from->passed};
        snprintf (to->what, sizeof to->what, "%s", from->what);
        snprintf (to->op, sizeof to->op, "%s", from->op);
    }
    wire_explain_t item = {.unit = self->order.unit,
                           .attempt = self->order.attempt,
                           .scan = (uint32_t) s,
                           .is_rule = is_rule,
                           .hit = hit,
                           .condition_count = (size_t) explanation->count,
                           .conditions = conditions};
    snprintf (item.note, sizeof item.note, "%s", text);
    wire_put_explain (outbox_message (out), &item);
}

/* "no candle ...": what the day has instead. */
static void describe_day (const candle_t *rows, size_t count, char *text, size_t size)
{
    if (count == 0) {
        snprintf (text, size, "no candle at that time: the day has none");
        return;
    }
    int first = exchange_minute (rows[0].ts), last = exchange_minute (rows[count - 1].ts);
    snprintf (text, size, "no candle at that time: the day has %zu, from %02d:%02d to %02d:%02d",
              count, first / 60, first % 60, last / 60, last % 60);
}

static void explain_candles (unit_t *self, size_t s, day_t day, outbox_t *out)
{
    const scan_t *scan = &self->run->scans[s];
    scanning_t *scanning = &self->scanning[s];
    size_t count, k = 0;
    const candle_t *rows =
        unit_day_candles (self, (size_t) self->run->frequency_of[s], day, &count);
    int64_t length = 60 * (int64_t) frequency_minutes (scan->frequency);
    double values[SCAN_COLUMNS_MAX];
    explanation_t explanation = {0};
    char text[WIRE_NOTE_MAX] = "";
    bool hit = false;
    rules_begin (&scanning->state, scan, self->daily, scanning->lows);
    while (k < count && rows[k].ts + length <= self->order.when) {
        rules_feed (&scanning->state, scan, &rows[k], exchange_minute (rows[k].ts), values, NULL);
        k++;
    }
    if (k < count && rows[k].ts <= self->order.when) {
        int minute = exchange_minute (rows[k].ts);
        hit = rules_feed (&scanning->state, scan, &rows[k], minute, values, &explanation);
    } else {
        describe_day (rows, count, text, sizeof text);
    }
    put_explanation (self, s, true, hit, text, &explanation, out);
}

void unit_explain_day (unit_t *self, day_t day, outbox_t *out)
{
    for (size_t s = 0; s < self->run->scan_count; s++) {
        const scan_t *scan = &self->run->scans[s];
        explanation_t gate = {0}, rule = {0};
        bool passed = rules_gate (scan, self->daily, self->calendar, &gate);
        put_explanation (self, s, false, passed, "", &gate, out);
        if (self->run->frequency_of[s] >= 0) {
            explain_candles (self, s, day, out);
            continue;
        }
        double close = NAN, high = NAN, values[SCAN_COLUMNS_MAX];
        candle_t candle;
        if (rules_reads_prev_allday (scan)) {
            unit_previous_allday (self, day, &close, &high);
        }
        bool hit = rules_daily (scan, self->daily, close, high, values, &candle, &rule);
        put_explanation (self, s, true, hit, "", &rule, out);
    }
}
