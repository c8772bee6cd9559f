/** Bytes by flow on one interface, counted by `native/prober`'s flows program: which of them were memory, disk, the rest. */
import { z } from "zod";
import { Flow, type FlowReading } from "../model/artifacts.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { Clock } from "../model/time.ts";
import type { Machine } from "../remote/machine.ts";
import { nativePrograms } from "./native.ts";
import { programThere } from "./program-there.ts";

/** Seconds in which it must listen, and in which one that was told to stop must have counted its last packet. */
const PATIENCE = 20;

export interface FlowCount {
  /**
   * Ends the count; the last reading holds every packet that had been on the interface by then.
   * @returns packets that the kernel had no room for: they are in no flow.
   * @throws MigrascopeError COMMAND_FAILED when it had died.
   */
  stop(): Promise<number>;
}

export interface FlowOptions {
  readonly machine: Machine;
  /** An Ethernet interface. */
  readonly interface: string;
  readonly clock: Clock;
  /** Called for each reading: one at once, one per second, the last one when it ends. Must not throw. */
  readonly record: (reading: FlowReading) => void;
}

const Line = z.object({ flows: z.array(Flow), dropped: z.int().min(0), end: z.boolean() });

/**
 * Starts to count and returns when it listens.
 * @throws MigrascopeError COMMAND_FAILED with the program's own words, PACKAGES_MISSING when it cannot be built.
 */
export async function startFlows({ machine, interface: name, clock, record }: FlowOptions): Promise<FlowCount> {
  const flows = await programThere(machine, (await nativePrograms()).flows);
  const command = await machine.start([flows, "--interface", name]);
  const words: string[] = [];
  let last: FlowReading | undefined;
  const failed = (what: string): MigrascopeError =>
    new MigrascopeError(
      "COMMAND_FAILED",
      `the count of flows on ${name} ${what}: ${words.join("; ") || "without a word"}`,
      { where: machine.name },
    );
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      command.kill("SIGKILL");
      reject(failed(`did not begin within ${PATIENCE} s`));
    }, PATIENCE * 1000);
    command.onLine((stream, line) => {
      const counted = stream === "stdout" ? readLine(line) : undefined;
      if (!counted) {
        words.push(line);
        return;
      }
      last = { at: clock(), ...counted };
      record(last);
      clearTimeout(timer);
      resolve();
    });
    void command.ended.then(() => {
      clearTimeout(timer);
      reject(failed("did not start"));
    });
  });
  return {
    stop: async () => {
      const killer = setTimeout(() => command.kill("SIGKILL"), PATIENCE * 1000);
      command.kill("SIGTERM");
      await command.ended;
      clearTimeout(killer);
      if (!last?.end) throw failed("broke off");
      return last.dropped;
    },
  };
}

/** A line that broke off with its program is none. */
function readLine(line: string): z.infer<typeof Line> | undefined {
  try {
    return Line.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
