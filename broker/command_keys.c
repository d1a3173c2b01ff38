/* fastscanner keys DIR: the key pairs of broker, collector and workers. */
#include "commands.h"
#include "job.h"
#include "key_files.h"

#include <string.h>

int command_keys (const options_t *options)
{
    const char *directory = options_operand (options, 0),
               *rotated = options_text (options, "rotate");
    int rc = 0;
    if (!rotated) {
        rc = key_files_make (directory);
    }
    for (unsigned role = KEYS_BROKER; rotated && role < KEYS_ROLES; role++) {
        if (strcmp (rotated, keys_role_name ((keys_role_t) role)) == 0) {
            rc = key_files_rotate (directory, (keys_role_t) role);
        }
    }
    return rc == 0 ? EXIT_DONE : EXIT_FAILED;
}
