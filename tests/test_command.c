#include "command.h"

#include "check.h"
#include "memory.h"
#include "scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static char *help_text (int command)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    options_help (&command_program, command, out);
    fclose (out);
    return text;
}

/* The ids are the table's indices, in the table's order. */
static void test_ids (void **state)
{
    (void) state;
    static const char *const names[] = {"scan",     "live",    "replay", "load", "sample",
                                        "scanners", "explain", "check",  "keys", "health"};
    for (int i = 0; i < COMMAND_COUNT; i++) {
        assert_string_equal (command_program.commands[i].name, names[i]);
    }
    assert_null (command_program.commands[COMMAND_COUNT].name);
}

/* check takes exactly the options of scan, or its word on what scan would do would be worth little.
 */
static void test_check_is_scan (void **state)
{
    (void) state;
    for (const option_t *option = command_program.options; option->name; option++) {
        assert_int_equal (option->commands >> COMMAND_SCAN & 1,
                          option->commands >> COMMAND_CHECK & 1);
    }
}

/* Every help has an example and fits 80 columns. */
static void test_help_fits (void **state)
{
    (void) state;
    for (int i = -1; i < COMMAND_COUNT; i++) {
        char *text = help_text (i);
        for (const char *line = text; *line; line += strcspn (line, "\n") + 1) {
            assert_in_range (strcspn (line, "\n"), 0, 79);
        }
        if (i >= 0) {
            char *example = memory_format ("\n  fastscanner %s", command_program.commands[i].name);
            assert_non_null (strstr (text, example));
            free (example);
        }
        free (text);
    }
}

/* The scans in the examples are scans. */
static void test_examples_parse (void **state)
{
    (void) state;
    int found = 0;
    for (int i = 0; i < COMMAND_COUNT; i++) {
        const char *at = command_program.commands[i].details;
        while ((at = strstr (at, "--scan "))) {
            at += strlen ("--scan ");
            char *text = memory_format ("%.*s", (int) strcspn (at, " \n"), at);
            scan_t scan;
            char error[256] = "";
            if (scan_parse (text, FREQUENCY_1MIN, &scan, error, sizeof error) != 0) {
                fail_msg ("%s: %s", text, error);
            }
            free (text);
            found++;
        }
    }
    assert_true (found > 0);
}

static char *read_source (const char *path)
{
    char *full = memory_format ("%s/%s", TEST_SOURCE, path);
    FILE *file = fopen (full, "r");
    assert_non_null (file);
    buffer_t text = {0};
    size_t got;
    while ((got = fread (buffer_reserve (&text, 4096), 1, 4096, file)) > 0) {
        text.size += got;
    }
    fclose (file);
    free (full);
    buffer_append (&text, "", 1);
    return text.bytes;
}

static bool word_character (char character)
{
    return isalnum ((unsigned char) character) || character == '-' || character == '_';
}

/* True when `word` stands in the text, not as a part of a longer one. */
static bool has_word (const char *text, const char *word)
{
    for (const char *at = text; (at = strstr (at, word)); at++) {
        if ((at == text || !word_character (at[-1])) && !word_character (at[strlen (word)])) {
            return true;
        }
    }
    return false;
}

/* Both shells complete every command and every option of the table. */
static void test_completions (void **state)
{
    (void) state;
    static const char *const paths[] = {"deploy/completion/fastscanner.bash",
                                        "deploy/completion/_fastscanner"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *text = read_source (paths[i]);
        for (const command_t *command = command_program.commands; command->name; command++) {
            if (!has_word (text, command->name)) {
                fail_msg ("%s lacks the command %s", paths[i], command->name);
            }
        }
        for (const option_t *option = command_program.options; option->name; option++) {
            char *word = memory_format ("--%s", option->name);
            if (!has_word (text, word)) {
                fail_msg ("%s lacks %s", paths[i], word);
            }
            free (word);
        }
        free (text);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_ids),         cmocka_unit_test (test_check_is_scan),
        cmocka_unit_test (test_help_fits),   cmocka_unit_test (test_examples_parse),
        cmocka_unit_test (test_completions),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
