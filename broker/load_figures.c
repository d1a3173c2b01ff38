#include "load_figures.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND_US 1e6

static uint64_t less (uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t scanned_of (const live_facts_t *facts)
{
    uint64_t candles = 0;
    for (uint32_t w = 0; w < facts->worker_count; w++) {
        candles += facts->workers[w].candles;
    }
    return candles;
}

static void find_candles (load_figures_t *self, const load_run_t *run)
{
    const flow_stats_t *begin = &run->begin.flow, *end = &run->end.flow;
    self->warm = run->begun ? run->count : 0;
    self->planned = run->planned;
    self->sent = run->sent;
    self->scanned = less (scanned_of (&run->end), self->warm);
    self->committed = less (run->end.ages.candles, self->warm);
    self->rewinds = end->rewinds - begin->rewinds;
    self->lives = run->end.lives - run->begin.lives;
    if (self->lives > 0 && self->scanned < self->committed) {
        self->scanned = self->committed; /* the last of a worker that died it could not say */
    }
    self->even = run->end.even;
    uint64_t refused = less (self->sent, end->candles - begin->candles);
    uint64_t lost = less (end->passed, end->committed);
    uint64_t doubled = less (end->committed, end->passed);
    if (self->rewinds == 0) {
        uint64_t missing = less (self->sent - refused, self->committed);
        lost = missing > lost ? missing : lost;
        doubled = less (self->committed, self->sent);
    } else {
        self->again = less (self->scanned, self->sent);
    }
    self->lost = refused + lost;
    self->doubled = doubled;
}

static void find_hits (load_figures_t *self, const load_run_t *run)
{
    self->counted = run->journal_counted;
    self->hits_rows = run->journal_rows;
    self->hits_distinct = run->journal_distinct;
    self->hits_again = run->end.repeats;
    self->expects = run->own_scan && run->prefix && self->counted && self->even;
    if (self->expects) {
        self->hits_expected = load_market_hits (run->market, run->minute, run->symbol);
    }
    /* Of scans that are not ours: those that the collector wrote are there. */
    uint64_t wanted = self->expects ? self->hits_expected : run->end.hits;
    if (self->counted) {
        self->hits_lost = less (wanted, self->hits_distinct);
        self->hits_repeated = self->hits_rows - self->hits_distinct;
        if (self->expects) {
            self->hits_repeated += less (self->hits_distinct, wanted);
        }
    }
}

static void find_stages (load_figures_t *self, const load_run_t *run)
{
    const live_facts_t *begin = &run->begin, *end = &run->end;
    uint64_t out = end->flow.sent_bytes - begin->flow.sent_bytes;
    uint64_t back = end->ages.taken - begin->ages.taken;
    self->stages[0] = (load_stage_t){"source", self->sent, end->source.bytes - begin->source.bytes,
                                     self->sending};
    self->stages[1] =
        (load_stage_t){"broker to workers", self->sent + self->again, out, self->seconds};
    self->stages[2] = (load_stage_t){"workers", self->scanned, out, self->seconds};
    self->stages[3] = (load_stage_t){"workers to collector", self->scanned, back, self->seconds};
    self->stages[4] = (load_stage_t){"collector", self->committed, back, self->seconds};
}

static void add_process (load_figures_t *self, const char *name, const live_process_t *begin,
                         const live_process_t *end, uint64_t candles)
{
    self->processes =
        memory_resize (self->processes, self->process_count + 1, sizeof *self->processes);
    load_process_t *process = &self->processes[self->process_count++];
    *process = (load_process_t){.candles = candles,
                                .cpu_us = end->cpu_us - begin->cpu_us,
                                .memory_bytes = end->memory_bytes};
    snprintf (process->name, sizeof process->name, "%s", name);
}

static void find_processes (load_figures_t *self, const load_run_t *run)
{
    static const live_process_t none;
    const live_facts_t *begin = &run->begin, *end = &run->end;
    if (run->url) {
        add_process (self, "producer", &none, &run->producer, self->sent);
    }
    add_process (self, "broker", &begin->broker, &end->broker, self->sent);
    for (uint32_t w = 0; w < end->worker_count; w++) {
        char name[24];
        /* one from elsewhere may have come later */
        const live_process_t *first = w < begin->worker_count ? &begin->workers[w] : &none;
        snprintf (name, sizeof name, "worker-%u", w);
        add_process (self, name, first, &end->workers[w],
                     less (end->workers[w].candles, first->candles));
    }
    add_process (self, "collector", &begin->collector, &end->collector, self->committed);
}

void load_figures_find (load_figures_t *self, const load_run_t *run)
{
    *self = (load_figures_t){.sending = (double) run->sent_us / SECOND_US,
                             .seconds = (double) (run->end.at.us - run->begin.at.us) / SECOND_US,
                             .ages = run->end.ages};
    find_candles (self, run);
    find_hits (self, run);
    find_stages (self, run);
    find_processes (self, run);
}

void load_figures_free (load_figures_t *self)
{
    free (self->processes);
    *self = (load_figures_t){0};
}

bool load_figures_are_good (const load_figures_t *self)
{
    return self->even && self->counted &&
           self->lost + self->doubled + self->hits_lost + self->hits_repeated == 0;
}
