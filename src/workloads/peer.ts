/** The peer of the network workloads as the trial sees it: started on the benchmark server before the guest's agent, stopped after it. */
import { fileURLToPath } from "node:url";
import { MigrascopeError } from "../model/errors.ts";
import type { Trace, Workload } from "../model/workload.ts";
import type { Machine } from "../remote/machine.ts";
import { type PeerLane, type PeerOptions, PeerReady } from "./peer/options.ts";

const PROGRAM = fileURLToPath(new URL("peer/main.ts", import.meta.url));
/** Seconds in which the peer must listen, and in which one that was told to stop must have written its last record. */
const PATIENCE = 20;

export interface PeerSettings {
  /** Numeric IPv4 or IPv6 address of the benchmark server on the service network. */
  readonly address: string;
  /** All workloads of the scenario, in the order of the plan: their places are the lanes' numbers. */
  readonly workloads: readonly Workload[];
  /** Seconds. */
  readonly window: number;
  /** The file that becomes `peer.jsonl`; readable at any moment. */
  readonly output: string;
}

export interface Peer {
  /** Where the guest's lanes connect to; null where no lane needs it. */
  readonly ports: { readonly tcp: number | null; readonly udp: number | null };
  /**
   * Ends it; the file is then complete.
   * @throws MigrascopeError WORKLOAD_FAILED with its words when it had ended before or could not write.
   */
  stop(): Promise<void>;
}

/** Whether any of the workloads needs a peer. */
export const needsPeer = (workloads: readonly Workload[]): boolean => lanesOf(workloads).length > 0;

/**
 * Starts the peer and returns when it listens.
 * @throws MigrascopeError COMMAND_FAILED with the program's own words; BUG when no workload needs a peer.
 */
export async function startPeer(machine: Machine, settings: PeerSettings): Promise<Peer> {
  const lanes = lanesOf(settings.workloads);
  if (lanes.length === 0) throw new MigrascopeError("BUG", "a peer was started for workloads that need none");
  const { address, output } = settings;
  const options: PeerOptions = { address, output, windowLength: Math.round(settings.window * 1e6), lanes };
  const command = await machine.start([process.execPath, PROGRAM, JSON.stringify(options)]);
  const words: string[] = [];
  const said = (): string => words.join("; ") || "without a word";
  const failed = (code: "COMMAND_FAILED" | "WORKLOAD_FAILED", what: string): MigrascopeError =>
    new MigrascopeError(code, `the peer of the network workloads ${what}: ${said()}`, { where: machine.name });

  const { tcp, udp } = await new Promise<PeerReady>((resolve, reject) => {
    const timer = setTimeout(() => {
      command.kill("SIGKILL");
      reject(failed("COMMAND_FAILED", `did not listen within ${PATIENCE} s`));
    }, PATIENCE * 1000);
    command.onLine((stream, line) => {
      if (stream === "stderr") {
        words.push(line);
        return;
      }
      const ready = PeerReady.safeParse(JSON.parse(line));
      if (!ready.success) return;
      clearTimeout(timer);
      resolve(ready.data);
    });
    void command.ended.then(() => {
      clearTimeout(timer);
      reject(failed("COMMAND_FAILED", "did not start"));
    });
  });
  return {
    ports: { tcp, udp },
    stop: async () => {
      const killer = setTimeout(() => command.kill("SIGKILL"), PATIENCE * 1000);
      command.kill("SIGTERM");
      const { exitCode } = await command.ended;
      clearTimeout(killer);
      if (exitCode !== 0) throw failed("WORKLOAD_FAILED", "failed");
    },
  };
}

/** What the peer must know of the workloads. Rates of a plan are bits per second; those of a lane count its units. */
export function lanesOf(workloads: readonly Workload[]): PeerLane[] {
  return workloads.flatMap((workload, lane): PeerLane[] => {
    if (workload.kind !== "tcp" && workload.kind !== "udp") return [];
    const { kind, direction } = workload;
    const unitBytes = kind === "udp" ? workload.datagram : 1;
    const units = (rate: Trace[number]["rate"]): number => (rate === "idle" ? 0 : rate / 8 / unitBytes);
    const steps =
      workload.rate !== undefined
        ? [{ length: 1e9, rate: units(workload.rate) }]
        : workload.trace?.map((step) => ({ length: step.for * 1e9, rate: units(step.rate) }));
    return [{ lane, kind, direction, unitBytes, ...(steps === undefined ? {} : { steps }) }];
  });
}
