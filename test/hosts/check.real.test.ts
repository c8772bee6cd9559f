/** `testbed check` against machines that are a lab's: all of it right, then one thing wrong at a time. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { Finding } from "../../src/hosts/check/finding.ts";
import type { HostsFile } from "../../src/hosts/write.ts";
import { readCapture } from "../../src/run/read/capture.ts";
import { type CommandResult, PROGRAM, Sandbox } from "../support/sandbox.ts";

const CHECK = fileURLToPath(new URL("support/check.ts", import.meta.url));
const LAB = "real";
/** Nobody's words by chance: wherever it is found, it was let out. */
const COMMUNITY = "kept-4f1a9c2e";

let sandbox: Sandbox;
let good: HostsFile;

const inLab = (...argv: string[]): Promise<CommandResult> =>
  sandbox.migrascope("lab", "exec", "--name", LAB, "--", ...argv);

/** A host's own shell, by the lab's key. */
async function onHost(role: "source" | "destination", script: string): Promise<string> {
  const { host, keyFile, knownHostsFile } = good.hosts[role].ssh;
  const options = ["-i", keyFile!, "-o", `UserKnownHostsFile=${knownHostsFile}`, "-o", "BatchMode=yes"];
  const { code, stdout, stderr } = await inLab("ssh", ...options, `root@${host}`, script);
  expect(code, stderr).toBe(0);
  return stdout;
}

/** The findings of some checks when the file is changed. */
async function findings(checks: string, change: (file: HostsFile) => void = () => {}): Promise<Finding[]> {
  const changed = structuredClone(good);
  change(changed);
  const file = sandbox.file("changed.yaml", stringify(changed));
  const { stdout, stderr } = await inLab(process.execPath, CHECK, file, checks);
  expect(stdout, stderr).not.toBe("");
  expect(stdout).not.toContain(COMMUNITY);
  return JSON.parse(stdout) as Finding[];
}
const named = (all: readonly Finding[], name: string, verdict?: Finding["verdict"]): Finding | undefined =>
  all.find((one) => one.name === name && (verdict === undefined || one.verdict === verdict));

beforeAll(async () => {
  sandbox = new Sandbox();
  const lab = `name: ${LAB}\nhypervisor: libvirt\nswitch: {community: ${COMMUNITY}}\n`;
  const up = await sandbox.migrascope("lab", "up", "--testbed", sandbox.file("lab.yaml", lab));
  expect(up.code, up.stderr).toBe(0);
  const init = await sandbox.migrascope("testbed", "init", "--lab", LAB, sandbox.path("good.yaml"));
  expect(init.code, init.stderr).toBe(0);
  good = parse(readFileSync(sandbox.path("good.yaml"), "utf8")) as HostsFile;
});
afterAll(() => sandbox[Symbol.dispose]());

describe("a testbed in order", () => {
  test("is found to be so, by every check", async () => {
    const { code, stdout, stderr } = await inLab(PROGRAM, "testbed", "check", sandbox.path("good.yaml"), "--json");
    const told = JSON.parse(stdout) as { usable: boolean; findings: Finding[] };
    // That guests are emulated is what this file asks for.
    const wrong = told.findings.filter(({ verdict, name }) => verdict !== "ok" && name !== "KVM");
    expect(wrong, stderr).toEqual([]);
    expect(told.usable).toBe(true);
    expect(code).toBe(0);
    expect(told.findings.length).toBeGreaterThan(25);
    expect(stdout + stderr).not.toContain(COMMUNITY);
  });

  test("the clocks of hosts that share our kernel are ours, within the uncertainty", async () => {
    const { stdout } = await inLab(process.execPath, CHECK, sandbox.path("good.yaml"), "clocks");
    for (const { detail } of JSON.parse(stdout) as Finding[]) {
      const [, offset, uncertainty] = /([\d.]+) ms (?:behind|ahead of) ours, ± ([\d.]+) ms/u.exec(detail)!;
      expect(Number(offset)).toBeLessThanOrEqual(Number(uncertainty));
    }
  });

  test("for people, each finding is a line, and the last one is the verdict", async () => {
    const { stdout } = await inLab(PROGRAM, "testbed", "check", sandbox.path("good.yaml"));
    expect(stdout).toMatch(/^ok {6}SSH source {11}root@10\.77\.1\.11 is source$/mu);
    expect(stdout.trim().split("\n").at(-1)).toMatch(/^this testbed can be used/u);
  });
});

describe("what is wrong is named, with what mends it", () => {
  test("a key that the host does not accept", async () => {
    const key = sandbox.path("strange");
    await new Promise((resolve) => execFile("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], resolve));
    const all = await findings("SSH,tools", ({ hosts }) => {
      hosts.source.ssh.keyFile = key;
    });
    expect(named(all, "SSH source")).toMatchObject({
      verdict: "failed",
      mend: expect.stringMatching(/^ssh-copy-id -i/u),
    });
    expect(named(all, "SSH destination")?.verdict).toBe("ok");
    expect(named(all, "tools")).toMatchObject({ verdict: "skipped", detail: "not asked: SSH must be mended first" });
  });

  test("a host key that is not known, and another than the known one", async () => {
    const unknown = await findings("SSH", ({ hosts }) => {
      hosts.source.ssh.knownHostsFile = sandbox.file("nobody", "");
    });
    expect(named(unknown, "SSH source")).toMatchObject({
      verdict: "failed",
      detail: expect.stringContaining("the host's key is not known"),
      mend: expect.stringMatching(/^ssh-keyscan -p 22 10\.77\.1\.11, compare/u),
    });
    const known = readFileSync(good.hosts.source.ssh.knownHostsFile!, "utf8");
    const other = /^destination\S* (\S+ \S+)/mu.exec(known)![1];
    const changed = await findings("SSH", ({ hosts }) => {
      hosts.source.ssh.knownHostsFile = sandbox.file("other", `10.77.1.11 ${other}\n`);
    });
    expect(named(changed, "SSH source")).toMatchObject({
      verdict: "failed",
      detail: expect.stringContaining("another key than the one that is known"),
    });
  });

  test("a libvirtd that does not run", async () => {
    await onHost(
      "destination",
      "kill $(cat /run/libvirtd.pid); while pidof -q libvirtd && [ -e /run/libvirtd.pid ]; do sleep 0.1; done",
    );
    try {
      const all = await findings("SSH,privileges,versions");
      expect(named(all, "privileges destination")).toMatchObject({
        verdict: "failed",
        mend: expect.stringMatching(/^systemctl start libvirtd/u),
      });
      expect(named(all, "privileges source")?.verdict).toBe("ok");
      expect(named(all, "versions")?.verdict).toBe("skipped");
    } finally {
      await onHost(
        "destination",
        "libvirtd --daemon --listen; until virsh -c qemu:///system version >/dev/null 2>&1; do sleep 0.1; done",
      );
    }
  });

  test("a storage that is not shared, one that is although it should not be, and one that is not there", async () => {
    const all = await findings("storages", (file) => {
      file.storages = {
        apart: { kind: "directory", path: "/var/lib/libvirt/images", shared: true },
        // The lab's hosts have the machine's /var/tmp.
        together: { kind: "directory", path: "/var/tmp" },
        absent: { kind: "directory", path: "/nowhere" },
        export: { kind: "nfs", server: "10.77.3.13", export: "/others" },
        target: { kind: "iscsi", portal: "10.77.3.13", target: "iqn.2026-11.io.migrascope:nobody", lun: 1 },
      };
    });
    expect(all.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      "storage apart failed",
      "storage together failed",
      "storage absent failed",
      "storage export failed",
      "storage target failed",
    ]);
    expect(named(all, "storage apart")!.detail).toMatch(/is not shared/u);
    expect(named(all, "storage together")!.detail).toMatch(/copy a disk onto itself/u);
    expect(readdirSync("/var/tmp").filter((name) => name.startsWith(".migrascope-check"))).toEqual([]);
  });

  test("a community that the switch does not answer, and one that is not there", async () => {
    const wrong = await findings("switch", (file) => {
      file.switch!.community = { file: sandbox.file("wrong", "not-this-one\n") };
    });
    expect(named(wrong, "switch")).toMatchObject({ verdict: "failed", mend: expect.stringContaining("community") });
    expect(JSON.stringify(wrong)).not.toContain("not-this-one");
    const absent = await findings("switch", (file) => {
      file.switch!.community = { env: "MIGRASCOPE_NOBODY_SET_THIS" };
    });
    expect(named(absent, "switch")!.detail).toBe("the environment variable MIGRASCOPE_NOBODY_SET_THIS is not set");
  });

  test("ports that are swapped", async () => {
    const all = await findings("switch,ports", ({ switch: spec }) => {
      spec!.settle = "1s";
      const { ports } = spec!;
      [ports["migration.source"], ports["migration.destination"]] = [
        ports["migration.destination"]!,
        ports["migration.source"]!,
      ];
    });
    expect(named(all, "ports migration")).toMatchObject({ verdict: "failed", mend: "switch.ports" });
    expect(named(all, "ports migration")!.detail).toMatch(
      /but mig-destination moved as migration\.destination should/u,
    );
    expect(named(all, "ports service")?.verdict).toBe("ok");
  });

  test("a port that the switch does not have", async () => {
    const all = await findings("switch", ({ switch: spec }) => {
      spec!.ports["migration.source"] = { name: "gi0/7" };
    });
    expect(named(all, "switch")!.detail).toMatch(/has no port "gi0\/7"; it names: .*mig-source/u);
  });

  test("a migration address on the service network", async () => {
    const all = await findings("addresses,routes", ({ hosts }) => {
      hosts.destination.migration = { interface: "mig0", ipv4: "10.77.1.12" };
    });
    expect(named(all, "addresses destination", "failed")!.detail).toBe(
      "mig0 (migration) does not have the address 10.77.1.12: br0 has it",
    );
    const route = await findings("routes", ({ hosts }) => {
      hosts.destination.migration = { interface: "mig0", ipv4: "10.77.1.12" };
    });
    expect(named(route, "route source")).toMatchObject({
      verdict: "failed",
      detail: "10.77.1.12 is reached over br0, which is the service network: a migration would go there",
    });
  });

  test("MTUs that differ, and what gets lost of it", async () => {
    await onHost("destination", "ip link set mig0 mtu 1400");
    try {
      const all = await findings("addresses,routes");
      expect(named(all, "MTU migration")).toMatchObject({
        verdict: "warning",
        mend: "ip link set mig0 mtu 1500 on the destination",
      });
      expect(named(all, "migration network")).toMatchObject({
        verdict: "failed",
        detail: expect.stringMatching(/answers, but not packets of 1500 bytes/u),
      });
    } finally {
      await onHost("destination", "ip link set mig0 mtu 1500");
    }
  });

  test("a peer that the other host cannot reach", async () => {
    const all = await findings("peers", ({ hosts }) => {
      hosts.destination.peer = "qemu+ssh://root@nobody-is-called-this/system";
    });
    expect(named(all, "peer source")).toMatchObject({ verdict: "failed" });
    expect(named(all, "peer source")!.detail).toMatch(/nobody knows that name/u);
    expect(named(all, "peer destination")?.verdict).toBe("ok");
  });

  test("a VM of another's in the way, and one that cannot be migrated", async () => {
    const domain =
      "<domain type='qemu'><name>taken</name><memory>65536</memory><os><type>hvm</type></os><devices><interface type='user'/></devices></domain>";
    await onHost("source", `echo "${domain}" >/run/taken.xml; virsh define /run/taken.xml`);
    try {
      const taken = await findings("VM", ({ vm }) => {
        vm.name = "taken";
      });
      expect(named(taken, "VM")!.detail).toBe('the source has a VM "taken" that Migrascope did not make');
      const adopted = await findings("VM,guest", ({ vm }) => {
        vm.from = { domain: "taken" };
      });
      expect(named(adopted, "VM")!.detail).toMatch(/"taken" cannot be migrated live: its network is QEMU's own/u);
      const nobody = await findings("VM", ({ vm }) => {
        vm.from = { domain: "nobody" };
      });
      expect(named(nobody, "VM")!.detail).toBe('the source has no VM "nobody"');
    } finally {
      await onHost("source", "virsh undefine taken; rm /run/taken.xml");
    }
  });
});

describe("a capture on a host", () => {
  const CAPTURE = fileURLToPath(new URL("support/capture.ts", import.meta.url));
  const left =
    'pgrep -f "^/var/lib/libvirt/migrascope/capture" || true; ls /var/tmp | grep migrascope-capture- || true';

  test("is fetched when it ends, whole, and leaves nothing there", async () => {
    const output = sandbox.path("far.pcap");
    const { stdout, stderr } = await inLab(process.execPath, CAPTURE, sandbox.path("good.yaml"), output);
    const { captured, dropped } = JSON.parse(stdout || "{}") as Record<string, number>;
    expect(dropped, stderr).toBe(0);
    expect(readCapture(output, 0n)).toMatchObject({ packets: captured, damage: null });
    // Five requests and five replies, and whatever else the network says.
    expect(captured).toBeGreaterThanOrEqual(10);
    expect(await onHost("source", left)).toBe("");
  });

  test("ends with whoever asked for it, and its file with it", async () => {
    // What is killed leaves its own sockets: not in the machine's /tmp.
    const killed = ["env", `TMPDIR=${sandbox.directory}`, process.execPath, CAPTURE, sandbox.path("good.yaml")];
    await inLab(...killed, sandbox.path("none.pcap"), "abandon");
    await expect.poll(() => onHost("source", left), { timeout: 30_000 }).toBe("");
  });
});

test("two runs cannot use the same hosts at once, and the second may when the first has let go", async () => {
  const { stdout, stderr } = await inLab(process.execPath, CHECK, sandbox.path("good.yaml"), "lock");
  const { whileHeld, afterwards } = JSON.parse(stdout || "{}") as Record<string, string>;
  expect(whileHeld, stderr).toMatch(/^another run is using this host: .* process \d+, since 20/u);
  expect(afterwards).toBe("");
});

describe("a run", () => {
  test("is refused with what a check finds, before anything is made", async () => {
    const bad = structuredClone(good);
    bad.storages = { local: { kind: "directory", path: "/nowhere" } };
    const file = sandbox.file("bad.yaml", stringify(bad));
    const { code, stderr } = await inLab(PROGRAM, "run", "baseline", "--testbed", file, "--out", sandbox.path("bad"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/storage local: the source has no directory \/nowhere/u);
    expect(existsSync(sandbox.path("bad"))).toBe(false);
  });

  test("keeps the switch's community to itself: no file of the run holds it", async () => {
    // Refused by this QEMU when the VM is to be powered on: all files of a run are written, and little time passes.
    const plan = sandbox.file("plan.yaml", "name: p\nscenarios:\n  - {name: refused, settings: {dirtyLimit: {}}}\n");
    const run = sandbox.path("run");
    const { stdout, stderr } = await inLab(PROGRAM, "run", plan, "--testbed", sandbox.path("good.yaml"), "--out", run);
    const files = readdirSync(run, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(
      files.map(({ name }) => name),
      stderr,
    ).toEqual(expect.arrayContaining(["manifest.json", "events.jsonl", "result.json", "report.html"]));
    for (const { parentPath, name } of files)
      expect(readFileSync(`${parentPath}/${name}`, "latin1").includes(COMMUNITY), name).toBe(false);
    expect(stdout + stderr).not.toContain(COMMUNITY);
    expect(readFileSync(`${run}/manifest.json`, "utf8")).toContain("snmp/community");
  });
});

test("init asks a pipe as it asks a person, and what it writes is found to be in order", async () => {
  const { keyFile, knownHostsFile } = good.hosts.source.ssh;
  const community = (good.switch!.community as { file: string }).file;
  const answers = [
    ...["root@10.77.1.11", keyFile, knownHostsFile],
    // The destination: once wrong, as a person may be, then again; key and known hosts as before.
    ...["nonsense@@host", "root@10.77.1.99", "", "", "yes", "root@10.77.1.12", "", ""],
    // Networks of the source: bridge and migration interface as found, its storage interface, its tap.
    ...["", "", "sto0", "vm0"],
    ...["", "", "sto0", "vm0"],
    // This machine's interface; the switch, its secret, its ports by name.
    ...["", "10.77.2.2", `file ${community}`, "mig-source", "mig-destination", "svc-source", "svc-destination"],
    // Storages: own directory as found, none shared, NFS, no iSCSI.
    ...["/var/lib/libvirt/images", "", "10.77.3.13:/vms", ""],
    // The VM: our own, its memory, address, no IPv6, disk.
    ...["", "256MiB", "10.77.1.100/24", "", "1GiB"],
  ];
  writeFileSync(sandbox.path("answers"), `${answers.join("\n")}\n`);
  const file = sandbox.path("asked.yaml");
  const script = `exec "$1" testbed init "$2" <"$3"`;
  const init = await inLab("sh", "-c", script, "sh", PROGRAM, file, sandbox.path("answers"));
  expect(init.code, init.stderr).toBe(0);
  expect(init.stderr).toMatch(/the host does not answer|No route/u);
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(/^# this machine's interface on the service network/mu);
  const check = await inLab(PROGRAM, "testbed", "check", file, "--json");
  const { findings: all } = JSON.parse(check.stdout) as { findings: Finding[] };
  expect(all.filter(({ verdict }) => verdict === "failed")).toEqual([]);
  expect(check.code).toBe(0);
  // It is never overwritten without being asked for.
  const again = await inLab("sh", "-c", `echo no | "$1" testbed init "$2"`, "sh", PROGRAM, file);
  expect(again.code).toBe(1);
  expect(readFileSync(file, "utf8")).toBe(text);
});
