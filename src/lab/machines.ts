/** The lab's machines for a process that runs inside the lab, on its benchmark server. */

import { localMachine } from "../remote/local.ts";
import type { Machine } from "../remote/machine.ts";
import { namespaceMachine } from "../remote/namespace.ts";
import { namespaceFile } from "./init.ts";
import type { LabState } from "./state.ts";
import type { LabMachineName, PerMachine } from "./topology.ts";

/**
 * Every machine of the lab; `benchmark` is where the caller is. Commands keep the caller's mounts: whoever runs in the lab
 * has a PID namespace of its own, and only the caller's /proc numbers the processes as the caller does.
 */
export function labMachines(state: LabState): PerMachine<Machine> {
  const machine = (name: LabMachineName, { pid }: { pid: number }): Machine => {
    const file = (kind: "net" | "uts"): string => namespaceFile(state.directory, pid, kind);
    return namespaceMachine(name, { net: file("net"), uts: file("uts") });
  };
  return {
    benchmark: localMachine("benchmark"),
    source: machine("source", state.machines.source),
    destination: machine("destination", state.machines.destination),
    switch: machine("switch", state.machines.switch),
    ...(state.machines.nas && { nas: machine("nas", state.machines.nas) }),
  };
}
