/** A lab's machines as a testbed of real machines: an example, and what the tests check. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostsFile } from "../hosts/write.ts";
import { labNamed } from "../lab/state.ts";
import { ipv4 } from "../lab/topology.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { HostRole } from "../model/machines.ts";

/**
 * The commands that use the file run on the lab's benchmark server: `migrascope lab exec`.
 * @throws MigrascopeError LAB_ABSENT, LAB_BROKEN; CONFIG_INVALID for a lab without libvirt.
 */
export async function labHosts(name: string): Promise<HostsFile> {
  const state = labNamed(name);
  const { libvirt, storage } = state;
  if (!libvirt || !storage)
    throw new MigrascopeError("CONFIG_INVALID", `the lab "${name}" has no libvirt: build it with hypervisor: libvirt`, {
      where: state.directory,
    });
  // The secret gets a file of its own; the testbed's file says where.
  const community = join(state.directory, "snmp", "community");
  writeFileSync(community, `${state.snmp.community}\n`, { mode: 0o600 });
  const attachment = ({
    ipv4: four,
    ipv6: six,
    interface: device,
  }: {
    ipv4: string;
    ipv6: string;
    interface: string;
  }) => ({
    interface: device,
    ipv4: four,
    ipv6: six,
  });
  const host = (role: HostRole): HostsFile["hosts"]["source"] => {
    const machine = state.machines[role];
    return {
      ssh: {
        host: machine.service.ipv4,
        user: libvirt.ssh.user,
        port: libvirt.ssh.port,
        keyFile: libvirt.ssh.keyFile,
        knownHostsFile: libvirt.ssh.knownHostsFile,
      },
      peer: `qemu+ssh://${libvirt.ssh.user}@${machine.hostname}/system`,
      service: attachment(machine.service),
      migration: attachment(machine.migration),
      ...(machine.storage && { storage: attachment(machine.storage) }),
      tap: machine.tap,
    };
  };
  const server = ipv4("storage", "nas");
  return {
    kind: "hosts",
    name: state.name,
    accelerator: "tcg",
    hosts: { source: host("source"), destination: host("destination") },
    benchmark: attachment(state.machines.benchmark.service),
    switch: {
      address: state.snmp.address,
      port: state.snmp.port,
      community: { file: community },
      ports: Object.fromEntries(Object.entries(state.ports).map(([role, port]) => [role, { name: port }])),
      sampleEvery: "1s",
      settle: "4s",
    },
    storages: {
      nfs: { kind: "nfs", server, export: storage.nfs.export },
      iscsi: { kind: "iscsi", portal: server, target: storage.iscsi.target, lun: storage.iscsi.lun },
      local: { kind: "directory", path: libvirt.images },
    },
    vm: {
      from: { guest: "migrascope" },
      memory: "256MiB",
      disk: "1GiB",
      ipv4: "10.77.1.100/24",
      ipv6: "fd77:1::100/64",
    },
  };
}
