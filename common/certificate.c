#include "certificate.h"

#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define SIZE_MAX_BYTES 8192 /* of a file of keys */
#define BLANKS         " \t\r"

/* ---- the file ---- */

/* Why a file with a secret is not to be used, or NULL. A Secret of Kubernetes belongs to root, and to the group
 * that the pod runs with. */
static char *mode_problem (const char *path, const struct stat *status)
{
    unsigned mode = status->st_mode & 07777;
    bool of_group = status->st_uid == 0 && geteuid () != 0 && (mode & 037) == 0;
    if (status->st_uid != 0 && status->st_uid != geteuid ()) {
        return memory_format ("%s belongs to user %u, who could change it: chown %u %s", path,
                              (unsigned) status->st_uid, (unsigned) geteuid (), path);
    }
    if ((mode & 077) != 0 && !of_group) {
        return memory_format ("%s has a secret and mode %04o, others may read it: chmod 600 %s",
                              path, mode, path);
    }
    return NULL;
}

static char *read_open (int file, const char *path, bool secret, char *text)
{
    struct stat status;
    if (fstat (file, &status) != 0) {
        return memory_format ("%s: %s", path, strerror (errno));
    }
    if (!S_ISREG (status.st_mode)) {
        return memory_format ("%s: not a regular file", path);
    }
    char *problem = secret ? mode_problem (path, &status) : NULL;
    if (problem) {
        return problem;
    }
    ssize_t size = read (file, text, SIZE_MAX_BYTES);
    if (size < 0) {
        return memory_format ("%s: %s", path, strerror (errno));
    }
    text[size] = '\0';
    return size == SIZE_MAX_BYTES ? memory_format ("%s: too long for a key", path) : NULL;
}

/* ---- its text ---- */

/* The value of a line `name = value`, or NULL: cut out in place. */
static char *value_of (char *line, const char *name)
{
    line += strspn (line, BLANKS);
    size_t size = strlen (name);
    if (strncmp (line, name, size) != 0) {
        return NULL;
    }
    line += size;
    line += strspn (line, BLANKS);
    if (*line != '=') {
        return NULL;
    }
    line += 1 + strspn (line + 1, BLANKS);
    bool quoted = *line == '"' || *line == '\'';
    char *value = line + quoted,
         *end = quoted ? strchr (value, *line) : value + strcspn (value, BLANKS);
    if (!end) {
        return NULL;
    }
    *end = '\0';
    return value;
}

static bool take_key (char *line, const char *name, char key[static KEYS_TEXT])
{
    uint8_t bytes[32];
    const char *value = value_of (line, name);
    if (!value) {
        return false;
    }
    key[0] = '\0';
    if (strlen (value) == KEYS_TEXT - 1 && zmq_z85_decode (bytes, value)) {
        zmq_z85_encode (key, bytes, sizeof bytes);
    }
    if (strcmp (key, value) != 0) { /* what does not come back as it was is no Z85 */
        key[0] = '\0';
    }
    return true;
}

static void take_line (char *line, certificate_t *certificate)
{
    if (take_key (line, "public-key", certificate->public_key) ||
        take_key (line, "secret-key", certificate->secret_key)) {
        return;
    }
    const char *role = value_of (line, "role");
    for (unsigned i = KEYS_BROKER; role && i < KEYS_ROLES; i++) {
        if (strcmp (role, keys_role_name ((keys_role_t) i)) == 0) {
            certificate->role = (keys_role_t) i;
        }
    }
}

static char *content_problem (const char *path, bool secret, const certificate_t *certificate)
{
    if (!certificate->public_key[0]) {
        return memory_format ("%s: no line public-key = \"...\" with a key of 40 characters", path);
    }
    if (!secret) {
        return certificate->secret_key[0]
                   ? memory_format ("%s has a secret key: give others the public one alone", path)
                   : NULL;
    }
    char public_key[KEYS_TEXT];
    if (!certificate->secret_key[0] ||
        zmq_curve_public (public_key, certificate->secret_key) != 0) {
        return memory_format ("%s: no line secret-key = \"...\" with a key of 40 characters", path);
    }
    return strcmp (public_key, certificate->public_key) == 0
               ? NULL
               : memory_format ("%s: its two keys do not belong together", path);
}

char *certificate_read (const char *path, bool secret, certificate_t *certificate)
{
    *certificate = (certificate_t){.role = KEYS_NOBODY};
    /* NONBLOCK: a fifo must be refused, not waited for. */
    int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return memory_format ("%s: %s", path, strerror (errno));
    }
    char text[SIZE_MAX_BYTES + 1] = "", *rest = text, *line;
    char *problem = read_open (file, path, secret, text);
    close (file);
    while (!problem && (line = strsep (&rest, "\n"))) {
        take_line (line, certificate);
    }
    problem = problem ? problem : content_problem (path, secret, certificate);
    explicit_bzero (text, sizeof text);
    if (problem) {
        explicit_bzero (certificate, sizeof *certificate);
        certificate->role = KEYS_NOBODY;
    }
    return problem;
}
