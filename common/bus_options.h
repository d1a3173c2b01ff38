/* bus_options - --curve-dir and --insecure, which all programs have. */
#ifndef BUS_OPTIONS_H
#define BUS_OPTIONS_H

#include "bus.h"
#include "options.h"

/* For the program's table. */
#define BUS_OPTION_CURVE_DIR(taken)                                                                \
    {                                                                                              \
        .name = "curve-dir", .type = OPTION_TEXT, .commands = (taken), .argument = "DIR",          \
        .help = "the keys for tcp:// endpoints, as 'fastscanner keys' makes them"                  \
    }
#define BUS_OPTION_INSECURE(taken)                                                                 \
    {                                                                                              \
        .name = "insecure", .type = OPTION_FLAG, .commands = (taken),                              \
        .help = "without --curve-dir: tcp:// endpoints are plain, and open to all who reach them"  \
    }

/* What was given; its texts are the options'. */
bus_config_t bus_options (const options_t *options, keys_role_t role);

#endif
