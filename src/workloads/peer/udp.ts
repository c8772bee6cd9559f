/** The UDP lanes' side of the peer: one socket for all of them. */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { Arrivals } from "./arrivals.ts";
import type { Pace } from "./pace.ts";
import { now, type Recorder } from "./recorder.ts";
import { type DatagramHeader, newDatagram, readDatagram, stamp } from "./wire.ts";

/** Bytes; the system gives what its limit allows. What finds no room in it looks like a loss on the way. */
const BUFFER = 4 * 2 ** 20;
/** Milliseconds. */
const QUANTUM = 1;
/** Datagrams after which others get a turn. */
const IN_A_ROW = 64;

interface Destination {
  readonly address: string;
  readonly port: number;
}

/** What comes from the guest. */
class Receiver {
  readonly #recorder: Recorder;
  readonly #arrivals = new Arrivals();
  /** When one last came in order, ns. */
  #last: number | undefined;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  data(header: DatagramHeader): void {
    // When Node read it, not when the kernel had it: Node does not tell that. The delay is too large by the difference.
    const clock = process.hrtime.bigint();
    const at = Number(clock);
    this.#recorder.begin(0);
    const finding = this.#arrivals.take(header.sequence);
    if (finding !== undefined) this.#recorder.found(finding, this.#last);
    if (this.#arrivals.next === header.sequence + 1) this.#last = at;
    this.#recorder.done(1, at);
    this.#recorder.delay(Number(clock - header.clock));
  }

  end(header: DatagramHeader): void {
    if (!this.#recorder.begun) return;
    const finding = this.#arrivals.end(header.sequence);
    if (finding !== undefined) this.#recorder.found(finding, this.#last);
    this.#recorder.finish();
  }
}

/** What goes to the guest: to where its last hello came from. */
class Sender {
  readonly #socket: Socket;
  readonly #recorder: Recorder;
  readonly #datagram: Buffer;
  #destination: Destination | undefined;
  #pace: Pace | undefined;
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, recorder: Recorder) {
    this.#socket = socket;
    this.#recorder = recorder;
    this.#datagram = newDatagram(recorder.lane.lane, recorder.lane.unitBytes);
  }

  hello(header: DatagramHeader, from: Destination): void {
    const known = this.#destination;
    // Another socket is another receiver, which knows nothing of the numbers before.
    if (known?.port !== from.port || known.address !== from.address) this.#sequence = 0;
    this.#destination = { address: from.address, port: from.port };
    if (this.#pace !== undefined) return;
    this.#pace = this.#recorder.begin(header.sequence / this.#recorder.lane.unitBytes);
    this.#pump();
  }

  end(): void {
    this.#destination = undefined;
    clearTimeout(this.#timer);
    this.#recorder.finish();
  }

  /** One after the other: a datagram that the kernel refuses has not taken a number from those that follow. */
  readonly #pump = (sent = 0): void => {
    const to = this.#destination;
    if (to === undefined) return;
    if (this.#pace!.due(now(), this.#recorder.stall) < 1) {
      this.#timer = setTimeout(this.#pump, QUANTUM);
      return;
    }
    if (sent === IN_A_ROW) {
      setImmediate(this.#pump);
      return;
    }
    const begun = process.hrtime.bigint();
    stamp(this.#datagram, this.#sequence, begun);
    this.#socket.send(this.#datagram, to.port, to.address, (error) => {
      if (this.#destination === undefined) return;
      if (error) {
        this.#timer = setTimeout(this.#pump, QUANTUM);
        return;
      }
      const at = now();
      this.#sequence++;
      this.#pace!.sent(1, at);
      this.#recorder.done(1, at, at - Number(begun));
      this.#pump(sent + 1);
    });
  };
}

export interface UdpPeer {
  readonly port: number;
  /** Ends sending. */
  close(): void;
}

/** Listens at a port that the system chooses. @throws the system's error. */
export async function listenUdp(address: string, recorders: readonly Recorder[]): Promise<UdpPeer> {
  const socket = createSocket({
    type: isIPv6(address) ? "udp6" : "udp4",
    // Numeric as they are; Node would ask its resolver even so, and answer later.
    lookup: (name, _, found) => found(null, name, isIPv6(name) ? 6 : 4),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address, port: 0 }, resolve);
  });
  socket.on("error", (error) => console.error(`the UDP socket: ${error.message}`));
  socket.setRecvBufferSize(BUFFER);
  socket.setSendBufferSize(BUFFER);
  const of = (direction: "send" | "receive") => recorders.filter(({ lane }) => lane.direction === direction);
  const receivers = new Map(of("send").map((recorder) => [recorder.lane.lane, new Receiver(recorder)]));
  const senders = new Map(of("receive").map((recorder) => [recorder.lane.lane, new Sender(socket, recorder)]));
  socket.on("message", (bytes, from) => {
    const header = readDatagram(bytes);
    if (header === undefined) return;
    const receiver = receivers.get(header.lane);
    const sender = senders.get(header.lane);
    const lane = receiver ?? sender;
    if (header.kind === "data") receiver?.data(header);
    else if (lane !== undefined) {
      // An answer, so that the guest knows that it was heard.
      socket.send(bytes, from.port, from.address, () => {});
      if (header.kind === "end") lane.end(header);
      else sender?.hello(header, from);
    }
  });
  return {
    port: socket.address().port,
    close: () => {
      for (const sender of senders.values()) sender.end();
      socket.close();
    },
  };
}
