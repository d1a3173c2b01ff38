/* bench_pipeline - the limit beside which `fastscanner load` is held: messages through ZeroMQ and nothing
 * computed.
 *
 *     bench_pipeline SERIES MESSAGES
 *
 *                  64 KiB          +--> worker --+  64 bytes
 *     this process ==> PUSH, ipc --|             |--> PULL, ipc ==> sink --> count, end --> this process
 *                                  +--> worker --+
 *
 * Each is a process, as in a run. The time is from the first message until the sink has an answer to each;
 * messages begin when a first one came all the way through each worker. Prints a sample (samples.h).
 */
#include "clock.h"
#include "memory.h"
#include "spawn.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum {
    WORKERS = 2,
    SIZE = 64 << 10,
    ANSWER = 64,
    QUEUE = 256,
    WAIT_MS = 30000,
    COUNT_MAX = 10000000
};

typedef struct {
    char *directory, *answers; /* where the sockets lie; the sink's endpoint */
    void *context;
    pid_t children[WORKERS + 1];
    int children_count;
    int told[2]; /* a pipe: what the sink says */
} pipeline_t;

static void must (bool good, const char *what)
{
    if (!good) {
        fprintf (stderr, "bench_pipeline: %s: %s\n", what, zmq_strerror (zmq_errno ()));
        exit (1);
    }
}

static void *open_socket (void *context, int type)
{
    int queue = QUEUE, wait = WAIT_MS, linger = 0;
    void *socket = zmq_socket (context, type);
    must (socket && zmq_setsockopt (socket, ZMQ_SNDHWM, &queue, sizeof queue) == 0 &&
              zmq_setsockopt (socket, ZMQ_RCVHWM, &queue, sizeof queue) == 0 &&
              zmq_setsockopt (socket, ZMQ_SNDTIMEO, &wait, sizeof wait) == 0 &&
              zmq_setsockopt (socket, ZMQ_RCVTIMEO, &wait, sizeof wait) == 0 &&
              zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger) == 0,
          "a socket");
    return socket;
}

static char *endpoint (const pipeline_t *self, int which)
{
    return memory_format ("ipc://%s/worker-%d", self->directory, which);
}

static _Noreturn void work (const pipeline_t *self, int which)
{
    void *context = zmq_ctx_new (), *in = open_socket (context, ZMQ_PULL),
         *out = open_socket (context, ZMQ_PUSH);
    char *address = endpoint (self, which), answer[ANSWER] = {0};
    must (zmq_bind (in, address) == 0 && zmq_connect (out, self->answers) == 0, address);
    zmq_msg_t message;
    zmq_msg_init (&message);
    while (zmq_msg_recv (&message, in, 0) == SIZE) {
        memcpy (answer, zmq_msg_data (&message), 1);
        must (zmq_send (out, answer, sizeof answer, 0) == ANSWER, "an answer");
    }
    exit (1); /* it is ended before: this is a time-out */
}

/* Says once that each worker has answered, and again when all is there. */
static _Noreturn void collect (const pipeline_t *self, long count)
{
    void *context = zmq_ctx_new (), *in = open_socket (context, ZMQ_PULL);
    char answer[ANSWER];
    must (zmq_bind (in, self->answers) == 0, self->answers);
    for (long i = 0; i < WORKERS + count; i++) {
        must (zmq_recv (in, answer, sizeof answer, 0) == ANSWER, "an answer");
        if (i == WORKERS - 1 || i == WORKERS + count - 1) {
            must (write (self->told[1], "", 1) == 1, "the pipe");
        }
    }
    exit (0);
}

/* 0 in the child. It dies with this process. */
static pid_t begin_child (pipeline_t *self)
{
    pid_t pid = fork ();
    must (pid >= 0, "fork");
    if (pid == 0) {
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        close (self->told[0]);
        return 0;
    }
    self->children[self->children_count++] = pid;
    return pid;
}

static void begin (pipeline_t *self, long count)
{
    self->directory = directory_new ();
    self->answers = memory_format ("ipc://%s/answers", self->directory);
    must (pipe (self->told) == 0, "a pipe");
    for (int i = 0; i < WORKERS; i++) {
        if (begin_child (self) == 0) {
            work (self, i);
        }
    }
    if (begin_child (self) == 0) {
        collect (self, count);
    }
    close (self->told[1]);
    self->context = zmq_ctx_new ();
}

static void end (pipeline_t *self)
{
    for (int i = 0; i < self->children_count; i++) {
        kill (self->children[i], SIGKILL);
        waitpid (self->children[i], NULL, 0);
    }
    directory_destroy (&self->directory);
    free (self->answers);
}

/* Waits until the sink says it. False when it has died. */
static bool told (const pipeline_t *self)
{
    char byte;
    return read (self->told[0], &byte, 1) == 1;
}

/* Seconds for `count` messages; negative when something failed. */
static double measure (pipeline_t *self, long count)
{
    void *out[WORKERS];
    char *bytes = memory_new (SIZE);
    for (int i = 0; i < WORKERS; i++) {
        char *address = endpoint (self, i);
        out[i] = open_socket (self->context, ZMQ_PUSH);
        must (zmq_connect (out[i], address) == 0 && zmq_send (out[i], bytes, SIZE, 0) == SIZE,
              address);
        free (address);
    }
    bool good = told (self);
    mono_t start = mono_now ();
    for (long i = 0; good && i < count; i++) {
        good = zmq_send (out[i % WORKERS], bytes, SIZE, 0) == SIZE;
    }
    good = good && told (self);
    double seconds = (double) (mono_now ().us - start.us) / 1e6;
    for (int i = 0; i < WORKERS; i++) {
        zmq_close (out[i]);
    }
    free (bytes);
    return good ? seconds : -1;
}

int main (int argc, char **argv)
{
    pipeline_t pipeline = {0};
    long count = argc == 3 ? strtol (argv[2], NULL, 10) : 0;
    if (count < 1 || count > COUNT_MAX) {
        fprintf (stderr, "usage: bench_pipeline SERIES MESSAGES\n");
        return 2;
    }
    begin (&pipeline, count);
    double seconds = measure (&pipeline, count), bytes = (double) count * SIZE;
    end (&pipeline);
    zmq_ctx_term (pipeline.context);
    if (seconds <= 0) {
        fprintf (stderr, "bench_pipeline: a process of it ended\n");
        return 1;
    }
    printf ("{\"series\":\"%s\",\"seconds\":%.6f,\"messages\":%ld,\"bytes_per_s\":%.0f,"
            "\"mb_per_s\":%.3f}\n",
            argv[1], seconds, count, bytes / seconds, bytes / seconds / 1e6);
    return 0;
}
