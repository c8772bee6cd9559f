#include "lane.h"

#include <errno.h>
#include <string.h>

#include "text.h"

static const struct workload *const ALL[] = { &CPU, &MEMORY_WRITE, &MEMORY_READ, &DISK_WRITE, &DISK_READ, &TCP, &UDP };

const struct workload *workload_named(const char *kind)
{
    for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++)
        if (strcmp(ALL[i]->kind, kind) == 0)
            return ALL[i];
    return NULL;
}

/* A static program without locales has no strerror: these are the errors that a user can do something about. */
static const struct {
    int error;
    const char *words;
} ERRORS[] = {
    { ENOSPC, "no space is left" },
    { ENOMEM, "not enough memory" },
    { EACCES, "permission denied" },
    { EPERM, "not permitted" },
    { ENOENT, "it does not exist" },
    { ENOTDIR, "it is no directory" },
    { EROFS, "the file system is read-only" },
    { EINVAL, "the system does not support it" },
    { EOPNOTSUPP, "the system does not support it" },
    { EIO, "input/output error" },
    { EDQUOT, "the quota is used up" },
    { EFBIG, "the file would be too large" },
    { ECONNREFUSED, "connection refused" },
    { ETIMEDOUT, "timed out" },
    { EHOSTUNREACH, "no route to the host" },
    { ENETUNREACH, "no route to the network" },
    { ECONNRESET, "connection reset" },
    { EAFNOSUPPORT, "the address family is not supported" },
    { EMSGSIZE, "the message is too long" },
};

bool lane_cannot(struct lane *lane, const char *words, int error)
{
    lane->why[0] = '\0';
    words_append(lane->why, sizeof lane->why, words);
    if (error == 0)
        return false;
    for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
        if (ERRORS[i].error == error) {
            words_append(lane->why, sizeof lane->why, ": ");
            words_append(lane->why, sizeof lane->why, ERRORS[i].words);
            return false;
        }
    words_append(lane->why, sizeof lane->why, ": error ");
    words_append_number(lane->why, sizeof lane->why, error);
    return false;
}
