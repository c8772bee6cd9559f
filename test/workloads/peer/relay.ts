/** Something between guest and peer that does to the data what networks do, exactly and on request. */
import { createSocket } from "node:dgram";
import { connect, createServer, type Socket } from "node:net";

export interface TcpRelay {
  readonly port: number;
  /** Cuts all connections, as a reset or an end of the stream. */
  cut(how: "reset" | "end"): void;
  /** Turns a bit of the next chunk that comes from the one who connected. */
  corrupt(): void;
  close(): void;
}

export async function tcpRelay(target: number): Promise<TcpRelay> {
  let corrupting = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => to.destroy());
      from.on("data", (chunk) => {
        if (corrupting && from === near) {
          corrupting = false;
          chunk[chunk.length >> 1]! ^= 1;
        }
        if (!to.write(chunk)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (how: "reset" | "end"): void => {
    for (const socket of sockets) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.destroy();
    }
    sockets.clear();
  };
  return {
    port: (server.address() as { port: number }).port,
    cut,
    corrupt: () => {
      corrupting = true;
    },
    close: () => {
      server.close();
      cut("end");
    },
  };
}

export interface UdpRelay {
  readonly port: number;
  close(): void;
}

const DATA = 1;

/**
 * @param fate of the data datagram with that number: how often it is passed on, and behind which one it is held. Hellos and
 * ends are passed on as they are.
 */
export async function udpRelay(
  target: number,
  fate: (sequence: number) => { copies: number; behind?: number },
): Promise<UdpRelay> {
  const near = createSocket("udp4");
  const far = createSocket("udp4");
  let guest: { port: number; address: string } | undefined;
  const toGuest = (bytes: Buffer): void => {
    if (guest) near.send(bytes, guest.port, guest.address);
  };
  const toPeer = (bytes: Buffer): void => far.send(bytes, target, "127.0.0.1");
  const pass = (forward: (bytes: Buffer) => void) => {
    const held = new Map<number, Buffer>();
    return (bytes: Buffer): void => {
      if (bytes.readUInt32LE(12) !== DATA) {
        forward(bytes);
        return;
      }
      const sequence = bytes.readUInt32LE(16);
      const { copies, behind } = fate(sequence);
      if (behind !== undefined) held.set(behind, bytes);
      else for (let copy = 0; copy < copies; copy++) forward(bytes);
      const waiting = held.get(sequence);
      if (waiting) forward(waiting);
    };
  };
  const outward = pass(toPeer);
  near.on("message", (bytes, from) => {
    guest = from;
    outward(bytes);
  });
  far.on("message", pass(toGuest));
  await new Promise<void>((resolve) => near.bind(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => far.bind(0, "127.0.0.1", resolve));
  // What finds no room here would be lost without our having decided it.
  for (const socket of [near, far]) socket.setRecvBufferSize(4 * 2 ** 20);
  return {
    port: near.address().port,
    close: () => {
      near.close();
      far.close();
    },
  };
}
