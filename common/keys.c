#include "keys.h"

#include "certificate.h"
#include "log.h"
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zmq.h>

#define PUBLIC_END ".pub"

typedef struct {
    keys_role_t role;
    char text[KEYS_TEXT];
} trusted_t;

typedef struct {
    size_t count;
    trusted_t *all;
    uint64_t signature; /* of the files */
} trust_t;

struct keys {
    char *directory;
    certificate_t own;
    pthread_mutex_t mutex; /* of `trust` */
    trust_t trust;
};

static const char *const role_names[KEYS_ROLES] = {"nobody", "broker", "collector", "worker"};

const char *keys_role_name (keys_role_t role)
{
    return role_names[role];
}

const char *keys_directory (const keys_t *self)
{
    return self->directory;
}

/* ---- files of trusted keys ---- */

/* The role that the name of a file says, "worker-NAME.pub"; KEYS_NOBODY for another file. */
static keys_role_t role_of_name (const char *name)
{
    size_t size = strlen (name), end = strlen (PUBLIC_END);
    if (size <= end || strcmp (name + size - end, PUBLIC_END) != 0) {
        return KEYS_NOBODY;
    }
    for (unsigned i = KEYS_BROKER; i < KEYS_ROLES; i++) {
        size_t role = strlen (role_names[i]);
        if (strncmp (name, role_names[i], role) == 0 && (name[role] == '-' || name[role] == '.')) {
            return (keys_role_t) i;
        }
    }
    return KEYS_NOBODY;
}

static int is_trusted_name (const struct dirent *entry)
{
    return role_of_name (entry->d_name) != KEYS_NOBODY;
}

/* The names, sorted; how many, or -1 with errno. */
static int list_files (const char *directory, struct dirent ***names)
{
    int count = scandir (directory, names, is_trusted_name, alphasort);
    for (; count > KEYS_TRUSTED; count--) {
        free ((*names)[count - 1]);
    }
    return count;
}

static void free_names (struct dirent **names, int count)
{
    for (int i = 0; i < count; i++) {
        free (names[i]);
    }
    free (names);
}

static uint64_t mix (uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *each = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ each[i]) * UINT64_C (1099511628211); /* FNV-1a */
    }
    return hash;
}

/* Changes when a file comes, goes or is written: a Secret's files become others at once. */
static uint64_t sign_files (const char *directory, struct dirent **names, int count)
{
    uint64_t hash = UINT64_C (14695981039346656037);
    for (int i = 0; i < count; i++) {
        char *path = memory_format ("%s/%s", directory, names[i]->d_name);
        struct stat status = {0};
        hash = mix (hash, names[i]->d_name, strlen (names[i]->d_name) + 1);
        if (stat (path, &status) == 0) {
            hash = mix (hash, &status.st_ino, sizeof status.st_ino);
            hash = mix (hash, &status.st_size, sizeof status.st_size);
            hash = mix (hash, &status.st_ctim.tv_sec, sizeof status.st_ctim.tv_sec);
            hash = mix (hash, &status.st_ctim.tv_nsec, sizeof status.st_ctim.tv_nsec);
        }
        free (path);
    }
    return hash;
}

static const trusted_t *find (const trust_t *trust, const char *text)
{
    for (size_t i = 0; i < trust->count; i++) {
        if (strcmp (trust->all[i].text, text) == 0) {
            return &trust->all[i];
        }
    }
    return NULL;
}

static void read_file (const char *directory, const char *name, trust_t *trust)
{
    keys_role_t role = role_of_name (name);
    char *path = memory_format ("%s/%s", directory, name);
    certificate_t read;
    char *problem = certificate_read (path, false, &read);
    const trusted_t *known = problem ? NULL : find (trust, read.public_key);
    if (problem) {
        log_error ("%s: it lets nobody in", problem);
    } else if (read.role != KEYS_NOBODY && read.role != role) {
        log_error ("%s is the key of a %s, its name says %s: it lets nobody in", path,
                   keys_role_name (read.role), keys_role_name (role));
    } else if (known && known->role != role) {
        log_error ("%s: a %s has that key already, each role needs its own: it lets nobody in",
                   path, keys_role_name (known->role));
    } else if (!known) {
        trusted_t *place = &trust->all[trust->count++];
        place->role = role;
        memcpy (place->text, read.public_key, sizeof place->text);
    }
    free (problem);
    free (path);
}

bool keys_refresh (keys_t *self)
{
    struct dirent **names = NULL;
    int count = list_files (self->directory, &names);
    if (count < 0) {
        return false; /* a directory that is being changed for another: what we know stays */
    }
    trust_t fresh = {.signature = sign_files (self->directory, names, count)};
    bool changed = fresh.signature != self->trust.signature;
    if (changed) {
        fresh.all = memory_new (((size_t) count + 1) * sizeof *fresh.all);
        for (int i = 0; i < count; i++) {
            read_file (self->directory, names[i]->d_name, &fresh);
        }
        pthread_mutex_lock (&self->mutex);
        trust_t old = self->trust;
        self->trust = fresh;
        pthread_mutex_unlock (&self->mutex);
        free (old.all);
    }
    free_names (names, count);
    return changed;
}

/* ---- the directory ---- */

static int read_own (keys_t *self, keys_role_t own)
{
    char *path = memory_format ("%s/%s", self->directory, KEYS_OWN);
    char *problem = certificate_read (path, true, &self->own);
    int rc = -1;
    if (problem) {
        log_error ("--curve-dir: %s", problem);
    } else if (self->own.role != KEYS_NOBODY && self->own.role != own) {
        log_error ("--curve-dir: %s is the key of a %s, this is a %s", path,
                   keys_role_name (self->own.role), keys_role_name (own));
    } else {
        rc = 0;
    }
    free (problem);
    free (path);
    return rc;
}

keys_t *keys_open (const char *directory, keys_role_t own)
{
    keys_t *self = memory_new (sizeof *self);
    self->directory = memory_text (directory);
    pthread_mutex_init (&self->mutex, NULL);
    if (read_own (self, own) != 0) {
        keys_destroy (&self);
    } else {
        keys_refresh (self);
    }
    return self;
}

void keys_destroy (keys_t **self)
{
    if (*self) {
        explicit_bzero (&(*self)->own, sizeof (*self)->own);
        pthread_mutex_destroy (&(*self)->mutex);
        free ((*self)->trust.all);
        free ((*self)->directory);
        free (*self);
        *self = NULL;
    }
}

void keys_apply (const keys_t *self, void *socket)
{
    zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, self->own.secret_key, KEYS_TEXT);
    zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, self->own.public_key, KEYS_TEXT);
}

keys_role_t keys_find (keys_t *self, const char *public_text)
{
    pthread_mutex_lock (&self->mutex);
    const trusted_t *found = find (&self->trust, public_text);
    keys_role_t role = found ? found->role : KEYS_NOBODY;
    pthread_mutex_unlock (&self->mutex);
    return role;
}

bool keys_of (keys_t *self, keys_role_t role, size_t index, char text[static KEYS_TEXT])
{
    bool found = false;
    pthread_mutex_lock (&self->mutex);
    for (size_t i = 0; i < self->trust.count && !found; i++) {
        if (self->trust.all[i].role == role && index-- == 0) {
            memcpy (text, self->trust.all[i].text, KEYS_TEXT);
            found = true;
        }
    }
    pthread_mutex_unlock (&self->mutex);
    return found;
}

size_t keys_count (keys_t *self, keys_role_t role)
{
    char text[KEYS_TEXT];
    size_t count = 0;
    while (keys_of (self, role, count, text)) {
        count++;
    }
    return count;
}
