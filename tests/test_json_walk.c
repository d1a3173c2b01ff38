/* The members of a JSON object are found without a tree; what is broken ends the walk in its line. */
#include "check.h"

#include "json_walk.h"

#include <stdio.h>
#include <stdlib.h>

/* Walks a copy of exactly `size` bytes, so that a sanitizer sees a byte too far. Into `found`:
 * "NAME VALUE LINE;" for each member, then what is wrong, "LINE!PROBLEM". */
static void walk (const char *text, size_t size, char found[static 512])
{
    char *copy = malloc (size > 0 ? size : 1);
    assert_non_null (copy);
    memcpy (copy, text, size);
    json_walk_t self;
    json_member_t member;
    size_t at = 0;
    json_walk_init (&self, copy, size);
    found[0] = '\0';
    while (json_walk_next (&self, &member)) {
        at += (size_t) snprintf (found + at, 512 - at, "%.*s %.*s %zu;", (int) member.name.size,
                                 member.name.text, (int) member.value.size, member.value.text,
                                 member.line);
    }
    if (self.problem) {
        snprintf (found + at, 512 - at, "%zu!%s", self.line, self.problem);
    }
    assert_false (json_walk_next (&self, &member));
    free (copy);
}

static void check_walk (const char *text, const char *expected)
{
    char found[512];
    walk (text, strlen (text), found);
    assert_string_equal (found, expected);
}

/* Every kind of value, with the line in which it begins. */
static void test_members (void **state)
{
    (void) state;
    check_walk ("{}", "");
    check_walk (" \r\n{\t}\n", "");
    check_walk ("{\"A\":1}", "\"A\" 1 1;");
    check_walk ("{\"A\": -1.5e+3 , \"\": true,\n\"B\"\n:\n\"b\"}",
                "\"A\" -1.5e+3 1;\"\" true 1;\"B\" \"b\" 4;");
    check_walk ("{\"A\": [1,\n{\"x\": []}],\n \"B\": {}}", "\"A\" [1,\n{\"x\": []}] 1;\"B\" {} 3;");
}

/* Brackets, commas and quotes in strings are text. */
static void test_strings (void **state)
{
    (void) state;
    check_walk ("{\"]}\": [\"]},{\"]}", "\"]}\" [\"]},{\"] 1;");
    check_walk ("{\"a\\\"b\": \"\\\\\", \"c\": [\"\\\"]\"]}",
                "\"a\\\"b\" \"\\\\\" 1;\"c\" [\"\\\"]\"] 1;");
}

/* A value may be nonsense as long as it is plain where it ends: its reader tells. */
static void test_nonsense (void **state)
{
    (void) state;
    check_walk ("{\"A\": nope, \"B\": [,:x 1 2 \x01], \"C\": 0}",
                "\"A\" nope 1;\"B\" [,:x 1 2 \x01] 1;\"C\" 0 1;");
}

/* What is broken between members, or in a value so that nobody knows its end. */
static void test_broken (void **state)
{
    (void) state;
    check_walk ("", "1!it is not an object");
    check_walk ("\n[]", "2!it is not an object");
    check_walk ("\xef\xbb\xbf{}", "1!it is not an object");
    check_walk ("{", "1!a name in quotes is missing");
    check_walk ("{A: 1}", "1!a name in quotes is missing");
    check_walk ("{,}", "1!a name in quotes is missing");
    check_walk ("{\"A\": 1,\n}", "\"A\" 1 1;2!a name in quotes is missing");
    check_walk ("{\"A\": 1\n\"B\": 2}", "\"A\" 1 1;2!',' or '}' is missing behind a value");
    check_walk ("{\"A\": 1", "\"A\" 1 1;1!',' or '}' is missing behind a value");
    check_walk ("{\"A\": 1]", "\"A\" 1 1;1!',' or '}' is missing behind a value");
    check_walk ("{\"A\" 1}", "1!':' is missing behind a name");
    check_walk ("{\"A\"", "1!':' is missing behind a name");
    check_walk ("{\"A\":}", "1!a value is missing");
    check_walk ("{\"A\": \xff}", "1!a value is missing");
    check_walk ("{\"A\":\n", "2!a value is missing");
    check_walk ("{\"A", "1!a string does not end");
    check_walk ("{\"A\\", "1!a string does not end");
    check_walk ("{\"A\": [\n\"x\n\"]}", "2!a string does not end");
    check_walk ("{\"A\": \"x\\\n\"}", "1!a string does not end");
    check_walk ("{\"A\": [1,\n2", "2!a bracket is not closed");
    check_walk ("{\"A\": [\n1}", "2!a bracket closes what another kind opened");
    check_walk ("{} x", "1!there is more behind the object");
    check_walk ("{}}", "1!there is more behind the object");
    char found[512];
    walk ("{}\0", 3, found);
    assert_string_equal (found, "1!there is more behind the object");
}

/* Brackets nest so deep and no deeper. */
static void test_depth (void **state)
{
    (void) state;
    for (int depth = JSON_WALK_DEPTH_MAX; depth <= JSON_WALK_DEPTH_MAX + 1; depth++) {
        char text[256], found[512];
        int size = snprintf (text, sizeof text, "{\"A\": ");
        memset (text + size, '[', (size_t) depth);
        memset (text + size + depth, ']', (size_t) depth);
        text[size + 2 * depth] = '}';
        walk (text, (size_t) size + 2 * (size_t) depth + 1, found);
        assert_int_equal (strstr (found, "!too many brackets in brackets") != NULL,
                          depth > JSON_WALK_DEPTH_MAX);
    }
}

/* A file that was cut off anywhere gives the members before the cut, and is broken. */
static void test_cut_off (void **state)
{
    (void) state;
    const char *text = "{\"A\": [{\"x\": \"\\\"\"}], \"B\\u0041\": [2, [3]]}";
    const char *all = "\"A\" [{\"x\": \"\\\"\"}] 1;\"B\\u0041\" [2, [3]] 1;";
    char found[512];
    for (size_t size = 0; size < strlen (text); size++) {
        walk (text, size, found);
        char *problem = strchr (found, '!');
        assert_non_null (problem);
        assert_memory_equal (found, all, (size_t) (problem - 1 - found)); /* 1: the line */
    }
    check_walk (text, all);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_members),  cmocka_unit_test (test_strings),
        cmocka_unit_test (test_nonsense), cmocka_unit_test (test_broken),
        cmocka_unit_test (test_depth),    cmocka_unit_test (test_cut_off),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
