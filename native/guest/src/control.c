#include "control.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

static socklen_t address_of(struct sockaddr_un *address, const char *name)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    char *path = address->sun_path + 1;
    size_t room = sizeof address->sun_path - 1;
    words_append(path, room, "migrascope-agent-");
    words_append(path, room, name);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path));
}

int control_listen(const char *name)
{
    struct sockaddr_un address;
    socklen_t length = address_of(&address, name);
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -1;
    if (bind(file, (struct sockaddr *)&address, length) == 0 && listen(file, 8) == 0)
        return file;
    close(file);
    return -1;
}

static bool copy(int from, int to)
{
    char buffer[4096];
    ssize_t got;
    while ((got = recv(from, buffer, sizeof buffer, 0)) > 0)
        for (ssize_t at = 0; at < got;) {
            ssize_t wrote = write(to, buffer + at, (size_t)(got - at));
            if (wrote <= 0)
                return false;
            at += wrote;
        }
    return got == 0;
}

bool control_ask(const char *name, const char *word)
{
    struct sockaddr_un address;
    socklen_t length = address_of(&address, name);
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return false;
    bool answered = connect(file, (struct sockaddr *)&address, length) == 0
        && send(file, word, strlen(word), MSG_NOSIGNAL) == (ssize_t)strlen(word)
        && send(file, "\n", 1, MSG_NOSIGNAL) == 1 && copy(file, STDOUT_FILENO);
    close(file);
    return answered;
}
