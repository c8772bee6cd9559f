/** What is known about a running lab, as kept in `lab.json` in its directory. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { MigrascopeError } from "../model/errors.ts";
import { Name } from "../model/machines.ts";
import { LabTestbed } from "../model/testbed.ts";
import { labDirectory } from "./directory.ts";

/** One cable from a machine to the switch, and the addresses that it has there. */
const Attachment = z.strictObject({
  link: z.string().describe("the machine's end of the cable"),
  interface: z.string().describe("the interface that has the addresses: the link itself, or the bridge it is in"),
  port: z.string().describe("the switch's end of the cable"),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
});

const Station = z.strictObject({
  pid: z.int().describe("a process in the machine's namespaces, numbered as inside the lab"),
  hostname: z.string(),
  service: Attachment,
  migration: Attachment,
});
const Host = z.strictObject({
  ...Station.shape,
  storage: Attachment.optional(),
  bridge: z.string(),
  tap: z.string(),
});
const Nas = z.strictObject({ pid: Station.shape.pid, hostname: z.string(), service: Attachment, storage: Attachment });

/** How libvirt's hosts and the NAS are reached from the benchmark server. */
const Libvirt = z.strictObject({
  ssh: z.strictObject({
    user: z.string(),
    port: z.int(),
    keyFile: z.string(),
    knownHostsFile: z.string(),
  }),
  images: z.string().describe("the directory on each host whose files only that host sees"),
  tls: z.literal(true).describe("each host's libvirtd listens for TLS too, and its QEMUs have certificates"),
});
const Storage = z.strictObject({
  nfs: z.strictObject({ export: z.string() }).describe("NFSv3, at the NAS's storage addresses"),
  iscsi: z.strictObject({ target: z.string(), lun: z.int() }),
});

export const LabState = z.strictObject({
  schema: z.literal("migrascope-lab/1"),
  name: Name,
  directory: z.string(),
  mode: z.enum(["root", "user-namespace"]),
  hypervisor: LabTestbed.shape.hypervisor,
  created: z.iso.datetime(),
  init: z
    .strictObject({ pid: z.int(), startTime: z.int().describe("clock ticks after boot: process ids are used again") })
    .describe("the lab's init process as seen from outside"),
  machines: z.strictObject({
    benchmark: Station,
    source: Host,
    destination: Host,
    switch: z.strictObject({ pid: z.int(), hostname: z.string() }),
    nas: Nas.optional(),
  }),
  ports: z.record(z.string(), z.string()).describe("role such as service.source to the switch's port"),
  snmp: z.strictObject({ address: z.ipv4(), port: z.int(), community: z.string() }),
  links: LabTestbed.shape.links,
  shared: z.string().describe("storage that both hosts see under this path"),
  libvirt: Libvirt.optional().describe("with hypervisor libvirt"),
  storage: Storage.optional().describe("what the NAS serves, with hypervisor libvirt"),
});
export type LabState = z.infer<typeof LabState>;

const stateFile = (directory: string): string => join(directory, "lab.json");

/** @returns the state of the lab, or undefined when there is none. @throws MigrascopeError LAB_BROKEN when the file is no lab's. */
export function readLabState(directory: string): LabState | undefined {
  const file = stateFile(directory);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new MigrascopeError("FILE_UNREADABLE", (error as Error).message, { where: file, cause: error });
  }
  try {
    return LabState.parse(JSON.parse(text));
  } catch (error) {
    throw new MigrascopeError("LAB_BROKEN", "this file does not describe a lab of this version", {
      where: file,
      cause: error,
    });
  }
}

/** Written when all of the lab stands: a directory without it is a lab that was never finished. */
export function writeLabState(state: LabState): void {
  const file = stateFile(state.directory);
  writeFileSync(`${file}.new`, `${JSON.stringify(z.encode(LabState, state), null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** The state of the lab of this name, for whoever uses it. @throws MigrascopeError LAB_ABSENT or LAB_BROKEN. */
export function labNamed(name: string): LabState {
  const directory = labDirectory(name);
  const state = readLabState(directory);
  if (!state) throw new MigrascopeError("LAB_ABSENT", `there is no lab "${name}"`, { where: directory });
  return state;
}
