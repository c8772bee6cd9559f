/** One QEMU process with its QMP connection, from its start until nothing of it is left. */
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import { type Clock, systemClock } from "../../model/time.ts";
import type { Machine, RunningCommand } from "../../remote/machine.ts";
import { QmpClient } from "./qmp/client.ts";
import { isObject } from "./qmp/messages.ts";
import { noTranscript, type Transcript, transcriptFile } from "./qmp/transcript.ts";

/** Where a host's certificates are. */
export interface TlsSetup {
  /**
   * A directory on that host with `ca-cert.pem`, `server-cert.pem`, `server-key.pem`, `client-cert.pem` and `client-key.pem`,
   * as QEMU names them (docs/system/tls).
   */
  readonly directory: string;
  /** The name in its server's certificate. Default: the address to which the other side connects. */
  readonly hostname?: string;
}

export interface HostSetup {
  readonly machine: Machine;
  /** Addresses on the migration network to which the other host connects. */
  readonly migrationAddress: { readonly ipv4?: string; readonly ipv6?: string };
  /** On which an incoming migration listens, where that is another one: behind a relay. Default: the same. */
  readonly migrationListen?: string;
  /** Port on which it listens. Default: any free one. */
  readonly migrationPort?: number;
  /** Certificates for `transport: tls`. Without them that is refused. */
  readonly tls?: TlsSetup;
  /** A tap interface that exists. Without it the VM has no network. */
  readonly tap?: string;
  /** Where the QMP sockets go; reachable from this process and short (the kernel allows 107 bytes for a socket's path). */
  readonly runDirectory: string;
}

export interface InstanceRequest {
  readonly role: HostRole;
  readonly host: HostSetup;
  /** QEMU's command line, without QMP. */
  readonly argv: readonly string[];
  /** Distinguishes the sockets in one run directory. */
  readonly name: string;
  /** Where QEMU's messages (`qemu-<role>.log`) and the transcript (`qmp-<role>.jsonl`) are appended. Default: nowhere. */
  readonly logDirectory?: string;
  readonly clock?: Clock;
}

const LONGEST_SOCKET_PATH = 107;
/** Seconds until a started QEMU must answer on its socket. */
const START_DEADLINE = 20;
/** Seconds that QEMU gets to end after `quit` and again after SIGTERM. */
const QUIT_GRACE = 3;

let instances = 0;

export class Instance {
  readonly role: HostRole;
  readonly pid: number;
  readonly #command: RunningCommand;
  readonly #socketPath: string;
  readonly #transcript: Transcript;
  readonly #log: WriteStream | undefined;
  readonly #clock: Clock;
  #qmp: QmpClient | undefined;
  #exit: string | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(request: InstanceRequest, command: RunningCommand, socketPath: string) {
    this.role = request.role;
    this.pid = command.pid;
    this.#command = command;
    this.#socketPath = socketPath;
    this.#clock = request.clock ?? systemClock;
    const directory = request.logDirectory;
    this.#transcript =
      directory === undefined
        ? noTranscript
        : transcriptFile(join(directory, `qmp-${request.role}.jsonl`), this.#clock);
    if (directory !== undefined) {
      this.#log = createWriteStream(join(directory, `qemu-${request.role}.log`), { flags: "a" });
      this.#log.on("error", () => {}); // A full disk must not end a VM.
    }
    command.onLine((_stream, line) => {
      this.#tail = `${this.#tail}${line}\n`.slice(-2000);
      this.#log?.write(`${line}\n`);
    });
    void command.ended.then(({ exitCode, signal, stderrTail }) => {
      this.#exit = signal ? `was ended by ${signal}` : `exited with ${exitCode}`;
      if (this.#tail === "") this.#tail = stderrTail;
      this.#qmp?.close();
    });
  }

  #tail = "";

  /** Starts the process; it answers only after `connect`. @throws MigrascopeError COMMAND_FAILED */
  static async start(request: InstanceRequest): Promise<Instance> {
    const { runDirectory, machine } = request.host;
    const path = join(runDirectory, `${request.role}-${request.name}-${process.pid}-${++instances}.qmp`);
    if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
      throw new MigrascopeError("CONFIG_INVALID", `${path} is too long for a socket: use a shorter run directory`, {
        where: request.role,
      });
    }
    await mkdir(runDirectory, { recursive: true });
    await rm(path, { force: true });
    const qmp = [
      "-chardev",
      `socket,id=qmp0,path=${escaped(path)},server=on,wait=off`,
      "-mon",
      "chardev=qmp0,mode=control",
    ];
    // The kernel ends QEMU together with our process, also when that is killed. Parent-death signals survive exec.
    const argv = ["setpriv", "--pdeathsig", "KILL", "--", ...request.argv, "-msg", "timestamp=on", ...qmp];
    return new Instance(request, await machine.start(argv), path);
  }

  /** @throws MigrascopeError HYPERVISOR_REFUSED with QEMU's words when it ended instead; HYPERVISOR_LOST; CANCELLED. */
  async connect(signal?: AbortSignal): Promise<QmpClient> {
    const deadline = performance.now() + START_DEADLINE * 1000;
    for (;;) {
      try {
        this.#qmp = await QmpClient.connect(this.#socketPath, {
          where: this.role,
          clock: this.#clock,
          transcript: this.#transcript,
          ...(signal && { signal }),
        });
        if (this.hasEnded) this.#qmp.close();
        else return this.#qmp;
      } catch (error) {
        if (signal?.aborted) throw error;
        if (!this.hasEnded && performance.now() > deadline) throw error;
      }
      if (this.hasEnded) {
        throw new MigrascopeError("HYPERVISOR_REFUSED", `QEMU ${this.#exit}: ${this.logTail() || "no message"}`, {
          where: this.role,
        });
      }
      await sleep(15); // It has not made its socket yet.
    }
  }

  /** @throws MigrascopeError HYPERVISOR_LOST before `connect` has succeeded. */
  get qmp(): QmpClient {
    if (this.#qmp) return this.#qmp;
    throw new MigrascopeError("HYPERVISOR_LOST", "QEMU has not answered yet", { where: this.role });
  }

  get hasEnded(): boolean {
    return this.#exit !== undefined;
  }

  /** How it ended, e.g. `was ended by SIGKILL`. */
  get exit(): string | undefined {
    return this.#exit;
  }

  /** Do the vCPUs run? `false` when the process has ended. @throws MigrascopeError HYPERVISOR_LOST when it is there but mute. */
  async isRunning(timeout = 5): Promise<boolean> {
    if (this.hasEnded) return false;
    try {
      const status = await this.qmp.execute("query-status", {}, { timeout });
      return isObject(status) && status.running === true;
    } catch (error) {
      await this.endsWithin(0.1); // A broken connection is often just the end of the process.
      if (this.hasEnded) return false;
      throw error;
    }
  }

  /** The last lines that QEMU wrote, in one line, without timestamps. */
  logTail(): string {
    const lines = this.#tail.split("\n").map((line) => line.replace(/^\d{4}-\d\d-\d\dT\S+ /u, "").trim());
    return lines
      .filter((line) => line !== "")
      .slice(-5)
      .join("; ");
  }

  /** Ends it, by force if need be, and removes its socket. Idempotent; never fails. Without grace: SIGKILL at once. */
  stop(options: { grace?: boolean } = {}): Promise<void> {
    this.#stopping ??= this.#stop(options.grace ?? true);
    return this.#stopping;
  }

  async #stop(grace: boolean): Promise<void> {
    if (grace && this.#qmp?.isOpen) {
      this.#qmp.execute("quit", {}, { timeout: QUIT_GRACE }).catch(() => {});
      await this.endsWithin(QUIT_GRACE);
    }
    if (grace && !this.hasEnded) {
      this.#command.kill("SIGTERM");
      await this.endsWithin(QUIT_GRACE);
    }
    if (!this.hasEnded) {
      this.#command.kill("SIGKILL");
      await this.#command.ended;
    }
    this.#qmp?.close();
    await Promise.all([this.#transcript.end(), this.#endLog()]);
    await rm(this.#socketPath, { force: true }).catch(() => {});
  }

  /** Resolves when all that QEMU said is in the file, which may then be hashed. */
  #endLog(): Promise<void> {
    const log = this.#log;
    if (!log || log.destroyed) return Promise.resolve();
    return new Promise((resolve) => void log.once("close", resolve).end());
  }

  /** Waits for its end, but not longer. */
  async endsWithin(seconds: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([
      this.#command.ended,
      sleep(seconds * 1000, undefined, { signal: timer.signal }).catch(() => {}),
    ]);
    timer.abort();
  }
}

/** QEMU separates options with commas; a comma inside a value is written twice. */
export const escaped = (value: string): string => value.replaceAll(",", ",,");
