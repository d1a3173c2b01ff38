/* Reading and writing of a scan's text. The tables that say what is valid are scanners.c; values
 * are parameter.c.
 *
 *     "ID:NAME,k=v,..." --> read_head --> read_parameter* --> set_defaults --> check_together
 *                                              |                  |                 |
 *                                              +- parameter_read -+                 v
 *                                                                     set_frequency, set_columns, hash
 */
#include "scan.h"

#include "parameter.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAILY_LOOKBACK 15 /* adv(14) and adr(14) read W(D, 15) */
#define NAME_SHOWN     48 /* characters of a mistyped name or value that an error repeats */

typedef struct {
    scan_t *scan;
    const scanner_t *scanner;
    uint64_t given; /* bit i: scan_parameters[i] was given */
    bool has_frequency;
    char *error;
    size_t error_size;
} parser_t;

static int fail (const parser_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static int fail (const parser_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->error, self->error_size, format, arguments);
    va_end (arguments);
    return -1;
}

/* How much of it an error shows. */
static int shown (span_t span)
{
    return span.size < NAME_SHOWN ? (int) span.size : NAME_SHOWN;
}

/* The span as text; "" when it is too long to be a name. */
static const char *span_name (span_t span, char name[static NAME_SHOWN + 1])
{
    size_t size = span.size <= NAME_SHOWN ? span.size : 0;
    if (size > 0) {
        memcpy (name, span.text, size);
    }
    name[size] = '\0';
    return name;
}

/* ------------------------------------------------------------------ the text, left to right */

static size_t parameter_index (const char *name)
{
    size_t index = 0;
    while (index < scan_parameter_count && strcmp (scan_parameters[index].name, name) != 0) {
        index++;
    }
    return index;
}

static size_t taken_count (const scanner_t *scanner)
{
    size_t count = 0;
    while (scanner->parameters[count].name) {
        count++;
    }
    return count;
}

static bool takes (const scanner_t *scanner, const char *name)
{
    for (const scanner_parameter_t *taken = scanner->parameters; taken->name; taken++) {
        if (strcmp (taken->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* `ID:NAME` or `NAME`. */
static int read_head (parser_t *self, span_t head)
{
    span_t name = head;
    span_t id = {0};
    if (memchr (head.text, ':', head.size)) {
        span_cut (&name, ':', &id);
    }
    char buffer[NAME_SHOWN + 1];
    span_name (name, buffer);
    self->scanner = scanner_find (buffer);
    if (!self->scanner) {
        const char *nearest = text_nearest (buffer, scanners, SCANNER_COUNT, sizeof *scanners);
        return nearest ? fail (self, "unknown scanner '%s': did you mean %s?", buffer, nearest)
                       : fail (self, "unknown scanner '%.*s': 'fastscanner scanners' lists them",
                               shown (name), name.text);
    }
    if (!id.text) {
        id = name;
    }
    if (!scan_id_valid (id.text, id.size)) {
        return fail (self, "scan id '%.*s': give 1 to %d letters, digits, '_', '.' or '-'",
                     shown (id), id.text, SCAN_ID_MAX);
    }
    memcpy (self->scan->id, id.text, id.size);
    self->scan->kind = (scanner_kind_t) (self->scanner - scanners);
    return 0;
}

static int read_frequency (parser_t *self, span_t value)
{
    char buffer[NAME_SHOWN + 1];
    if (self->has_frequency) {
        return fail (self, "%s: freq is given twice", self->scanner->name);
    }
    self->has_frequency = true;
    if (!value.text || !frequency_parse (span_name (value, buffer), &self->scan->frequency)) {
        return fail (self, "%s: freq=%.*s: give a frequency that divides a day, such as 1min or 1h",
                     self->scanner->name, value.text ? shown (value) : 0, value.text);
    }
    return 0;
}

static int fail_unknown (const parser_t *self, span_t name)
{
    static const char *const frequency[] = {"freq"};
    char buffer[NAME_SHOWN + 1];
    span_name (name, buffer);
    const scanner_t *scanner = self->scanner;
    if (parameter_index (buffer) < scan_parameter_count) {
        return fail (self, "%s takes no %s: 'fastscanner scanners %s' lists what it takes",
                     scanner->name, buffer, scanner->name);
    }
    const char *nearest = text_nearest (buffer, scanner->parameters, taken_count (scanner),
                                        sizeof *scanner->parameters);
    if (!nearest) {
        nearest = text_nearest (buffer, frequency, 1, sizeof *frequency);
    }
    if (nearest) {
        return fail (self, "%s has no parameter '%s': did you mean %s?", scanner->name, buffer,
                     nearest);
    }
    return fail (self, "%s has no parameter '%.*s': 'fastscanner scanners %s' lists them",
                 scanner->name, shown (name), name.text, scanner->name);
}

/* `k=v`, or a bare flag. */
static int read_parameter (parser_t *self, span_t text)
{
    const char *scanner = self->scanner->name;
    span_t name;
    if (text.size == 0) {
        return fail (self, "%s: a parameter is empty: remove one comma", scanner);
    }
    span_cut (&text, '=', &name);
    span_t value = text;
    if (span_is (name, "freq")) {
        return read_frequency (self, value);
    }
    char buffer[NAME_SHOWN + 1];
    span_name (name, buffer);
    if (!takes (self->scanner, buffer)) {
        return fail_unknown (self, name);
    }
    size_t index = parameter_index (buffer);
    const scan_parameter_t *parameter = &scan_parameters[index];
    if (self->given & UINT64_C (1) << index) {
        return fail (self, "%s: %s is given twice", scanner, parameter->name);
    }
    self->given |= UINT64_C (1) << index;
    if (!value.text) {
        if (parameter->type != PARAMETER_FLAG) {
            return fail (self, "%s: %s needs a value: write %s=...", scanner, parameter->name,
                         parameter->name);
        }
        value = (span_t){"true", 4};
    }
    const char *wrong = parameter_read (parameter, value, self->scan);
    if (wrong) {
        return fail (self, "%s: %s=%.*s: %s", scanner, parameter->name, shown (value), value.text,
                     wrong);
    }
    return 0;
}

/* Before any is read: every number is "not given". */
static void clear_numbers (scan_t *scan)
{
    const double missing = NAN;
    for (size_t i = 0; i < scan_parameter_count; i++) {
        if (scan_parameters[i].type == PARAMETER_NUMBER) {
            memcpy ((char *) scan + scan_parameters[i].offset, &missing, sizeof missing);
        }
    }
}

/* Names all parameters that are required and were not given, so that one error is enough. */
static int check_required (parser_t *self)
{
    char names[256];
    size_t used = 0;
    int count = 0;
    for (const scanner_parameter_t *taken = self->scanner->parameters; taken->name; taken++) {
        bool given = self->given & UINT64_C (1) << parameter_index (taken->name);
        if (!taken->otherwise && !given && used < sizeof names) {
            used += (size_t) snprintf (names + used, sizeof names - used, "%s%s", count ? ", " : "",
                                       taken->name);
            count++;
        }
    }
    if (count == 0) {
        return 0;
    }
    return fail (self,
                 count == 1 ? "%s: parameter %s is required" : "%s: parameters %s are required",
                 self->scanner->name, names);
}

static int set_defaults (parser_t *self)
{
    if (check_required (self) != 0) {
        return -1;
    }
    for (const scanner_parameter_t *taken = self->scanner->parameters; taken->name; taken++) {
        size_t index = parameter_index (taken->name);
        assert (index < scan_parameter_count);
        if (self->given & UINT64_C (1) << index) {
            continue;
        }
        if (taken->otherwise && *taken->otherwise) {
            span_t value = span_from (taken->otherwise);
            const char *wrong = parameter_read (&scan_parameters[index], value, self->scan);
            assert (!wrong);
            (void) wrong;
        }
    }
    return 0;
}

/* What no parameter shows alone. */
static int check_together (const parser_t *self)
{
    const scan_t *scan = self->scan;
    if (scan->start_time > scan->end_time) {
        return fail (self, "%s: start_time %02d:%02d is after end_time %02d:%02d: swap them",
                     self->scanner->name, scan->start_time / 60, scan->start_time % 60,
                     scan->end_time / 60, scan->end_time % 60);
    }
    if (scan->shift_count != scan->shift_change_count) {
        return fail (self, "%s: shift_periods has %d values, shift_min_changes %d: give as many",
                     self->scanner->name, scan->shift_count, scan->shift_change_count);
    }
    return 0;
}

static int set_frequency (const parser_t *self)
{
    if (self->scanner->daily) {
        self->scan->frequency = FREQUENCY_1D;
    } else if (self->scan->frequency.unit == 'd') {
        return fail (self, "%s scans within the day, not at 1d: give freq=1min, for example",
                     self->scanner->name);
    }
    return 0;
}

/* ------------------------------------------------------------------ columns */

static void add_column (scan_t *scan, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static void add_column (scan_t *scan, const char *format, ...)
{
    assert (scan->column_count < SCAN_COLUMNS_MAX);
    scan_column_t *column = &scan->columns[scan->column_count++];
    va_list arguments;
    va_start (arguments, format);
    int length = vsnprintf (column->name, sizeof column->name, format, arguments);
    va_end (arguments);
    assert (length > 0 && (size_t) length < sizeof column->name);
    (void) length;
    column->alert = strcmp (column->name, "triggered_alert") == 0;
}

/* One word of the scanner's columns. A brace in it stands for: the pairs of the shifts, the extreme
 * that new_extreme asks for, or n_days. */
static void expand_column (scan_t *scan, span_t word)
{
    const char *brace = memchr (word.text, '{', word.size);
    if (span_is (word, "{shift_periods}")) {
        for (int i = 0; i < scan->shift_count; i++) {
            add_column (scan, "low_shift_%d", scan->shift_periods[i]);
            add_column (scan, "change_%d", scan->shift_periods[i]);
        }
    } else if (span_is (word, "{new_extreme}")) {
        if (scan->new_extreme) {
            add_column (scan, "highest_high");
        }
    } else if (brace) {
        const char *end = memchr (word.text, '}', word.size);
        assert (end);
        int before = (int) (brace - word.text);
        int after = (int) (word.text + word.size - end) - 1;
        add_column (scan, "%.*s%d%.*s", before, word.text, scan->n_days, after, end + 1);
    } else {
        add_column (scan, "%.*s", (int) word.size, word.text);
    }
}

static void set_columns (scan_t *scan)
{
    const char *columns = scan_scanner (scan)->columns;
    span_t rest = span_from (columns);
    span_t word;
    while (span_cut (&rest, ' ', &word)) {
        expand_column (scan, word);
    }
}

/* FNV-1a, 64 bits. */
static uint64_t hash_text (const char *text)
{
    uint64_t hash = UINT64_C (0xcbf29ce484222325);
    for (; *text; text++) {
        hash = (hash ^ (unsigned char) *text) * UINT64_C (0x100000001b3);
    }
    return hash;
}

int scan_parse (const char *text, frequency_t frequency, scan_t *scan, char *error,
                size_t error_size)
{
    parser_t parser = {.scan = scan, .error = error, .error_size = error_size};
    span_t rest = span_from (text);
    span_t part = {0};
    memset (scan, 0, sizeof *scan);
    clear_numbers (scan);
    scan->frequency = frequency;
    span_cut (&rest, ',', &part);
    if (read_head (&parser, part)) {
        return -1;
    }
    while (span_cut (&rest, ',', &part)) {
        if (read_parameter (&parser, part)) {
            return -1;
        }
    }
    if (set_defaults (&parser) || check_together (&parser) || set_frequency (&parser)) {
        return -1;
    }
    set_columns (scan);
    char canonical[SCAN_TEXT_MAX];
    scan_format (scan, canonical);
    scan->hash = hash_text (canonical + strlen (scan->id) + 1);
    return 0;
}

size_t scan_format (const scan_t *self, char text[static SCAN_TEXT_MAX])
{
    const scanner_t *scanner = scan_scanner (self);
    char frequency[FREQUENCY_TEXT];
    frequency_format (self->frequency, frequency);
    buffer_t out = {0};
    buffer_printf (&out, "%s:%s,freq=%s", self->id, scanner->name, frequency);
    for (size_t i = 0; i < scan_parameter_count; i++) {
        const scan_parameter_t *parameter = &scan_parameters[i];
        if (takes (scanner, parameter->name) && parameter_is_set (parameter, self)) {
            buffer_append (&out, ",", 1);
            parameter_write (parameter, self, &out);
        }
    }
    size_t size = out.size;
    assert (size < SCAN_TEXT_MAX);
    memcpy (text, out.bytes, size);
    text[size] = '\0';
    buffer_free (&out);
    return size;
}

int scan_lookback (const scan_t *self)
{
    int lookback = self->atr_lookback > self->n_days ? self->atr_lookback : self->n_days;
    return lookback > DAILY_LOOKBACK ? lookback : DAILY_LOOKBACK;
}
