import { machineOver } from "./command.ts";
import type { Machine } from "./machine.ts";

/** The machine that this process runs on. */
export function localMachine(name = "localhost"): Machine {
  return machineOver({ name, stopsBy: "signal", wrap: (argv) => argv });
}
