/** The testbed: hosts, networks, switch and VM (the paper's Figure 2). */
import { z } from "zod";
import { HostsTestbed } from "./hosts.ts";
import { Link, Name, SwitchSpec, VmSpec } from "./machines.ts";

/** A whole testbed on this machine. */
export const LabTestbed = z.strictObject({
  kind: z.literal("lab").default("lab").describe("a whole testbed on this machine"),
  name: Name.default("default"),
  hypervisor: z
    .enum(["qemu", "libvirt"])
    .default("qemu")
    .describe(
      "libvirt: each host has its own libvirtd and SSH server, and there is a NAS with NFS and iSCSI; needs root",
    ),
  accelerator: z.enum(["auto", "kvm", "tcg"]).default("auto"),
  links: z
    .strictObject({
      service: Link.prefault({}),
      migration: Link.prefault({}),
      storage: Link.prefault({}).describe("between hosts and NAS; only with libvirt"),
    })
    .prefault({}),
  switch: SwitchSpec.prefault({}),
  vm: VmSpec.prefault({}),
});
export type LabTestbed = z.infer<typeof LabTestbed>;

/** Any testbed. */
export const Testbed = z.union([LabTestbed, HostsTestbed]);
export type Testbed = z.infer<typeof Testbed>;
