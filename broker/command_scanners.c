/* fastscanner scanners [NAME]: the scanners' table, for people. */
#include "commands.h"
#include "job.h"
#include "log.h"
#include "scan.h"

#include <stdio.h>
#include <string.h>

static const scan_parameter_t *find_parameter (const char *name)
{
    for (size_t i = 0; i < scan_parameter_count; i++) {
        if (strcmp (scan_parameters[i].name, name) == 0) {
            return &scan_parameters[i];
        }
    }
    return NULL;
}

static const char *describe_default (const scanner_parameter_t *parameter)
{
    if (!parameter->otherwise) {
        return "required";
    }
    return parameter->otherwise[0] ? parameter->otherwise : "not applied";
}

static void list_all (void)
{
    for (size_t i = 0; i < SCANNER_COUNT; i++) {
        printf ("%-26s %-9s %s\n", scanners[i].name, scanners[i].daily ? "1d" : "intraday",
                scanners[i].summary);
    }
}

/* The columns; what a scan's parameters put in a brace's place is shown as a person would say it. */
static void print_columns (const char *columns)
{
    while (*columns) {
        int length = (int) strcspn (columns, " ");
        if (strncmp (columns, "{shift_periods}", 15) == 0) {
            printf (" low_shift_K change_K ...");
        } else if (strncmp (columns, "{new_extreme}", 13) == 0) {
            printf (" [highest_high]");
        } else {
            printf (" %.*s", length, columns);
        }
        columns += length + (columns[length] == ' ');
    }
    printf ("\n");
}

static void show (const scanner_t *scanner)
{
    printf ("%s: %s\n\nruns at: %s\n\nparameters (default):\n", scanner->name, scanner->summary,
            scanner->daily ? "1d only" : "any intraday frequency (--freq, freq=)");
    for (const scanner_parameter_t *p = scanner->parameters; p->name; p++) {
        char value[40];
        const scan_parameter_t *parameter = find_parameter (p->name);
        snprintf (value, sizeof value, "(%s)", describe_default (p));
        printf ("  %-26s %-18s %s\n", p->name, value, parameter ? parameter->what : "");
    }
    printf ("\nrule:\n");
    for (const char *line = scanner->rule; *line;) {
        int length = (int) strcspn (line, "\n");
        printf ("  %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
    printf ("\ncolumns:\n  symbol datetime open high low close volume\n ");
    print_columns (scanner->columns);
}

int command_scanners (const options_t *options)
{
    if (options_operand_count (options) == 0) {
        list_all ();
        return EXIT_DONE;
    }
    const char *name = options_operand (options, 0);
    const scanner_t *scanner = scanner_find (name);
    if (!scanner) {
        const char *near = text_nearest (name, scanners, SCANNER_COUNT, sizeof *scanners);
        log_error ("unknown scanner '%s'%s%s%s", name,
                   near ? ": did you mean " : ": 'fastscanner scanners' lists them",
                   near ? near : "", near ? "?" : "");
        return EXIT_USAGE;
    }
    show (scanner);
    return EXIT_DONE;
}
