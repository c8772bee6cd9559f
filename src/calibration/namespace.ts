/** A network namespace for the length of a calibration: nothing in it is visible from outside, and nothing outlives us. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { MigrascopeError } from "../model/errors.ts";
import { machineOver } from "../remote/command.ts";
import type { Machine } from "../remote/machine.ts";

export interface Namespace {
  /** Runs commands inside, with all the privileges that matter there. */
  readonly machine: Machine;
  /** Ends what holds it; the kernel takes the interfaces away with the last process inside. */
  close(): Promise<void>;
}

/**
 * Opens an empty network namespace: as root directly, otherwise in a user namespace.
 * It is held by a `cat` on a pipe of ours, so that it ends with us even when we are killed.
 * @throws MigrascopeError PRIVILEGE_MISSING when the kernel allows neither.
 */
export async function openNamespace(name: string): Promise<Namespace> {
  const asUser = process.getuid?.() !== 0;
  const argv = asUser ? ["--user", "--map-root-user", "--net", "cat"] : ["--net", "cat"];
  const holder = spawn("unshare", argv, { stdio: ["pipe", "pipe", "pipe"] });
  let words = "";
  holder.stderr.on("data", (chunk: Buffer) => {
    words += chunk.toString("utf8");
  });
  holder.stdin.on("error", () => {}); // It may have ended before it read; its words say why.
  const ended = once(holder, "exit").catch(() => {});
  holder.stdin.write("\n");
  // The echo comes from `cat`: by then the namespaces have been made.
  const opened = await Promise.race([
    once(holder.stdout, "data").then(() => true),
    once(holder, "error").then(([error]) => {
      words = (error as Error).message;
      return false;
    }),
    ended.then(() => false),
  ]);
  if (!opened)
    throw new MigrascopeError(
      "PRIVILEGE_MISSING",
      `cannot make a network namespace: ${words.trim() || "unshare failed"}`,
      {
        where: name,
      },
    );

  const enter = ["nsenter", "--target", String(holder.pid), "--net"];
  if (asUser) enter.push("--user", "--preserve-credentials");
  const machine = machineOver({ name, stopsBy: "signal", wrap: (command) => [...enter, "--", ...command] });
  return {
    machine,
    close: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}

/** Addresses of one prober and its target, on a link of their own. */
export interface Link {
  /** The interface on which the target answers; the kernel has no address on it. */
  readonly targetInterface: string;
  readonly targetAddress: string;
}

/** Makes link `index` (0 to 249) in a namespace: the prober's side has addresses, the target's none. */
export async function makeLink(machine: Machine, index: number, family: "ipv4" | "ipv6"): Promise<Link> {
  const near = `p${index}`;
  const far = `t${index}`;
  await machine.run(["ip", "link", "add", near, "type", "veth", "peer", "name", far]);
  await machine.run(["ip", "link", "set", far, "addrgenmode", "none"]);
  await machine.run(["ip", "addr", "add", `10.99.${index}.1/24`, "dev", near]);
  await machine.run(["ip", "-6", "addr", "add", `fd99:${index}::1/64`, "dev", near, "nodad"]);
  await machine.run(["ip", "link", "set", near, "up"]);
  await machine.run(["ip", "link", "set", far, "up"]);
  return { targetInterface: far, targetAddress: family === "ipv4" ? `10.99.${index}.2` : `fd99:${index}::2` };
}
