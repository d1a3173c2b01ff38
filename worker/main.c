#include "bus_options.h"
#include "http_address.h"
#include "log.h"
#include "process.h"
#include "wire.h"
#include "worker.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const command_t commands[] = {
    {.name = "",
     .summary = "",
     .operands = "",
     .details = "Joins the broker, computes what it sends, and ends when the broker says so. It\n"
                "needs nothing but the address; `fastscanner scan` and `live` start their\n"
                "own. Stopped by SIGTERM, it hands what it has back to the broker first.\n\n"
                "Example: fastscanner-worker --broker tcp://broker-0:5555"},
    {0},
};

static const option_t options[] = {
    {.name = "broker",
     .type = OPTION_TEXT,
     .commands = 1,
     .argument = "ENDPOINT",
     .help = "the broker's control endpoint (required)"},
    {.name = "name",
     .type = OPTION_TEXT,
     .commands = 1,
     .argument = "NAME",
     .help = "a name of its own, best one that stays the same over restarts; default HOSTNAME-PID"},
    {.name = "incarnation",
     .type = OPTION_NUMBER,
     .commands = 1,
     .argument = "N",
     .otherwise = "0",
     .maximum = 1000000000,
     .help = "the number of this life, from who started it"},
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

static const program_t program = {.program = "fastscanner-worker",
                                  .summary = "scans the candles that a fastscanner broker sends",
                                  .version = FASTSCANNER_VERSION,
                                  .commands = commands,
                                  .options = options};

/* Of this machine or container, and of this process of it. */
static void make_name (char *name, size_t size)
{
    char host[33] = "worker";
    gethostname (host, sizeof host - 1);
    for (char *c = host; *c; c++) {
        *c = isalnum ((unsigned char) *c) || strchr ("_.-", *c) ? *c : '-';
    }
    snprintf (name, size, "%s-%d", host, (int) getpid ());
}

int main (int argc, char **argv)
{
    process_init ();
    options_t *given = NULL;
    options_result_t result = options_load (&program, argc, argv, environ, &given);
    if (result != OPTIONS_RUN) {
        return result == OPTIONS_HELP ? 0 : 2;
    }
    if (process_set_up (&program, given) != 0) {
        return 1;
    }
    char name[WIRE_NAME_MAX + 1];
    make_name (name, sizeof name);
    worker_config_t config = {
        .broker = options_text (given, "broker"),
        .name = options_text (given, "name") ? options_text (given, "name") : name,
        .incarnation = process_incarnation ((uint64_t) options_number (given, "incarnation")),
        .locks = bus_options (given, KEYS_WORKER),
        .http = options_text (given, "http")};
    int rc = 2;
    if (!config.broker) {
        log_error ("--broker ENDPOINT is required: the control endpoint of a running fastscanner");
    } else if (bus_may_use (&config.locks, config.broker) && http_address_check (config.http)) {
        rc = worker_run (&config);
    }
    options_destroy (&given);
    return rc;
}
