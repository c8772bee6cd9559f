/** A connection to one QEMU: commands with their answers, and events. */
import { connect, type Socket } from "node:net";
import { MigrascopeError } from "../../../model/errors.ts";
import { type Clock, systemClock } from "../../../model/time.ts";
import { Framing } from "./framing.ts";
import { isObject, type Json, type JsonObject, QmpError, type QmpEvent, reportedTime } from "./messages.ts";
import { noTranscript, type Transcript } from "./transcript.ts";

export interface QmpOptions {
  /** Who is at the other end, for error messages: "source". */
  readonly where: string;
  readonly clock?: Clock;
  readonly transcript?: Transcript;
  /** Seconds until greeting and negotiation must be over. Default 10. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface ExecuteOptions {
  /** Seconds. Default 20: a QEMU that saves a large device state answers nothing for seconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /**
   * Out of band, where QEMU offers that (docs/interop/qmp-spec, 2.3.2): carried out at once, even while QEMU's main loop
   * stands still, e.g. on a page that post-copy has not brought. Only commands marked `allow-oob` take it.
   */
  readonly outOfBand?: boolean;
}

interface Pending {
  readonly command: string;
  resolve(value: Json): void;
  reject(error: MigrascopeError): void;
}

export class QmpClient {
  /** QEMU's version as it introduced itself, e.g. `7.2.22`, and the packager's addition. */
  version = "";
  package = "";
  /** QEMU offers to take commands out of band. */
  #outOfBand = false;
  /** Resolves when the connection is over, with the reason. */
  readonly closed: Promise<MigrascopeError>;

  readonly #socket: Socket;
  readonly #where: string;
  readonly #clock: Clock;
  readonly #transcript: Transcript;
  readonly #framing = new Framing();
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #nextId = 1;
  #end: MigrascopeError | undefined;
  #resolveClosed!: (reason: MigrascopeError) => void;
  #greeted: { resolve(): void; reject(error: MigrascopeError): void } | undefined;

  private constructor(socket: Socket, options: QmpOptions) {
    this.#socket = socket;
    this.#where = options.where;
    this.#clock = options.clock ?? systemClock;
    this.#transcript = options.transcript ?? noTranscript;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", (error) => this.#lose(`the connection to QEMU broke: ${error.message}`));
    socket.on("close", () => this.#lose("QEMU closed the connection"));
  }

  /**
   * Connects to a QMP server on a unix socket and negotiates.
   * @throws MigrascopeError HYPERVISOR_LOST when nobody listens, or somebody who does not speak QMP; DEADLINE_EXCEEDED; CANCELLED.
   */
  static async connect(path: string, options: QmpOptions): Promise<QmpClient> {
    const limits = limitsOf(options.timeout ?? 10, options.signal);
    const client = new QmpClient(connect(path), options);
    try {
      await limits.guard(
        new Promise<void>((resolve, reject) => {
          client.#greeted = { resolve, reject };
        }),
        `QEMU did not greet on ${path}`,
        options.where,
      );
      const enable: JsonObject = client.#outOfBand ? { enable: ["oob"] } : {};
      await client.execute("qmp_capabilities", enable, { ...(options.signal && { signal: options.signal }) });
      return client;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      limits.release();
    }
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /**
   * The command is written before this function returns, so the caller can take the time just before.
   * @throws QmpError (HYPERVISOR_REFUSED) with QEMU's words; HYPERVISOR_LOST when the connection is or gets lost;
   * DEADLINE_EXCEEDED; CANCELLED. After the last two QEMU may still carry the command out.
   */
  async execute(command: string, args: JsonObject = {}, options: ExecuteOptions = {}): Promise<Json> {
    if (this.#end) throw this.#end;
    if (options.signal?.aborted) throw cancelled(command, this.#where);
    const id = this.#nextId++;
    const how = options.outOfBand && this.#outOfBand ? "exec-oob" : "execute";
    const text = JSON.stringify({ [how]: command, arguments: args, id });
    const answer = new Promise<Json>((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject });
    });
    this.#transcript.write("sent", text);
    this.#socket.write(`${text}\n`);
    const limits = limitsOf(options.timeout ?? 20, options.signal);
    try {
      return await limits.guard(answer, `QEMU did not answer \`${command}\``, this.#where);
    } finally {
      limits.release();
      this.#pending.delete(id);
    }
  }

  /** Listeners are called in the order of the events and must not throw. @returns a function that ends it. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Idempotent. Pending commands are rejected. */
  close(): void {
    this.#lose("the connection to QEMU was closed");
  }

  #onData(chunk: Buffer): void {
    try {
      for (const { text, message } of this.#framing.push(chunk)) {
        if (this.#end) return;
        this.#transcript.write("received", text);
        this.#onMessage(message);
      }
    } catch (error) {
      this.#lose((error as Error).message);
    }
  }

  #onMessage(message: JsonObject): void {
    if (typeof message.event === "string") {
      const reported = reportedTime(message.timestamp);
      const event: QmpEvent = {
        name: message.event,
        data: isObject(message.data) ? message.data : {},
        observed: this.#clock(),
        ...(reported !== undefined && { reported }),
      };
      for (const listener of this.#listeners) listener(event);
    } else if (isObject(message.QMP)) {
      this.#greet(message.QMP);
    } else {
      this.#answer(message);
    }
  }

  #greet(greeting: JsonObject): void {
    const version = isObject(greeting.version) ? greeting.version : {};
    const { major, minor, micro } = isObject(version.qemu) ? version.qemu : {};
    if (major === undefined) {
      this.#lose("QEMU's greeting names no version");
      return;
    }
    this.version = [major, minor, micro].join(".");
    this.package = typeof version.package === "string" ? version.package : "";
    this.#outOfBand = Array.isArray(greeting.capabilities) && greeting.capabilities.includes("oob");
    this.#greeted?.resolve();
    this.#greeted = undefined;
  }

  #answer(message: JsonObject): void {
    const error = isObject(message.error) ? message.error : undefined;
    if (typeof message.id !== "number") {
      this.#lose(`QEMU sent an answer to nothing that was asked: ${JSON.stringify(message).slice(0, 200)}`);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return; // Its asker has given up in the meantime.
    if (error) {
      pending.reject(
        new QmpError(pending.command, String(error.class), String(error.desc ?? "no description"), this.#where),
      );
    } else pending.resolve(message.return ?? null);
  }

  #lose(reason: string): void {
    if (this.#end) return;
    this.#end = new MigrascopeError("HYPERVISOR_LOST", reason, { where: this.#where });
    this.#socket.destroy();
    this.#greeted?.reject(this.#end);
    for (const pending of this.#pending.values()) pending.reject(this.#end);
    this.#pending.clear();
    this.#resolveClosed(this.#end);
  }
}

const cancelled = (what: string, where: string): MigrascopeError =>
  new MigrascopeError("CANCELLED", `${what} was interrupted`, { where });

/** A deadline and an abort signal around one promise. */
function limitsOf(seconds: number, signal: AbortSignal | undefined) {
  let onTimeout = (): void => {};
  let onAbort = (): void => {};
  const timer = setTimeout(() => onTimeout(), seconds * 1000);
  const abort = (): void => onAbort();
  signal?.addEventListener("abort", abort, { once: true });
  return {
    guard: <T>(promise: Promise<T>, what: string, where: string): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        onTimeout = () => reject(new MigrascopeError("DEADLINE_EXCEEDED", `${what} within ${seconds} s`, { where }));
        onAbort = () => reject(cancelled("The conversation with QEMU", where));
        if (signal?.aborted) onAbort();
        promise.then(resolve, reject);
      }),
    release: (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}
