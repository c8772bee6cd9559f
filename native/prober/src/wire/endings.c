#include "endings.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

int endings_open(void)
{
    sigset_t endings;
    sigemptyset(&endings);
    sigaddset(&endings, SIGTERM);
    sigaddset(&endings, SIGINT);
    sigprocmask(SIG_BLOCK, &endings, NULL);
    return signalfd(-1, &endings, SFD_CLOEXEC);
}
