#include "sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "packet.h"

#define RECEIVE_BUFFER (8 << 20)

static int attach(int fd, struct sock_filter *code, unsigned short length)
{
    struct sock_fprog program = { .len = length, .filter = code };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* What is nobody's business is dropped in the kernel, before it can fill the receive buffer. */
static int accept_replies_only(int fd, int family, uint16_t identifier)
{
    /* Raw IPv4 sockets see the IP header first, raw IPv6 sockets the ICMPv6 header. */
    struct sock_filter v4[] = {
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP4_ECHO_REPLY, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_filter v6[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY_TYPE, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    if (family == 4)
        return attach(fd, v4, sizeof v4 / sizeof v4[0]);
    return attach(fd, v6, sizeof v6 / sizeof v6[0]);
}

static int accept_nothing(int fd)
{
    struct sock_filter none[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
    return attach(fd, none, 1);
}

static int timestamp(int fd, unsigned int flags)
{
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
}

int sockets_open(struct sockets *sockets, int family, uint16_t identifier)
{
    int domain = family == 4 ? AF_INET : AF_INET6;
    int protocol = family == 4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6;
    sockets->transmit = socket(domain, SOCK_RAW | SOCK_CLOEXEC, protocol);
    sockets->receive = socket(domain, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (sockets->transmit < 0 || sockets->receive < 0 || accept_nothing(sockets->transmit) < 0 ||
        accept_replies_only(sockets->receive, family, identifier) < 0) {
        int error = errno;
        sockets_close(sockets);
        errno = error;
        return -1;
    }
    int fds[] = { sockets->transmit, sockets->receive };
    for (int i = 0; i < 2; i++) {
        int bytes = RECEIVE_BUFFER;
        /* Beyond the system's limit where permitted, else as much as the limit gives. */
        if (setsockopt(fds[i], SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
            setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    int on = 1;
    setsockopt(sockets->receive, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    sockets->timestamps =
        timestamp(sockets->transmit, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE) == 0 &&
        timestamp(sockets->receive, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE) == 0;
    return 0;
}

void sockets_close(struct sockets *sockets)
{
    if (sockets->transmit >= 0)
        close(sockets->transmit);
    if (sockets->receive >= 0)
        close(sockets->receive);
}
