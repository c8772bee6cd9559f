/** What libvirt and virsh answer, as recorded from libvirt 9.0 with QEMU 7.2, in our terms. */
import { expect, test } from "vitest";
import { capabilitiesIn, commonMachine, versionsIn } from "../../../src/hypervisors/libvirt/abilities.ts";
import { freeAmong } from "../../../src/hypervisors/libvirt/destination.ts";
import { readingIn } from "../../../src/hypervisors/libvirt/dirty-rate.ts";
import { stateIn } from "../../../src/hypervisors/libvirt/domains.ts";
import { parseJob, toProgress, toReport } from "../../../src/hypervisors/libvirt/progress.ts";
import { statistics, statisticsIn } from "../../../src/hypervisors/libvirt/statistics.ts";
import { eventIn } from "../../../src/hypervisors/libvirt/virsh/events.ts";
import { libvirtWords, Virsh } from "../../../src/hypervisors/libvirt/virsh/virsh.ts";
import { systemClock } from "../../../src/model/time.ts";
import type { Machine } from "../../../src/remote/machine.ts";

const JOB = `Job type: 3

operation: 4
time_elapsed: 6463
time_elapsed_net: 6461
downtime: 93
setup_time: 1
data_total: 268967936
memory_total: 268967936
memory_processed: 91709995
memory_remaining: 0
memory_bps: 17699417
memory_constant: 43488
memory_normal: 22251
memory_dirty_rate: 100
memory_iteration: 4
memory_postcopy_requests: 0
memory_page_size: 4096
disk_total: 0
disk_processed: 0
disk_remaining: 0
auto_converge_throttle: 30
`;

test("a job's statistics become progress: seconds, bits per second, bytes per second, shares", () => {
  const at = { wall: 1, mono: 2 };
  expect(toProgress(parseJob(JOB), "active", at)).toEqual({
    at,
    status: "active",
    round: 4,
    elapsed: 6.463,
    remaining: 0,
    transferred: 91_709_995,
    total: 268_967_936,
    throughput: 17_699_417 * 8,
    dirtyRate: 409_600,
    throttle: 0.3,
    zeroPages: 43_488,
    normalPages: 22_251,
    expectedDowntime: 0.093,
    diskTotal: 0,
    diskRemaining: 0,
    diskTransferred: 0,
  });
});

test("a completed job's statistics become the hypervisor's account", () => {
  expect(toReport(parseJob(JOB))).toMatchObject({
    totalTime: 6.463,
    downtime: 0.093,
    setupTime: 0.001,
    transferred: 91_709_995,
    rounds: 4,
    pageSize: 4096,
  });
  expect(toReport(parseJob(JOB))).not.toHaveProperty("diskTransferred");
  const copied = JOB.replace("disk_total: 0", "disk_total: 10").replace("disk_processed: 0", "disk_processed: 7");
  expect(toReport(parseJob(copied))).toMatchObject({ diskTransferred: 7 });
});

test("no job has no statistics", () => {
  expect(parseJob("Job type:         None        \n\n").size).toBe(0);
  expect(toReport(parseJob(""))).toEqual({});
});

test("QEMU's events keep its own timestamps in microseconds", () => {
  expect(eventIn(`event STOP at 1795617497.086392 for domain 'vm': <null>`, "vm")).toEqual({
    name: "STOP",
    reported: 1_795_617_497_086_392,
    data: {},
  });
  expect(eventIn(`event MIGRATION_PASS at 1795617497.786441 for domain 'vm': {"pass":2}`, "vm")?.data).toEqual({
    pass: 2,
  });
  expect(eventIn(`event STOP at 1795617497.086392 for domain 'other': <null>`, "vm")).toBeUndefined();
  expect(eventIn("error: Disconnected from qemu:///system due to end of file", "vm")).toBeUndefined();
});

test("a domain's state and why", () => {
  expect(stateIn("paused (migrating)\n\n")).toEqual({ state: "paused", reason: "migrating" });
  expect(stateIn("shut off (failed)\n")).toEqual({ state: "shut off", reason: "failed" });
  expect(stateIn("running\n")).toEqual({ state: "running", reason: "" });
});

test("the dirty rate in MiB/s, once it has been measured", () => {
  const answer = `Domain: 'vm'
  dirtyrate.calc_status=2
  dirtyrate.calc_start_time=1139
  dirtyrate.calc_period=2
  dirtyrate.megabytes_per_second=18
  dirtyrate.calc_mode=page-sampling
`;
  expect(readingIn(answer)).toEqual({ status: 2, period: 2, rate: 18 });
  expect(readingIn("Domain: 'vm'\n")).toBeUndefined();
});

test("memory of the balloon in bytes, disks summed; what is not said stays absent", () => {
  const answer = `Domain: 'vm'
  balloon.current=262144
  balloon.maximum=262144
  balloon.unused=190816
  balloon.available=223616
  balloon.usable=194184
  balloon.rss=239380
  block.count=2
  block.0.name=vda
  block.0.capacity=1073741824
  block.0.physical=393216
  block.1.name=vdb
  block.1.capacity=1024
  block.1.physical=512
`;
  expect(statisticsIn(answer)).toEqual({
    memory: { configured: 262_144 * 1024, used: (223_616 - 194_184) * 1024 },
    disk: { virtualSize: 1_073_742_848 },
  });
  expect(statisticsIn("Domain: 'vm'\n  block.count=0\n")).toEqual({ memory: {}, disk: {} });
});

test("versions", () => {
  const answer = `Compiled against library: libvirt 9.0.0
Using library: libvirt 9.0.0
Using API: QEMU 9.0.0
Running hypervisor: QEMU 7.2.22
`;
  expect(versionsIn(answer)).toEqual({ version: "9.0.0", qemu: "7.2.22" });
});

const capabilities = (canonical: string, more = ""): string => `<capabilities>
  <host><uuid>8a5c</uuid></host>
  <guest><os_type>hvm</os_type><arch name='i686'><machine canonical='pc-i440fx-0'>pc</machine></arch></guest>
  <guest><os_type>hvm</os_type><arch name='x86_64'>
    <machine canonical='${canonical}' maxCpus='288'>q35</machine><machine>${canonical}</machine>${more}
    <domain type='qemu'/><domain type='kvm'/>
  </arch></guest>
</capabilities>`;

test("capabilities: identity, machine types and domain types of x86-64 guests only", () => {
  const read = capabilitiesIn(capabilities("pc-q35-7.2", "<machine>pc-q35-7.1</machine>"));
  expect(read.uuid).toBe("8a5c");
  expect([...read.machines].sort()).toEqual(["pc-q35-7.1", "pc-q35-7.2", "q35"]);
  expect(read.aliases.get("q35")).toBe("pc-q35-7.2");
  expect([...read.domains]).toEqual(["qemu", "kvm"]);
});

test("the machine type is the older host's, whichever that is; none in common is refused", () => {
  const of = (text: string) => ({ version: "", qemu: "", hostname: "", ...capabilitiesIn(text) });
  const old = of(capabilities("pc-q35-7.2"));
  const young = of(capabilities("pc-q35-9.2", "<machine>pc-q35-7.2</machine>"));
  expect(commonMachine({ source: old, destination: young })).toBe("pc-q35-7.2");
  expect(commonMachine({ source: young, destination: old })).toBe("pc-q35-7.2");
  const strange = of(capabilities("pc-q35-1.0"));
  expect(() => commonMachine({ source: old, destination: strange })).toThrow(/no common version/u);
});

test("ports on which somebody listens are not taken, on whatever address", () => {
  const listening = `LISTEN 0 128 10.77.1.11:22 0.0.0.0:*
LISTEN 0 4096 [::]:49152 [::]:*
LISTEN 0 4096 0.0.0.0:49154 0.0.0.0:*
`;
  expect(freeAmong(listening).slice(0, 3)).toEqual([49153, 49155, 49156]);
  expect(freeAmong("")).toHaveLength(64);
});

test("libvirt's words are those that say why", () => {
  expect(libvirtWords("error: Failed to start domain 'vm'\nerror: internal error: no tap\n")).toBe(
    "internal error: no tap",
  );
  expect(libvirtWords("error: failed to get domain 'vm'\n")).toBe("failed to get domain 'vm'");
  expect(libvirtWords("`virsh x` exited with 1: error: Requested operation is not valid: domain is not running")).toBe(
    "Requested operation is not valid: domain is not running",
  );
  expect(libvirtWords("something else")).toBe("something else");
});

test("while a migration runs the disk is not asked for: QEMU would stand still until the storage has answered", async () => {
  const asked: string[] = [];
  const machine: Machine = {
    name: "source",
    run: async (argv) => {
      asked.push(argv.join(" "));
      return { stdout: "", stderr: "" };
    },
    start: () => Promise.reject(new Error("nothing is started")),
  };
  for (const migrating of [false, true]) await statistics(new Virsh({ machine }), "vm", systemClock, { migrating });
  const [before, during] = asked.filter((command) => command.includes("domstats"));
  expect(before).toContain("--block");
  expect(during).not.toContain("--block");
});
