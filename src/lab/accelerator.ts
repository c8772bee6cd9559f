/** What executes the guest's instructions: KVM only where a guest has really booted under it. */
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { cacheDirectory } from "../guest/cache.ts";
import { type GuestImage, READY_LINE } from "../guest/image.ts";
import { CPU_MODEL } from "../hypervisors/qemu/definition.ts";
import { MigrascopeError } from "../model/errors.ts";
import { VmSpec } from "../model/machines.ts";
import type { LabTestbed } from "../model/testbed.ts";
import { localMachine } from "../remote/local.ts";

const DEVICE = "/dev/kvm";
/** Seconds that a guest gets to boot under KVM. It needs two; one that hangs never ends. */
const DEADLINE = 20;
const QEMU = "qemu-system-x86_64";

const Verdict = z.strictObject({ usable: z.boolean(), reason: z.string() });
type Verdict = z.infer<typeof Verdict>;

export interface Accelerator {
  readonly accelerator: "kvm" | "tcg";
  /** Why this one, in words for a report. */
  readonly reason: string;
}

/**
 * @param asked `auto` takes KVM where it works.
 * @throws MigrascopeError KERNEL_LACKS when KVM is asked for and cannot be used, with the reason.
 */
export async function usableAccelerator(asked: LabTestbed["accelerator"], image: GuestImage): Promise<Accelerator> {
  if (asked === "tcg") return { accelerator: "tcg", reason: "asked for" };
  const { usable, reason } = await kvmVerdict(image);
  if (usable) return { accelerator: "kvm", reason };
  if (asked === "auto") return { accelerator: "tcg", reason: `KVM cannot be used: ${reason}` };
  throw new MigrascopeError("KERNEL_LACKS", `the accelerator kvm was asked for and cannot be used: ${reason}`, {
    where: DEVICE,
  });
}

/** The verdict holds for this boot of the machine, this QEMU and this image; whether the user may use it is asked each time. */
async function kvmVerdict(image: GuestImage): Promise<Verdict> {
  const obstacle = deviceObstacle();
  if (obstacle !== undefined) return { usable: false, reason: obstacle };
  const { stdout: version } = await localMachine().run([QEMU, "--version"]);
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  const key = [bootId, version, image.hash].join("\n");
  const file = join(
    cacheDirectory(),
    "accelerator",
    `${createHash("sha256").update(key).digest("hex").slice(0, 16)}.json`,
  );
  const known = await readFile(file, "utf8").then(JSON.parse, () => undefined);
  const parsed = Verdict.safeParse(known);
  if (parsed.success) return parsed.data;
  const verdict = await bootUnderKvm(image);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(`${file}.${process.pid}`, JSON.stringify(verdict));
  await rename(`${file}.${process.pid}`, file);
  return verdict;
}

function deviceObstacle(): string | undefined {
  if (!existsSync(DEVICE)) return `there is no ${DEVICE}`;
  try {
    accessSync(DEVICE, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return `${DEVICE} may not be opened by this user`;
  }
}

/** The machine as the lab's hypervisor builds it, as far as KVM minds: a device that opens says nothing yet. */
async function bootUnderKvm(image: GuestImage): Promise<Verdict> {
  const directory = await mkdtemp(join(tmpdir(), "migrascope-kvm-"));
  const console = join(directory, "console");
  const qemu = await localMachine().start([
    // A trial of ours must not outlive us.
    ...["setpriv", "--pdeathsig", "KILL", QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-machine", "q35", "-accel", "kvm", "-cpu", CPU_MODEL, "-m", "256"],
    ...["-kernel", image.kernel, "-initrd", image.initrd, "-append", image.commandLine(VmSpec.parse({}))],
    ...["-serial", `file:${console}`],
  ]);
  const started = performance.now();
  let ended: { exitCode: number | null; signal: string | null; stderrTail: string } | undefined;
  void qemu.ended.then((end) => {
    ended = end;
  });
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    while (ended === undefined && seconds() < DEADLINE) {
      if (existsSync(console) && readFileSync(console, "latin1").includes(READY_LINE))
        return { usable: true, reason: `a guest has booted under KVM in ${seconds().toFixed(1)} s` };
      await sleep(50);
    }
    if (ended === undefined) return { usable: false, reason: `a guest did not boot under it within ${DEADLINE} s` };
    const said = ended.stderrTail.trim().split("\n").at(-1);
    return { usable: false, reason: `QEMU ended under it (${said || (ended.signal ?? ended.exitCode)})` };
  } finally {
    qemu.kill("SIGKILL");
    await qemu.ended;
    await rm(directory, { recursive: true, force: true });
  }
}
