#include "key_files.h"

#include "certificate.h"
#include "log.h"
#include "memory.h"

#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who trusts whom: the arrows of who dials whom, both ways. */
static const bool trusts[KEYS_ROLES][KEYS_ROLES] = {
    [KEYS_BROKER] = {[KEYS_WORKER] = true, [KEYS_COLLECTOR] = true},
    [KEYS_COLLECTOR] = {[KEYS_WORKER] = true, [KEYS_BROKER] = true},
    [KEYS_WORKER] = {[KEYS_BROKER] = true, [KEYS_COLLECTOR] = true}};

static char *file_of (const char *directory, keys_role_t role, const char *name)
{
    return memory_format ("%s/%s/%s", directory, keys_role_name (role), name);
}

static bool exists (const char *path)
{
    return access (path, F_OK) == 0;
}

/* ---- one file ---- */

static int sync_file (const char *path, mode_t mode)
{
    int file = open (path, O_RDONLY | O_CLOEXEC);
    int rc = file < 0 || fchmod (file, mode) != 0 || fsync (file) != 0 ? -1 : 0;
    if (file >= 0) {
        close (file);
    }
    return rc;
}

/* Writes a file that is whole or not there; one that is there stays. */
static int save (zcert_t *certificate, bool secret, const char *path)
{
    char *part = memory_format ("%s.part", path);
    mode_t mode = secret ? 0600 : 0644;
    unlink (part);
    errno = 0;
    int rc = (secret ? zcert_save_secret : zcert_save_public) (certificate, part);
    rc = rc != 0 || sync_file (part, mode) != 0 || link (part, path) != 0 ? -1 : 0;
    if (rc != 0) {
        log_error ("%s: %s", path, errno ? strerror (errno) : "it cannot be written");
    } else {
        log_info ("%s", path);
    }
    unlink (part);
    free (part);
    return rc;
}

/* ---- a pair ---- */

static zcert_t *new_pair (keys_role_t role)
{
    zcert_t *pair = zcert_new ();
    if (pair) {
        zcert_set_meta (pair, "role", "%s", keys_role_name (role));
    }
    return pair;
}

static zcert_t *read_pair (const char *path, keys_role_t role)
{
    certificate_t read;
    uint8_t public_key[32], secret_key[32];
    char *problem = certificate_read (path, true, &read);
    if (problem) {
        log_error ("%s", problem);
        free (problem);
        return NULL;
    }
    zmq_z85_decode (public_key, read.public_key);
    zmq_z85_decode (secret_key, read.secret_key);
    zcert_t *pair = zcert_new_from (public_key, secret_key);
    zcert_set_meta (pair, "role", "%s", keys_role_name (role));
    return pair;
}

/* Reads the pair that is there, or makes it. NULL with the error logged. */
static zcert_t *take_pair (const char *path, keys_role_t role)
{
    if (exists (path)) {
        log_info ("%s is there already: it stays", path);
        return read_pair (path, role);
    }
    zcert_t *pair = new_pair (role);
    if (pair && save (pair, true, path) != 0) {
        zcert_destroy (&pair);
    }
    return pair;
}

/* ---- where it is trusted ---- */

static bool has_key (const char *path, zcert_t *pair)
{
    certificate_t read;
    char *problem = certificate_read (path, false, &read);
    bool has = !problem && strcmp (read.public_key, zcert_public_txt (pair)) == 0;
    free (problem);
    return has;
}

/* Writes the public key as ROLE-N.pub behind those that are there, unless one of them has it. */
static int publish_to (const char *directory, keys_role_t holder, zcert_t *pair, keys_role_t role)
{
    char name[32];
    snprintf (name, sizeof name, "%s-*.pub", keys_role_name (role));
    char *pattern = file_of (directory, holder, name);
    glob_t there = {0};
    bool known = false;
    if (glob (pattern, 0, NULL, &there) != 0) {
        there.gl_pathc = 0;
    }
    for (size_t i = 0; i < there.gl_pathc; i++) {
        known = known || has_key (there.gl_pathv[i], pair);
    }
    char *path = NULL;
    for (size_t n = there.gl_pathc + 1; !path || exists (path); n++) {
        free (path);
        snprintf (name, sizeof name, "%s-%zu.pub", keys_role_name (role), n);
        path = file_of (directory, holder, name);
    }
    int rc = known ? 0 : save (pair, false, path);
    globfree (&there);
    free (pattern);
    free (path);
    return rc;
}

static int publish (const char *directory, zcert_t *pair, keys_role_t role)
{
    int rc = 0;
    for (unsigned holder = KEYS_BROKER; rc == 0 && holder < KEYS_ROLES; holder++) {
        if (trusts[holder][role]) {
            rc = publish_to (directory, (keys_role_t) holder, pair, role);
        }
    }
    return rc;
}

/* ---- the whole ---- */

static int make_directory (const char *path)
{
    if (mkdir (path, 0700) != 0 && errno != EEXIST) {
        log_error ("%s: %s", path, strerror (errno));
        return -1;
    }
    return 0;
}

static int make_directories (const char *directory)
{
    int rc = make_directory (directory);
    for (unsigned role = KEYS_BROKER; rc == 0 && role < KEYS_ROLES; role++) {
        char *path = memory_format ("%s/%s", directory, keys_role_name ((keys_role_t) role));
        rc = make_directory (path);
        free (path);
    }
    return rc;
}

static int make_role (const char *directory, keys_role_t role, const char *name)
{
    char *path = file_of (directory, role, name);
    zcert_t *pair = take_pair (path, role);
    int rc = pair ? publish (directory, pair, role) : -1;
    zcert_destroy (&pair);
    free (path);
    return rc;
}

int key_files_make (const char *directory)
{
    int rc = make_directories (directory);
    for (unsigned role = KEYS_BROKER; rc == 0 && role < KEYS_ROLES; role++) {
        rc = make_role (directory, (keys_role_t) role, KEYS_OWN);
    }
    return rc;
}

static void say_next_steps (const char *directory, keys_role_t role)
{
    const char *name = keys_role_name (role);
    bool dialed = role != KEYS_WORKER;
    log_info (
        "1. give the others their directories as they are now: both keys of the %s are trusted "
        "within a second%s",
        name, dialed ? "; start those that dial it again, they try both" : "");
    log_info ("2. mv %s/%s/%s %s/%s/%s, and start each %s again with it", directory, name,
              KEY_FILES_NEXT, directory, name, KEYS_OWN, name);
    log_info ("3. remove the older %s-N.pub of each directory", name);
}

int key_files_rotate (const char *directory, keys_role_t role)
{
    char *own = file_of (directory, role, KEYS_OWN),
         *next = file_of (directory, role, KEY_FILES_NEXT);
    int rc = -1;
    if (!exists (own)) {
        log_error ("%s is not there: 'fastscanner keys %s' makes the first keys", own, directory);
    } else if (exists (next)) {
        log_error ("%s is there already: it is to take the place of %s first", next, own);
    } else {
        rc = make_role (directory, role, KEY_FILES_NEXT);
    }
    if (rc == 0) {
        say_next_steps (directory, role);
    }
    free (own);
    free (next);
    return rc;
}
