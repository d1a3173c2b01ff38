#include "options.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_WIDTH  79
#define HELP_COLUMN 25 /* where an option's help begins */

static const char sources[] = "A value comes from the command line, else from the environment, "
                              "else from the ZPL file of --config, else it is "
                              "the default. --log-level is FASTSCANNER_LOG_LEVEL in the "
                              "environment and log-level = LEVEL in the file. A "
                              "repeatable option has one value a line in the environment and one "
                              "line each in the file, where a value with a # "
                              "needs quotes.";

/* Prints words from `column` on, in lines of PAGE_WIDTH at most that begin at `indent`, and ends
 * the line. */
static void print_wrapped (FILE *out, const char *text, int column, int indent)
{
    bool first = true;
    for (text += strspn (text, " "); *text; text += strspn (text, " ")) {
        int width = (int) strcspn (text, " ");
        if (column < indent || (!first && column + 1 + width > PAGE_WIDTH)) {
            fprintf (out, "%s%*s", column < indent ? "" : "\n",
                     column < indent ? indent - column : indent, "");
            column = indent;
            first = true;
        }
        fprintf (out, "%s%.*s", first ? "" : " ", width, text);
        column += width + !first;
        first = false;
        text += width;
    }
    fputc ('\n', out);
}

/* One row of a list: a term, and what it is from `indent` on. */
static void print_row (FILE *out, const char *term, const char *text, int indent)
{
    int column = fprintf (out, "  %s", term);
    if (column > indent - 2) {
        fputc ('\n', out);
        column = 0;
    }
    print_wrapped (out, text, column, indent);
}

static void print_option (const option_t *option, FILE *out)
{
    bool flag = option->type == OPTION_FLAG;
    char *term =
        memory_format ("--%s%s%s", option->name, flag ? "" : " ", flag ? "" : option->argument);
    char *text =
        memory_format ("%s%s%s%s%s", option->help, option->repeatable ? "; repeatable" : "",
                       option->otherwise ? " (default " : "",
                       option->otherwise ? option->otherwise : "", option->otherwise ? ")" : "");
    print_row (out, term, text, HELP_COLUMN);
    free (text);
    free (term);
}

static void print_program (const program_t *program, FILE *out)
{
    fprintf (out, "usage: %s COMMAND [OPTION...]\n\n", program->program);
    print_wrapped (out, program->summary, 0, 0);
    fputs ("\ncommands:\n", out);
    for (const command_t *command = program->commands; command->name; command++) {
        print_row (out, command->name, command->summary, 14);
    }
    fprintf (out, "\n'%s COMMAND --help' says more about one; --version prints the version.\n",
             program->program);
}

static void print_command (const program_t *program, int index, FILE *out)
{
    const command_t *command = &program->commands[index];
    fprintf (out, "usage: %s%s%s [OPTION...]%s%s\n\n", program->program, *command->name ? " " : "",
             command->name, *command->operands ? " " : "", command->operands);
    print_wrapped (out, *command->name ? command->summary : program->summary, 0, 0);
    fprintf (out, "\n%s\n\noptions:\n", command->details);
    bool config = false;
    for (const option_t *option = program->options; option->name; option++) {
        if (option->commands >> index & 1) {
            print_option (option, out);
            config = config || strcmp (option->name, "config") == 0;
        }
    }
    print_row (out, "-h, --help", "this text", HELP_COLUMN);
    print_row (out, "--version", "the version", HELP_COLUMN);
    if (config) {
        fputc ('\n', out);
        print_wrapped (out, sources, 0, 0);
    }
}

void options_help (const program_t *program, int command, FILE *out)
{
    if (program->commands[0].name[0] == '\0') {
        print_command (program, 0, out);
    } else if (command < 0) {
        print_program (program, out);
    } else {
        print_command (program, command, out);
    }
}
