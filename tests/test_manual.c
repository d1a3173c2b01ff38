/* The manual is held to the tables and to the programs: whoever adds a command, an option or a scanner
 * is told where it is not written down yet. */
#include "command.h"
#include "memory.h"
#include "scan.h"
#include "spawn.h"

#include "check.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define RUN_MS 30000

static char *read_source (const char *path)
{
    char *full = memory_format ("%s/%s", TEST_SOURCE, path);
    char *text = file_read (full, NULL);
    if (!text) {
        fail_msg ("%s cannot be read", full);
    }
    free (full);
    return text;
}

static bool word_character (char character)
{
    return isalnum ((unsigned char) character) || character == '-' || character == '_';
}

/* True when `word` stands in the text, not as a part of a longer one. */
static bool has_word (const char *text, const char *word)
{
    size_t size = strlen (word);
    for (const char *at = text; (at = strstr (at, word)); at++) {
        if ((at == text || !word_character (at[-1])) && !word_character (at[size])) {
            return true;
        }
    }
    return false;
}

static void expect_word (const char *path, const char *text, const char *word)
{
    if (!has_word (text, word)) {
        fail_msg ("%s does not mention %s", path, word);
    }
}

/* The macros of --NAME where an option is explained. */
static void expect_option (const char *path, const char *text, const char *name)
{
    char *item = memory_format (".It Fl Fl %s", name);
    expect_word (path, text, item);
    free (item);
}

/* FASTSCANNER_NAME, the variable of an option. */
static void expect_variable (const char *path, const char *text, const char *name)
{
    char *variable = memory_format ("FASTSCANNER_%s", name);
    for (char *at = variable; *at; at++) {
        *at = *at == '-' ? '_' : (char) toupper ((unsigned char) *at);
    }
    expect_word (path, text, variable);
    free (variable);
}

/* Of fastscanner: every command, option, variable, default and scanner. */
static void test_fastscanner (void **state)
{
    (void) state;
    const char *path = "broker/fastscanner.1";
    char *text = read_source (path);
    for (const command_t *command = command_program.commands; command->name; command++) {
        char *item = memory_format (".It Cm %s", command->name);
        expect_word (path, text, item);
        free (item);
    }
    for (const option_t *option = command_program.options; option->name; option++) {
        expect_option (path, text, option->name);
        expect_variable (path, text, option->name);
    }
    for (int i = 0; i < SCANNER_COUNT; i++) {
        expect_word (path, text, scanners[i].name);
    }
    free (text);
}

/* An option's entry in the manual says its default as the table does. */
static void test_defaults (void **state)
{
    (void) state;
    char *text = read_source ("broker/fastscanner.1");
    for (const option_t *option = command_program.options; option->name; option++) {
        if (!option->otherwise || strcmp (option->otherwise, ".") == 0) {
            continue; /* "the current directory" */
        }
        char *item = memory_format (".It Fl Fl %s", option->name);
        bool found = false;
        for (const char *at = text; !found && (at = strstr (at, item)); at++) {
            const char *end = strstr (at + 1, "\n.It ");
            char *entry = memory_format ("%.*s", end ? (int) (end - at) : (int) strlen (at), at);
            found = has_word (entry, option->otherwise) && strstr (entry, "default");
            free (entry);
        }
        if (!found) {
            fail_msg ("fastscanner.1 does not say that the default of --%s is %s", option->name,
                      option->otherwise);
        }
        free (item);
    }
    free (text);
}

/* Of a program without commands: every option that its --help lists, and its variable. */
static void check_program (const char *program, const char *path)
{
    char *binary = memory_format ("%s/%s", TEST_BIN, program);
    spawn_t *run = spawn_run ((const char *const[]){binary, "--help", NULL}, RUN_MS);
    assert_int_equal (spawn_code (run), 0);
    char *text = read_source (path);
    int found = 0;
    for (const char *at = spawn_out (run); (at = strstr (at, "\n  --")); at++) {
        const char *name = at + strlen ("\n  --");
        char *option = memory_format ("%.*s", (int) strcspn (name, " \n"), name);
        expect_option (path, text, option);
        if (strcmp (option, "version") != 0) {
            expect_variable (path, text, option);
            found++;
        }
        free (option);
    }
    assert_true (found > 0);
    free (text);
    free (binary);
    spawn_destroy (&run);
}

static void test_worker (void **state)
{
    (void) state;
    check_program ("fastscanner-worker", "worker/fastscanner-worker.1");
}

static void test_collector (void **state)
{
    (void) state;
    check_program ("fastscanner-collector", "broker/collector/fastscanner-collector.1");
}

/* The README mentions every command, every scanner and every folder at the top. */
static void test_readme (void **state)
{
    (void) state;
    char *text = read_source ("README.md");
    for (const command_t *command = command_program.commands; command->name; command++) {
        char *word = memory_format ("fastscanner %s", command->name);
        expect_word ("README.md", text, word);
        free (word);
    }
    for (int i = 0; i < SCANNER_COUNT; i++) {
        expect_word ("README.md", text, scanners[i].name);
    }
    DIR *top = opendir (TEST_SOURCE);
    assert_non_null (top);
    for (const struct dirent *entry; (entry = readdir (top));) {
        bool ours = entry->d_name[0] != '.' && strncmp (entry->d_name, "build", 5) != 0;
        if (entry->d_type == DT_DIR && ours) {
            char *folder = memory_format ("`%s/`", entry->d_name);
            if (!strstr (text, folder)) {
                fail_msg ("README.md does not mention %s", folder);
            }
            free (folder);
        }
    }
    closedir (top);
    free (text);
}

/* Every file that the README points to is there. */
static void test_readme_paths (void **state)
{
    (void) state;
    static const char *const folders[] = {"broker/", "worker/", "common/",
                                          "tests/",  "deploy/", "scripts/"};
    char *text = read_source ("README.md");
    int found = 0;
    for (const char *at = text; (at = strchr (at, '`')); at++) {
        char *path =
            memory_format ("%s/%.*s", TEST_SOURCE, (int) strcspn (at + 1, "` \n*"), at + 1);
        const char *name = path + strlen (TEST_SOURCE "/");
        bool ours = false;
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
            ours = ours || strncmp (name, folders[i], strlen (folders[i])) == 0;
        }
        if (ours) {
            found++;
            FILE *file = fopen (path, "r");
            if (!file) {
                fail_msg ("README.md points to %s, and there is none", name);
            }
            fclose (file);
        }
        free (path);
    }
    assert_true (found > 0);
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_fastscanner), cmocka_unit_test (test_defaults),
        cmocka_unit_test (test_worker),      cmocka_unit_test (test_collector),
        cmocka_unit_test (test_readme),      cmocka_unit_test (test_readme_paths),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
