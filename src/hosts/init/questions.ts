/** The questions of `testbed init`, each with what the machines themselves say as its default. */
import type { z } from "zod";
import { HostsTestbed } from "../../model/hosts.ts";
import type { HostRole } from "../../model/machines.ts";
import { systemClock } from "../../model/time.ts";
import { localMachine } from "../../remote/local.ts";
import { ssh } from "../check/ssh.ts";
import { openHosts, ROLES } from "../machines.ts";
import type { HostsFile } from "../write.ts";
import { type Asker, confirm } from "./ask.ts";
import { type Discovered, discover, NOTHING } from "./discover.ts";
import { askBenchmark, askNetworks, type NetworksFile } from "./networks.ts";
import { askStorages } from "./storages.ts";
import { askSwitch } from "./switch.ts";
import { askVm } from "./vm.ts";

type SshFile = HostsFile["hosts"]["source"]["ssh"];

/** @returns what the file will say. @throws MigrascopeError CANCELLED */
export async function askTestbed(asker: Asker, signal: AbortSignal): Promise<HostsFile> {
  const access: Partial<Record<HostRole, SshFile>> = {};
  const found: Record<HostRole, Discovered> = { source: NOTHING, destination: NOTHING };
  for (const role of ROLES) {
    asker.say(`\nThe ${role} host`);
    const answer = await askHost(asker, role, access.source, signal);
    access[role] = answer.ssh;
    found[role] = answer.found;
  }
  const networks: Partial<Record<HostRole, NetworksFile>> = {};
  for (const role of ROLES) networks[role] = await askNetworks(asker, role, found[role], networks.source);
  const host = (role: HostRole) => ({ ssh: access[role]!, ...networks[role]! });
  const here = await discover(localMachine());
  const benchmark = await askBenchmark(asker, here, networks.source!);
  const theSwitch = await askSwitch(asker, { source: networks.source!, destination: networks.destination! }, found);
  const storages = await askStorages(asker, found);
  const { vm, guest } = await askVm(asker, found.source, networks.source!);
  return {
    kind: "hosts",
    name: "hosts",
    hosts: { source: host("source"), destination: host("destination") },
    benchmark,
    ...(theSwitch && { switch: theSwitch }),
    storages,
    vm,
    ...(guest && { guest }),
  };
}

/** Asks until the host answers, or until the person wants to go on without it. */
async function askHost(
  asker: Asker,
  role: HostRole,
  like: SshFile | undefined,
  signal: AbortSignal,
): Promise<{ ssh: SshFile; found: Discovered }> {
  for (;;) {
    const { user, host, port } = splitLogin(
      await asker.ask(`How this machine logs in to the ${role}: user@host, or user@host:port`, { check: loginProblem }),
    );
    const keyFile = await asker.ask("Private key (empty: the SSH agent and your own configuration)", {
      default: like?.keyFile ?? "",
    });
    const knownHostsFile = await asker.ask("File of known host keys (empty: your own known_hosts)", {
      default: like?.knownHostsFile ?? "",
    });
    const access: SshFile = {
      host,
      ...(user !== undefined && { user }),
      ...(port !== undefined && { port }),
      ...(keyFile !== "" && { keyFile }),
      ...(knownHostsFile !== "" && { knownHostsFile }),
    };
    const found = await look(asker, access, signal);
    if (found) return { ssh: access, found };
    if (!(await confirm(asker, "Give it again?", true))) return { ssh: access, found: NOTHING };
  }
}

/** What the host says of itself; undefined when it does not answer, which is then told. */
async function look(asker: Asker, access: SshFile, signal: AbortSignal): Promise<Discovered | undefined> {
  const spec = { ssh: access, service: { interface: "none" }, migration: { interface: "none" } };
  const hosts = HostsTestbed.shape.hosts.parse({ source: spec, destination: spec } satisfies z.input<
    typeof HostsTestbed.shape.hosts
  >);
  await using open = await openHosts({ hosts });
  const testbed = { hosts } as HostsTestbed;
  const context = { testbed, hosts: open.machines, benchmark: localMachine(), clock: systemClock, signal };
  const [finding] = await ssh.run(context);
  if (finding?.verdict === "ok") return await discover(open.machines.source);
  asker.say(
    `  ${finding?.detail ?? "it does not answer"}${finding?.mend === undefined ? "" : `\n  → ${finding.mend}`}`,
  );
  return undefined;
}

const LOGIN = /^(?:([^@\s]+)@)?(\[[0-9a-fA-F:]+\]|[^@:\s]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:]*)(?::(\d+))?$/u;

const loginProblem = (text: string): string | undefined =>
  LOGIN.test(text) ? undefined : "write it as root@10.0.0.11";

export function splitLogin(text: string): { user?: string; host: string; port?: number } {
  const [, user, host = "", port] = LOGIN.exec(text) ?? [];
  return {
    host: host.replace(/^\[|\]$/gu, ""),
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port: Number(port) }),
  };
}
