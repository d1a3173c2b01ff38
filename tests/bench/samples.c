#include "samples.h"

#include "memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *samples_load (const char *path)
{
    FILE *file = fopen (path, "r");
    json_t *samples = json_array (), *sample;
    json_error_t error = {.text = "it cannot be opened"};
    if (!file) {
        goto failed;
    }
    while ((sample = json_loadf (file, JSON_DISABLE_EOF_CHECK, &error))) {
        json_array_append_new (samples, sample);
        int next = fgetc (file); /* the end of the line; then that of the file, or a line */
        next = next == '\n' ? fgetc (file) : next;
        if (next == EOF) {
            fclose (file);
            return samples;
        }
        ungetc (next, file);
    }
    fclose (file);
failed:
    fprintf (stderr, "bench_table: %s: %s\n", path, error.text);
    json_decref (samples);
    return NULL;
}

static const char *text_of (const json_t *sample, const char *name)
{
    const char *text = json_string_value (json_object_get (sample, name));
    return text ? text : "";
}

/* False when nothing that is a number lies there. */
static bool number_at (const json_t *at, const char *path, double *value)
{
    char *copy = memory_text (path), *rest = copy;
    for (const char *name; at && (name = strsep (&rest, "."));) {
        at = json_is_array (at) ? json_array_get (at, (size_t) strtoul (name, NULL, 10))
                                : json_object_get (at, name);
    }
    free (copy);
    *value = json_number_value (at);
    return json_is_number (at);
}

static int compare_numbers (const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static figure_t figure_of (double *values, size_t count)
{
    if (count == 0) {
        return (figure_t){0};
    }
    qsort (values, count, sizeof *values, compare_numbers);
    return (figure_t){.count = count,
                      .median = (values[(count - 1) / 2] + values[count / 2]) / 2,
                      .least = values[0],
                      .most = values[count - 1]};
}

figure_t samples_figure (const json_t *samples, const measure_t *measure)
{
    measure_t base = {.series = measure->minus, .field = measure->field, .times = 1};
    figure_t less = {0};
    if (measure->minus) {
        less = samples_figure (samples, &base);
        if (less.count == 0) {
            return less;
        }
    }
    double *values = memory_new ((json_array_size (samples) + 1) * sizeof *values);
    size_t count = 0, i;
    const json_t *sample;
    json_array_foreach (samples, i, sample)
    {
        if (strcmp (text_of (sample, "series"), measure->series) == 0 &&
            number_at (sample, measure->field, &values[count])) {
            values[count] = (values[count] - less.median) * measure->times;
            count++;
        }
    }
    figure_t figure = figure_of (values, count);
    free (values);
    return figure;
}

/* What the first sample of a series that has such a text says; NULL. */
static const char *text_in (const json_t *samples, const char *series, const char *name)
{
    const json_t *sample;
    size_t i;
    json_array_foreach (samples, i, sample)
    {
        if (strcmp (text_of (sample, "series"), series) == 0 && *text_of (sample, name)) {
            return text_of (sample, name);
        }
    }
    return NULL;
}

const char *samples_why (const json_t *samples, const char *series)
{
    const char *why = text_in (samples, series, "note");
    return why ? why : "not measured";
}

const char *samples_version (const json_t *samples, const char *series)
{
    const char *version = text_in (samples, series, "version");
    return version ? version : "";
}

/* ---- contradictions */

static bool same_row (const json_t *a, const json_t *b)
{
    const char *x = text_of (a, "series"), *y = text_of (b, "series");
    size_t size = strcspn (x, ".");
    return size == strcspn (y, ".") && strncmp (x, y, size) == 0;
}

static bool contradicts (const json_t *sample, const char *name, const json_t *other,
                         const char *other_name, bool fewer)
{
    double value, expected;
    if (!number_at (sample, name, &value) || !number_at (other, other_name, &expected) ||
        (fewer ? value >= expected : value == expected)) {
        return false;
    }
    fprintf (stderr, "bench_table: %s: %.0f %s, and %s: %.0f %s\n", text_of (sample, "series"),
             value, name, text_of (other, "series"), expected, other_name);
    return true;
}

/* The first of its row that counts, which the others are held against; NULL. */
static const json_t *first_of_row (const json_t *samples, const json_t *sample)
{
    const json_t *first;
    size_t i;
    json_array_foreach (samples, i, first)
    {
        if (same_row (sample, first) && json_object_get (first, "rows")) {
            return first;
        }
    }
    return NULL;
}

size_t samples_contradictions (const json_t *samples)
{
    const json_t *sample;
    size_t count = 0, i;
    json_array_foreach (samples, i, sample)
    {
        const json_t *first = first_of_row (samples, sample);
        count += contradicts (sample, "rows", first, "rows", false) ||
                 contradicts (sample, "symbols", first, "symbols", false) ||
                 contradicts (sample, "candles", sample, "rows", true);
    }
    return count;
}
