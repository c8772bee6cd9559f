/* The system calls that the agent makes, under their usual names: sections 2 of the manual. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "vdso.h"

static int last_error;
int *__errno_location(void) { return &last_error; }

/* The kernel returns errors as small negative numbers. */
static long checked(long result)
{
    if (result >= 0 || result < -4095)
        return result;
    last_error = (int)-result;
    return -1;
}

#define ARG(value) ((long)(value))
#define CALL6(number, a, b, c, d, e, f) checked(kernel(number, ARG(a), ARG(b), ARG(c), ARG(d), ARG(e), ARG(f)))
#define CALL4(number, a, b, c, d) CALL6(number, a, b, c, d, 0, 0)
#define CALL3(number, a, b, c) CALL6(number, a, b, c, 0, 0, 0)
#define CALL2(number, a, b) CALL6(number, a, b, 0, 0, 0, 0)
#define CALL1(number, a) CALL6(number, a, 0, 0, 0, 0, 0)

void _exit(int status)
{
    for (;;)
        CALL1(SYS_exit_group, status);
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, int) : 0;
    va_end(more);
    return (int)CALL4(SYS_openat, AT_FDCWD, path, flags, mode);
}
int close(int file) { return (int)CALL1(SYS_close, file); }
ssize_t read(int file, void *to, size_t length) { return CALL3(SYS_read, file, to, length); }
ssize_t write(int file, const void *from, size_t length) { return CALL3(SYS_write, file, from, length); }
ssize_t pread(int file, void *to, size_t length, off_t at) { return CALL4(SYS_pread64, file, to, length, at); }
ssize_t pwrite(int file, const void *from, size_t length, off_t at) { return CALL4(SYS_pwrite64, file, from, length, at); }
int ftruncate(int file, off_t length) { return (int)CALL2(SYS_ftruncate, file, length); }
int fallocate(int file, int mode, off_t at, off_t length) { return (int)CALL4(SYS_fallocate, file, mode, at, length); }
int fsync(int file) { return (int)CALL1(SYS_fsync, file); }
int fdatasync(int file) { return (int)CALL1(SYS_fdatasync, file); }
int unlink(const char *path) { return (int)CALL3(SYS_unlinkat, AT_FDCWD, path, 0); }
int fstatfs(int file, struct statfs *about) { return (int)CALL2(SYS_fstatfs, file, about); }
int statfs(const char *path, struct statfs *about) { return (int)CALL2(SYS_statfs, path, about); }
int posix_fadvise(int file, off_t at, off_t length, int advice)
{
    return (int)-kernel(SYS_fadvise64, file, at, length, advice, 0, 0);
}
int dup2(int from, int to) { return (int)CALL3(SYS_dup3, from, to, 0); }
int fcntl(int file, int command, ...)
{
    va_list more;
    va_start(more, command);
    long value = va_arg(more, long);
    va_end(more);
    return (int)CALL3(SYS_fcntl, file, command, value);
}
int pipe2(int files[2], int flags) { return (int)CALL2(SYS_pipe2, files, flags); }

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t at)
{
    return (void *)CALL6(SYS_mmap, address, length, protection, flags, file, at);
}
int munmap(void *address, size_t length) { return (int)CALL2(SYS_munmap, address, length); }
int madvise(void *address, size_t length, int advice) { return (int)CALL3(SYS_madvise, address, length, advice); }
int mlock(const void *address, size_t length) { return (int)CALL2(SYS_mlock, address, length); }

pid_t fork(void) { return (pid_t)CALL6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0); }
pid_t getpid(void) { return (pid_t)CALL1(SYS_getpid, 0); }
pid_t setsid(void) { return (pid_t)CALL1(SYS_setsid, 0); }
int chdir(const char *path) { return (int)CALL1(SYS_chdir, path); }
int kill(pid_t process, int signal) { return (int)CALL2(SYS_kill, process, signal); }
pid_t wait4(pid_t process, int *status, int options, struct rusage *usage)
{
    return (pid_t)CALL4(SYS_wait4, process, status, options, usage);
}
int getrusage(__rusage_who_t who, struct rusage *usage) { return (int)CALL2(SYS_getrusage, who, usage); }
int prctl(int option, ...)
{
    va_list more;
    va_start(more, option);
    unsigned long value = va_arg(more, unsigned long);
    va_end(more);
    return (int)CALL6(SYS_prctl, option, value, 0, 0, 0, 0);
}
int uname(struct utsname *about) { return (int)CALL1(SYS_uname, about); }
int sched_yield(void) { return (int)CALL1(SYS_sched_yield, 0); }
ssize_t getrandom(void *to, size_t length, unsigned flags) { return CALL3(SYS_getrandom, to, length, flags); }

int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (vdso_clock_gettime != NULL && vdso_clock_gettime(clock, time) == 0)
        return 0;
    return (int)CALL2(SYS_clock_gettime, clock, time);
}
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left)
{
    return (int)-kernel(SYS_clock_nanosleep, clock, flags, ARG(until), ARG(left), 0, 0);
}

int socket(int family, int type, int protocol) { return (int)CALL3(SYS_socket, family, type, protocol); }
int bind(int file, const struct sockaddr *address, socklen_t length) { return (int)CALL3(SYS_bind, file, address, length); }
int listen(int file, int backlog) { return (int)CALL2(SYS_listen, file, backlog); }
int connect(int file, const struct sockaddr *address, socklen_t length)
{
    return (int)CALL3(SYS_connect, file, address, length);
}
int accept4(int file, struct sockaddr *address, socklen_t *length, int flags)
{
    return (int)CALL4(SYS_accept4, file, address, length, flags);
}
int setsockopt(int file, int level, int option, const void *value, socklen_t length)
{
    return (int)CALL6(SYS_setsockopt, file, level, option, value, length, 0);
}
int getsockopt(int file, int level, int option, void *restrict value, socklen_t *restrict length)
{
    return (int)CALL6(SYS_getsockopt, file, level, option, value, length, 0);
}
int shutdown(int file, int how) { return (int)CALL2(SYS_shutdown, file, how); }
ssize_t sendto(int file, const void *from, size_t length, int flags, const struct sockaddr *to, socklen_t room)
{
    return CALL6(SYS_sendto, file, from, length, flags, to, room);
}
ssize_t recvfrom(int file, void *restrict to, size_t length, int flags, struct sockaddr *restrict from,
                 socklen_t *restrict room)
{
    return CALL6(SYS_recvfrom, file, to, length, flags, from, room);
}
ssize_t send(int file, const void *from, size_t length, int flags) { return sendto(file, from, length, flags, NULL, 0); }
ssize_t recv(int file, void *to, size_t length, int flags) { return recvfrom(file, to, length, flags, NULL, NULL); }
ssize_t recvmsg(int file, struct msghdr *message, int flags) { return CALL3(SYS_recvmsg, file, message, flags); }
int poll(struct pollfd *files, nfds_t count, int milliseconds)
{
    struct timespec limit = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L };
    return (int)CALL6(SYS_ppoll, files, count, milliseconds < 0 ? NULL : &limit, NULL, 8, 0);
}
