/** A directory and an environment of a test's own, and a look at what the machine has before and after. */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROGRAM = fileURLToPath(new URL("../../bin/migrascope", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Sandbox implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "ms-"));
  /** Labs of this sandbox are invisible to others and the other way round. */
  readonly env = { ...process.env, MIGRASCOPE_STATE: join(this.directory, "state"), NO_COLOR: "1" };

  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Runs `migrascope` to its end, whatever its exit code. */
  migrascope(...args: string[]): Promise<CommandResult> {
    return new Promise((resolve) => {
      execFile(PROGRAM, args, { env: this.env, cwd: this.directory, maxBuffer: 2 ** 28 }, (error, stdout, stderr) =>
        resolve({ code: error ? (typeof error.code === "number" ? error.code : null) : 0, stdout, stderr }),
      );
    });
  }

  /** Starts `migrascope`; the test ends it. */
  start(...args: string[]): { child: ChildProcess; ended: Promise<CommandResult>; seen(text: string): Promise<void> } {
    const child = spawn(PROGRAM, args, { env: this.env, cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    const waiting: { text: string; resolve: () => void }[] = [];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
      for (const wait of waiting) if (stderr.includes(wait.text)) wait.resolve();
    });
    const ended = new Promise<CommandResult>((resolve) =>
      child.once("close", (code) => resolve({ code, stdout, stderr })),
    );
    return {
      child,
      ended,
      /** Resolves when standard error has held `text`; rejects when the command ended without it. */
      seen: (text) =>
        new Promise((resolve, reject) => {
          if (stderr.includes(text)) resolve();
          waiting.push({ text, resolve });
          void ended.then(() => reject(new Error(`"${text}" never appeared in:\n${stderr}`)));
        }),
    };
  }

  /** Processes that belong to this sandbox's labs or have its directory in their command line. */
  processes(): string[] {
    const found: string[] = [];
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)) {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
        if (environment.includes(`MIGRASCOPE_LAB=${this.directory}`) || command.includes(this.directory))
          found.push(`${pid} ${command}`);
      } catch {
        // It ended while we looked.
      }
    }
    return found;
  }

  [Symbol.dispose](): void {
    execFileSync(PROGRAM, ["lab", "down", "--all"], { env: this.env, stdio: "ignore" });
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What a lab must not leave on a machine: network devices, named namespaces, mounts. */
export function machineTraces(): string {
  const links = execFileSync("ip", ["-brief", "link"], { encoding: "utf8" });
  const namespaces = execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
  return `${links}\n${namespaces}\n${readFileSync("/proc/mounts", "utf8")}`;
}
