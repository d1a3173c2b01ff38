#include "layout.h"

#include "memory.h"

#include <stdlib.h>

static const scan_column_t candle_columns[LAYOUT_CANDLE] = {
    {"open", false}, {"high", false}, {"low", false}, {"close", false}, {"volume", false},
};

static const size_t candle_offsets[LAYOUT_CANDLE] = {
    offsetof (hit_t, candle.open),  offsetof (hit_t, candle.high),   offsetof (hit_t, candle.low),
    offsetof (hit_t, candle.close), offsetof (hit_t, candle.volume),
};

static void add_missing_columns (layout_t *self, const scan_t *scan)
{
    for (int i = 0; i < scan->column_count; i++) {
        if (layout_find (self, scan->columns[i].name) == self->count) {
            self->columns[self->count++] = scan->columns[i];
        }
    }
}

static void fill_offsets (const layout_t *self, size_t scan)
{
    size_t *offsets = self->offsets + scan * self->count;
    memcpy (offsets, candle_offsets, sizeof candle_offsets);
    for (int i = 0; i < self->scans[scan].column_count; i++) {
        size_t column = layout_find (self, self->scans[scan].columns[i].name);
        offsets[column] = offsetof (hit_t, values) + (size_t) i * sizeof (double);
    }
}

void layout_init (layout_t *self, const scan_t *scans, size_t scan_count, bool names_scan)
{
    *self = (layout_t){.scans = scans, .scan_count = scan_count, .names_scan = names_scan};
    size_t most = LAYOUT_CANDLE + scan_count * SCAN_COLUMNS_MAX;
    self->columns = memory_new (most * sizeof *self->columns);
    memcpy (self->columns, candle_columns, sizeof candle_columns);
    self->count = LAYOUT_CANDLE;
    for (size_t i = 0; i < scan_count; i++) {
        add_missing_columns (self, &scans[i]);
    }
    self->offsets = memory_new (scan_count * self->count * sizeof *self->offsets);
    for (size_t i = 0; i < scan_count; i++) {
        fill_offsets (self, i);
    }
}

void layout_free (layout_t *self)
{
    free (self->columns);
    free (self->offsets);
    *self = (layout_t){0};
}

size_t layout_find (const layout_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp (self->columns[i].name, name) == 0) {
            return i;
        }
    }
    return self->count;
}

char *layout_print (const scan_column_t *column, double value, char text[static LAYOUT_VALUE_TEXT])
{
    if (column->alert) {
        text = stpcpy (text, "change_");
    }
    return text + number_format (value, text);
}
