#include "bus_options.h"
#include "collector.h"
#include "http_address.h"
#include "log.h"
#include "member.h"
#include "memory.h"
#include "process.h"

#include <stdlib.h>
#include <unistd.h>

static const command_t commands[] = {
    {.name = "",
     .summary = "",
     .operands = "",
     .details =
         "Takes the hits of a broker's workers, drops repeats and writes sinks: of a\n"
         "batch in order, of a live run as they come, through a journal.\n"
         "It ends when the broker says so; `fastscanner scan` and `live` start their own.\n\n"
         "Example: fastscanner-collector --broker ipc:///run/fastscanner/control \\\n"
         "             --listen ipc:///run/fastscanner/hits --out csv:hits.csv"},
    {0},
};

static const option_t options[] = {
    {.name = "broker",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = 1,
     .argument = "ENDPOINT",
     .help = "the broker's control endpoint (required); again for the broker of each partition"},
    {.name = "listen",
     .type = OPTION_TEXT,
     .commands = 1,
     .argument = "ENDPOINT",
     .help = "where workers send hits (required)"},
    {.name = "advertise",
     .type = OPTION_TEXT,
     .commands = 1,
     .argument = "ENDPOINT",
     .help =
         "the same as workers are to dial it; default --listen, and the address that the broker "
         "sees where that is every one"},
    {.name = "out",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = 1,
     .argument = "SINK",
     .help = "csv:PATH jsonl:PATH sqlite:PATH redis:URL?stream=NAME, - is stdout; required, or "
             "with --state: "
             "hits then stay in the journal"},
    {.name = "name",
     .type = OPTION_TEXT,
     .commands = 1,
     .argument = "NAME",
     .otherwise = "collector",
     .help = "a name that stays the same over restarts"},
    {.name = "incarnation",
     .type = OPTION_NUMBER,
     .commands = 1,
     .argument = "N",
     .otherwise = "0",
     .maximum = 1000000000,
     .help = "the number of this life, from who started it"},
    {.name = "state",
     .type = OPTION_TEXT,
     .commands = 1,
     .argument = "DIR",
     .otherwise = "./fastscanner-state",
     .help = "the journal of a live run"},
    {.name = "keep",
     .type = OPTION_NUMBER,
     .commands = 1,
     .argument = "DAYS",
     .otherwise = "30",
     .maximum = 36500,
     .help = "how long the journal keeps hits that every sink has"},
    {.name = "redis-user",
     .type = OPTION_TEXT,
     .commands = 1,
     .argument = "NAME",
     .help = "the user at the server of a redis: sink"},
    {.name = "redis-password-file",
     .type = OPTION_TEXT,
     .commands = 1,
     .argument = "FILE",
     .help = "a file whose first line is the password there"},
    BUS_OPTION_CURVE_DIR (1),
    BUS_OPTION_INSECURE (1),
    HTTP_OPTION (1),
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .commands = 1,
     .argument = "error|warning|info|debug",
     .otherwise = "info",
     .help = "what is logged"},
    {.name = "log-format",
     .type = OPTION_CHOICE,
     .commands = 1,
     .argument = "text|logfmt|json",
     .otherwise = "text",
     .help = "how it is logged"},
    {0},
};

static const program_t program = {
    .program = "fastscanner-collector",
    .summary = "writes the hits of a fastscanner broker's workers, each once",
    .version = FASTSCANNER_VERSION,
    .commands = commands,
    .options = options};

/* The values of a repeatable option: the caller's array. */
static const char **items (const options_t *given, const char *name, size_t *count)
{
    *count = options_count (given, name);
    const char **values = memory_new (*count * sizeof *values);
    for (size_t i = 0; i < *count; i++) {
        values[i] = options_item (given, name, i);
    }
    return values;
}

static bool may_use_all (const collector_config_t *config)
{
    bool may = bus_may_use (&config->locks, config->listen);
    for (size_t i = 0; i < config->broker_count && may; i++) {
        may = bus_may_use (&config->locks, config->brokers[i]);
    }
    return may;
}

static int run (const options_t *given)
{
    size_t count, broker_count;
    const char **sinks = items (given, "out", &count);
    const char **brokers = items (given, "broker", &broker_count);
    collector_config_t config = {
        .brokers = brokers,
        .broker_count = broker_count,
        .listen = options_text (given, "listen"),
        .advertise = options_text (given, "advertise"),
        .name = options_text (given, "name"),
        .incarnation = process_incarnation ((uint64_t) options_number (given, "incarnation")),
        .locks = bus_options (given, KEYS_COLLECTOR),
        .http = options_text (given, "http"),
        .sinks = sinks,
        .sink_count = count,
        .state = options_text (given, "state"),
        .keep_days = options_number (given, "keep"),
        .redis_user = options_text (given, "redis-user"),
        .redis_password_file = options_text (given, "redis-password-file")};
    for (size_t i = 0; i < broker_count; i++) {
        config.locks.dials += bus_is_tcp (brokers[i]);
    }
    int rc = 2;
    if (broker_count == 0 || broker_count > MEMBER_JOIN_MAX || !config.listen ||
        (count == 0 && options_origin (given, "state") == ORIGIN_DEFAULT)) {
        log_error (
            "--broker, --listen, and --out or --state are required: see fastscanner-collector "
            "--help");
    } else if (may_use_all (&config) && http_address_check (config.http)) {
        rc = collector_run (&config);
    }
    free (sinks);
    free (brokers);
    return rc;
}

int main (int argc, char **argv)
{
    process_init ();
    options_t *given = NULL;
    options_result_t result = options_load (&program, argc, argv, environ, &given);
    if (result != OPTIONS_RUN) {
        return result == OPTIONS_HELP ? 0 : 2;
    }
    int rc = process_set_up (&program, given) == 0 ? run (given) : 1;
    options_destroy (&given);
    return rc;
}
