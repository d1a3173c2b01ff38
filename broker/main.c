#include "command.h"
#include "commands.h"
#include "process.h"

#include <unistd.h>

typedef int (command_fn) (const options_t *options);

static command_fn *const commands[COMMAND_COUNT] = {
    [COMMAND_SCAN] = command_scan,         [COMMAND_SAMPLE] = command_sample,
    [COMMAND_SCANNERS] = command_scanners, [COMMAND_EXPLAIN] = command_explain,
    [COMMAND_CHECK] = command_check,       [COMMAND_LIVE] = command_live,
    [COMMAND_REPLAY] = command_replay,     [COMMAND_LOAD] = command_load,
    [COMMAND_KEYS] = command_keys,         [COMMAND_HEALTH] = command_health,
};

int main (int argc, char **argv)
{
    options_t *options = NULL;
    process_init ();
    options_result_t result = options_load (&command_program, argc, argv, environ, &options);
    if (result != OPTIONS_RUN) {
        return result == OPTIONS_USAGE ? 2 : process_end_output () == 0 ? 0 : 1;
    }
    int rc = process_set_up (&command_program, options) == 0
                 ? commands[options_command (options)](options)
                 : 1;
    options_destroy (&options);
    return rc == 0 && process_end_output () != 0 ? 1 : rc;
}
