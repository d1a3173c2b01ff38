#include "live_worker.h"

#include "clock.h"
#include "log.h"

#include <stdlib.h>

struct live_worker {
    uint32_t number; /* by which links name us */
    run_t run;
    calendar_t *calendar;
    desk_t *desk;
    outbox_t *outbox;
    wire_reader_t *reader;
    link_t link;
    uint64_t consumed; /* bytes of this session */
    uint64_t refused;
    int64_t scan_ns; /* CPU time for messages: asked once for each, it is a call into the kernel */
    uint64_t serial; /* of our last state */
    /* the broker's last state */
    uint64_t epoch, broker, heard;
};

live_worker_t *live_worker_new (const wire_live_welcome_t *welcome)
{
    live_worker_t *self = memory_new (sizeof *self);
    char error[256];
    if (run_read (&self->run, welcome->scans, welcome->scan_count, welcome->all_hits, error,
                  sizeof error) != 0) {
        log_error ("the broker's welcome is not understood: %s", error);
        free (self);
        return NULL;
    }
    desk_rules_t rules = {.since_ms = welcome->since_ms,
                          .candle_timeout_ms = welcome->candle_timeout_ms,
                          .day_timeout_ms = welcome->day_timeout_ms};
    self->number = welcome->worker;
    self->calendar = calendar_new (welcome->holidays, welcome->holiday_count);
    self->desk = desk_new (&self->run, self->calendar, &rules);
    self->outbox = outbox_new ();
    self->reader = wire_reader_new ();
    return self;
}

void live_worker_destroy (live_worker_t **self)
{
    if (*self) {
        desk_destroy (&(*self)->desk);
        outbox_destroy (&(*self)->outbox);
        calendar_destroy (&(*self)->calendar);
        wire_reader_destroy (&(*self)->reader);
        free (*self);
        *self = NULL;
    }
}

static void refuse (live_worker_t *self)
{
    if (self->refused++ == 0) {
        log_warning ("a message that is no valid one was refused");
    }
}

/* Does the message's LINK make it the next one? */
static bool begin_message (live_worker_t *self, const wire_link_t *header)
{
    link_verdict_t verdict = link_take (&self->link, header->session, header->n);
    if (verdict == LINK_FIRST) {
        desk_drop (self->desk);
        outbox_begin (self->outbox, self->number, header->session);
        self->consumed = 0;
    }
    return verdict == LINK_FIRST || verdict == LINK_TAKE;
}

/* What the items up to a bad one gave is as good as ever: they were next, and are applied. */
static bool take_items (live_worker_t *self)
{
    wire_object_t item;
    int rc = 1;
    while (rc == 1) {
        rc = wire_next (self->reader, &item);
        if (rc == 1 && !desk_take (self->desk, &item, self->outbox)) {
            rc = -1;
        }
    }
    desk_end_message (self->desk, self->outbox);
    return rc == 0;
}

bool live_worker_take (live_worker_t *self, const char *bytes, size_t size)
{
    wire_object_t header;
    wire_reader_begin (self->reader, bytes, size);
    if (wire_next (self->reader, &header) != 1 || header.kind != WIRE_LINK) {
        refuse (self);
        return false;
    }
    if (!begin_message (self, &header.link)) {
        return true;
    }
    self->consumed += size;
    int64_t start = cpu_thread_ns ();
    bool good = take_items (self);
    self->scan_ns += cpu_thread_ns () - start;
    if (!good) {
        refuse (self);
        self->link.gap = true;
        return false;
    }
    return true;
}

void live_worker_hear (live_worker_t *self, const wire_live_broker_t *state)
{
    bool is_same = state->broker == self->broker;
    if (state->epoch < self->epoch || (is_same && state->serial <= self->heard)) {
        return;
    }
    self->epoch = state->epoch;
    self->broker = state->broker;
    self->heard = state->serial;
    desk_hear (self->desk, state, self->number);
}

outbox_t *live_worker_outbox (live_worker_t *self)
{
    return self->outbox;
}

bool live_worker_next_state (live_worker_t *self, buffer_t *message)
{
    return desk_next_state (self->desk, message);
}

void live_worker_state (live_worker_t *self, bool blocked, wire_live_worker_t *state)
{
    const desk_counts_t *counts = desk_counts (self->desk);
    *state = (wire_live_worker_t){.serial = ++self->serial,
                                  .link = self->link,
                                  .blocked = blocked,
                                  .consumed = self->consumed,
                                  .refused = self->refused,
                                  .candles = counts->candles,
                                  .late = counts->late,
                                  .rejected_rows = counts->rejected_rows,
                                  .rejected_files = counts->rejected_files,
                                  .scan_us = (uint64_t) self->scan_ns / 1000,
                                  .note_count = counts->note_count,
                                  .notes = counts->notes};
}
