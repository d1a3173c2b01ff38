#include "journal_inside.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRY_MS 20

/* ---- what goes wrong ---- */

/* What SQLite says of its last call, and the system if it has a part in it. The caller frees it. */
static char *reason (const journal_t *self)
{
    int code = sqlite3_errcode (self->db);
    int system = sqlite3_system_errno (self->db);
    bool file = code == SQLITE_CANTOPEN || code == SQLITE_IOERR || code == SQLITE_FULL;
    return memory_format ("%s%s%s", sqlite3_errmsg (self->db), file && system ? ": " : "",
                          file && system ? strerror (system) : "");
}

int journal_fail (journal_t *self, journal_doing_t doing)
{
    static const char *const doings[JOURNAL_DOINGS] = {"write", "sync", "read"};
    if (!self->failing[doing]) {
        char *why = reason (self);
        log_error ("cannot %s %s: %s: it is tried again", doings[doing], self->path, why);
        free (why);
    }
    self->failing[doing] = true;
    return -1;
}

int journal_damaged (journal_t *self, const char *what)
{
    if (!self->failing[JOURNAL_READING]) {
        log_error (
            "%s is damaged (%s): put back a copy of its directory, or choose another --state",
            self->path, what);
    }
    self->failing[JOURNAL_READING] = true;
    return -1;
}

void journal_works (journal_t *self, journal_doing_t doing)
{
    if (self->failing[doing]) {
        log_info ("%s works again", self->path);
    }
    self->failing[doing] = false;
}

/* A failure while it is opened: what to do, in one line. */
int journal_open_failed (journal_t *self)
{
    char *why = self->db ? reason (self) : memory_text ("out of memory");
    switch (self->db ? sqlite3_errcode (self->db) : SQLITE_NOMEM) {
    case SQLITE_NOTADB:
        log_error ("%s is not a journal of fastscanner: choose another --state", self->path);
        break;
    case SQLITE_CORRUPT:
        journal_damaged (self, why);
        break;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        log_error ("cannot open %s: %s: check whose it is and its permissions, or choose another "
                   "--state",
                   self->path, why);
        break;
    case SQLITE_BUSY:
        log_error ("%s is being written by another program: end it", self->path);
        break;
    default:
        log_error ("cannot open %s: %s", self->path, why);
    }
    free (why);
    return -1;
}

/* ---- the directory and its lock ---- */

static int make_directory (const char *directory)
{
    if (mkdir (directory, 0700) != 0 && errno != EEXIST) {
        log_error ("cannot make the directory %s: %s: %s", directory, strerror (errno),
                   errno == ENOENT ? "make the one that it lies in first"
                                   : "choose another --state");
        return -1;
    }
    return 0;
}

/* Signals are usually blocked, and read elsewhere: whoever waits here looks himself. */
static bool told_to_end (void)
{
    sigset_t pending;
    return sigpending (&pending) == 0 &&
           (sigismember (&pending, SIGTERM) == 1 || sigismember (&pending, SIGINT) == 1);
}

/* The lock's holder is another process, which tells nobody that it has ended: it is asked again and
 * again. */
static int wait_for_lock (journal_t *self, const char *directory)
{
    const struct timespec pause = {.tv_nsec = LOCK_TRY_MS * 1000000L};
    mono_t start = mono_now ();
    bool said = false;
    while (flock (self->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            log_error ("cannot lock %s/journal.lock: %s", directory, strerror (errno));
            return -1;
        }
        if (mono_ms (start, mono_now ()) >= JOURNAL_LOCK_MS || told_to_end ()) {
            log_error ("%s is in use by another fastscanner: end that, or choose another --state",
                       directory);
            return -1;
        }
        if (!said) {
            log_info ("%s is in use by another fastscanner: waiting for it to end", directory);
        }
        said = true;
        nanosleep (&pause, NULL);
    }
    return 0;
}

static int lock (journal_t *self, const char *directory)
{
    char *path = memory_format ("%s/journal.lock", directory);
    self->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (self->lock < 0) {
        log_error ("cannot open %s: %s: choose another --state", path, strerror (errno));
    }
    free (path);
    return self->lock < 0 ? -1 : wait_for_lock (self, directory);
}

/* The names of new files survive a power cut. */
static int sync_directory (const char *directory)
{
    int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync (fd);
    if (rc != 0) {
        log_error ("cannot sync %s: %s", directory, strerror (errno));
    }
    if (fd >= 0) {
        close (fd);
    }
    return rc;
}

static int open_all (journal_t *self, const char *directory, const run_t *run, int64_t since_ms)
{
    if (make_directory (directory) != 0 || lock (self, directory) != 0 ||
        journal_open_database (self, since_ms) != 0 || journal_load (self, run) != 0) {
        return -1;
    }
    self->unsynced = true; /* who wrote it last may have been killed before its sync */
    return sync_directory (directory) != 0 ? -1 : journal_sync (self);
}

journal_t *journal_open (const char *directory, const run_t *run, int64_t since_ms)
{
    journal_t *self = memory_new (sizeof *self);
    self->path = memory_format ("%s/journal", directory);
    self->wal_path = memory_format ("%s-wal", self->path);
    self->lock = -1;
    self->wal = -1;
    self->syncer = syncer_new ();
    if (!self->syncer || open_all (self, directory, run, since_ms) != 0) {
        journal_destroy (&self);
    }
    return self;
}

/* The lock goes last: until then nobody else may open it. */
void journal_destroy (journal_t **self)
{
    journal_t *journal = *self;
    if (!journal) {
        return;
    }
    syncer_destroy (&journal->syncer);
    for (int i = 0; i < JOURNAL_STATEMENTS; i++) {
        sqlite3_finalize (journal->statements[i]);
    }
    sqlite3_close (journal->db);
    if (journal->wal >= 0) {
        close (journal->wal);
    }
    if (journal->lock >= 0) {
        close (journal->lock);
    }
    for (size_t i = 0; i < journal->cursor_count; i++) {
        free (journal->cursors[i].name);
    }
    free (journal->cursors);
    free (journal->path);
    free (journal->wal_path);
    free (journal);
    *self = NULL;
}

uint64_t journal_id (const journal_t *self)
{
    return self->id;
}

int64_t journal_since_ms (const journal_t *self)
{
    return self->since_ms;
}

uint64_t journal_rows (const journal_t *self)
{
    return self->rows;
}

uint64_t journal_synced (const journal_t *self)
{
    return self->synced;
}
