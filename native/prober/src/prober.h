/*
 * What the threads of the prober share. Three threads, one direction of data:
 *
 *     sender   ──ring──┐
 *                      ├──► writer ──► file or pipe
 *     receiver ──ring──┘
 *
 * The sender alone keeps time. Nothing that it does can block: neither the network, nor the rings, nor whoever reads.
 */
#ifndef PROBER_H
#define PROBER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "address.h"
#include "packet.h"
#include "ring.h"
#include "schedule.h"
#include "sockets.h"

struct prober {
    struct address target;
    struct identity who;
    struct sockets sockets;
    struct schedule schedule; /* its start is set right before `go` */
    int64_t start_wall_ns;
    struct ring from_sender, from_receiver;
    int output;             /* file descriptor */
    const char *output_name; /* for messages */

    pthread_barrier_t go; /* the three threads and main: everything is prepared, the clock may start */
    _Atomic int stop_sending, stop_receiving, producers_ended, abandon_output;
    _Atomic int sender_ended;
    _Atomic uint64_t next_tick; /* ticks sent, missed or refused so far */

    _Atomic int output_error;     /* errno; the writer has given up */
    _Atomic uint64_t sent, answered, missed, refused, kernel_dropped;
};

void *sender_run(void *prober);
void *receiver_run(void *prober);
void *writer_run(void *prober);

#endif
