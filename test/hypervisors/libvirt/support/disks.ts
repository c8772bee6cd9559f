/** Inside a lab with libvirt: what the disks' code does on real hosts. Argument: a name of `CASES`. Prints a JSON value. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MigrationOutcome } from "../../../../src/hypervisors/contract.ts";
import { migrateCold } from "../../../../src/hypervisors/libvirt/cold.ts";
import { domainXml, LOG_DIRECTORY } from "../../../../src/hypervisors/libvirt/definition.ts";
import { copyDisk } from "../../../../src/hypervisors/libvirt/disk/disk-copy.ts";
import { diskXml } from "../../../../src/hypervisors/libvirt/disk/disk-xml.ts";
import {
  type Image,
  imageInfo,
  imageOn,
  makeImage,
  makeImageFrom,
  removeImage,
} from "../../../../src/hypervisors/libvirt/disk/images.ts";
import { makeEmptyLike, makeOldCopy } from "../../../../src/hypervisors/libvirt/disk/old-copy.ts";
import { define, domainState, removeOurs } from "../../../../src/hypervisors/libvirt/domains.ts";
import { Virsh } from "../../../../src/hypervisors/libvirt/virsh/virsh.ts";
import { labLibvirtHosts, labStorages } from "../../../../src/lab/driver.ts";
import { insideLab } from "../../../../src/lab/enter.ts";
import { readLabState } from "../../../../src/lab/state.ts";
import { type HostRole, VmSpec } from "../../../../src/model/machines.ts";
import { ColdOptions, DiskOptions } from "../../../../src/model/movement.ts";
import { MigrationSettings } from "../../../../src/model/settings.ts";
import { systemClock } from "../../../../src/model/time.ts";
import { writeGuest } from "../../qemu/guest.ts";

const MIB = 2 ** 20;
const state = readLabState(insideLab()!)!;
const hosts = labLibvirtHosts(state);
const storages = labStorages(state);
const virsh = { source: new Virsh(hosts.source), destination: new Virsh(hosts.destination) };
const ROLES = ["source", "destination"] as const;
const vm = VmSpec.parse({ name: "vm", memory: "96MiB", disk: "256MiB" });
const SIZE = vm.disk;
const never = new AbortController().signal;

/** Reads may happen while a VM has the image. */
async function qemuIo(host: HostRole, image: Image, command: string): Promise<string> {
  const how = command.startsWith("read") ? ["-r", "-U"] : [];
  const argv = ["qemu-io", ...how, "-f", image.format, "-c", command, image.location];
  const { stdout } = await hosts[host].machine
    .run(argv, { timeout: 60 })
    .catch((error: Error) => ({ stdout: error.message }));
  return stdout;
}
/** Whether every byte of a range is this one, as the host sees it through QEMU. */
async function holds(host: HostRole, image: Image, pattern: number, at: string, length: string): Promise<boolean> {
  const said = await qemuIo(host, image, `read -P ${pattern} ${at} ${length}`);
  return /^read (\d+)\/\1 bytes/mu.test(said) && !/verification failed/u.test(said);
}

/** A disk with a boot sector, 24 MiB of one pattern, the rest never written. */
async function startVm(image: Image, data = 24): Promise<void> {
  for (const role of ROLES) await removeOurs(virsh[role], vm.name);
  const boot = join(state.shared, "boot.raw");
  writeGuest(boot, 4 * MIB);
  await makeImageFrom(hosts.source.machine, image, boot, "sparse", never);
  await qemuIo("source", image, `write -P 7 100M ${data}M`);
  await hosts.source.machine.run(["mkdir", "-p", LOG_DIRECTORY]);
  await hosts.destination.machine.run(["mkdir", "-p", LOG_DIRECTORY]);
  const definition = domainXml({
    vm,
    accelerator: "tcg",
    machine: "pc-q35-7.2",
    cpu: { model: "Nehalem", features: [] },
    disk: diskXml(image),
    network: hosts.source.network,
  });
  await define(virsh.source, vm.name, definition);
  await virsh.source.run(["start", vm.name]);
}

/** As the guest would: through the disk's own backend. */
const guestWrites = async (host: HostRole, pattern: number, at: string, length: string): Promise<void> => {
  const monitor = (command: string): Promise<string> =>
    virsh[host].run(["qemu-monitor-command", vm.name, "--hmp", command]);
  const device = /Attached to: *(\S+)/u.exec(await monitor("info block"))![1]!;
  await monitor(`qemu-io -d ${device} "write -P ${pattern} ${at} ${length}"`);
};

const where = async (): Promise<Record<string, string | null>> => ({
  source: (await domainState(virsh.source, vm.name))?.state ?? null,
  destination: (await domainState(virsh.destination, vm.name))?.state ?? null,
});
const files = async (host: HostRole): Promise<string[]> =>
  (await hosts[host].machine.run(["ls", "/var/lib/libvirt/images"])).stdout.split("\n").filter((name) => name !== "");
const wire = async (): Promise<number> => {
  const { stdout } = await hosts.source.machine.run(["cat", "/proc/net/dev"]);
  return Number(/mig0:\s*((?:\d+\s+){9})/u.exec(stdout)![1]!.trim().split(/\s+/u).at(-1));
};

async function end(...images: Image[]): Promise<void> {
  for (const role of ROLES) {
    await removeOurs(virsh[role], vm.name);
    for (const image of images) await removeImage(hosts[role].machine, image);
  }
}

/** Made, written to, made anew, removed. */
async function lifeOf(storage: string, format: "raw" | "qcow2", allocation: "sparse" | "preallocated") {
  const image = imageOn(storages[storage]!, "life", format, 64 * MIB);
  const { machine } = hosts.source;
  await makeImage(machine, image, allocation, never);
  const fresh = await imageInfo(machine, image.location);
  await qemuIo("source", image, "write -P 5 10M 8M");
  const written = await holds("source", image, 5, "10M", "8M");
  const seenThere = await holds("destination", image, 5, "10M", "8M");
  await makeImage(machine, image, allocation, never);
  const anew = await holds("source", image, 0, "0", "64M");
  await removeImage(machine, image);
  const left = await imageInfo(machine, image.location);
  return { virtualSize: fresh!.virtualSize, allocated: fresh!.allocated, written, seenThere, anew, left };
}

interface Cold {
  readonly cold?: object;
  readonly settings?: object;
  readonly storage?: string;
  readonly format?: "raw" | "qcow2";
  readonly deadline?: number;
  /** What happens at an event, `kind detail`, or at the first `progress` of the transfer. */
  readonly at?: string;
  readonly what?: "abort" | "cut" | "stranger" | "full" | "refuse";
}

async function cold(asked: Cold) {
  const image = imageOn(storages[asked.storage ?? "local"]!, "vm", asked.format ?? "raw", SIZE);
  const shared = asked.storage !== undefined && asked.storage !== "local";
  const aborting = new AbortController();
  await startVm(image);
  await guestWrites("source", 9, "50M", "1M");
  const events: string[] = [];
  const doing: Promise<unknown>[] = [];
  const shell = (role: HostRole, script: string) => hosts[role].machine.run(["sh", "-c", script], { timeout: 60 });
  const mischief = {
    abort: async () => aborting.abort(),
    cut: () => shell("destination", "ip link set mig0 down; sleep 40; ip link set mig0 up"),
    stranger: () => virsh.destination.run(["define", "/dev/stdin"], { input: STRANGER }),
    full: () => shell("destination", "mount -t tmpfs -o size=4m none /var/lib/libvirt/images"),
    refuse: () => shell("destination", "ip link delete vm0"),
  };
  const began = await wire();
  const outcome = await migrateCold({
    domain: vm.name,
    virsh,
    to: "destination",
    ...(!shared && {
      file: {
        image,
        from: hosts.source.machine,
        to: hosts.destination.machine,
        ssh: hosts.destination.ssh,
        options: ColdOptions.parse(asked.cold ?? {}),
        ...(asked.settings !== undefined && { family: MigrationSettings.parse(asked.settings).family }),
      },
    }),
    request: {
      from: "source",
      kind: "cold",
      cold: ColdOptions.parse(asked.cold ?? {}),
      disk: DiskOptions.parse({}),
      settings: MigrationSettings.parse({}),
      deadline: asked.deadline ?? 120,
      atDeadline: "cancel",
      grace: 10,
      signal: aborting.signal,
      observer: {
        event: (event) => {
          events.push([event.kind, event.host, event.detail].filter(Boolean).join(" "));
          if (asked.what && asked.at === [event.kind, event.detail].filter(Boolean).join(" "))
            doing.push(mischief[asked.what]());
        },
        progress: () => {
          if (asked.what && asked.at === "progress" && doing.length === 0) doing.push(mischief[asked.what]());
        },
      },
    },
    clock: systemClock,
    // This guest knows no power button.
    shutDown: () => virsh.source.run(["destroy", vm.name]),
  }).catch((error: Error) => ({ status: "thrown", reason: error.message }) as unknown as MigrationOutcome);
  const sent = (await wire()) - began;
  await Promise.allSettled(doing);
  if (asked.what === "full") await shell("destination", "umount /var/lib/libvirt/images");
  const states = await where();
  const on = outcome.runsOn ?? "source";
  await sleep(200);
  const content =
    (await holds(on, image, 7, "100M", "24M")) &&
    (await holds(on, image, 9, "50M", "1M")) &&
    (await holds(on, image, 0, "130M", "100M"));
  const allocated = (await imageInfo(hosts[on].machine, image.location))?.allocated;
  const left = { source: await files("source"), destination: await files("destination") };
  if (asked.what === "refuse") await shell("destination", "ip tuntap add vm0 mode tap; ip link set vm0 master br0 up");
  if (asked.what === "stranger") await virsh.destination.run(["undefine", vm.name]);
  await end(image);
  return { ...outcome, events, states, content, allocated, sent, left };
}

const STRANGER = `<domain type='qemu'><name>vm</name><memory unit='MiB'>16</memory><os><type arch='x86_64'>hvm</type></os></domain>`;

const move = (how: string) =>
  virsh.source.run(
    [
      ...["migrate", "--live", "--p2p", "--persistent", "--undefinesource", how, vm.name, hosts.destination.peer],
      ...["--migrateuri", `tcp://${hosts.destination.migrationAddress.ipv4}`],
    ],
    { timeout: 120 },
  );

async function incremental(format: "raw" | "qcow2") {
  const image = imageOn(storages.local!, "vm", format, SIZE);
  await startVm(image, 100);
  let top: Image | undefined;
  const { source, destination } = virsh;
  const copy = await makeOldCopy(
    { domain: vm.name, from: source, to: destination, ssh: hosts.destination.ssh, image, signal: never },
    (made) => {
      top = made;
    },
  );
  await guestWrites("source", 9, "50M", "4M");
  await guestWrites("source", 8, "110M", "1M");
  await makeEmptyLike(destination, copy.top, never);
  const began = await wire();
  await move("--copy-storage-inc");
  const sent = (await wire()) - began;
  const content =
    (await holds("destination", copy.top, 9, "50M", "4M")) &&
    (await holds("destination", copy.top, 8, "110M", "1M")) &&
    (await holds("destination", copy.top, 7, "100M", "10M"));
  const states = await where();
  const layered = top?.location === copy.top.location;
  await end(copy.top, image);
  return { bytes: copy.bytes, sent, content, states, layered };
}

async function firstTheDisk(storage: string) {
  const image = imageOn(storages.local!, "vm", "raw", SIZE);
  const target = imageOn(storages[storage]!, "vm", "raw", SIZE);
  await startVm(image);
  await makeImage(hosts.source.machine, target, "sparse", never);
  const samples: number[] = [];
  await copyDisk({
    virsh: virsh.source,
    domain: vm.name,
    target,
    clock: systemClock,
    progress: ({ diskTransferred }) => void samples.push(diskTransferred!),
    signal: never,
  });
  await guestWrites("source", 9, "50M", "1M");
  await virsh.source.run(
    ["migrate", "--live", "--p2p", "--persistent", "--undefinesource", vm.name, hosts.destination.peer],
    {
      timeout: 120,
    },
  );
  const content =
    (await holds("destination", target, 9, "50M", "1M")) && (await holds("destination", target, 7, "100M", "24M"));
  // What was written after the copy is not in the old image.
  const old = await holds("source", image, 0, "50M", "1M");
  const states = await where();
  await end(image, target);
  return { last: samples.at(-1), content, old, states };
}

const CASES: Record<string, (argument: never) => Promise<unknown>> = {
  life: (list: [string, "raw" | "qcow2", "sparse" | "preallocated"][]) => inTurn(list, (each) => lifeOf(...each)),
  cold: (list: Cold[]) => inTurn(list, cold),
  incremental: (list: ("raw" | "qcow2")[]) => inTurn(list, incremental),
  firstTheDisk: (list: string[]) => inTurn(list, firstTheDisk),
};

async function inTurn<A, B>(list: readonly A[], work: (each: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const each of list) {
    process.stderr.write(`${JSON.stringify(each)}\n`);
    results.push(await work(each));
  }
  return results;
}

const [, , name, argument] = process.argv;
process.stdout.write(JSON.stringify(await CASES[name!]!(JSON.parse(argument!) as never)));
process.exit(0);
