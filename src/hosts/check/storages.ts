/** Every storage is usable from both hosts; what is called shared is one place, and what is not is two. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { asMigrascopeError, MigrascopeError } from "../../model/errors.ts";
import type { StorageSpec } from "../../model/hosts.ts";
import type { HostRole } from "../../model/machines.ts";
import type { Machine } from "../../remote/machine.ts";
import { perHostAsync, ROLES } from "../machines.ts";
import { asFinding, type Check, type CheckContext, type Finding, failed, ok, warning } from "./finding.ts";

export const storages: Check = {
  name: "storages",
  essential: true,
  needs: ["SSH", "privileges", "tools"],
  run: async (context) => {
    const found = await Promise.all(
      Object.entries(context.testbed.storages).map(([key, spec]) => {
        const name = `storage ${key}`;
        return asFinding(name, () => check(name, spec, context));
      }),
    );
    if (found.length > 0) return found;
    return [
      failed(
        "storages",
        "the testbed has no storage for the VM's disk",
        "storages: {local: {kind: directory, path: …}}",
      ),
    ];
  },
};

function check(name: string, spec: StorageSpec, context: CheckContext): Promise<Finding> {
  if (spec.kind === "directory") return directory(name, spec, context);
  if (spec.kind === "nfs") return nfs(name, spec, context);
  return iscsi(name, spec, context);
}

/** Bytes that a storage must have free: the VM's disk is sparse, and is written to. */
const WANTED = 1 << 30;

/** Prints whether the file of the other host is there, and the bytes that are free. Arguments: file, directory. */
const LOOK = '[ -e "$1" ] && echo there || echo absent; df -P -k -- "$2" | tail -n 1';

async function directory(
  name: string,
  { path, shared }: Extract<StorageSpec, { kind: "directory" }>,
  { hosts, testbed }: CheckContext,
): Promise<Finding> {
  for (const role of ROLES) {
    const exists = await succeeds(hosts[role], ["test", "-d", path]);
    if (!exists) return failed(name, `the ${role} has no directory ${path}`, `mkdir -p ${path} there, or mount it`);
  }
  const marker = join(path, `.migrascope-check-${randomBytes(6).toString("hex")}`);
  for (const role of ROLES) {
    const written = await succeeds(hosts[role], ["sh", "-c", ': >"$1" && rm "$1"', "sh", `${marker}-${role}`]);
    if (!written) return failed(name, `${testbed.hosts[role].ssh.user} may not write to ${path} on the ${role}`);
  }
  await hosts.source.run(["sh", "-c", ': >"$1"', "sh", marker]);
  try {
    const looks = await perHostAsync(async (role) => {
      const [seen = "", usage = ""] = (await hosts[role].run(["sh", "-c", LOOK, "sh", marker, path])).stdout.split(
        "\n",
      );
      return { seen: seen === "there", free: Number(usage.trim().split(/\s+/u)[3]) * 1024 };
    });
    return directoryFinding(name, path, shared, looks);
  } finally {
    await hosts.source.run(["rm", "-f", marker]);
  }
}

/** @param looks `seen`: whether the source's file is there. Bytes free. */
export function directoryFinding(
  name: string,
  path: string,
  shared: boolean,
  { source, destination }: Readonly<Record<HostRole, { seen: boolean; free: number }>>,
): Finding {
  if (shared && !destination.seen)
    return failed(
      name,
      `${path} is not shared: what the source writes there, the destination does not see`,
      "mount the same file system on both hosts, or shared: false",
    );
  if (!shared && destination.seen)
    return failed(
      name,
      `${path} is one directory on both hosts: a storage migration would copy a disk onto itself`,
      "shared: true, or a directory that each host has for itself",
    );
  const free = `${gib(source.free)} GiB free on the source, ${gib(destination.free)} GiB on the destination`;
  const detail = `${path}, ${shared ? "shared" : "each host's own"}; ${free}`;
  return Math.min(source.free, destination.free) < WANTED ? warning(name, detail, "free some space") : ok(name, detail);
}

const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

/** A small file, which stays: QEMU's NFS client cannot remove one. */
const NFS_FILE = "migrascope-check.raw";

async function nfs(
  name: string,
  spec: Extract<StorageSpec, { kind: "nfs" }>,
  { hosts }: CheckContext,
): Promise<Finding> {
  const url = nfsUrl(spec, NFS_FILE);
  if (!(await succeeds(hosts.source, ["qemu-img", "info", "-f", "raw", url])))
    await client(hosts.source, ["qemu-img", "create", "-q", "-f", "raw", url, "64K"]);
  const pattern = `0x${randomBytes(1).toString("hex")}`;
  await client(hosts.source, ["qemu-io", "-f", "raw", "-c", `write -P ${pattern} 0 4096`, url]);
  const { stdout } = await client(hosts.destination, ["qemu-io", "-f", "raw", "-c", `read -P ${pattern} 0 4096`, url]);
  if (/Pattern verification failed/u.test(stdout))
    return failed(
      name,
      `${url} is not the same file on both hosts: what the source wrote, the destination does not read`,
    );
  return ok(name, `${nfsUrl(spec, "")}: what the source writes, the destination reads, each by QEMU's own client`);
}

/** As QEMU names a file there. */
export const nfsUrl = ({ server, export: path }: Extract<StorageSpec, { kind: "nfs" }>, file: string): string =>
  `nfs://${server.includes(":") ? `[${server}]` : server}${path.replace(/\/$/u, "")}/${file}`;

/** As QEMU names the disk. */
export const iscsiUrl = ({ portal, target, lun }: Extract<StorageSpec, { kind: "iscsi" }>): string =>
  `iscsi://${portal}/${target}/${lun}`;

async function iscsi(
  name: string,
  spec: Extract<StorageSpec, { kind: "iscsi" }>,
  { hosts, testbed }: CheckContext,
): Promise<Finding> {
  const url = iscsiUrl(spec);
  const sizes = await perHostAsync(async (role) => {
    const { stdout } = await client(hosts[role], ["qemu-img", "info", "--output=json", "-f", "raw", url]);
    return Number((JSON.parse(stdout) as { "virtual-size": number })["virtual-size"]);
  });
  if (sizes.source !== sizes.destination)
    return failed(name, `${url} has ${sizes.source} bytes on the source, ${sizes.destination} on the destination`);
  const detail = `${url}, ${gib(sizes.source)} GiB, by QEMU's own client on both hosts; it is overwritten`;
  return sizes.source < testbed.vm.disk
    ? warning(name, `${detail}; the VM's disk of ${gib(testbed.vm.disk)} GiB does not fit`, "vm.disk, or a larger LUN")
    : ok(name, detail);
}

/** @throws MigrascopeError COMMAND_FAILED, with what is missing when QEMU has no such client. */
async function client(machine: Machine, argv: readonly string[]): Promise<{ stdout: string }> {
  try {
    return await machine.run(argv, { env: { LC_ALL: "C" } });
  } catch (error) {
    const { code, message, exitCode } = asMigrascopeError(error);
    const lacks = /Unknown protocol/u.test(message) ? "; apt-get install qemu-block-extra there" : "";
    const told = `on the ${machine.name}: ${message}${lacks}`;
    throw new MigrascopeError(code, told, { where: machine.name, cause: error, exitCode });
  }
}

const succeeds = (machine: Machine, argv: readonly string[]): Promise<boolean> =>
  machine.run(argv).then(
    () => true,
    () => false,
  );
