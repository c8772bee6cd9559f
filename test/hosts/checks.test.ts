/** What the checks conclude from what they have read. */
import { describe, expect, test } from "vitest";
import { attachmentFindings, mtuFindings } from "../../src/hosts/check/addresses.ts";
import { clockFinding } from "../../src/hosts/check/clocks.ts";
import { type Check, type CheckContext, failed, ok } from "../../src/hosts/check/finding.ts";
import { memoryFinding } from "../../src/hosts/check/memory.ts";
import { movement, movementFinding } from "../../src/hosts/check/ports.ts";
import { parseProcessor, processorFindings } from "../../src/hosts/check/processor.ts";
import { runChecks } from "../../src/hosts/check/run.ts";
import { directoryFinding } from "../../src/hosts/check/storages.ts";
import { toolFindings } from "../../src/hosts/check/tools.ts";
import { compareVersions, versionFindings } from "../../src/hosts/check/versions.ts";
import { domainFindings } from "../../src/hosts/check/vm.ts";
import { parseDomain } from "../../src/hosts/domain.ts";
import { type Link, sameAddress, uplinkOf } from "../../src/hosts/network.ts";
import { copyAddress, peerUri } from "../../src/hosts/peer.ts";
import { MigrascopeError } from "../../src/model/errors.ts";
import { HostsTestbed } from "../../src/model/hosts.ts";

const context = { signal: new AbortController().signal } as CheckContext;
const check = (name: string, needs: readonly string[], run: Check["run"]): Check => ({
  name,
  needs,
  run,
  essential: true,
});

describe("checks", () => {
  test("what needs one that failed is skipped, and so is what needs that", async () => {
    const findings = await runChecks(
      [
        check("a", [], async () => [ok("a", ""), failed("a", "broken")]),
        check("b", ["a"], async () => [ok("b", "")]),
        check("c", ["b"], async () => [ok("c", "")]),
        check("d", [], async () => [ok("d", "")]),
      ],
      context,
    );
    expect(findings.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      "a ok",
      "a failed",
      "b skipped",
      "c skipped",
      "d ok",
    ]);
  });

  test("one that cannot find out has failed; a defect is no finding", async () => {
    const silent = check("a", [], () => Promise.reject(new MigrascopeError("SNMP_SILENT", "did not\nanswer")));
    expect(await runChecks([silent], context)).toEqual([
      failed("a", "did not; answer", "Check the switch's address, community and that its agent runs."),
    ]);
    const defect = check("a", [], () => Promise.reject(new TypeError("x is not a function")));
    await expect(runChecks([defect], context)).rejects.toThrow("x is not a function");
  });

  test("an interrupt ends them", async () => {
    const signal = AbortSignal.abort(new MigrascopeError("CANCELLED", "interrupted"));
    await expect(runChecks([check("a", [], async () => [])], { ...context, signal })).rejects.toMatchObject({
      code: "CANCELLED",
    });
  });
});

describe("versions", () => {
  const old = { libvirt: "8.0.0", qemu: "6.2.0", kernel: "5.15" };
  const young = { libvirt: "9.0.0", qemu: "7.2.22", kernel: "6.1" };
  test("a destination that is older is said to be", () => {
    const details = versionFindings({ source: young, destination: old }).map(({ detail }) => detail);
    expect(details[0]).toMatch(
      /libvirt is 9\.0\.0 on the source, 8\.0\.0 on the destination: the destination is older/u,
    );
    expect(details).toHaveLength(3);
  });
  test("one that is newer costs the way back", () => {
    expect(versionFindings({ source: old, destination: young })[1]!.detail).toMatch(/migration back/u);
  });
  test("are compared by their numbers", () => {
    expect(compareVersions("7.10.0", "7.9.5")).toBeGreaterThan(0);
    expect(compareVersions("7.2", "7.2.0")).toBe(0);
  });
});

describe("processors", () => {
  const capabilities = (model: string, ...features: string[]): string =>
    `<capabilities><host><cpu><arch>x86_64</arch><model>${model}</model>${features.map((name) => `<feature name='${name}'/>`).join("")}</cpu></host></capabilities>`;
  const both = (one: string, two: string) =>
    processorFindings({ source: parseProcessor(one), destination: parseProcessor(two) });

  test("flags that only one of them has are named", () => {
    const [finding] = both(capabilities("EPYC", "avx2", "sha-ni"), capabilities("EPYC", "avx2", "vaes"));
    expect(finding).toMatchObject({
      verdict: "warning",
      detail: "both EPYC; only the source has sha-ni; only the destination has vaes",
    });
  });
  test("equal ones are, also with a single feature", () => {
    expect(both(capabilities("EPYC", "avx2"), capabilities("EPYC", "avx2"))[0]).toMatchObject({ verdict: "ok" });
  });
});

test("a tool that must be there fails, others say what they cost", () => {
  expect(toolFindings("tools", ["virsh", "zstd"]).map(({ verdict }) => verdict)).toEqual(["failed", "warning"]);
  expect(toolFindings("tools", ["zstd"])[0]).toMatchObject({
    detail: "no zstd: no cold migration with compression: zstd",
    mend: "apt-get install zstd",
  });
});

test("memory that is lacking is told, in huge pages as refused", () => {
  const meminfo = "MemTotal: 8000000 kB\nMemAvailable: 2097152 kB\nHugePages_Free: 100\nHugepagesize: 2048 kB\n";
  const vm = (memory: number, hugePages: boolean) => memoryFinding("m", meminfo, { memory, hugePages });
  expect(vm(2 ** 31, false)).toMatchObject({ verdict: "ok", detail: "2048 MiB available" });
  expect(vm(2 ** 31 + 1, false).verdict).toBe("warning");
  expect(vm(200 * 2 ** 20, true).verdict).toBe("ok");
  expect(vm(2 ** 30, true)).toMatchObject({
    verdict: "failed",
    mend: "sysctl vm.nr_hugepages=512, or vm.hugePages: false",
  });
});

describe("a directory", () => {
  const looks = (seen: boolean, free = 2 ** 40) => ({ source: { seen: true, free }, destination: { seen, free } });
  test.each([
    [true, true, "ok"],
    [true, false, "failed"],
    [false, false, "ok"],
    [false, true, "failed"],
  ])("called shared: %s, seen by the other: %s is %s", (shared, seen, verdict) => {
    expect(directoryFinding("s", "/vms", shared, looks(seen)).verdict).toBe(verdict);
  });
  test("that is nearly full is warned of", () => {
    expect(directoryFinding("s", "/vms", true, looks(true, 1e6)).verdict).toBe("warning");
  });
});

test("a clock's finding says how far and how sure", () => {
  expect(clockFinding("c", { offset: -0.0021, uncertainty: 0.0001, how: "" })).toMatchObject({
    verdict: "ok",
    detail: "2.100 ms behind ours, ± 0.100 ms ()",
  });
  expect(clockFinding("c", { offset: 5, uncertainty: 0.0001, how: "" }).mend).toMatch(/NTP/u);
  expect(clockFinding("c", { offset: 0, uncertainty: 0.05, how: "" }).detail).toMatch(/blackout/u);
});

describe("interfaces", () => {
  const link = (ifname: string, more: Partial<Link> = {}): Link => ({
    ifname,
    mtu: 1500,
    operstate: "UP",
    flags: ["UP", "LOWER_UP"],
    addr_info: [],
    ...more,
  });
  const at = (local: string): Link["addr_info"] => [{ family: "inet6", local, prefixlen: 64, scope: "global" }];

  test("an address counts however it is written", () => {
    expect(sameAddress("fd77:2::0011", "FD77:2:0::11")).toBe(true);
    const [finding] = attachmentFindings("a", [link("m0", { addr_info: at("fd77:2::11") })], {
      migration: { interface: "m0", ipv6: "fd77:2:0:0::11" },
    });
    expect(finding!.verdict).toBe("ok");
  });
  test.each([
    [[link("eth0")], /there is no interface m0 \(migration\); there are eth0/u],
    [[link("m0", { flags: ["UP"] })], /m0 \(migration\) has no carrier/u],
    [[link("m0", { flags: [] })], /m0 \(migration\) is down/u],
    [[link("m0"), link("eth0", { addr_info: at("fd77:2::11") })], /does not have the address fd77:2::11: eth0 has it/u],
  ])("what is wrong with one is told", (links, detail) => {
    const [finding] = attachmentFindings("a", links, { migration: { interface: "m0", ipv6: "fd77:2::11" } });
    expect(finding).toMatchObject({ verdict: "failed", detail: expect.stringMatching(detail) });
  });
  test("different MTUs lose packets", () => {
    expect(mtuFindings("migration", [link("m0"), link("m0", { mtu: 9000 })])[0]!.verdict).toBe("warning");
  });
  test("a bridge leaves the machine by its one member that is no tap", () => {
    const tap = link("vnet0", { master: "br0", linkinfo: { info_kind: "tun" } });
    const bridge = link("br0");
    expect(uplinkOf([bridge, tap, link("eth0", { master: "br0" })], "br0")).toBe("eth0");
    expect(uplinkOf([bridge, tap], "br0")).toBe("br0");
    expect(uplinkOf([bridge, link("a", { master: "br0" }), link("b", { master: "br0" })], "br0")).toBe("br0");
  });
});

describe("ports", () => {
  const ports = { "migration.source": "p1", "migration.destination": "p2", "service.source": "p3" };
  const flows = [
    { from: "source", to: "destination", bytes: 100 },
    { from: "destination", to: "source", bytes: 200 },
  ];
  const moved = (...rows: readonly (readonly [string, number, number])[]) =>
    new Map(rows.map(([name, into, out]) => [name, { name, in: BigInt(into), out: BigInt(out) }]));
  const find = (map: ReturnType<typeof moved>) => movementFinding("ports", "migration", ports, flows, map);

  test("that moved as was sent are right", () => {
    expect(find(moved(["p1", 105, 210], ["p2", 210, 105], ["p3", 3, 3])).verdict).toBe("ok");
  });
  test("that are swapped are found, with the port that should be named", () => {
    expect(find(moved(["p1", 210, 105], ["p2", 105, 210], ["p3", 0, 0]))).toMatchObject({
      verdict: "failed",
      detail: expect.stringMatching(
        /migration\.source \(p1\) counted 210 in and 105 out of 100 in and 200 out, but p2 moved/u,
      ),
    });
  });
  test("of the service network that move with the migration's traffic are found", () => {
    expect(find(moved(["p1", 105, 210], ["p2", 210, 105], ["p3", 105, 210]))).toMatchObject({
      verdict: "failed",
      detail: expect.stringMatching(/moved service\.source \(p3\) too/u),
    });
  });
  test("a counter of 32 bits may wrap", () => {
    const before = [{ name: "p1", in: 2n ** 32n - 10n, out: 5n }];
    expect(movement(before, [{ name: "p1", in: 20n, out: 5n }]).get("p1")).toEqual({ name: "p1", in: 30n, out: 0n });
  });
});

describe("an existing VM", () => {
  const testbed = HostsTestbed.parse({
    kind: "hosts",
    hosts: {
      source: { ssh: { host: "a" }, service: { interface: "br0" }, migration: { interface: "m0" } },
      destination: { ssh: { host: "b" }, service: { interface: "br0" }, migration: { interface: "m0" } },
    },
    benchmark: { interface: "eth0" },
    storages: {},
    vm: { from: { domain: "web" }, memory: "1GiB", mac: "52:54:00:aa:bb:cc" },
  });
  const domain = (devices: string, cpu = ""): string =>
    `<domain><name>web</name><memory unit='KiB'>1048576</memory><vcpu>2</vcpu>${cpu}<devices>${devices}</devices></domain>`;
  const card =
    "<interface type='bridge'><mac address='52:54:00:aa:bb:cc'/><source bridge='br0'/><target dev='vnet3'/></interface>";
  const disk = "<disk type='file' device='disk'><source file='/vms/web.qcow2'/><target dev='vda'/></disk>";
  const find = (xml: string) => domainFindings(parseDomain(xml, "running"), testbed);

  test("in order is described", () => {
    expect(find(domain(disk + card))).toEqual([
      ok("VM", '"web" is on the source, running: 2 vCPU, 1024 MiB; vda /vms/web.qcow2'),
    ]);
  });
  test.each([
    [`${disk}${card}<hostdev mode='subsystem' type='pci'/>`, /a device of the host passed through/u],
    [`${disk}${card}<filesystem type='mount'/>`, /a directory of the host mounted/u],
    [disk + card.replace("br0", "br1"), /"web" is plugged into br1, not into br0/u],
  ])("that cannot be migrated is told why", (devices, detail) => {
    expect(find(domain(devices)).find(({ verdict }) => verdict === "failed")!.detail).toMatch(detail);
  });
  test("what may go wrong is warned of", () => {
    const disc = "<disk type='file' device='cdrom'><source file='/iso/a.iso'/><target dev='sda'/></disk>";
    const findings = find(domain(disk + disc + card.replace("bb:cc", "bb:dd"), "<cpu mode='host-passthrough'/>"));
    expect(findings.filter(({ verdict }) => verdict === "warning").map(({ mend }) => mend)).toEqual([
      "vm.mac: 52:54:00:aa:bb:dd",
      "virsh change-media web sda --eject",
      undefined,
    ]);
  });
});

test("the other host reaches one by what its SSH access says, unless told otherwise", () => {
  const host = {
    ssh: { host: "b", user: "root", port: 22 },
    service: { interface: "br0" },
    migration: { interface: "m0", ipv4: "10.0.2.2" },
  };
  expect(peerUri(host)).toBe("qemu+ssh://root@b/system");
  expect(peerUri({ ...host, ssh: { host: "fd77::2", user: "op", port: 2222 } })).toBe(
    "qemu+ssh://op@[fd77::2]:2222/system",
  );
  expect(peerUri({ ...host, peer: "qemu+tls://b/system" })).toBe("qemu+tls://b/system");
  expect(copyAddress(host)).toEqual({ user: "root", host: "10.0.2.2", port: 22 });
});
