/* The bare XREAD loop that live runs are held beside: counts what is there, in whatever pieces it comes, and
 * believes no length. */
#include "bare_xread.h"

#include "check.h"
#include "log.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENTRY(id) "*2\r\n$3\r\n" id "\r\n*2\r\n$6\r\nsymbol\r\n$2\r\nAB\r\n"
#define TWO_STREAMS                                                                                \
    "*2\r\n*2\r\n$3\r\ns:0\r\n*2\r\n" ENTRY ("1-0")                                                \
        ENTRY ("2-0") "*2\r\n$3\r\ns:1\r\n*1\r\n" ENTRY ("7-3")
#define NOTHING "*-1\r\n"

static const char keys[][BARE_XREAD_KEY] = {"s:0", "s:1"};

/* The entries that are found when the server says `answer` and no more; `asked`, which the caller frees: what
 * it was asked. */
static int64_t read_from (const char *answer, size_t size, char **asked)
{
    int ends[2];
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal (write (ends[1], answer, size), size);
    shutdown (ends[1], SHUT_WR);
    int64_t entries = bare_xread (ends[0], keys, 2, 10);
    *asked = memory_new (4096);
    assert_true (read (ends[1], *asked, 4095) > 0);
    close (ends[0]);
    close (ends[1]);
    return entries;
}

static void expect (const char *answer, int64_t entries)
{
    char *asked;
    assert_int_equal (read_from (answer, strlen (answer), &asked), entries);
    free (asked);
}

/* All entries of all streams count, and each stream is read on from behind its last. */
static void test_counts (void **state)
{
    (void) state;
    char *asked;
    const char *answer = TWO_STREAMS NOTHING;
    assert_int_equal (read_from (answer, strlen (answer), &asked), 3);
    assert_non_null (strstr (asked, "STREAMS\r\n$3\r\ns:0\r\n$3\r\ns:1\r\n$1\r\n0\r\n$1\r\n0\r\n"));
    assert_non_null (strstr (asked, "$3\r\n2-0\r\n$3\r\n7-3\r\n"));
    free (asked);
    expect (NOTHING, 0);
}

/* An answer that is cut off anywhere is an error, never a count. */
static void test_cut_off (void **state)
{
    (void) state;
    char *asked;
    const char *answer = TWO_STREAMS NOTHING;
    for (size_t size = 0; size < strlen (answer); size++) {
        assert_int_equal (read_from (answer, size, &asked), -1);
        free (asked);
    }
}

static void test_damage (void **state)
{
    (void) state;
    expect ("-ERR no such command\r\n", -1);
    expect ("*1\r\n*2\r\n$3\r\ns:9\r\n*0\r\n", -1);
    expect ("*1\r\n*2\r\n$99999999999\r\ns:0\r\n", -1);
    expect ("*1\r\n*2\r\n$2000000\r\ns:0\r\n", -1);
    expect ("*1\r\n*2\r\n$-1\r\n*0\r\n", -1);
    expect ("*1\r\n*2\r\n$3\r\ns:0\r\n*1\r\n*2\r\n$60\r\n", -1);
    expect ("*1\r\n*3\r\n$3\r\ns:0\r\n", -1);
}

/* A field longer than what is read at a time, and one at the end of the buffer. */
static void test_long_fields (void **state)
{
    (void) state;
    enum { LONG = 100000 };
    char *word = memory_new (LONG + 1), *asked;
    memset (word, 'x', LONG);
    char *answer = memory_format (
        "*1\r\n*2\r\n$3\r\ns:0\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*1\r\n$%d\r\n%s\r\n" NOTHING, LONG,
        word);
    assert_int_equal (read_from (answer, strlen (answer), &asked), 1);
    free (asked);
    free (answer);
    free (word);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_counts), cmocka_unit_test (test_cut_off),
        cmocka_unit_test (test_damage), cmocka_unit_test (test_long_fields)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
