/** What is seen of the lab's machines from outside, by reading files: cheap, and it changes nothing. */
import { readFileSync } from "node:fs";
import type { BareLab } from "./init.ts";

/** Something of a process inside the lab, through the lab's own view of its processes: `file` is one of /proc/<pid>. */
export const outsidePath = (lab: Pick<BareLab, "directory" | "init">, pid: number, file: string): string =>
  `/proc/${lab.init.pid}/root${lab.directory}/proc/${pid}/${file}`;

/** Such a file, or undefined when it cannot be read. */
export function outsideFile(lab: Pick<BareLab, "directory" | "init">, pid: number, file: string): string | undefined {
  try {
    return readFileSync(outsidePath(lab, pid, file), "latin1");
  } catch {
    return undefined;
  }
}

/** The state LISTEN in /proc/net/tcp (include/net/tcp_states.h of Linux). */
const LISTEN = "0A";

/** Whether something listens on the TCP port in the network namespace of the process, on whatever address. */
export function listensOn(lab: Pick<BareLab, "directory" | "init">, pid: number, port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return ["net/tcp", "net/tcp6"].some((file) =>
    (outsideFile(lab, pid, file) ?? "").split("\n").some((line) => {
      const [, local, , state] = line.trim().split(/\s+/u);
      return state === LISTEN && local !== undefined && local.endsWith(wanted);
    }),
  );
}
