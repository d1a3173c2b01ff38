#include "process.h"

#include "clock.h"
#include "log.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Signals that our parent told us to ignore stay ignored: a local child ends by its parent's word.
 * (A blocked signal reaches a signalfd even when it is ignored, so it must not be blocked.) */
static sigset_t our_signals (void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    sigset_t set;
    sigemptyset (&set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction action;
        sigaction (signals[i], NULL, &action);
        if (action.sa_handler != SIG_IGN) {
            sigaddset (&set, signals[i]);
        }
    }
    return set;
}

/* czmq reads ZSYS_... and obeys; one of them makes it assert. Options come from our own table
 * alone. */
static void forget_zsys (void)
{
    char **kept = environ;
    for (char **entry = environ; kept && *entry; entry++) {
        if (strncmp (*entry, "ZSYS_", 5) != 0) {
            *kept++ = *entry;
        }
    }
    if (kept) {
        *kept = NULL;
    }
}

/* Standard files that are closed would be taken by the next that is opened, a socket perhaps, and get
 * our output. Their places are held by files that cannot be written, or have nothing to read. */
static void keep_standard_files (void)
{
    for (int file = 0; file <= 2; file++) {
        if (fcntl (file, F_GETFD) < 0) {
            open ("/dev/null", file == 0 ? O_WRONLY : O_RDONLY);
        }
    }
}

/* Each worker costs the broker some open files; libzmq aborts when it gets none. */
static void allow_open_files (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit (RLIMIT_NOFILE, &limit);
    }
}

void process_init (void)
{
    forget_zsys ();
    /* Ignored, as a parent may have left it, it would leave no child to wait for. */
    signal (SIGCHLD, SIG_DFL);
    keep_standard_files ();
    allow_open_files ();
    memory_init ();
    signal (SIGPIPE, SIG_IGN);
    signal (SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write */
}

int process_set_up (const program_t *program, const options_t *options)
{
    log_level_t level = LOG_INFO;
    log_format_t format = LOG_TEXT;
    log_level_parse (options_text (options, "log-level"), &level);
    log_format_parse (options_text (options, "log-format"), &format);
    log_init (program->program, level, format);
    return exchange_init ();
}

uint64_t process_incarnation (uint64_t given)
{
    return given > 0 ? given : (uint64_t) wall_now_us ();
}

uint64_t process_memory_bytes (void)
{
    struct rusage usage = {0};
    getrusage (RUSAGE_SELF, &usage);
    return (uint64_t) usage.ru_maxrss * 1024;
}

int process_end_output (void)
{
    bool failed = ferror (stdout) != 0;
    if (fflush (stdout) != 0 || failed) {
        log_error ("stdout: %s", errno ? strerror (errno) : "it could not be written");
        return -1;
    }
    return 0;
}

int process_signals (void)
{
    sigset_t set = our_signals ();
    sigprocmask (SIG_BLOCK, &set, NULL);
    int signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) {
        log_error ("cannot read signals: %s", strerror (errno));
    }
    return signals;
}

int process_next_signal (int signals)
{
    struct signalfd_siginfo signal;
    return read (signals, &signal, sizeof signal) == sizeof signal ? (int) signal.ssi_signo : 0;
}
