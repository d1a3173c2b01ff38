#include "command.h"

#include "bus_options.h"
#include "http_address.h"

#define SCAN     (1u << COMMAND_SCAN)
#define LIVE     (1u << COMMAND_LIVE)
#define REPLAY   (1u << COMMAND_REPLAY)
#define LOAD     (1u << COMMAND_LOAD)
#define STREAMS  (LIVE | REPLAY)
#define SAMPLE   (1u << COMMAND_SAMPLE)
#define SCANNERS (1u << COMMAND_SCANNERS)
#define EXPLAIN  (1u << COMMAND_EXPLAIN)
#define CHECK    (1u << COMMAND_CHECK)
#define KEYS     (1u << COMMAND_KEYS)
#define HEALTH   (1u << COMMAND_HEALTH)
#define EVERY    (SCAN | STREAMS | LOAD | SAMPLE | SCANNERS | EXPLAIN | CHECK | KEYS | HEALTH)

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
    [COMMAND_LIVE] = {
        .name = "live",
        .summary = "scans the candles of Redis streams as they come, until stopped",
        .operands = "",
        .details =
            "Each entry of a stream is one 1-minute candle. Hits are kept in a journal, the\n"
            "directory of --state, and go from there to each --out in its own time; with no\n"
            "--out they are printed as they come. A run that was stopped, or killed, goes on\n"
            "from its journal: nothing is lost and nothing reported twice, as long as Redis\n"
            "keeps the entries of the day. Daily candles and fundamentals come from --data.\n"
            "Ctrl-C ends a run in order.\n"
            "\n"
            "  fastscanner live --config scans.zpl --data market \\\n"
            "    --redis redis://localhost:6379/0 --out csv:hits.csv\n"
            "\n"
            "Exit codes: 0 stopped, 1 failed, 2 usage, 5 another broker took over,\n"
            "130 ended at once by a second signal.",
    },
    [COMMAND_REPLAY] = {
        .name = "replay",
        .summary = "feeds past candles through the path of live, then exits",
        .operands = "",
        .details =
            "Takes the 1-minute candles of the data directory from --from to --to, or with\n"
            "--redis what the streams hold. At --speed max as fast as they are scanned, at\n"
            "60x an hour takes a minute; nights are skipped. The hits are those that live\n"
            "gives. Without --state the journal is a temporary one.\n"
            "\n"
            "  fastscanner replay --config scans.zpl --data market --from 2023-03-13 \\\n"
            "    --speed 60x\n"
            "\n"
            "Exit codes: 0 done, 1 failed, 2 usage, 3 something was rejected (--strict),\n"
            "4 nothing to scan, 130 interrupted.",
    },
    [COMMAND_LOAD] = {
        .name = "load",
        .summary = "measures how many candles a second go through, and how fast",
        .operands = "",
        .details =
            "Makes candles ahead and sends them the way that live takes, through workers and\n"
            "collector into a journal: as fast as it goes, or --rate a second. With --redis\n"
            "they go through streams of that server first, under names of their own that\n"
            "are removed in the end. The clock of a candle starts when it was to be sent,\n"
            "whatever held it up. Says what was sent, scanned and committed, what was lost\n"
            "or repeated, how long candles took, and what each process used.\n"
            "\n"
            "  fastscanner load --count 10000 --seconds 5\n"
            "  fastscanner load --count 2000 --rate 20000 --json load.json\n"
            "\n"
            "Exit codes: 0 done, 1 failed, or something was lost or doubled, 2 usage,\n"
            "130 interrupted.",
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
    [COMMAND_KEYS] = {
        .name = "keys",
        .summary = "makes the keys that lock tcp endpoints",
        .operands = "DIR",
        .operands_min = 1,
        .operands_max = 1,
        .details =
            "Makes DIR/broker, DIR/collector and DIR/worker: give each process that of its\n"
            "role as --curve-dir. Each has the role's own secret.key, and the public keys of\n"
            "those it speaks with, ROLE-NAME.pub: who has another key is not let in. More\n"
            "such files may be put there, and removed, while processes run. A key that is\n"
            "there is never written over.\n"
            "\n"
            "  fastscanner keys /etc/fastscanner/keys\n"
            "  fastscanner keys /etc/fastscanner/keys --rotate worker",
    },
    [COMMAND_HEALTH] = {
        .name = "health",
        .summary = "asks a running program whether it is well",
        .operands = "",
        .details =
            "Asks a fastscanner, worker or collector that was started with the same --http:\n"
            "does its loop turn, or with --ready, can it do its work. Prints its answer,\n"
            "one line. For probes of containers, and for people.\n"
            "\n"
            "  fastscanner health --http 9090\n"
            "  fastscanner health --ready --http worker-3:9090\n"
            "\n"
            "Exit codes: 0 it is, 1 it is not, or does not answer within 2 s, 2 usage.",
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
     .commands = SCAN | STREAMS | EXPLAIN | CHECK,
     .argument = "DIR",
     .otherwise = ".",
     .help = "the data directory, the one that has data/candles"},
    {.name = "scan",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = SCAN | STREAMS | EXPLAIN | CHECK,
     .argument = "[ID:]NAME[,K=V...]",
     .help = "a scan: a scanner and its parameters ('fastscanner scanners' lists them), under an "
             "id of your own; required"},
    {.name = "scan",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = LOAD,
     .argument = "[ID:]NAME[,K=V...]",
     .help =
         "a scan to measure; when not given, one that hits one candle of some 256, all of which "
         "are counted"},
    {.name = "freq",
     .type = OPTION_TEXT,
     .commands = SCAN | STREAMS | LOAD | EXPLAIN | CHECK,
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
     .commands = SCAN | REPLAY | SAMPLE | CHECK,
     .argument = "DATE",
     .help = "the first day, YYYY-MM-DD"},
    {.name = "to",
     .type = OPTION_DATE,
     .commands = SCAN | REPLAY | SAMPLE | CHECK,
     .argument = "DATE",
     .help = "the last day, inclusive; --from when not given"},
    {.name = "symbols",
     .type = OPTION_TEXT,
     .commands = SCAN | CHECK,
     .argument = "A,B,@FILE",
     .help = "only these, or those in a file, one a line, where # begins a comment; every symbol "
             "of the data directory when not given"},
    {.name = "symbols",
     .type = OPTION_TEXT,
     .commands = STREAMS,
     .argument = "A,B,@FILE",
     .help = "only these, or those in a file, one a line, where # begins a comment; every symbol "
             "that comes when not given"},
    {.name = "count",
     .type = OPTION_NUMBER,
     .commands = SAMPLE,
     .argument = "N",
     .otherwise = "100",
     .minimum = 1,
     .maximum = 100000,
     .help = "how many symbols to make"},
    {.name = "count",
     .type = OPTION_NUMBER,
     .commands = LOAD,
     .argument = "N",
     .otherwise = "1000",
     .minimum = 1,
     .maximum = 100000,
     .help = "of how many symbols candles are sent"},
    {.name = "rate",
     .type = OPTION_NUMBER,
     .commands = LOAD,
     .argument = "N",
     .minimum = 1,
     .maximum = 100000000,
     .help = "how many candles are sent in a second; as many as go when not given"},
    {.name = "seconds",
     .type = OPTION_NUMBER,
     .commands = LOAD,
     .argument = "N",
     .otherwise = "10",
     .minimum = 1,
     .maximum = 86400,
     .help = "how long candles are sent"},
    {.name = "stream-count",
     .type = OPTION_NUMBER,
     .commands = LOAD,
     .argument = "N",
     .otherwise = "16",
     .minimum = 1,
     .maximum = 100000,
     .help = "how many streams the symbols share; as many as symbols, or more: each has its own"},
    {.name = "json",
     .type = OPTION_TEXT,
     .commands = LOAD,
     .argument = "FILE",
     .help = "where what was measured goes as JSON too; - is stdout, in place of the table"},
    {.name = "seed",
     .type = OPTION_NUMBER,
     .commands = SAMPLE | LOAD,
     .argument = "N",
     .otherwise = "1",
     .minimum = 0,
     .maximum = INT32_MAX,
     .help = "which market to make"},
    {.name = "workers",
     .type = OPTION_NUMBER,
     .commands = SCAN | STREAMS | LOAD | CHECK,
     .argument = "N",
     .minimum = 1,
     .maximum = 1024,
     .help = "how many worker processes; the number of cores when not given"},
    {.name = "listen",
     .type = OPTION_TEXT,
     .commands = STREAMS | LOAD,
     .argument = "ENDPOINT",
     .help = "tcp://HOST:PORT, where workers and a collector from elsewhere join; the 256 ports "
             "behind it carry the workers' data"},
    {.name = "partition",
     .type = OPTION_TEXT,
     .commands = SCAN | STREAMS | CHECK,
     .argument = "I/N",
     .help = "be broker I (0 to N-1) of N on the same streams or files: have the symbols of the "
             "shards with shard mod N = I alone"},
    {.name = "no-local",
     .type = OPTION_FLAG,
     .commands = STREAMS | LOAD,
     .help = "start no workers and no collector here: wait for those from elsewhere"},
    {.name = "out",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = SCAN | CHECK,
     .argument = "SINK",
     .help = "where hits go: csv:PATH, jsonl:PATH or sqlite:PATH; PATH - is stdout, and {scan} in "
             "it makes one file for each scan"},
    {.name = "out",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = STREAMS,
     .argument = "SINK",
     .help = "where hits go: csv:PATH, jsonl:PATH, sqlite:PATH or redis:URL?stream=NAME; PATH - is "
             "stdout, and {scan} in it makes one file for each scan"},
    {.name = "out",
     .type = OPTION_TEXT,
     .repeatable = true,
     .commands = LOAD,
     .argument = "SINK",
     .help = "where hits go too: csv:PATH, jsonl:PATH, sqlite:PATH or redis:URL?stream=NAME; when "
             "not given no further than the journal"},
    {.name = "state",
     .type = OPTION_TEXT,
     .commands = LIVE,
     .argument = "DIR",
     .otherwise = "./fastscanner-state",
     .help = "the directory of the journal: a run goes on from it"},
    {.name = "state",
     .type = OPTION_TEXT,
     .commands = REPLAY,
     .argument = "DIR",
     .help = "the directory of the journal; a temporary one when not given"},
    {.name = "state",
     .type = OPTION_TEXT,
     .commands = LOAD,
     .argument = "DIR",
     .help =
         "the directory of the journal, a new one that stays; one that is removed when not given"},
    {.name = "all-hits",
     .type = OPTION_FLAG,
     .commands = SCAN | STREAMS | LOAD | CHECK,
     .help = "every hit, not only the first of a symbol and day"},
    {.name = "strict",
     .type = OPTION_FLAG,
     .commands = SCAN | REPLAY | CHECK,
     .help = "exit 3 when a row, file or symbol was rejected"},
    {.name = "progress",
     .type = OPTION_CHOICE,
     .commands = SCAN | STREAMS | LOAD | CHECK,
     .argument = "auto|never",
     .otherwise = "auto",
     .help = "a progress bar on a terminal's stderr, one line a second otherwise"},
    {.name = "redis",
     .type = OPTION_TEXT,
     .commands = LIVE,
     .argument = "URL",
     .help = "where the streams are: redis://HOST:PORT/DB or unix:///PATH; required"},
    {.name = "redis",
     .type = OPTION_TEXT,
     .commands = REPLAY,
     .argument = "URL",
     .help =
         "replay streams, redis://HOST:PORT/DB or unix:///PATH; the files of the data directory "
         "when not given"},
    {.name = "redis",
     .type = OPTION_TEXT,
     .commands = LOAD,
     .argument = "URL",
     .help = "send through this server: redis://HOST:PORT/DB or unix:///PATH; straight into the "
             "broker when not given"},
    {.name = "redis-user",
     .type = OPTION_TEXT,
     .commands = STREAMS | LOAD,
     .argument = "NAME",
     .help = "the name to log in with"},
    {.name = "redis-password-file",
     .type = OPTION_TEXT,
     .commands = STREAMS | LOAD,
     .argument = "FILE",
     .help = "a file with the password in its first line"},
    {.name = "streams",
     .type = OPTION_TEXT,
     .commands = STREAMS,
     .argument = "S,S",
     .otherwise = "candles_min_*",
     .help = "names of streams, or patterns of them"},
    {.name = "since",
     .type = OPTION_TEXT,
     .commands = LIVE,
     .argument = "WHEN",
     .otherwise = "day",
     .help = "hits of entries that arrived before are not reported: day (today), start (of the "
             "streams), now, or a time like '2023-03-13 09:31'; for a new journal"},
    {.name = "since",
     .type = OPTION_TEXT,
     .commands = REPLAY,
     .argument = "WHEN",
     .otherwise = "start",
     .help = "hits of entries that arrived before are not reported: start (all are), day (today), "
             "now, or a time like '2023-03-13 09:31'; for a new journal"},
    {.name = "speed",
     .type = OPTION_TEXT,
     .commands = REPLAY,
     .argument = "max|Nx",
     .otherwise = "max",
     .help = "how fast time passes: 1x, 60x, or as fast as it goes"},
    {.name = "candle-timeout",
     .type = OPTION_NUMBER,
     .commands = STREAMS,
     .argument = "SECONDS",
     .otherwise = "20",
     .minimum = 1,
     .maximum = 3600,
     .help = "of frequencies above 1min: how long the last minutes of a candle are waited for"},
    {.name = "day-timeout",
     .type = OPTION_NUMBER,
     .commands = STREAMS,
     .argument = "HOURS",
     .otherwise = "6",
     .minimum = 1,
     .maximum = 168,
     .help = "how long after a day its late candles count"},
    {.name = "incomplete",
     .type = OPTION_CHOICE,
     .commands = STREAMS,
     .argument = "scan|skip",
     .otherwise = "skip",
     .help = "what is done with a day of a symbol whose first entries are gone from the stream"},
    {.name = "minutes",
     .type = OPTION_TEXT,
     .commands = STREAMS,
     .argument = "redis:URL?stream=NAME",
     .help = "where the report of each minute goes too: how many symbols came, and which did not"},
    {.name = "keep",
     .type = OPTION_NUMBER,
     .commands = STREAMS,
     .argument = "DAYS",
     .otherwise = "30",
     .minimum = 1,
     .maximum = 3650,
     .help = "how long the journal keeps hits that every sink has"},
    {.name = "drain",
     .type = OPTION_NUMBER,
     .commands = STREAMS | LOAD,
     .argument = "SECONDS",
     .otherwise = "10",
     .minimum = 0,
     .maximum = 3600,
     .help = "how long a stop waits for what is under way"},
    {.name = "dead-after",
     .type = OPTION_NUMBER,
     .commands = STREAMS | LOAD,
     .argument = "SECONDS",
     .otherwise = "3",
     .minimum = 1,
     .maximum = 600,
     .help = "a worker that is silent so long is taken for dead"},
    {.name = "max-symbols",
     .type = OPTION_NUMBER,
     .commands = STREAMS,
     .argument = "N",
     .otherwise = "100000",
     .minimum = 1,
     .maximum = 1000000,
     .help = "more symbols, and streams, are refused"},
    BUS_OPTION_CURVE_DIR (STREAMS | LOAD),
    BUS_OPTION_INSECURE (STREAMS | LOAD),
    HTTP_OPTION (STREAMS | LOAD),
    {.name = "http",
     .type = OPTION_TEXT,
     .commands = HEALTH,
     .argument = "[HOST:]PORT",
     .help = "whom to ask; HOST is 127.0.0.1 when not given; required"},
    {.name = "ready",
     .type = OPTION_FLAG,
     .commands = HEALTH,
     .help = "ask whether it can do its work, too: it is connected, caught up, and does not end"},
    {.name = "rotate",
     .type = OPTION_CHOICE,
     .commands = KEYS,
     .argument = "broker|collector|worker",
     .help = "make a second pair of that role, which is trusted beside the first"},
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
