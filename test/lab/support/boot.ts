/**
 * Inside the lab: boots the guest image with plain QEMU on the source, asks it questions by SSH and prints the answers as
 * JSON. Arguments: megabytes of memory, file of the disk, bytes of the disk, bytes of swap, which nobody checks here.
 */
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureGuestImage, READY_LINE } from "../../../src/guest/image.ts";
import { guestStatistics } from "../../../src/guest/statistics.ts";
import { insideLab } from "../../../src/lab/enter.ts";
import { labMachines } from "../../../src/lab/machines.ts";
import { readLabState } from "../../../src/lab/state.ts";
import type { StatisticsSample } from "../../../src/model/host.ts";
import { VmSpec } from "../../../src/model/machines.ts";
import { systemClock } from "../../../src/model/time.ts";
import { sshMachine } from "../../../src/remote/ssh.ts";

const [memory, disk, size, swap] = process.argv.slice(2) as [string, string, string, string];
const state = readLabState(insideLab()!)!;
const { source, benchmark } = labMachines(state);
const vm = VmSpec.parse({ disk: `${size}B` });
const image = await ensureGuestImage();
const consoleLog = `${disk}.console`;
writeFileSync(consoleLog, "");
if (!existsSync(disk)) {
  writeFileSync(disk, "");
  truncateSync(disk, vm.disk);
}
const qemu = await source.start([
  ...["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none"],
  ...["-machine", "q35", "-accel", "tcg", "-m", memory],
  ...["-kernel", image.kernel, "-initrd", image.initrd],
  ...["-append", `${image.commandLine(vm)} ${swap === "0" ? "" : `migrascope.swap=${swap}`}`],
  ...["-serial", `file:${consoleLog}`],
  ...["-netdev", `tap,id=net,ifname=${state.machines.source.tap},script=no,downscript=no`],
  ...["-device", `virtio-net-pci,netdev=net,mac=${vm.mac}`],
  ...["-drive", `file=${disk},if=none,id=disk,format=raw`, "-device", "virtio-blk-pci,drive=disk"],
]);
const started = performance.now();
while (!readFileSync(consoleLog, "latin1").includes(READY_LINE)) {
  if (performance.now() - started > 120_000) throw new Error(readFileSync(consoleLog, "latin1"));
  await sleep(50);
}
const seconds = (performance.now() - started) / 1000;

const strangers = join(state.directory, "strangers");
writeFileSync(strangers, "* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGuVd0gkFbVVJmnmnOw8VyRu1tzWVHrWdTYx7YcXDqPW\n");
const login = { host: vm.ipv4.split("/")[0]!, user: "root", keyFile: image.sshKey };
const guest = sshMachine("vm", { ...login, knownHostsFile: image.knownHosts });
const ask = async (...argv: string[]): Promise<string> => (await guest.run(argv, { timeout: 300 })).stdout.trim();
const disguised = sshMachine("stranger", { ...login, knownHostsFile: strangers });

/** Fills more memory than the guest has, beside a file on its disk: are both what they were, and was swap used? */
async function swapping(): Promise<{ intact: true | string; statistics: StatisticsSample }> {
  const much = Number(memory) * 2 ** 20 * 0.625;
  const sums = await ask(
    "sh",
    "-c",
    `mkdir -p /tmp/much && mount -t tmpfs -o size=100% tmpfs /tmp/much
    head -c ${2 ** 21} /dev/urandom | tee /data/file | md5sum
    head -c ${much} /dev/urandom | tee /tmp/much/file | md5sum
    sync; echo 3 >/proc/sys/vm/drop_caches
    md5sum </data/file; md5sum </tmp/much/file; stat -c %s /data/file /tmp/much/file`,
  );
  const [file, filling, fileAgain, fillingAgain, ...sizes] = sums.split("\n");
  const intact =
    file === fileAgain && filling === fillingAgain && sizes.join() === [2 ** 21, much].join() && file !== filling;
  const statistics = await guestStatistics(guest, systemClock);
  await ask("sh", "-c", "umount /tmp/much; rm /data/file");
  return { intact: intact || sums, statistics };
}

const answers = {
  seconds,
  hostname: await ask("hostname"),
  kernel: await ask("uname", "-r"),
  expectedKernel: image.kernelVersion,
  data: await ask("sh", "-c", "df -k /data | tail -1; cat /data/note 2>/dev/null || true"),
  strangerRefused: await disguised.run(["true"]).then(
    () => false,
    () => true,
  ),
  ipv6: await benchmark.run(["ping", "-c1", "-W5", vm.ipv6.split("/")[0]!]).then(
    () => true,
    (error: Error) => error.message,
  ),
  diskBlocks: Number((await benchmark.run(["stat", "-c", "%b", disk])).stdout),
  swaps: await ask("tail", "-n", "+2", "/proc/swaps"),
  // What the page cache holds, in kB.
  cached: Number(await ask("sed", "-n", "s/^Cached: *\\([0-9]*\\) kB/\\1/p", "/proc/meminfo")),
  console: readFileSync(consoleLog, "latin1"),
  swapping: (await ask("cat", "/proc/swaps")).includes("\n") ? await swapping() : undefined,
  quiet: await (async () => {
    const sectorsWritten = "awk '$3 == \"vda\" { print $10 }' /proc/diskstats";
    // Until what is written late has been written.
    const early = await ask("sh", "-c", `echo kept >/data/note; sync; sleep 6; ${sectorsWritten}`);
    return (await ask("sh", "-c", `sleep 7; ${sectorsWritten}`)) === early;
  })(),
};
// The connection dies with the guest, without a word.
await guest.run(["poweroff"], { timeout: 5 }).catch(() => undefined);
const end = await Promise.race([qemu.ended, sleep(30_000, undefined, { ref: false })]);
qemu.kill("SIGKILL");
process.stdout.write(JSON.stringify({ ...answers, poweredOff: end?.exitCode === 0 }));
