/** The TCP lanes' side of the peer: one listening socket, one connection per lane at a time. */
import { createServer, type Server, type Socket } from "node:net";
import type { Clock, Instant } from "../../model/time.ts";
import type { Pace } from "./pace.ts";
import { now, type Recorder } from "./recorder.ts";
import { HEADER, readTcpHello, type TcpHello } from "./wire.ts";
import { WordReader, WordWriter } from "./words.ts";

/** Bytes written at once, at most. */
const CHUNK = 2 ** 16;
/** Bytes that may wait for room in the kernel. Where there is a rate, one write: what waits is late, and must be seen to be. */
const IN_FLIGHT = { flatOut: 4 * CHUNK, paced: 1 };
/** Milliseconds. */
const QUANTUM = 1;

/** A connection that has ended. Whether that was a break is known only when the guest connects again. */
interface Ended {
  readonly connection: number;
  readonly at: Instant;
  readonly since: number | undefined;
  /** The guest was out of reach: nobody closed it. */
  readonly unreachable: boolean;
}

/** What of a lane outlives its connections. */
class TcpLane {
  readonly recorder: Recorder;
  readonly #clock: Clock;
  #socket: Socket | undefined;
  #ended: Ended | undefined;
  /** Set while there is a connection. */
  #end: (() => void) | undefined;
  #unreachable = false;

  constructor(recorder: Recorder, clock: Clock) {
    this.recorder = recorder;
    this.#clock = clock;
  }

  connected(socket: Socket, hello: TcpHello, rest: Buffer): void {
    const pace = this.recorder.begin(hello.rate);
    // A guest that connects again knows that the old connection is broken, even if we have not heard of it.
    this.#socket?.destroy();
    this.#end?.();
    const since = this.#ended?.since;
    this.#tellBreak();
    if (hello.connection > 0) this.recorder.found({ kind: "connected", sequence: hello.connection, count: 1 }, since);
    this.#socket = socket;
    const flow = hello.direction === "send" ? receive(socket, this.recorder, rest) : send(socket, this.recorder, pace);
    this.#end = () => {
      this.#end = undefined;
      flow.end();
      const unreachable = this.#unreachable;
      this.#ended = { connection: hello.connection, at: this.#clock(), since: flow.last(), unreachable };
      this.#unreachable = false;
    };
    const end = this.#end;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (this.#end === end) this.#unreachable = error.code !== "ECONNRESET" && error.code !== "EPIPE";
    });
    socket.once("close", () => {
      if (this.#end === end) end();
    });
  }

  /** The guest's closing of its last connection is the end of its work and no break. */
  close(): void {
    if (this.#ended?.unreachable) this.#tellBreak();
    this.#end?.();
    this.#socket?.destroy();
  }

  #tellBreak(): void {
    if (this.#ended === undefined) return;
    const { connection, at, since } = this.#ended;
    this.recorder.found({ kind: "broken", sequence: connection, count: 1 }, since, at);
    this.#ended = undefined;
  }
}

interface Flow {
  /** No more goes through. */
  end(): void;
  /** When something last went through, ns; undefined: never. */
  last(): number | undefined;
}

function receive(socket: Socket, recorder: Recorder, rest: Buffer): Flow {
  let last: number | undefined;
  const words = new WordReader((sequence, count) => recorder.found({ kind: "corrupt", sequence, count }, last));
  const take = (chunk: Buffer): void => {
    words.read(chunk);
    last = now();
    recorder.done(chunk.length, last);
  };
  if (rest.length > 0) take(rest);
  socket.on("data", take);
  return { end: () => words.flush(), last: () => last };
}

function send(socket: Socket, recorder: Recorder, pace: Pace): Flow {
  const words = new WordWriter();
  const spare: Uint32Array<ArrayBuffer>[] = [];
  const most = pace.flatOut ? IN_FLIGHT.flatOut : IN_FLIGHT.paced;
  let inFlight = 0;
  let ended = false;
  let last: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const write = (bytes: number): void => {
    const halves = spare.pop() ?? new Uint32Array(CHUNK / 4);
    const part = halves.subarray(0, bytes / 4);
    words.fill(part);
    inFlight += bytes;
    const begun = now();
    pace.sent(bytes, begun);
    socket.write(new Uint8Array(part.buffer, 0, bytes), (error) => {
      spare.push(halves);
      inFlight -= bytes;
      if (error || ended) return;
      // Now the kernel has it.
      last = now();
      recorder.done(bytes, last, last - begun);
      if (timer === undefined) pump();
    });
  };
  /** Writes what is due; goes on by the timer when that was all, and by the writes' ends when the kernel has no room. */
  const pump = (): void => {
    timer = undefined;
    if (ended) return;
    while (inFlight < most) {
      const due = Math.min(pace.due(now(), recorder.stall), CHUNK);
      if (due === 0) {
        timer = setTimeout(pump, QUANTUM);
        return;
      }
      write(due);
    }
  };
  socket.resume(); // Nothing comes, but that is how the end of the connection is heard of.
  pump();
  return {
    end: () => {
      ended = true;
      clearTimeout(timer);
    },
    last: () => last,
  };
}

export interface TcpPeer {
  readonly port: number;
  /** Ends all connections. */
  close(): void;
}

/** Listens at a port that the system chooses. @throws the system's error. */
export async function listenTcp(address: string, recorders: readonly Recorder[], clock: Clock): Promise<TcpPeer> {
  const lanes = new Map(recorders.map((recorder) => [recorder.lane.lane, new TcpLane(recorder, clock)]));
  const server: Server = createServer({ noDelay: true }, (socket) => {
    let head = Buffer.alloc(0);
    socket.on("error", () => {}); // What follows from it is heard as "close".
    const greet = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      if (head.length < HEADER) return;
      socket.off("data", greet);
      const hello = readTcpHello(head);
      const lane = hello === undefined ? undefined : lanes.get(hello.lane);
      if (hello === undefined || lane?.recorder.lane.direction !== hello.direction) {
        console.error(`a connection from ${socket.remoteAddress} that is of no lane was closed`);
        socket.destroy();
        return;
      }
      lane.connected(socket, hello, head.subarray(HEADER));
    };
    socket.on("data", greet);
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port: 0 }, () => resolve((server.address() as { port: number }).port));
  });
  return {
    port,
    close: () => {
      server.close();
      for (const lane of lanes.values()) lane.close();
    },
  };
}
