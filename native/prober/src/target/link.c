#include "link.h"

#include <errno.h>
#include <time.h> /* linux/errqueue.h needs struct timespec */
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define RECEIVE_BUFFER (8 << 20)

static int configure(int fd, const char *interface, uint8_t mac[6])
{
    struct ifreq request = { 0 };
    if (strlen(interface) >= sizeof request.ifr_name) {
        errno = ENODEV;
        return -1;
    }
    strcpy(request.ifr_name, interface);
    if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
        return -1;
    memcpy(mac, request.ifr_hwaddr.sa_data, 6);
    if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
        return -1;

    int on = 1, bytes = RECEIVE_BUFFER;
    unsigned int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) < 0)
        return -1;
    /* Neighbour solicitations go to multicast groups that nobody here has joined. */
    struct packet_mreq all = { .mr_ifindex = request.ifr_ifindex, .mr_type = PACKET_MR_ALLMULTI };
    if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) < 0)
        return -1;
    struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
                                .sll_ifindex = request.ifr_ifindex };
    return bind(fd, (struct sockaddr *)&here, sizeof here);
}

int link_open(const char *interface, uint8_t mac[6])
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* 0: nothing arrives before bind */
    if (fd < 0)
        return -1;
    if (configure(fd, interface, mac) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

long link_receive(int fd, uint8_t *frame, size_t space, int64_t *arrived_ns, uint32_t *dropped)
{
    union {
        char bytes[256];
        struct cmsghdr align;
    } control;
    struct sockaddr_ll from;
    struct iovec into = { .iov_base = frame, .iov_len = space };
    struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &into, .msg_iovlen = 1,
                              .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
    ssize_t length;
    do {
        message.msg_controllen = sizeof control.bytes;
        length = recvmsg(fd, &message, MSG_DONTWAIT);
    } while (length >= 0 && from.sll_pkttype == PACKET_OUTGOING);
    *arrived_ns = 0;
    if (length < 0)
        return -1;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET)
            continue;
        if (part->cmsg_type == SCM_TIMESTAMPING) {
            struct scm_timestamping stamps;
            memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
            *arrived_ns = timespec_ns(&stamps.ts[0]);
        } else if (part->cmsg_type == SO_RXQ_OVFL) {
            memcpy(dropped, CMSG_DATA(part), sizeof *dropped);
        }
    }
    return (long)length;
}
