/* certificate - one file of keys, in the form of czmq's zcert:
 *
 *     metadata
 *         role = "worker"
 *     curve
 *         public-key = "..."       40 characters of Z85
 *         secret-key = "..."       in a secret one
 */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include "keys.h"

typedef struct {
    keys_role_t role; /* KEYS_NOBODY: the file does not say */
    char public_key[KEYS_TEXT];
    char secret_key[KEYS_TEXT]; /* empty in a public one */
} certificate_t;

/* Reads the file. NULL, or what is wrong with it, for the caller to free. A `secret` one must have both keys, which
 * belong together, and must not be open to others (keys.h); a public one must have no secret key. */
char *certificate_read (const char *path, bool secret, certificate_t *certificate);

#endif
