/** Starting the lab's init process, and running commands beside it. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemPath } from "../guest/locate.ts";
import { MigrascopeError } from "../model/errors.ts";
import { localMachine } from "../remote/local.ts";
import type { CommandOptions, CommandOutput } from "../remote/machine.ts";
import { LAB_MARK } from "./directory.ts";
import { labProcesses } from "./processes.ts";
import { type LabHypervisor, type LabMachineName, type PerMachine, stationsOf } from "./topology.ts";

const SCRIPT = fileURLToPath(new URL("./init.sh", import.meta.url));
/** Seconds until an init that has not set up its machines counts as failed. */
const DEADLINE = 20;

export type LabMode = "root" | "user-namespace";

/** A lab of which the machines stand, not yet their network. */
export interface BareLab {
  readonly directory: string;
  readonly mode: LabMode;
  readonly hypervisor: LabHypervisor;
  readonly init: { readonly pid: number; readonly startTime: number };
  /** Process ids inside the lab. */
  readonly machines: PerMachine<number>;
}

/** What every process of a lab has in its environment beside the user's own. */
export const labEnvironment = (directory: string): Record<string, string> => ({
  [LAB_MARK]: directory,
  PATH: systemPath(),
});

/** The options of unshare(1) that make what only root could make otherwise. */
export const userNamespaceOptions = (mode: LabMode): readonly string[] =>
  mode === "user-namespace" ? ["--user", "--map-root-user"] : [];

/** @throws MigrascopeError LAB_BROKEN with what the init said. */
export async function startInit(directory: string, mode: LabMode, hypervisor: LabHypervisor): Promise<BareLab> {
  const log = join(directory, "init.log");
  const logFile = openSync(log, "w");
  const namespaces = ["--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"];
  const machines = [...stationsOf(hypervisor).filter((name) => name !== "benchmark"), "switch"] as const;
  const init = ["sh", SCRIPT, directory, ...machines];
  const child = spawn("unshare", [...userNamespaceOptions(mode), ...namespaces, "--", ...init], {
    detached: true, // It outlives us and no terminal's Ctrl-C reaches it.
    cwd: "/",
    stdio: ["ignore", "pipe", logFile],
    env: { ...process.env, ...labEnvironment(directory) },
  });
  closeSync(logFile);
  try {
    const pids = await announced(child, machines);
    const found = labProcesses(directory).find((one) => one.parent === child.pid && one.namespacePids.at(-1) === 1);
    if (!found) throw new Error("its init process has ended");
    child.unref();
    return { directory, mode, hypervisor, init: { pid: found.pid, startTime: found.startTime }, machines: pids };
  } catch (error) {
    child.kill("SIGKILL");
    const said = readFileSync(log, "utf8").trim();
    throw new MigrascopeError("LAB_BROKEN", `the lab does not start: ${said || (error as Error).message}`, {
      where: directory,
      cause: error,
    });
  }
}

/** Waits for the line of every machine. */
function announced(child: ChildProcess, wanted: readonly LabMachineName[]): Promise<PerMachine<number>> {
  const pids = new Map<string, number>();
  const output = child.stdout!;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${DEADLINE} s`)), DEADLINE * 1000);
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`its init process ended (${signal ?? code})`)));
    createInterface({ input: output }).on("line", (line) => {
      const [machine, pid] = line.split(" ");
      pids.set(machine!, Number(pid));
      if (!wanted.every((name) => pids.has(name))) return;
      clearTimeout(timer);
      output.destroy();
      resolve({ benchmark: 1, ...Object.fromEntries(pids) } as PerMachine<number>);
    });
  });
}

/** The file that names a machine's namespace, for whoever is inside the lab. */
export const namespaceFile = (directory: string, pid: number, kind: "net" | "uts" | "mnt"): string =>
  join(directory, "proc", String(pid), "ns", kind);

/** The command that enters the benchmark server from outside of the lab. */
export function enterCommand(lab: Pick<BareLab, "mode" | "init">): string[] {
  const user = lab.mode === "user-namespace" ? ["--user", "--preserve-credentials"] : [];
  return ["nsenter", `--target=${lab.init.pid}`, ...user, "--net", "--mount", "--pid", "--uts", "--ipc", "--"];
}

/** Runs a command on one of the lab's machines, from outside of the lab. @throws MigrascopeError COMMAND_FAILED */
export function runOn(
  lab: Pick<BareLab, "directory" | "mode" | "init" | "machines">,
  machine: LabMachineName,
  argv: readonly string[],
  options: Pick<CommandOptions, "input" | "timeout"> = {},
): Promise<CommandOutput> {
  const pid = lab.machines[machine];
  if (pid === undefined) throw new MigrascopeError("BUG", `this lab has no ${machine}`, { where: lab.directory });
  const file = (kind: "net" | "uts" | "mnt"): string => namespaceFile(lab.directory, pid, kind);
  const inside = ["nsenter", `--net=${file("net")}`, `--uts=${file("uts")}`, `--mount=${file("mnt")}`, "--"];
  return localMachine(machine).run([...enterCommand(lab), ...(machine === "benchmark" ? [] : inside), ...argv], {
    ...options,
    env: labEnvironment(lab.directory),
  });
}
