/* The process that sends:
 *
 *     CONNECTING --> WARMING: minute 0 --answered--> READY --GO--> SENDING --all, or STOP--> DRAINING
 *          --answered--> DONE --CLEAN, or the broker's end--> CLEANING: UNLINK --answered--> exit
 *
 * One loop over the server's socket, the broker's and a timer. Commands are written as they are planned; when the
 * server is behind they wait here, up to UNSENT_MAX bytes, and what is planned meanwhile waits for that: its age
 * goes on from its planned time.
 */
#include "load_redis_inside.h"

#include "clock.h"
#include "load_plan.h"
#include "log.h"
#include "redis.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define CONNECT_MS     5000
#define CLEAN_MS       8000
#define SAY_MS         50
#define UNSENT_MAX     (256u << 10)
#define UNANSWERED_MAX 20000
#define AT_ONCE        256 /* candles between two looks at the socket */
#define UNLINKED       500 /* keys of one command */
#define NUMBER_TEXT    24

typedef enum { CONNECTING, WARMING, READY, SENDING, DRAINING, DONE, CLEANING } phase_t;

typedef struct {
    const load_redis_config_t *config;
    const char *prefix;
    int pair, timer;
    redis_t *redis;
    phase_t phase;
    uint32_t count;
    uint64_t planned;
    mono_t started, said, cleaned;
    int64_t begin_us;
    uint64_t answered, refused;
    bool over, lost; /* the broker is gone, or we are done; the server went away */
    load_redis_state_t state;
} producer_t;

/* ---- replies ---- */

/* Replies are ids as bulk strings, numbers, and errors: lines, of which a bulk string has two. */
static int read_reply (void *of, const char *bytes, size_t size, size_t *used)
{
    producer_t *self = of;
    const char *end = memchr (bytes, '\n', size);
    *used = 0;
    if (!end) {
        return 0;
    }
    size_t line = (size_t) (end - bytes) + 1;
    if (bytes[0] == '$') {
        const char *second = memchr (end + 1, '\n', size - line);
        if (!second) {
            return 0;
        }
        line = (size_t) (second - bytes) + 1;
    } else if (bytes[0] == '-' && self->refused++ == 0) {
        log_error ("%s: %.*s", redis_name (self->redis), (int) (line > 2 ? line - 3 : 0),
                   bytes + 1);
    }
    *used = line;
    return 1;
}

static void take_replies (producer_t *self)
{
    while (redis_reply (self->redis)) {
        self->answered++;
    }
    self->lost = self->lost || self->refused > 0;
}

/* ---- commands ---- */

static void put_price (char text[static NUMBER_TEXT], double price)
{
    uint64_t cents = (uint64_t) (price * 100 + 0.5);
    snprintf (text, NUMBER_TEXT, "%" PRIu64 ".%02u", cents / 100, (unsigned) (cents % 100));
}

static void add_candle (producer_t *self, uint32_t symbol, int64_t ts)
{
    candle_t candle;
    char key[LOAD_KEY_TEXT], texts[6][NUMBER_TEXT];
    load_market_candle (self->config->market, symbol, self->state.minute, &candle);
    load_redis_key (self->config, self->prefix, symbol % self->config->streams, key);
    snprintf (texts[0], sizeof texts[0], "%" PRId64, ts * 1000);
    put_price (texts[1], candle.open);
    put_price (texts[2], candle.high);
    put_price (texts[3], candle.low);
    put_price (texts[4], candle.close);
    snprintf (texts[5], sizeof texts[5], "%.0f", candle.volume);
    const char *words[] = {"XADD",
                           key,
                           "*",
                           "symbol",
                           load_market_symbol (self->config->market, symbol),
                           "timestamp",
                           texts[0],
                           "open",
                           texts[1],
                           "high",
                           texts[2],
                           "low",
                           texts[3],
                           "close",
                           texts[4],
                           "volume",
                           texts[5]};
    size_t sizes[sizeof words / sizeof *words];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        sizes[i] = strlen (words[i]);
    }
    redis_command (self->redis, sizeof words / sizeof *words, words, sizes);
}

static bool has_room (const producer_t *self)
{
    return redis_unsent (self->redis) < UNSENT_MAX &&
           redis_unanswered (self->redis) < UNANSWERED_MAX;
}

/* Sends up to `count` candles of the present minute. False when there are no more days. */
static bool add_candles (producer_t *self, uint64_t count)
{
    int64_t ts = load_market_ts (self->config->market, self->state.minute);
    if (ts < 0) {
        return false;
    }
    for (uint64_t i = 0; i < count && self->state.symbol < self->count; i++) {
        add_candle (self, self->state.symbol++, ts);
        self->state.sent++;
    }
    if (self->state.symbol == self->count) {
        self->state.symbol = 0;
        self->state.minute++;
    }
    return true;
}

/* ---- phases ---- */

static void say (producer_t *self, bool ready)
{
    load_answer_t answer;
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    memset (&answer, 0, sizeof answer); /* its padding goes too */
    self->state.failed = self->lost;
    self->state.cpu_us = (uint64_t) cpu_process_us ();
    self->state.memory_bytes = (uint64_t) usage.ru_maxrss * 1024;
    answer.ready = ready;
    answer.state = self->state;
    self->said = mono_now ();
    send (self->pair, &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Minute 0, before the plan. */
static void warm_up (producer_t *self)
{
    while (self->state.minute == 0 && has_room (self)) {
        add_candles (self, AT_ONCE);
    }
    if (self->state.minute > 0 && redis_unanswered (self->redis) == 0) {
        self->phase = READY;
        self->state.sent = 0;
        say (self, true);
    }
}

static void set_timer (const producer_t *self, int64_t at_us)
{
    struct itimerspec at = {.it_value = {.tv_sec = at_us / LOAD_SECOND_US,
                                         .tv_nsec = at_us % LOAD_SECOND_US * 1000 + 1}};
    timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* True: there is more to be sent now. */
static bool send_due (producer_t *self)
{
    int64_t passed_us = mono_now ().us - self->begin_us;
    uint64_t rate = self->config->rate, sent = self->state.sent, wanted = AT_ONCE;
    bool all =
        rate > 0 ? sent == self->planned : passed_us >= self->config->seconds * LOAD_SECOND_US;
    if (rate > 0 && !all) {
        uint64_t due = passed_us < 0 ? 0 : load_plan_due (rate, self->planned, passed_us);
        wanted = due - sent < AT_ONCE ? due - sent : AT_ONCE;
    }
    if (all || (wanted > 0 && has_room (self) && !add_candles (self, wanted))) {
        self->phase = DRAINING;
        return false;
    }
    if (wanted == 0) {
        set_timer (self, self->begin_us + load_plan_wake_us (rate, sent, passed_us));
    } else {
        self->state.us = passed_us;
    }
    return wanted > 0 && has_room (self);
}

static void unlink_keys (producer_t *self)
{
    static char keys[UNLINKED][LOAD_KEY_TEXT];
    const char *words[UNLINKED + 1] = {"UNLINK"};
    size_t sizes[UNLINKED + 1] = {6};
    for (uint32_t first = 0; first < self->config->streams; first += UNLINKED) {
        size_t count = 0;
        while (count < UNLINKED && first + count < self->config->streams) {
            uint32_t stream = first + (uint32_t) count;
            words[count + 1] = load_redis_key (self->config, self->prefix, stream, keys[count]);
            sizes[count + 1] = strlen (words[count + 1]);
            count++;
        }
        redis_command (self->redis, count + 1, words, sizes);
    }
}

static void clean (producer_t *self)
{
    self->phase = CLEANING;
    self->cleaned = mono_now ();
    if (redis_state (self->redis) == REDIS_UP) {
        unlink_keys (self);
    } else {
        self->over = true;
    }
}

static void follow_server (producer_t *self, redis_state_t state, mono_t now)
{
    bool up = state == REDIS_UP && redis_life (self->redis) == 1;
    if (self->phase == CONNECTING && up) {
        self->phase = WARMING;
    } else if (self->phase == CONNECTING && mono_ms (self->started, now) > CONNECT_MS) {
        log_error ("--redis: no answer of %s within %d s", redis_name (self->redis),
                   CONNECT_MS / 1000);
        self->lost = self->over = true;
    } else if (self->phase > CONNECTING && !up && !self->lost) {
        log_error ("--redis: the connection to %s was lost: candles may be missing",
                   redis_name (self->redis));
        self->lost = true;
    }
}

/* True: call again at once. */
static bool turn (producer_t *self)
{
    mono_t now = mono_now ();
    bool more = false;
    follow_server (self, redis_turn (self->redis, now), now);
    take_replies (self);
    if (self->phase == WARMING && !self->lost) {
        warm_up (self);
    } else if (self->phase == SENDING && !self->lost) {
        more = send_due (self);
    } else if (self->phase == DRAINING && redis_unanswered (self->redis) == 0) {
        self->phase = DONE;
        self->state.done = true;
        say (self, true);
    } else if (self->phase == CLEANING &&
               (redis_unanswered (self->redis) == 0 || mono_ms (self->cleaned, now) > CLEAN_MS)) {
        self->over = true;
    }
    redis_flush (self->redis);
    if (mono_ms (self->said, now) > SAY_MS) {
        say (self, self->phase > WARMING);
    }
    return more;
}

/* ---- the broker's word ---- */

static void take_orders (producer_t *self)
{
    load_order_t order;
    ssize_t got;
    while ((got = recv (self->pair, &order, sizeof order, MSG_DONTWAIT)) ==
           (ssize_t) sizeof order) {
        if (order.word == LOAD_GO && self->phase == READY) {
            self->begin_us = order.begin_us;
            self->phase = SENDING;
        } else if (order.word == LOAD_STOP && self->phase == SENDING) {
            self->phase = DRAINING;
        } else if (order.word == LOAD_CLEAN && self->phase < CLEANING) {
            clean (self);
        }
    }
    if (got == 0 && self->phase < CLEANING) {
        clean (self); /* the broker is gone */
    }
}

static void wait_for_something (producer_t *self, bool busy)
{
    short events = 0;
    int64_t due = redis_due_ms (self->redis, mono_now ());
    int wait = due >= 0 && due < SAY_MS ? (int) due : SAY_MS;
    int socket = redis_fd (self->redis, &events);
    struct pollfd items[] = {{.fd = self->pair, .events = POLLIN},
                             {.fd = self->timer, .events = POLLIN},
                             {.fd = socket, .events = events}};
    poll (items, 3, busy ? 0 : wait);
}

int load_producer_run (const load_redis_config_t *config, const char *prefix, int pair)
{
    producer_t *self = memory_new (sizeof *self);
    *self = (producer_t){.config = config,
                         .prefix = prefix,
                         .pair = pair,
                         .count = load_market_count (config->market),
                         .planned = config->rate * (uint64_t) config->seconds,
                         .started = mono_now (),
                         .said = mono_now ()};
    self->timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    self->redis = redis_new (config->url, config->user, config->password_file);
    redis_set_parser (self->redis, read_reply, self);
    bool busy = false;
    while (!self->over && self->timer >= 0) {
        wait_for_something (self, busy);
        take_orders (self);
        busy = turn (self);
    }
    say (self, false);
    redis_destroy (&self->redis);
    return self->lost ? 1 : 0;
}
