/**
 * QEMU's own events on one host, as libvirt passes them on, with QEMU's own timestamps in microseconds. libvirt's lifecycle
 * events carry none: virsh could only say when it heard of them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../../../model/errors.ts";
import type { RunningCommand } from "../../../remote/machine.ts";
import { endCommand } from "../end-command.ts";
import type { Virsh } from "./virsh.ts";

export interface QemuEvent {
  /** `STOP`, `RESUME`, `MIGRATION`… */
  readonly name: string;
  /** On the host's wall clock, microseconds. */
  readonly reported: number;
  readonly data: Readonly<Record<string, unknown>>;
}

const LINE = /^event (\S+) at (\d+)\.(\d{6}) for domain '(.*)': (.*)$/u;

const DISCONNECTED = /^error: Disconnected from /u;

/** @returns undefined for a line that tells of no event of this domain. */
export function eventIn(line: string, domain: string): QemuEvent | undefined {
  const [, name, seconds, micros, of, details] = LINE.exec(line) ?? [];
  if (name === undefined || of !== domain) return undefined;
  return { name, reported: Number(seconds) * 1e6 + Number(micros), data: objectIn(details!) };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // `<null>`: it has no details.
  }
}

export interface EventStream {
  stop(): Promise<void>;
  /** Resolves when it has ended by itself, with what it said last. */
  readonly lost: Promise<string>;
}

/** Seconds until virsh must have connected. */
const PATIENCE = 15;

/**
 * Listens on one host. Returns when virsh is connected: earlier events are missed.
 * @throws MigrascopeError HYPERVISOR_LOST when it does not connect, COMMAND_FAILED, HYPERVISOR_REFUSED.
 */
export async function listenForEvents(
  virsh: Virsh,
  domain: string,
  listener: (event: QemuEvent) => void,
): Promise<EventStream> {
  const command = await virsh.start(["qemu-monitor-event", "--loop"]);
  let last = "";
  command.onLine((_stream, line) => {
    const event = eventIn(line, domain);
    if (event) listener(event);
    else if (line.trim() !== "") last = line.trim();
    // virsh would go on waiting, for a libvirt that does not know it any more.
    if (DISCONNECTED.test(line)) void endCommand(command);
  });
  const lost = command.ended.then(({ exitCode, signal }) => last || `it ended with ${signal ?? exitCode}`);
  try {
    await connected(virsh, command, () => last);
  } catch (error) {
    await endCommand(command);
    throw error;
  }
  return { lost, stop: () => endCommand(command) };
}

/**
 * virsh says nothing when it listens. It registers for events right after it has connected, and libvirt answers a host's
 * clients in turn: a question of ours that begins once its process has had time to connect and is answered comes after that.
 */
async function connected(virsh: Virsh, command: RunningCommand, last: () => string): Promise<void> {
  let ended = false;
  void command.ended.then(() => {
    ended = true;
  });
  await sleep(300);
  await virsh.run(["connect"], { timeout: PATIENCE }).catch(() => virsh.run(["version"], { timeout: PATIENCE }));
  if (!ended) return;
  throw new MigrascopeError("HYPERVISOR_LOST", `virsh does not listen for events: ${last()}`, {
    where: virsh.machine.name,
  });
}
