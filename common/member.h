/* member - a process that takes part in a broker's run: what worker and collector have in common.
 *
 *     HELLO, every second --> WELCOME (the run) --> our state, at each change and every second
 *     data message: LINK --link_take--> its items, or a gap
 *
 * A value that a process embeds, and the one place where it waits: for the broker, for data, for a
 * signal, or for the second to pass.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include "channel.h"
#include "clock.h"
#include "health.h"
#include "run.h"
#include "wire.h"

/* Data messages that are taken before control and signals are looked at again. */
#define MEMBER_TAKE_AT_ONCE 16

typedef struct member {
    struct member *next; /* of the same process, to another broker: member_join */
    bus_t *bus;          /* the first one's, and so are the signals */
    const char *broker;  /* its endpoint */
    mono_t dialed;
    channel_t *control; /* DEALER to the broker */
    run_t *run;         /* of a batch; NULL until its welcome */
    mono_t heard;       /* the broker was last; {0}: not yet */
    bool greeted;       /* a welcome came, of whichever kind: we say states, no hellos */
    bool over;          /* the broker's word, or a signal: end */
    bool changed;       /* our state did, or it could not be said yet: then we wait until it can */
    uint64_t refused;   /* bad messages dropped; the first is logged */
    int signals;
    bool may_leave; /* a first signal asks us to leave in order, instead of ending at once: */
    bool leaving;   /* it came */
    mono_t left;
    mono_t told;
    int64_t pause_ms; /* between states that changes cause; 0: each change is said at once */
    wire_hello_t hello;
    wire_reader_t *control_reader, *data_reader;
} member_t;

/* Connects to the broker; `hello` is copied, `broker` must live longer. `locks`: for tcp (bus.h), or NULL. 0, or -1 with the error logged;
 * member_close in any case. */
int member_open (member_t *self, const wire_hello_t *hello, const char *broker,
                 const bus_config_t *locks);
/* Brokers of one process. */
#define MEMBER_JOIN_MAX 256
/* The same process takes part in one more broker's run, behind those that `self` joined before: what waits for
 * `self` waits for all, a signal is `self`'s. `other` must stay until member_close (self), which closes all. */
int member_join (member_t *self, member_t *other, const char *broker);
void member_close (member_t *self);

/* Counts a bad message. */
void member_refuse (member_t *self);

/* Is it time to say our state? Before the welcome it says hello itself, and the answer is no; and over tcp it dials
 * anew from time to time: libzmq never tries again where something else than a broker has answered once. */
bool member_is_due (member_t *self);

/* Says our state: the message is taken. One that cannot go now is said again when it can. */
void member_say (member_t *self, buffer_t *message);

/* The next control message, if there is one; bad ones are dropped and counted. */
bool member_hear (member_t *self, wire_object_t *object);

/* How the process is, as far as its brokers go: `self` is the first. */
health_state_t member_health (const member_t *self, mono_t now);

/* Takes the run out of the welcome. False when we have one already, or it is not understood: then
 * that is logged, and we end. */
bool member_take_welcome (member_t *self, const wire_welcome_t *welcome);

/* Begins a data message, which must stay until its items were taken: false, and it is counted, when
 * it has no LINK. */
bool member_begin_data (member_t *self, const char *bytes, size_t size, wire_link_t *link);

/* Takes the items of the data message that was begun. One that cannot be read, or that `take` does not
 * want, makes the rest as good as lost: a gap in `link`. */
typedef bool (member_take_fn) (void *owner, const wire_object_t *item);
void member_take_items (member_t *self, link_t *link, member_take_fn *take, void *owner);

/* Says hello once more: the broker may be another by now. */
void member_greet (member_t *self);

/* Waits for the broker, a signal, `data` (NULL for none), or our second; not at all when `busy`. */
void member_wait (member_t *self, const zmq_pollitem_t *data, bool busy);

/* The same for `count` items, up to MEMBER_WAIT_MAX, and for no longer than `limit_ms` (-1: any). True
 * when one of them is ready. */
#define MEMBER_WAIT_MAX 64
bool member_wait_for (member_t *self, const zmq_pollitem_t *items, size_t count, int64_t limit_ms);

#endif
