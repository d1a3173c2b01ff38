#include "command.h"

#define SCAN     (1u << COMMAND_SCAN)
#define SAMPLE   (1u << COMMAND_SAMPLE)
#define SCANNERS (1u << COMMAND_SCANNERS)
#define EXPLAIN  (1u << COMMAND_EXPLAIN)
#define CHECK    (1u << COMMAND_CHECK)
#define EVERY    (SCAN | SAMPLE | SCANNERS | EXPLAIN | CHECK)

/* Printed as they stand, in 79 columns. */
/* clang-format off */
static const command_t commands[] = {
    [COMMAND_SCAN] = {
        .name = "scan",
        .summary = "scans the candles of a data directory, then exits",
        .operands = "",
        .details =
            "A hit is one row, sorted by symbol and time, the same for any number of\n"
            "workers. With no --out the rows go to stdout as CSV; on a terminal the first 20\n"
            "are shown. Times are exchange local (America/New_York). Of each scan, symbol\n"
            "and day the first hit is reported, with --all-hits every one. Ctrl-C ends a run\n"
            "in order: what was finished is then in PATH.part.\n"
            "\n"
            "  fastscanner scan --data market --from 2023-03-06 --to 2023-03-24 \\\n"
            "    --out csv:hits.csv --out sqlite:hits.db \\\n"
            "    --scan daily_atr_parabolic_up,min_adv=1e5,min_adr=0.02,min_atr_multiplier=1\n"
            "\n"
            "Exit codes: 0 done, 1 failed, 2 usage, 3 something was rejected (--strict),\n"
            "4 nothing to scan, 130 interrupted.",
    },
    [COMMAND_SAMPLE] = {
        .name = "sample",
        .summary = "writes a synthetic market as a data directory",
        .operands = "DIR",
        .operands_min = 1,
        .operands_max = 1,
        .details =
            "DIR must not hold candles yet. Without --from and --to the days are those of\n"
            "March 2023; daily candles go back as far as scans look back. The same seed\n"
            "gives the same files.\n"
            "\n"
            "  fastscanner sample market --count 50 --from 2023-03-06 --to 2023-03-24",
    },
    [COMMAND_SCANNERS] = {
        .name = "scanners",
        .summary = "lists the scanners, or explains one",
        .operands = "[NAME]",
        .operands_min = 0,
        .operands_max = 1,
        .details =
            "With a name: its parameters, their defaults, its columns and its rule.\n"
            "\n"
            "  fastscanner scanners\n"
            "  fastscanner scanners atr_gap_up",
    },
    [COMMAND_EXPLAIN] = {
        .name = "explain",
        .summary = "says why a scan did or did not hit a symbol at one time",
        .operands = "SYMBOL WHEN",
        .operands_min = 2,
        .operands_max = 2,
        .details =
            "Prints each value and verdict of the gate and the rule. WHEN is the start of a\n"
            "candle in exchange local time, '2023-03-13 09:31', or with an offset, or a date\n"
            "for a scan of daily candles.\n"
            "\n"
            "  fastscanner explain AAPL 2023-03-13 --data market \\\n"
            "    --scan daily_atr_parabolic_up,min_adv=1e5,min_adr=0.02,min_atr_multiplier=1",
    },
    [COMMAND_CHECK] = {
        .name = "check",
        .summary = "says what a scan would do, without doing it",
        .operands = "",
        .details =
            "Takes the options of scan. Prints every value and where it came from, and\n"
            "checks the scans, the sinks and the data directory. Exit codes as for scan.\n"
            "\n"
            "  fastscanner check --config market.zpl --from 2023-03-13",
    },
    [COMMAND_COUNT] = {.name = NULL},
};
/* clang-format on */

static const option_t options[] = {
    {.name = "config",
     .type = OPTION_TEXT,
     .commands = EVERY,
     .argument = "FILE",
     .help = "a ZPL file with values for these options"},
    {.name = "data",
     .type = OPTION_TEXT,
     .commands = SCAN | EXPLAIN | CHECK,
     .argument = "DIR",
     .otherwise = ".",
     .help = "the data directory, the one that has data/candles"},
    {.name = "scan",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = SCAN | EXPLAIN | CHECK,
     .argument = "[ID:]NAME[,K=V...]",
     .help = "a scan: a scanner and its parameters ('fastscanner scanners' lists them), under an "
             "id of your own; required"},
    {.name = "freq",
     .type = OPTION_TEXT,
     .commands = SCAN | EXPLAIN | CHECK,
     .argument = "FREQ",
     .otherwise = "1min",
     .help = "how long a candle is: 1min, 5min, 1h; freq= in a scan overrides it"},
    {.name = "freq",
     .type = OPTION_TEXT,
     .commands = SAMPLE,
     .argument = "FREQ,FREQ",
     .otherwise = "1d,1min",
     .help = "how long candles are, a list"},
    {.name = "from",
     .type = OPTION_DATE,
     .commands = SCAN | SAMPLE | CHECK,
     .argument = "DATE",
     .help = "the first day, YYYY-MM-DD"},
    {.name = "to",
     .type = OPTION_DATE,
     .commands = SCAN | SAMPLE | CHECK,
     .argument = "DATE",
     .help = "the last day, inclusive; --from when not given"},
    {.name = "symbols",
     .type = OPTION_TEXT,
     .commands = SCAN | CHECK,
     .argument = "A,B,@FILE",
     .help = "only these, or those in a file, one a line, where # begins a comment; every symbol "
             "of the data directory when not given"},
    {.name = "count",
     .type = OPTION_NUMBER,
     .commands = SAMPLE,
     .argument = "N",
     .otherwise = "100",
     .minimum = 1,
     .maximum = 100000,
     .help = "how many symbols to make"},
    {.name = "seed",
     .type = OPTION_NUMBER,
     .commands = SAMPLE,
     .argument = "N",
     .otherwise = "1",
     .minimum = 0,
     .maximum = INT32_MAX,
     .help = "which market to make"},
    {.name = "workers",
     .type = OPTION_NUMBER,
     .commands = SCAN | CHECK,
     .argument = "N",
     .minimum = 1,
     .maximum = 1024,
     .help = "how many worker processes; the number of cores when not given"},
    {.name = "out",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = SCAN | CHECK,
     .argument = "SINK",
     .help = "where hits go: csv:PATH, jsonl:PATH or sqlite:PATH; PATH - is stdout, and {scan} in "
             "it makes one file for each scan"},
    {.name = "all-hits",
     .type = OPTION_FLAG,
     .commands = SCAN | CHECK,
     .help = "every hit, not only the first of a symbol and day"},
    {.name = "strict",
     .type = OPTION_FLAG,
     .commands = SCAN | CHECK,
     .help = "exit 3 when a row, file or symbol was rejected"},
    {.name = "progress",
     .type = OPTION_CHOICE,
     .commands = SCAN | CHECK,
     .argument = "auto|never",
     .otherwise = "auto",
     .help = "a progress bar on a terminal's stderr, one line a second otherwise"},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .commands = EVERY,
     .argument = "error|warning|info|debug",
     .otherwise = "info",
     .help = "what is said on stderr"},
    {.name = "log-format",
     .type = OPTION_CHOICE,
     .commands = EVERY,
     .argument = "text|logfmt|json",
     .otherwise = "text",
     .help = "how it is said"},
    {.name = NULL},
};

const program_t command_program = {.program = "fastscanner",
                                   .summary =
                                       "Scans the candles of a whole stock market for patterns.",
                                   .version = FASTSCANNER_VERSION,
                                   .commands = commands,
                                   .options = options};
