/** A VM's definition for a host whose bridge or tap is called otherwise. */
import { expect, test } from "vitest";
import { domainXml } from "../../../src/hypervisors/libvirt/definition.ts";
import { type Plug, replugged } from "../../../src/hypervisors/libvirt/plug.ts";
import { xml } from "../../../src/hypervisors/libvirt/virsh/xml.ts";
import { VmSpec } from "../../../src/model/machines.ts";

const interfaceOf = (definition: string): string => /<interface.*?<\/interface>/su.exec(definition)![0];
const made = (network: Plug): string =>
  domainXml({
    vm: VmSpec.parse({ name: "vm", memory: "96MiB", disk: "64MiB" }),
    accelerator: "tcg",
    machine: "pc-q35-7.2",
    cpu: { model: "Nehalem", features: [] },
    disk: xml`<disk type='file'><source file='/srv/br0/vm.raw'/><target dev='vda'/></disk>`,
    network,
  });

const PLUGS: readonly Plug[] = [{ bridge: "br0" }, { bridge: "lan.7" }, { tap: "vm0" }, { tap: "t&p" }];

test.each(PLUGS.flatMap((from) => PLUGS.map((to) => ({ from, to }))))(
  "a VM of ours plugged into $from is, plugged into $to, the one that would have been made there",
  ({ from, to }) => {
    const there = replugged(made(from), from, to);
    // The element's parts may stand in another order.
    const parts = (definition: string): string[] => interfaceOf(definition).split(/(?=<)/u).sort();
    expect(parts(there)).toEqual(parts(made(to)));
    expect(there.replace(interfaceOf(there), "")).toBe(made(from).replace(interfaceOf(made(from)), ""));
  },
);

/** As libvirt writes it. */
const RUNNING = `<domain type='kvm' id='3'>
  <devices>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:01'/>
      <source bridge='br0'/>
      <target dev='web-tap'/>
      <model type='virtio'/>
      <alias name='net0'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </interface>
    <interface type='bridge'>
      <source bridge='br01'/>
    </interface>
    <interface type='network'>
      <source network='default' bridge='br0'/>
    </interface>
    <interface type='ethernet'>
      <target dev='vm0'/>
    </interface>
  </devices>
</domain>
`;

test("only interfaces that are plugged in there are changed, and of them only the name", () => {
  expect(replugged(RUNNING, { bridge: "br0" }, { bridge: "br1" })).toBe(
    RUNNING.replace("<source bridge='br0'/>", "<source bridge='br1'/>"),
  );
  expect(replugged(RUNNING, { tap: "vm0" }, { tap: "$&" })).toBe(RUNNING.replace("dev='vm0'", () => "dev='$&amp;'"));
  expect(replugged(RUNNING, { bridge: "br9" }, { bridge: "br1" })).toBe(RUNNING);
});

test("from a bridge into a tap, and back again, everything that the guest sees stays", () => {
  const there = replugged(RUNNING, { bridge: "br0" }, { tap: "vm7" });
  expect(interfaceOf(there)).toBe(`<interface type='ethernet'>
      <mac address='52:54:00:00:00:01'/>
      <model type='virtio'/>
      <alias name='net0'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/><target dev='vm7' managed='no'/>
    </interface>`);
  expect(interfaceOf(replugged(there, { tap: "vm7" }, { bridge: "br0" }))).toContain("<source bridge='br0'/>");
});
