/** A relay between the two ends of a migration, which tests cut. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
  /** On which it listens, and to which it passes on. */
  readonly port: number;
  /** The first bytes that came through, of every connection. */
  readonly firstBytes: Buffer[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #resetNext = false;
  #comesBack: NodeJS.Timeout | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Listens on 127.0.0.2 and passes on to the same port of 127.0.0.1. */
  static async start(): Promise<Relay> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.2", resolve));
    const { port } = server.address() as { port: number };
    const relay = new Relay(server, port);
    server.on("connection", (near) => relay.#join(near));
    return relay;
  }

  /** Resets every connection, or if there is none yet the first one; later ones are passed on. */
  reset(): void {
    this.#resetNext = this.#sockets.size === 0;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Resets every connection and is not there for so many seconds: who connects is refused. */
  goAway(seconds: number): void {
    this.reset();
    this.#server.close();
    this.#comesBack = setTimeout(() => this.#server.listen(this.port, "127.0.0.2"), seconds * 1000);
  }

  /** Swallows everything on the connections that there are, and keeps them open: neither end is told. */
  stall(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async end(): Promise<void> {
    clearTimeout(this.#comesBack);
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    if (this.#resetNext) {
      this.#resetNext = false;
      near.on("error", () => {}).resetAndDestroy();
      return;
    }
    const far = connect(this.port, "127.0.0.1");
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    }
    near.once("data", (chunk: Buffer) => this.firstBytes.push(chunk));
    near.pipe(far);
    far.pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }
}
