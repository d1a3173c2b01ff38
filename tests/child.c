/* A program for local to start, for tests: writes to a FIFO what it was started with, then does
 * what its first argument says.
 *
 *     child exit CODE FIFO [ARGUMENT...]
 *     child wait -    FIFO [ARGUMENT...]      runs until it is killed; the FIFO stays open
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool ignores (int number)
{
    struct sigaction action;
    return sigaction (number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void tell (const char *path, int count, char **arguments)
{
    FILE *file = fopen (path, "we");
    sigset_t blocked;
    if (!file) {
        _exit (99);
    }
    for (int i = 0; i < count; i++) {
        fprintf (file, "[%s]", arguments[i]);
    }
    for (char **variable = environ; *variable; variable++) {
        if (strncmp (*variable, "FASTSCANNER", 11) == 0 || strncmp (*variable, "NOTIFY_", 7) == 0 ||
            strncmp (*variable, "WATCHDOG_", 9) == 0) {
            fprintf (file, " %s", *variable);
        }
    }
    sigprocmask (SIG_BLOCK, NULL, &blocked);
    fprintf (file, "%s%s", ignores (SIGINT) && ignores (SIGTERM) ? " deaf" : "",
             sigismember (&blocked, SIGCHLD) ? " blocked" : "");
    fprintf (file, "\n");
    fflush (file); /* and stays open */
}

int main (int argc, char **argv)
{
    if (argc < 4) {
        return 98;
    }
    tell (argv[3], argc, argv);
    while (strcmp (argv[1], "wait") == 0) {
        pause ();
    }
    return atoi (argv[2]);
}
