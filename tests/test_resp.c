/* Elements of Redis' protocol, read in place: what is whole is taken, what is not is left, what is wrong is
 * bad as soon as it can be known. */
#include "resp.h"

#include "check.h"

#include <string.h>

/* Reads a header or bulk ('*', '$') or line ('-') of the first `size` bytes: the result, and how much was taken. */
static resp_result_t read_one (const char *bytes, size_t size, char what, size_t *taken)
{
    resp_t self = {bytes, bytes + size};
    int64_t number;
    const char *text;
    size_t length;
    resp_result_t result = what == '*'   ? resp_header (&self, '*', &number)
                           : what == '$' ? resp_bulk (&self, &text, &length)
                                         : resp_line (&self, what, &text, &length);
    *taken = (size_t) (self.at - bytes);
    return result;
}

/* Every beginning of a whole element asks for more and takes nothing; the whole is taken, and not what is
 * behind it. */
static void test_cut (void **state)
{
    (void) state;
    static const struct {
        char what;
        const char *text;
    } wholes[] = {{'*', "*2\r\n"},          {'*', "*0\r\n"},     {'*', "*-1\r\n"},
                  {'*', "*2147483647\r\n"}, {'$', "$0\r\n\r\n"}, {'$', "$3\r\na\r\n\r\n"},
                  {'-', "-ERR no\r\n"},     {'-', "-\r\n"}};
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        char bytes[64];
        size_t size = strlen (wholes[i].text), taken;
        memcpy (bytes, wholes[i].text, size);
        memcpy (bytes + size, "*9", 2);
        for (size_t k = 0; k < size; k++) {
            assert_int_equal (read_one (bytes, k, wholes[i].what, &taken), RESP_MORE);
            assert_int_equal (taken, 0);
        }
        assert_int_equal (read_one (bytes, size + 2, wholes[i].what, &taken), RESP_DONE);
        assert_int_equal (taken, size);
    }
}

/* What no server says is bad, and takes nothing. */
static void test_bad (void **state)
{
    (void) state;
    static const struct {
        char what;
        const char *text;
    } lies[] = {{'*', "$1"},           {'*', ":1\r\n"},
                {'*', "*x"},           {'*', "*\r\n"},
                {'*', "*-2\r\n"},      {'*', "*--1\r\n"},
                {'*', "*-\r\n"},       {'*', "*1\n"},
                {'*', "*1\rx"},        {'*', "*2147483648\r\n"},
                {'*', "*00000000001"}, {'*', "*99999999999999999999"},
                {'$', "$-1\r\n"},      {'$', "*1\r\n"},
                {'$', "$1\r\nab\r\n"}, {'$', "$1\r\na\n\r"},
                {'-', "+OK\r\n"},      {'-', "-ERR\n"}};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        size_t taken;
        assert_int_equal (read_one (lies[i].text, strlen (lies[i].text), lies[i].what, &taken),
                          RESP_BAD);
        assert_int_equal (taken, 0);
    }
    char line[RESP_LINE_MAX];
    size_t taken;
    memset (line, '-', sizeof line);
    assert_int_equal (read_one (line, sizeof line - 1, '-', &taken), RESP_MORE);
    assert_int_equal (read_one (line, sizeof line, '-', &taken), RESP_BAD);
}

/* What is taken is the number and the bytes that were sent. */
static void test_values (void **state)
{
    (void) state;
    static const char bytes[] = "*-1\r\n*12\r\n$5\r\na\r\nbc\r\n-ERR no\r\n";
    resp_t self = {bytes, bytes + sizeof bytes - 1};
    int64_t number;
    const char *text;
    size_t size;
    assert_int_equal (resp_header (&self, '*', &number), RESP_DONE);
    assert_int_equal (number, -1);
    assert_int_equal (resp_header (&self, '*', &number), RESP_DONE);
    assert_int_equal (number, 12);
    assert_int_equal (resp_bulk (&self, &text, &size), RESP_DONE);
    assert_int_equal (size, 5);
    assert_memory_equal (text, "a\r\nbc", 5);
    assert_int_equal (resp_line (&self, '-', &text, &size), RESP_DONE);
    assert_int_equal (size, 6);
    assert_memory_equal (text, "ERR no", 6);
    assert_ptr_equal (self.at, self.end);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_cut), cmocka_unit_test (test_bad),
                                       cmocka_unit_test (test_values)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
