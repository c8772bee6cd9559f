#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* 16 MiB: at 128 bytes a packet more than a second of full-size frames at 1 Gb/s. */
#define BLOCK_BYTES (256u * 1024)
#define BLOCKS 64u
/* Only the alignment of a block matters to TPACKET_V3; packets are laid one behind the other. */
#define FRAME_BYTES 2048u

static int failed(const char *interface, const char *what)
{
    fprintf(stderr, "%s: %s: %s: %s\n", program_invocation_short_name, interface, what, strerror(errno));
    return -1;
}

static int require_ethernet(int socket, const char *interface)
{
    struct ifreq request = { 0 };
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
    if (ioctl(socket, SIOCGIFHWADDR, &request) != 0)
        return failed(interface, "asking for its kind");
    if (request.ifr_hwaddr.sa_family == ARPHRD_ETHER)
        return 0;
    fprintf(stderr, "%s: %s is not an Ethernet interface\n", program_invocation_short_name, interface);
    return -1;
}

static int configure(struct tap *tap, const char *interface, unsigned index, unsigned snap, unsigned retire_ms)
{
    int version = TPACKET_V3;
    if (setsockopt(tap->socket, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0)
        return failed(interface, "TPACKET_V3");
    /* Accepts everything, and lets the kernel copy no more than the headers. */
    struct sock_filter instruction = BPF_STMT(BPF_RET | BPF_K, snap);
    struct sock_fprog filter = { .len = 1, .filter = &instruction };
    if (setsockopt(tap->socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
        return failed(interface, "limiting the bytes of a packet");
    struct tpacket_req3 ring = {
        .tp_block_size = BLOCK_BYTES,
        .tp_block_nr = BLOCKS,
        .tp_frame_size = FRAME_BYTES,
        .tp_frame_nr = BLOCKS * (BLOCK_BYTES / FRAME_BYTES),
        .tp_retire_blk_tov = retire_ms,
    };
    if (setsockopt(tap->socket, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0)
        return failed(interface, "its ring");
    tap->ring = mmap(NULL, (size_t)BLOCK_BYTES * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, tap->socket, 0);
    if (tap->ring == MAP_FAILED)
        return failed(interface, "mapping its ring");
    struct packet_mreq promiscuous = { .mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC };
    if (setsockopt(tap->socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) != 0)
        return failed(interface, "listening to all of it");
    /* Last: from here on packets come, and none of another interface was ever among them. */
    struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index };
    if (bind(tap->socket, (struct sockaddr *)&address, sizeof address) != 0)
        return failed(interface, "listening");
    return 0;
}

int tap_open(struct tap *tap, const char *interface, unsigned snap, unsigned retire_ms)
{
    *tap = (struct tap){ .ring = MAP_FAILED };
    unsigned index = if_nametoindex(interface);
    if (index == 0)
        return failed(interface, "no such interface");
    /* Protocol 0: nothing is received before it is bound. */
    tap->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (tap->socket < 0)
        return failed(interface, "opening a raw socket (CAP_NET_RAW)");
    if (require_ethernet(tap->socket, interface) == 0 && configure(tap, interface, index, snap, retire_ms) == 0)
        return 0;
    tap_close(tap);
    return -1;
}

/* The address stands behind the header, aligned (packet_mmap in the kernel's documentation). */
static enum tap_way way_of(const struct tpacket3_hdr *header)
{
    const unsigned char *behind = (const unsigned char *)header + TPACKET_ALIGN(sizeof *header);
    unsigned type = ((const struct sockaddr_ll *)(const void *)behind)->sll_pkttype;
    return type == PACKET_OUTGOING ? TAP_OUTGOING : type == PACKET_OTHERHOST ? TAP_FOREIGN : TAP_INCOMING;
}

static int drain_block(const struct tpacket_block_desc *block, tap_listener *listener, void *context)
{
    const unsigned char *at = (const unsigned char *)block + block->hdr.bh1.offset_to_first_pkt;
    for (uint32_t left = block->hdr.bh1.num_pkts; left > 0; left--) {
        const struct tpacket3_hdr *header = (const struct tpacket3_hdr *)(const void *)at;
        struct tap_packet packet = {
            .seconds = header->tp_sec,
            .nanoseconds = header->tp_nsec,
            .bytes = at + header->tp_mac,
            .captured = header->tp_snaplen,
            .original = header->tp_len,
            .has_vlan = (header->tp_status & TP_STATUS_VLAN_VALID) != 0,
            .vlan_tag = (uint16_t)header->hv1.tp_vlan_tci,
            .vlan_protocol = header->tp_status & TP_STATUS_VLAN_TPID_VALID ? header->hv1.tp_vlan_tpid : ETH_P_8021Q,
            .way = way_of(header),
        };
        int result = listener(context, &packet);
        if (result != 0)
            return result;
        at += header->tp_next_offset;
    }
    return 0;
}

int tap_drain(struct tap *tap, tap_listener *listener, void *context)
{
    for (;;) {
        struct tpacket_block_desc *block = (void *)(tap->ring + (size_t)tap->next * BLOCK_BYTES);
        uint32_t *status = &block->hdr.bh1.block_status;
        if (!(__atomic_load_n(status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
            return 0;
        int result = drain_block(block, listener, context);
        if (result != 0)
            return result;
        __atomic_store_n(status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        tap->next = (tap->next + 1) % BLOCKS;
    }
}

uint64_t tap_dropped(struct tap *tap)
{
    /* Asking sets the kernel's count to zero. */
    struct tpacket_stats_v3 statistics = { 0 };
    socklen_t size = sizeof statistics;
    getsockopt(tap->socket, SOL_PACKET, PACKET_STATISTICS, &statistics, &size);
    tap->dropped += statistics.tp_drops;
    return tap->dropped;
}

void tap_close(struct tap *tap)
{
    if (tap->ring != MAP_FAILED)
        munmap(tap->ring, (size_t)BLOCK_BYTES * BLOCKS);
    if (tap->socket >= 0)
        close(tap->socket);
    tap->socket = -1;
}
