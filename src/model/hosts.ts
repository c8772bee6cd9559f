/** A testbed of real machines: how each is reached, its networks, the switch, storage and the VM. */
import { z } from "zod";
import { Name, SwitchSpec, VmSpec } from "./machines.ts";
import { Duration } from "./units.ts";

/** A secret is never in the file: it says where the secret is. */
export const SecretReference = z.union([
  z.strictObject({ env: z.string().min(1).describe("an environment variable") }),
  z.strictObject({ file: z.string().min(1).describe("the first line of a file") }),
]);
export type SecretReference = z.infer<typeof SecretReference>;

/** Host key checking is always on. */
export const SshAccess = z.strictObject({
  host: z.string().min(1).describe("name or address"),
  user: z.string().min(1).default("root"),
  port: z.int().min(1).max(65535).default(22),
  keyFile: z.string().optional().describe("private key; default: the SSH agent and the user's own configuration"),
  knownHostsFile: z.string().optional().describe("default: the user's own known_hosts"),
});
export type SshAccess = z.infer<typeof SshAccess>;

/** An interface of a host, and its addresses there. */
export const Attachment = z.strictObject({
  interface: z.string().min(1),
  ipv4: z.ipv4().optional(),
  ipv6: z.ipv6().optional(),
});
export type Attachment = z.infer<typeof Attachment>;

export const HostSpec = z.strictObject({
  ssh: SshAccess,
  peer: z
    .string()
    .optional()
    .describe("how the other host's hypervisor reaches this one, such as qemu+ssh://b/system; default: by ssh.host"),
  service: Attachment.describe("the bridge that the VM's network is in"),
  migration: Attachment,
  storage: Attachment.optional().describe("where it reaches network storage, when that is a network of its own"),
  tap: z
    .string()
    .min(1)
    .optional()
    .describe(
      "a tap in that bridge, for the VM alone; without it libvirt makes one, and no packets are captured there",
    ),
});
export type HostSpec = z.infer<typeof HostSpec>;

/** Where disks are. `shared`: both hosts see the same files under the same path. */
export const StorageSpec = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("directory"),
    path: z.string().startsWith("/"),
    shared: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal("nfs"),
    server: z.string().min(1),
    export: z.string().startsWith("/"),
  }),
  z.strictObject({
    kind: z.literal("iscsi"),
    portal: z.string().min(1).describe("address or address:port"),
    target: z.string().min(1),
    lun: z.int().min(0).default(0).describe("it is overwritten"),
  }),
]);
export type StorageSpec = z.infer<typeof StorageSpec>;

/** A port of the managed switch: by its name, or by the machine whose hardware address it has learned. */
export const PortSpec = z.union([
  z.strictObject({ name: z.string().min(1) }),
  z.strictObject({ mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/u) }),
]);
export type PortSpec = z.infer<typeof PortSpec>;

/** Roles of ports: network and machine, such as `migration.source`. */
export const PortRole = z
  .string()
  .regex(/^(service|migration|storage)\.(benchmark|source|destination|nas)$/u, "write a role as migration.source");

export const HostsTestbed = z.strictObject({
  kind: z.literal("hosts").describe("real machines"),
  name: Name.default("hosts"),
  hypervisor: z.enum(["libvirt"]).default("libvirt"),
  accelerator: z
    .enum(["auto", "kvm", "tcg"])
    .default("auto")
    .describe("auto: kvm when a guest has really booted under it on both hosts"),
  hosts: z.strictObject({ source: HostSpec, destination: HostSpec }),
  benchmark: Attachment.describe("this machine's interface on the service network: where the prober runs"),
  switch: z
    .strictObject({
      address: z.string().min(1),
      port: z.int().min(1).max(65535).default(161),
      community: SecretReference,
      ports: z.record(PortRole, PortSpec),
      sampleEvery: SwitchSpec.shape.sampleEvery,
      settle: Duration.default(15).describe(SwitchSpec.shape.settle.description ?? ""),
    })
    .optional()
    .describe("without it bytes come from the hosts' interfaces alone"),
  storages: z.record(Name, StorageSpec).describe("by the names that plans use; the first that fits is the default"),
  vm: z.strictObject({
    ...VmSpec.shape,
    from: z
      .union([
        z.strictObject({
          domain: z.string().min(1).describe("an existing VM, adopted by its name and given back as it was"),
        }),
        z.strictObject({ image: z.string().min(1).describe("a disk image on the source host that a VM is made from") }),
        z.strictObject({ guest: z.literal("migrascope").describe("Migrascope's own small guest") }),
      ])
      .default({ guest: "migrascope" }),
  }),
  guest: z
    .strictObject({
      user: z.string().min(1).default("root"),
      keyFile: z.string().optional(),
      knownHostsFile: z.string().optional(),
      directory: z.string().startsWith("/").default("/var/tmp").describe("where workloads put their files"),
    })
    .prefault({})
    .describe("how the guest is reached; not needed for Migrascope's own"),
});
export type HostsTestbed = z.infer<typeof HostsTestbed>;
