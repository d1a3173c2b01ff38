/* bench_table - what was measured, beside what was to be reached, as Markdown and as JSON.
 *
 *     bench_table --rows                                    the names of all rows
 *     bench_table SAMPLES MACHINE JSON MARKDOWN [ROW...]
 *
 *     SAMPLES (samples.h)   --+
 *     targets (targets.c)   --+--> a line for each target of the rows --> JSON, MARKDOWN
 *     MACHINE, a JSON object--+    `cores` counts; all is passed on
 *
 * Exit code 1 when samples contradict each other or cannot be read. A target that is not met is no error.
 */
#include "memory.h"
#include "targets.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const target_t *target;
    figure_t ours, others[TARGET_OTHERS];
    int best;        /* of the others; -1: none */
    double compared; /* ours or the ratio */
    bool measured;   /* else the bound says nothing */
} line_t;

/* ---- a line */

static bool is_less_better (const target_t *target)
{
    return target->sense == AT_MOST || target->sense == REPORTED;
}

static bool is_better (double a, double b, bool less)
{
    return less ? a < b : a > b;
}

static line_t line_of (const target_t *target, const json_t *samples)
{
    line_t line = {.target = target, .ours = samples_figure (samples, &target->ours), .best = -1};
    bool less = is_less_better (target);
    for (int i = 0; i < TARGET_OTHERS && target->others[i].label; i++) {
        line.others[i] = samples_figure (samples, &target->others[i]);
        if (line.others[i].count > 0 && line.others[i].median > 0 &&
            (line.best < 0 ||
             is_better (line.others[i].median, line.others[line.best].median, less))) {
            line.best = i;
        }
    }
    bool against = target->others[0].label;
    line.measured = line.ours.count > 0 && (!against || line.best >= 0);
    line.compared = line.ours.median;
    if (against && line.measured) {
        line.compared /= line.others[line.best].median;
    }
    return line;
}

/* A quick run's figures are none: nothing is to be reached. */
static bool has_bound (const target_t *target, const json_t *machine)
{
    double cores = json_number_value (json_object_get (machine, "cores"));
    return !json_is_true (json_object_get (machine, "quick")) &&
           (target->sense == AT_MOST || target->sense == AT_LEAST ||
            (target->sense == AT_LEAST_CORES_4 && cores >= 4));
}

static bool is_met (const line_t *line)
{
    return !is_better (line->target->bound, line->compared, is_less_better (line->target));
}

/* ---- Markdown */

/* Three digits that count. */
static void put_number (FILE *out, double value)
{
    double size = value < 0 ? -value : value;
    fprintf (out, "%.*f", size < 10 ? 2 : size < 100 ? 1 : 0, value);
}

static void put_figure (FILE *out, const figure_t *figure, const char *unit)
{
    put_number (out, figure->median);
    fprintf (out, " %s", unit);
    if (figure->count > 1) {
        fprintf (out, " (");
        put_number (out, figure->least);
        fprintf (out, "-");
        put_number (out, figure->most);
        fprintf (out, ")");
    }
}

static void put_measured (FILE *out, const figure_t *figure, const measure_t *measure,
                          const char *unit, const json_t *samples)
{
    if (figure->count > 0) {
        put_figure (out, figure, unit);
    } else {
        fprintf (out, "%s", samples_why (samples, measure->series));
    }
}

static void put_bound (FILE *out, const target_t *target)
{
    if (target->sense == REPORTED) {
        fprintf (out, "reported");
        return;
    }
    fprintf (out, "%s %g %s%s", target->sense == AT_MOST ? "<=" : ">=", target->bound,
             target->others[0].label ? "x" : target->unit,
             target->sense == AT_LEAST_CORES_4 ? " on 4 cores or more" : "");
}

static void put_line (FILE *out, const line_t *line, const json_t *machine, const json_t *samples)
{
    const target_t *target = line->target;
    fprintf (out, "| %s | ", target->figure);
    put_bound (out, target);
    fprintf (out, " | ");
    put_measured (out, &line->ours, &target->ours, target->unit, samples);
    fprintf (out, " | ");
    for (int i = 0; i < TARGET_OTHERS && target->others[i].label; i++) {
        const char *version = samples_version (samples, target->others[i].series);
        fprintf (out, "%s%s%s%s: ", i ? "; " : "", target->others[i].label, *version ? " " : "",
                 version);
        put_measured (out, &line->others[i], &target->others[i], target->unit, samples);
    }
    fprintf (out, " | ");
    if (target->others[0].label && line->measured) {
        fprintf (out, "%.3f", line->compared);
    }
    const char *met = !line->measured                ? "not measured"
                      : !has_bound (target, machine) ? ""
                      : is_met (line)                ? "yes"
                                                     : "no";
    fprintf (out, " | %s |\n", met);
}

static const char *text_of (const json_t *object, const char *name)
{
    const char *text = json_string_value (json_object_get (object, name));
    return text ? text : "?";
}

static void put_machine (FILE *out, const json_t *machine)
{
    fprintf (out,
             "%s %s at commit %s on %s, %g cores, %s of memory, Linux %s; medians, and least "
             "and most "
             "of the rounds.\n\n",
             json_is_true (json_object_get (machine, "quick"))
                 ? "A quick run, which measures nothing,"
                 : "Measured",
             text_of (machine, "date"), text_of (machine, "commit"), text_of (machine, "cpu"),
             json_number_value (json_object_get (machine, "cores")), text_of (machine, "memory"),
             text_of (machine, "kernel"));
    fprintf (out, "| figure | to reach | here | limit or peer | ratio | met |\n"
                  "|---|---|---|---|---|---|\n");
}

/* ---- JSON */

static json_t *json_of (const figure_t *figure, const measure_t *measure, const json_t *samples)
{
    json_t *object = json_pack ("{s:s}", "name", measure->label);
    if (figure->count == 0) {
        json_object_set_new (object, "why", json_string (samples_why (samples, measure->series)));
        return object;
    }
    json_object_set_new (object, "version",
                         json_string (samples_version (samples, measure->series)));
    json_object_set_new (object, "rounds", json_integer ((json_int_t) figure->count));
    json_object_set_new (object, "median", json_real (figure->median));
    json_object_set_new (object, "least", json_real (figure->least));
    json_object_set_new (object, "most", json_real (figure->most));
    return object;
}

static void set_or_null (json_t *object, const char *name, bool there, json_t *value)
{
    json_object_set_new (object, name, there ? json_incref (value) : json_null ());
    json_decref (value);
}

static json_t *line_json (const line_t *line, const json_t *machine, const json_t *samples)
{
    const target_t *target = line->target;
    bool against = target->others[0].label, has = has_bound (target, machine);
    json_t *others = json_array ();
    for (int i = 0; i < TARGET_OTHERS && target->others[i].label; i++) {
        json_array_append_new (others, json_of (&line->others[i], &target->others[i], samples));
    }
    json_t *object = json_pack ("{s:s,s:s,s:s}", "row", target->row, "figure", target->figure,
                                "unit", target->unit);
    set_or_null (object, "at", has, json_string (target->sense == AT_MOST ? "most" : "least"));
    set_or_null (object, "bound", has, json_real (target->bound));
    json_object_set_new (object, "bound_of", json_string (against ? "ratio" : "ours"));
    json_object_set_new (object, "ours", json_of (&line->ours, &target->ours, samples));
    json_object_set_new (object, "others", others);
    set_or_null (object, "ratio", against && line->measured, json_real (line->compared));
    set_or_null (object, "met", has && line->measured, json_boolean (is_met (line)));
    return object;
}

/* ---- the program */

static bool is_wanted (const char *row, char **rows)
{
    bool wanted = !*rows;
    for (; *rows; rows++) {
        wanted = wanted || strcmp (*rows, row) == 0;
    }
    return wanted;
}

static int write_all (const json_t *samples, json_t *machine, const char *json_path, FILE *markdown,
                      char **rows)
{
    json_t *lines = json_array ();
    put_machine (markdown, machine);
    for (const target_t *target = targets; target->row; target++) {
        if (is_wanted (target->row, rows)) {
            line_t line = line_of (target, samples);
            put_line (markdown, &line, machine, samples);
            json_array_append_new (lines, line_json (&line, machine, samples));
        }
    }
    json_t *all = json_pack ("{s:O,s:o}", "machine", machine, "figures", lines);
    int rc = json_dump_file (all, json_path, JSON_INDENT (1) | JSON_REAL_PRECISION (6));
    json_decref (all);
    return rc;
}

static int print_rows (void)
{
    for (const target_t *target = targets; target->row; target++) {
        if (target == targets || strcmp (target->row, target[-1].row) != 0) {
            printf ("%s\n", target->row);
        }
    }
    return 0;
}

int main (int argc, char **argv)
{
    if (argc == 2 && strcmp (argv[1], "--rows") == 0) {
        return print_rows ();
    }
    if (argc < 5) {
        fprintf (stderr, "usage: bench_table SAMPLES MACHINE JSON MARKDOWN [ROW...]\n");
        return 2;
    }
    json_t *samples = samples_load (argv[1]), *machine = json_load_file (argv[2], 0, NULL);
    FILE *markdown = fopen (argv[4], "w");
    int rc = -1;
    if (samples && machine && markdown) {
        rc = write_all (samples, machine, argv[3], markdown, argv + 5);
        rc |= samples_contradictions (samples) > 0;
    }
    if (markdown) {
        rc |= fclose (markdown);
    }
    if (rc != 0) {
        fprintf (stderr, "bench_table: it failed\n");
    }
    json_decref (samples);
    json_decref (machine);
    return rc ? 1 : 0;
}
