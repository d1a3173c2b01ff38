#include "watch.h"

#include "gather.h"
#include "log.h"
#include "names.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILES 3 /* this year, the last, fundamentals */
#define NAMED 5 /* symbols that a message names */

typedef struct {
    market_stamp_t stamps[FILES];
    bool is_known; /* the stamps are of the years that are watched now */
} files_t;

struct watch {
    const market_t *market;
    day_t years[2]; /* partitions: this year, the last */
    names_t symbols;
    uint32_t capacity;
    files_t *files; /* of each symbol */
    watch_counts_t counts;

    uint32_t next;        /* symbol to be looked at next */
    double owed;          /* looks */
    mono_t turned, began; /* the last turn; the start of the sweep */
    gather_t early, late;
    gather_t out; /* what `early` was when it was due ... */
    size_t given; /* ... and how many of it were given out */
};

static void set_years (watch_t *self, day_t today)
{
    day_t year = partition_first (FREQUENCY_1D, today);
    if (year == self->years[0]) {
        return;
    }
    self->years[0] = year;
    self->years[1] = partition_first (FREQUENCY_1D, year - 1);
    for (size_t i = 0; i < self->symbols.count; i++) {
        self->files[i].is_known = false;
    }
}

watch_t *watch_new (const market_t *market)
{
    watch_t *self = memory_new (sizeof *self);
    self->market = market;
    set_years (self, exchange_day (time (NULL))); /* the source's clock may say otherwise later */
    for (size_t i = 0; i < market_symbol_count (market); i++) {
        watch_add (self, market_symbol (market, i));
    }
    return self;
}

void watch_destroy (watch_t **watch)
{
    watch_t *self = *watch;
    if (self) {
        names_free (&self->symbols);
        gather_free (&self->early);
        gather_free (&self->late);
        gather_free (&self->out);
        free (self->files);
        free (self);
        *watch = NULL;
    }
}

const watch_counts_t *watch_counts (const watch_t *self)
{
    return &self->counts;
}

/* Looks at a symbol's files; true when they are others than before. */
static bool look (watch_t *self, uint32_t symbol)
{
    files_t *files = &self->files[symbol];
    const char *name = names_text (&self->symbols, symbol);
    market_stamp_t stamps[FILES] = {
        market_stamp_partition_of (self->market, name, (partition_t){FREQUENCY_1D, self->years[0]}),
        market_stamp_partition_of (self->market, name, (partition_t){FREQUENCY_1D, self->years[1]}),
        market_stamp_fundamentals_of (self->market, name),
    };
    bool is_other = files->is_known && memcmp (files->stamps, stamps, sizeof stamps) != 0;
    memcpy (files->stamps, stamps, sizeof stamps);
    files->is_known = true;
    self->counts.looks++;
    return is_other;
}

void watch_add (watch_t *self, const char *symbol)
{
    uint32_t known = self->symbols.count, number = names_add (&self->symbols, symbol);
    if (number < known) {
        return;
    }
    if (number == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 256;
        self->files = memory_resize (self->files, self->capacity, sizeof *self->files);
    }
    self->files[number] = (files_t){0};
    look (self, number);
}

/* How many symbols are to be looked at so that all are in a sweep. */
static size_t due_looks (watch_t *self, size_t max, mono_t now)
{
    int64_t passed_ms = self->turned.us ? mono_ms (self->turned, now) : 0;
    size_t count = self->symbols.count;
    self->turned = now;
    self->owed += (double) passed_ms * (double) count / WATCH_SWEEP_MS;
    self->owed = self->owed < (double) count ? self->owed : (double) count;
    size_t looks = (size_t) self->owed;
    self->owed -= (double) looks;
    return looks < max ? looks : max;
}

static void look_next (watch_t *self, mono_t now, bool is_late)
{
    if (self->next >= self->symbols.count) {
        self->next = 0;
        self->counts.sweep_ms = self->began.us ? mono_ms (self->began, now) : 0;
        self->began = now;
    }
    if (look (self, self->next)) {
        gather_add (is_late ? &self->late : &self->early, self->next, now);
    }
    self->next++;
}

/* "3 symbols (A, B, C)" and the rest of the sentence. */
static void say (const watch_t *self, const gather_t *gathered, const char *rest)
{
    char number[32];
    buffer_t names = {0};
    for (size_t i = 0; i < gathered->count && i < NAMED; i++) {
        buffer_printf (&names, "%s%s", i ? ", " : "",
                       names_text (&self->symbols, gathered->items[i]));
    }
    log_info ("files of %s symbol%s changed (%.*s%s): %s", stats_count (gathered->count, number),
              gathered->count == 1 ? "" : "s", (int) names.size, names.bytes,
              gathered->count > NAMED ? ", ..." : "", rest);
    buffer_free (&names);
}

void watch_turn (watch_t *self, size_t max, int64_t clock_ms, mono_t now)
{
    if (clock_ms <= 0) {
        return;
    }
    /* On a day without trade what comes next is another day, and its data may be sent ahead already. */
    bool is_late =
        calendar_is_trading (market_calendar (self->market), exchange_day (clock_ms / 1000)) &&
        exchange_minute (clock_ms / 1000) >= WATCH_LAST_START;
    set_years (self, exchange_day (clock_ms / 1000));
    for (size_t looks = due_looks (self, max, now); looks > 0; looks--) {
        look_next (self, now, is_late);
    }
    if (self->out.count == 0 && gather_is_due (&self->early, now)) {
        say (self, &self->early, "they are read again");
        self->counts.changes += self->early.count;
        gather_t empty = self->out;
        self->out = self->early; /* a change from now on is a new one */
        self->early = empty;
        self->given = 0;
    }
    if (gather_is_due (&self->late, now)) {
        say (self, &self->late, "after 09:30, so it counts from the next day on");
        self->counts.late += self->late.count;
        gather_clear (&self->late);
    }
}

const char *watch_changed (watch_t *self)
{
    if (self->given == self->out.count) {
        gather_clear (&self->out);
        self->given = 0;
        return NULL;
    }
    return names_text (&self->symbols, self->out.items[self->given++]);
}
