#include "bus_options.h"

bus_config_t bus_options (const options_t *options, keys_role_t role)
{
    return (bus_config_t){.curve_dir = options_text (options, "curve-dir"),
                          .insecure = options_flag (options, "insecure"),
                          .role = role};
}
