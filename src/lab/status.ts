/** How a lab is: reads files only, so that asking is cheap and changes nothing. */
import { existsSync, readdirSync } from "node:fs";
import { silentDaemons } from "./daemons.ts";
import { labDirectory, labsDirectory } from "./directory.ts";
import type { BareLab } from "./init.ts";
import { expectedInterfaces } from "./network.ts";
import { outsideFile } from "./outside.ts";
import { FURNISHED } from "./own-files.ts";
import { type LabProcess, labProcesses, startTimeOf } from "./processes.ts";
import { type LabState, readLabState } from "./state.ts";
import { agentListens } from "./switch.ts";
import type { LabMachineName } from "./topology.ts";

export interface LabStatus {
  readonly name: string;
  readonly directory: string;
  /** `absent`: nothing of it exists. `broken`: something exists, and `problems` says what is wrong. */
  readonly health: "absent" | "healthy" | "broken";
  readonly problems: readonly string[];
  readonly state?: LabState;
  /** Processes that entered the lab from outside and run there now: a measurement, a shell. */
  readonly guests: readonly LabProcess[];
}

/** Depth of the PID namespaces, counted from here: the lab's own processes are one below, whoever entered it two. */
const ENTERED_DEPTH = 3;

/** @throws MigrascopeError CONFIG_INVALID for a name that is none. */
export function labStatus(name: string): LabStatus {
  const directory = labDirectory(name);
  const processes = labProcesses(directory).filter((one) => one.pid !== process.pid);
  const guests = processes.filter((one) => one.namespacePids.length >= ENTERED_DEPTH);
  const base = { name, directory, guests };
  let state: LabState | undefined;
  try {
    state = readLabState(directory);
  } catch (error) {
    return { ...base, health: "broken", problems: [(error as Error).message] };
  }
  if (state) {
    const problems = problemsOf(state, processes);
    return { ...base, health: problems.length === 0 ? "healthy" : "broken", problems, state };
  }
  const problems = [
    ...(existsSync(directory) ? [`${directory} exists, but the lab was never finished`] : []),
    ...(processes.length > 0 ? [`${processes.length} processes are left`] : []),
  ];
  return { ...base, health: problems.length === 0 ? "absent" : "broken", problems };
}

function problemsOf(state: LabState, processes: readonly LabProcess[]): string[] {
  if (startTimeOf(state.init.pid) !== state.init.startTime) return ["its init process has ended"];
  const alive = new Set(processes.map((one) => one.namespacePids[1]));
  const machines = Object.entries(state.machines) as [LabMachineName, { pid: number }][];
  const problems = machines.flatMap(([machine, { pid }]) => {
    if (!alive.has(pid)) return [`the process that holds the ${machine} has ended`];
    const devices = outsideFile(state, pid, "net/dev") ?? "";
    return expectedInterfaces(machine, state.hypervisor)
      .filter((device) => !new RegExp(`^\\s*${device}:`, "mu").test(devices))
      .map((device) => `the ${machine} has no interface ${device}`);
  });
  const lab = bareLab(state);
  if (!agentListens(lab)) problems.push("the switch's SNMP agent does not listen");
  if (state.hypervisor === "libvirt") {
    for (const machine of FURNISHED)
      for (const name of silentDaemons(lab, machine)) problems.push(`${name} does not listen on the ${machine}`);
  }
  return problems;
}

/** The lab as those who run commands on its machines from outside know it. */
export const bareLab = (state: LabState): BareLab => ({
  directory: state.directory,
  mode: state.mode,
  hypervisor: state.hypervisor,
  init: state.init,
  machines: {
    benchmark: state.machines.benchmark.pid,
    source: state.machines.source.pid,
    destination: state.machines.destination.pid,
    switch: state.machines.switch.pid,
    ...(state.machines.nas && { nas: state.machines.nas.pid }),
  },
});

/** Names of all labs of this user, finished or not. */
export function labNames(): string[] {
  const directory = labsDirectory();
  if (!existsSync(directory)) return [];
  return [...new Set(readdirSync(directory).map((entry) => entry.replace(/\.lock$/u, "")))].sort();
}
