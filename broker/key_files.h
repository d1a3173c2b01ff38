/* key_files - makes the directories of --curve-dir, one for each role (common/keys.h):
 *
 *     DIR/broker/     secret.key  worker-1.pub  collector-1.pub
 *     DIR/collector/  secret.key  worker-1.pub  broker-1.pub
 *     DIR/worker/     secret.key  broker-1.pub  collector-1.pub
 *
 * Each is whole: it is what a process of that role is given, and nothing more. A key that is there is never written
 * over.
 */
#ifndef KEY_FILES_H
#define KEY_FILES_H

#include "keys.h"

#define KEY_FILES_NEXT "next.key" /* a role's second pair, until it takes the place of secret.key */

/* Makes what is not there yet: pairs, and public keys where they are to be trusted. Says each file that it makes, and
 * each pair that it finds. 0, or -1 with the error logged. */
int key_files_make (const char *directory);

/* Makes a second pair of the role, DIR/ROLE/next.key, which is trusted from then on beside the first, and says how to
 * go on. 0, or -1 with the error logged: one is there already. */
int key_files_rotate (const char *directory, keys_role_t role);

#endif
