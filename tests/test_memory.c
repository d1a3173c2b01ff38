/* Blocks that cannot fail, and bytes that grow. */
#include "memory.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A new block is zero, and one of no bytes is a block too. */
static void test_new (void **state)
{
    (void) state;
    char *block = memory_new (1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal (block[i], 0);
    }
    free (block);
    block = memory_new (0);
    assert_non_null (block);
    free (block);
}

/* A resized block keeps what fits; NULL can be resized, and a block of no elements is not NULL. */
static void test_resize (void **state)
{
    (void) state;
    int *numbers = memory_resize (NULL, 3, sizeof *numbers);
    memcpy (numbers, (int[]){1, 2, 3}, 3 * sizeof *numbers);
    numbers = memory_resize (numbers, 10000, sizeof *numbers);
    assert_memory_equal (numbers, ((int[]){1, 2, 3}), 3 * sizeof *numbers);
    numbers = memory_resize (numbers, 0, sizeof *numbers);
    assert_non_null (numbers);
    free (numbers);
}

/* A text is copied and formatted into a block of its own, of any length. */
static void test_texts (void **state)
{
    (void) state;
    char *text = memory_text ("");
    assert_string_equal (text, "");
    free (text);
    char *long_text = memory_format ("%0*d", 5000, 7);
    assert_int_equal (strlen (long_text), 5000);
    text = memory_text (long_text);
    assert_string_equal (text, long_text);
    assert_ptr_not_equal (text, long_text);
    free (text);
    free (long_text);
}

/* Runs `act` in a process of its own; its exit code, -1 when a signal ended it. */
static int code_of (void (*act) (void))
{
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        dup2 (STDOUT_FILENO, STDERR_FILENO);
        act ();
        _exit (0);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

static void resize_over (void)
{
    /* 2^33 * 2^31 bytes are 0 when it wraps */
    memory_resize (NULL, (size_t) 1 << 33, (size_t) 1 << 31);
}

/* More than there can be ends the process with exit code 1: a product that wraps is not taken for
 * a small block. */
static void test_out_of_memory (void **state)
{
    (void) state;
    assert_int_equal (code_of (resize_over), 1);
}

/* Bytes come out as they went in, in pieces of any size, over many growths. */
static void test_append (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    char piece[600];
    size_t size = 0;
    for (size_t i = 0; i < sizeof piece; i++) {
        memset (piece, (int) i & 0xff, i);
        buffer_append (&buffer, piece, i);
        size += i;
        assert_int_equal (buffer.size, size);
        assert_true (buffer.capacity >= size);
    }
    size_t at = 0;
    for (size_t i = 0; i < sizeof piece; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_equal ((unsigned char) buffer.bytes[at++], i & 0xff);
        }
    }
    buffer_append (&buffer, NULL, 0);
    assert_int_equal (buffer.size, size);
    buffer_free (&buffer);
    assert_null (buffer.bytes);
    assert_int_equal (buffer.size + buffer.capacity, 0);
    buffer_free (&buffer);
}

/* What is reserved is not used yet: it can be written in place, and reserving again without using
 * it moves nothing. */
static void test_reserve (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    buffer_append (&buffer, "head", 4);
    char *room = buffer_reserve (&buffer, 100000);
    assert_ptr_equal (room, buffer.bytes + 4);
    assert_int_equal (buffer.size, 4);
    assert_true (buffer.capacity >= 100004);
    memset (room, 'x', 100000);
    assert_ptr_equal (buffer_reserve (&buffer, 100000), room);
    buffer.size += 100000;
    assert_memory_equal (buffer.bytes, "headxxxx", 8);
    buffer_free (&buffer);
}

/* Formatted text is appended whole and without its NUL, whatever its length. */
static void test_printf (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    buffer_printf (&buffer, "%s", "");
    assert_int_equal (buffer.size, 0);
    buffer_printf (&buffer, "%d,", 12);
    buffer_printf (&buffer, "%s", "ab");
    assert_int_equal (buffer.size, 5);
    assert_memory_equal (buffer.bytes, "12,ab", 5);
    buffer_printf (&buffer, "%0*d", 5000, 3);
    assert_int_equal (buffer.size, 5005);
    assert_memory_equal (buffer.bytes + 5000, "00003", 5);
    buffer_free (&buffer);
}

int main (void)
{
    memory_init ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_new),    cmocka_unit_test (test_resize),
        cmocka_unit_test (test_texts),  cmocka_unit_test (test_out_of_memory),
        cmocka_unit_test (test_append), cmocka_unit_test (test_reserve),
        cmocka_unit_test (test_printf),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
