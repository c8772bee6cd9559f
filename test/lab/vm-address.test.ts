import { expect, test } from "vitest";
import { requireReachable } from "../../src/lab/vm-address.ts";
import { VmSpec } from "../../src/model/machines.ts";

test("the default addresses are the lab's", () => {
  expect(() => requireReachable(VmSpec.parse({}))).not.toThrow();
});

test.each([
  [{ ipv4: "192.168.1.5/24" }, /vm\.ipv4: 192\.168\.1\.5\/24 is not in the lab's service network/u],
  [{ ipv4: "10.77.1.100/16" }, /is not in the lab's service network/u],
  [{ ipv4: "10.77.1.11/24" }, /10\.77\.1\.11 is an address of one of the lab's own machines/u],
  [{ ipv6: "fd77:2::100/64" }, /vm\.ipv6/u],
  [{ ipv6: "fd77:1:0:0:0:0:0:1/64" }, /one of the lab's own machines/u],
])("%j is refused, since nobody could reach it", (addresses, expected) => {
  expect(() => requireReachable(VmSpec.parse(addresses))).toThrow(expected);
});

test("the NAS takes an address only where there is a NAS", () => {
  const vm = VmSpec.parse({ ipv4: "10.77.1.13/24" });
  expect(() => requireReachable(vm, "qemu")).not.toThrow();
  expect(() => requireReachable(vm, "libvirt")).toThrow(/one of the lab's own machines/u);
});
