/** The lab's machines for a process that runs inside the lab, on its benchmark server. */

import { localMachine } from "../remote/local.ts";
import type { Machine } from "../remote/machine.ts";
import { namespaceMachine } from "../remote/namespace.ts";
import { namespaceFile } from "./init.ts";
import type { LabState } from "./state.ts";
import type { LabMachineName } from "./topology.ts";

/** Every machine of the lab; `benchmark` is where the caller is. */
export function labMachines(state: LabState): Record<LabMachineName, Machine> {
  const machine = (name: Exclude<LabMachineName, "benchmark">): Machine => {
    const file = (kind: "net" | "uts" | "mnt"): string =>
      namespaceFile(state.directory, state.machines[name].pid, kind);
    return namespaceMachine(name, { net: file("net"), uts: file("uts"), mnt: file("mnt") });
  };
  return {
    benchmark: localMachine("benchmark"),
    source: machine("source"),
    destination: machine("destination"),
    switch: machine("switch"),
  };
}
