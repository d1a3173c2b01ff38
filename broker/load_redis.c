#include "load_redis_inside.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS 60000 /* the child gives up sooner, with a reason */
#define END_MS   10000

struct load_redis {
    pid_t child;
    int pair;
    bool ready;
    char prefix[LOAD_PREFIX_TEXT], pattern[LOAD_KEY_TEXT];
    load_redis_state_t state;
};

static bool are_own (const load_redis_config_t *config)
{
    return config->streams == load_market_count (config->market);
}

char *load_redis_key (const load_redis_config_t *config, const char *prefix, uint32_t stream,
                      char text[static LOAD_KEY_TEXT])
{
    if (are_own (config)) {
        snprintf (text, LOAD_KEY_TEXT, "%s:%s", prefix,
                  load_market_symbol (config->market, stream));
    } else {
        snprintf (text, LOAD_KEY_TEXT, "%s:%" PRIu32 ":shared", prefix, stream);
    }
    return text;
}

/* Takes what it said. False: it has ended. */
static bool take_answers (load_redis_t *self)
{
    load_answer_t answer;
    ssize_t got;
    while ((got = recv (self->pair, &answer, sizeof answer, MSG_DONTWAIT)) ==
           (ssize_t) sizeof answer) {
        self->ready = self->ready || answer.ready;
        self->state = answer.state;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void order (load_redis_t *self, load_word_t word, int64_t begin_us)
{
    load_order_t said;
    memset (&said, 0, sizeof said); /* its padding goes too */
    said.word = word;
    said.begin_us = begin_us;
    send (self->pair, &said, sizeof said, MSG_NOSIGNAL);
}

/* Waits for an answer or its end, `ms` at most. */
static bool wait_for_it (load_redis_t *self, int64_t ms)
{
    struct pollfd item = {.fd = self->pair, .events = POLLIN};
    poll (&item, 1, (int) (ms > 0 ? ms : 0));
    return take_answers (self);
}

static int fork_child (load_redis_t *self, const load_redis_config_t *config)
{
    int pair[2];
    if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return -1;
    }
    fflush (NULL);
    self->child = fork ();
    if (self->child == 0) {
        close (pair[0]);
        signal (SIGINT, SIG_IGN); /* ctrl-C reaches it by our word */
        signal (SIGTERM, SIG_IGN);
        _exit (load_producer_run (config, self->prefix, pair[1]));
    }
    close (pair[1]);
    self->pair = pair[0];
    return self->child > 0 ? 0 : -1;
}

load_redis_t *load_redis_start (const load_redis_config_t *config)
{
    load_redis_t *self = memory_new (sizeof *self);
    uint64_t chance = 0;
    getrandom (&chance, sizeof chance, 0);
    snprintf (self->prefix, sizeof self->prefix, "fastscanner-load-%016" PRIx64, chance);
    snprintf (self->pattern, sizeof self->pattern, "%s:*%s", self->prefix,
              are_own (config) ? "" : ":shared");
    if (fork_child (self, config) != 0) {
        log_error ("no process to send with: %s", strerror (errno));
        free (self);
        return NULL;
    }
    mono_t start = mono_now ();
    bool lives = true;
    while (lives && !self->ready && !self->state.failed &&
           mono_ms (start, mono_now ()) < READY_MS) {
        lives = wait_for_it (self, READY_MS - mono_ms (start, mono_now ()));
    }
    if (!self->ready) {
        load_redis_end (&self); /* it said why */
    }
    return self;
}

const char *load_redis_pattern (const load_redis_t *self)
{
    return self->pattern;
}

void load_redis_go (load_redis_t *self, int64_t begin_us)
{
    order (self, LOAD_GO, begin_us);
}

void load_redis_stop (load_redis_t *self)
{
    order (self, LOAD_STOP, 0);
}

const load_redis_state_t *load_redis_state (load_redis_t *self)
{
    if (!take_answers (self) && !self->state.done && !self->state.failed) {
        log_error ("the process that sends candles has ended");
        self->state.failed = true;
    }
    return &self->state;
}

void load_redis_end (load_redis_t **producer)
{
    load_redis_t *self = *producer;
    if (!self) {
        return;
    }
    mono_t start = mono_now ();
    bool lives = true;
    order (self, LOAD_CLEAN, 0);
    while (lives && mono_ms (start, mono_now ()) < END_MS) {
        lives = wait_for_it (self, END_MS - mono_ms (start, mono_now ()));
    }
    if (lives) {
        log_warning ("streams %s may be left behind: the server did not answer in time",
                     self->pattern);
        kill (self->child, SIGKILL);
    }
    waitpid (self->child, NULL, 0);
    close (self->pair);
    free (self);
    *producer = NULL;
}
