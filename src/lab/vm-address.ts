import { BlockList } from "node:net";
import { MigrascopeError } from "../model/errors.ts";
import type { VmSpec } from "../model/machines.ts";
import { ipv4, ipv6, type LabHypervisor, PREFIX, stationsOf } from "./topology.ts";

/**
 * Refuses a VM whose addresses the lab's service network cannot reach: it would boot, and nobody would ever hear of it.
 * @throws MigrascopeError CONFIG_INVALID
 */
export function requireReachable(vm: Pick<VmSpec, "ipv4" | "ipv6">, hypervisor: LabHypervisor = "qemu"): void {
  for (const family of ["ipv4", "ipv6"] as const) {
    const at = family === "ipv4" ? ipv4 : ipv6;
    const network = new BlockList();
    network.addSubnet(at("service", "benchmark"), PREFIX[family], family);
    const [address, prefix] = vm[family].split("/") as [string, string];
    const place = `${at("service", "benchmark")}/${PREFIX[family]}`;
    if (Number(prefix) !== PREFIX[family] || !network.check(address, family)) {
      throw new MigrascopeError(
        "CONFIG_INVALID",
        `vm.${family}: ${vm[family]} is not in the lab's service network (that of ${place})`,
      );
    }
    const taken = new BlockList();
    for (const station of stationsOf(hypervisor)) taken.addAddress(at("service", station), family);
    if (taken.check(address, family)) {
      throw new MigrascopeError(
        "CONFIG_INVALID",
        `vm.${family}: ${address} is an address of one of the lab's own machines`,
      );
    }
  }
}
