/* keys - the directory of --curve-dir: our own key pair, and the public keys that we trust.
 *
 *     secret.key         our own pair: for the owner's eyes alone
 *     worker-NAME.pub    a worker's public key     \  whoever has such a key may come in that role, and is
 *     collector-NAME.pub a collector's              > whom we look for when we dial that role
 *     broker-NAME.pub    a broker's                /
 *
 * Flat, and read through symbolic links, as Kubernetes mounts a Secret. Files are certificates as czmq's zcert
 * writes them. They are read here and not by zcert_load: it takes a mistyped key for another, writes lines of its
 * own on stdout, and cuts long paths. The trusted ones are read again when a file of theirs has come, gone or
 * changed, so that a key is changed without a stop; a file that cannot be read is named, and trusts nobody.
 *
 * Calls may come from several threads.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { KEYS_NOBODY, KEYS_BROKER, KEYS_COLLECTOR, KEYS_WORKER, KEYS_ROLES } keys_role_t;

/* "worker" */
const char *keys_role_name (keys_role_t role);

#define KEYS_TEXT    41   /* a key as text (Z85) with its NUL */
#define KEYS_TRUSTED 4096 /* more files than that are not looked at */
#define KEYS_OWN     "secret.key"

typedef struct keys keys_t;

/* Reads the directory of a process in that role. NULL with the reason logged: no key pair, one that is not `own`'s,
 * or a file of it that others may read. Files that only the owner may read are taken, and those that a group may
 * read when the owner is root and we are not: so Kubernetes mounts a Secret for a user that is not root
 * (fsGroup). */
keys_t *keys_open (const char *directory, keys_role_t own);
void keys_destroy (keys_t **self);

/* As --curve-dir gave it. */
const char *keys_directory (const keys_t *self);

/* Our pair, for a ZeroMQ socket. */
void keys_apply (const keys_t *self, void *socket);

/* Looks whether a file of a trusted key has changed, and then reads them again. True when it did. */
bool keys_refresh (keys_t *self);

/* Whose public key that is; KEYS_NOBODY when it is not trusted. */
keys_role_t keys_find (keys_t *self, const char *public_text);

/* The public key number `index` of a role, in the order of their files' names. False when there are no more. */
bool keys_of (keys_t *self, keys_role_t role, size_t index, char text[static KEYS_TEXT]);

size_t keys_count (keys_t *self, keys_role_t role);

#endif
