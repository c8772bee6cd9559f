import { machineOver } from "./command.ts";
import type { Machine } from "./machine.ts";

/** Files that pin a machine's namespaces. What is absent is shared with the caller. */
export interface NamespacePaths {
  readonly net?: string;
  readonly uts?: string;
  readonly mnt?: string;
}

/** A machine that is a set of namespaces on this one. The caller must be privileged in the user namespace that owns them. */
export function namespaceMachine(name: string, paths: NamespacePaths): Machine {
  const enter = ["nsenter"];
  if (paths.net !== undefined) enter.push(`--net=${paths.net}`);
  if (paths.uts !== undefined) enter.push(`--uts=${paths.uts}`);
  if (paths.mnt !== undefined) enter.push(`--mount=${paths.mnt}`);
  return machineOver({ name, stopsBy: "signal", wrap: (argv) => [...enter, "--", ...argv] });
}
