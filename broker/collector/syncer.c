#include "syncer.h"

#include "log.h"
#include "memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct syncer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int event; /* written to when one has ended */
    bool busy; /* the caller's own: from begin to end */
    /* under the mutex */
    int fd; /* to be synced; -1: none */
    bool ended, over;
    int error; /* of the one that ended */
};

/* ---- the thread ---- */

static int sync_file (int fd)
{
    int rc;
    do {
        rc = fdatasync (fd);
    } while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : errno;
}

static void *run (void *argument)
{
    syncer_t *self = argument;
    pthread_mutex_lock (&self->mutex);
    while (!self->over) {
        if (self->fd < 0) {
            pthread_cond_wait (&self->changed, &self->mutex);
            continue;
        }
        int fd = self->fd;
        self->fd = -1;
        pthread_mutex_unlock (&self->mutex);
        int error = sync_file (fd);
        pthread_mutex_lock (&self->mutex);
        self->error = error;
        self->ended = true;
        pthread_cond_broadcast (&self->changed);
        eventfd_write (self->event, 1);
    }
    pthread_mutex_unlock (&self->mutex);
    return NULL;
}

/* ---- the caller ---- */

syncer_t *syncer_new (void)
{
    syncer_t *self = memory_new (sizeof *self);
    self->fd = -1;
    self->event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->changed, NULL);
    int rc = self->event < 0 ? errno : pthread_create (&self->thread, NULL, run, self);
    if (rc == 0) {
        return self;
    }
    log_error ("cannot start a thread that syncs the journal: %s", strerror (rc));
    if (self->event >= 0) {
        close (self->event);
    }
    free (self);
    return NULL;
}

void syncer_destroy (syncer_t **self)
{
    syncer_t *syncer = *self;
    if (!syncer) {
        return;
    }
    syncer_end (syncer, true);
    pthread_mutex_lock (&syncer->mutex);
    syncer->over = true;
    pthread_cond_broadcast (&syncer->changed);
    pthread_mutex_unlock (&syncer->mutex);
    pthread_join (syncer->thread, NULL);
    pthread_cond_destroy (&syncer->changed);
    pthread_mutex_destroy (&syncer->mutex);
    close (syncer->event);
    free (syncer);
    *self = NULL;
}

void syncer_begin (syncer_t *self, int fd)
{
    pthread_mutex_lock (&self->mutex);
    self->fd = fd;
    pthread_cond_broadcast (&self->changed);
    pthread_mutex_unlock (&self->mutex);
    self->busy = true;
}

bool syncer_is_busy (const syncer_t *self)
{
    return self->busy;
}

int syncer_fd (const syncer_t *self)
{
    return self->event;
}

int syncer_end (syncer_t *self, bool wait)
{
    if (!self->busy) {
        return -1;
    }
    pthread_mutex_lock (&self->mutex);
    while (wait && !self->ended) {
        pthread_cond_wait (&self->changed, &self->mutex);
    }
    int error = self->ended ? self->error : -1;
    if (self->ended) {
        eventfd_t count;
        eventfd_read (self->event, &count);
        self->ended = self->busy = false;
    }
    pthread_mutex_unlock (&self->mutex);
    return error;
}
