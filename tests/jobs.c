#include "jobs.h"

#include "check.h"
#include "hits.h"
#include "memory.h"
#include "spawn.h"

#include <stdlib.h>
#include <string.h>

enum { UNPACK_MS = 60000 };

void command_line_add (command_line_t *self, const char *argument)
{
    assert_true (self->count < ARGUMENTS_MAX);
    self->argv[self->count++] = argument;
}

void command_line_own (command_line_t *self, char *argument)
{
    command_line_add (self, argument);
    self->owned[self->owned_count++] = argument;
}

void command_line_free (command_line_t *self)
{
    for (size_t i = 0; i < self->owned_count; i++) {
        free (self->owned[i]);
    }
}

const char *jobs_text (const json_t *job, const char *key)
{
    const char *text = json_string_value (json_object_get (job, key));
    assert_non_null (text);
    return text;
}

static void append_value (buffer_t *self, const json_t *value)
{
    if (json_is_string (value)) {
        buffer_printf (self, "%s", json_string_value (value));
    } else if (json_is_integer (value)) {
        buffer_printf (self, "%lld", (long long) json_integer_value (value));
    } else {
        buffer_printf (self, "%.17g", json_real_value (value));
    }
}

static void append_parameter (buffer_t *self, const char *name, const json_t *value)
{
    if (json_is_false (value) || json_is_null (value)) {
        return;
    }
    buffer_printf (self, ",%s", name);
    if (json_is_true (value)) {
        return;
    }
    buffer_append (self, "=", 1);
    if (!json_is_array (value)) {
        append_value (self, value);
        return;
    }
    size_t i;
    const json_t *element;
    json_array_foreach (value, i, element)
    {
        if (i > 0) {
            buffer_append (self, "/", 1);
        }
        append_value (self, element);
    }
}

char *jobs_scan (const json_t *job, bool one_of_many)
{
    buffer_t text = {0};
    if (one_of_many) {
        buffer_printf (&text, "%s:%s,freq=%s", jobs_text (job, "name"), jobs_text (job, "scanner"),
                       jobs_text (job, "freq"));
    } else {
        buffer_printf (&text, "%s", jobs_text (job, "scanner"));
    }
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get (job, "params"), name, value)
    {
        append_parameter (&text, name, value);
    }
    buffer_append (&text, "", 1);
    return text.bytes;
}

bool jobs_as_expected (const jobs_t *self, const json_t *job, const char *actual_path,
                       bool one_of_many)
{
    const char *name = jobs_text (job, "name");
    char *expected_path = memory_format ("%s/hits/%s.csv", self->folder, name);
    buffer_t why = {0};
    hits_t *expected = hits_read (expected_path, NULL, &why);
    hits_t *actual = hits_read (actual_path, one_of_many ? name : NULL, &why);
    size_t differences = expected && actual ? hits_compare (expected, actual, &why) : 1;
    if (differences > 0) {
        print_message ("%s: %zu differences\n%.*s", name, differences, (int) why.size, why.bytes);
    }
    hits_destroy (&expected);
    hits_destroy (&actual);
    buffer_free (&why);
    free (expected_path);
    return differences == 0;
}

json_t *jobs_unpack (const char *name, const char *folder)
{
    char *archive = memory_format ("%s/tests/golden/%s.tar.xz", TEST_SOURCE, name);
    char *jobs = memory_format ("%s/jobs.json", folder);
    const char *argv[] = {"tar", "-xf", archive, "-C", folder, NULL};
    spawn_t *tar = spawn_run (argv, UNPACK_MS);
    if (spawn_code (tar) != 0) {
        fail_msg ("%s", spawn_err (tar));
    }
    json_t *document = json_load_file (jobs, 0, NULL);
    assert_true (json_array_size (json_object_get (document, "jobs")) > 0);
    spawn_destroy (&tar);
    free (archive);
    free (jobs);
    return document;
}

void jobs_open (jobs_t *self, const char *name)
{
    *self = (jobs_t){.folder = directory_new ()};
    self->document = jobs_unpack (name, self->folder);
    self->jobs = json_object_get (self->document, "jobs");
}

void jobs_close (jobs_t *self)
{
    size_t count = json_array_size (self->jobs), wrong = self->wrong;
    json_decref (self->document);
    directory_destroy (&self->folder);
    if (wrong > 0) {
        fail_msg ("%zu of %zu jobs not as expected", wrong, count);
    }
}
