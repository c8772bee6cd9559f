/** What this machine and this user can do, each found out by doing it. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { z } from "zod";
import { ensureGuestImage, type GuestImage } from "../guest/image.ts";
import { locate, systemPath } from "../guest/locate.ts";
import { asMigrascopeError } from "../model/errors.ts";
import { LabTestbed } from "../model/testbed.ts";
import { nativePrograms } from "../probes/native.ts";
import { localMachine } from "../remote/local.ts";
import type { CommandOutput } from "../remote/machine.ts";
import { usableAccelerator } from "./accelerator.ts";
import { stateDirectory } from "./directory.ts";
import { labDown } from "./down.ts";
import { userNamespaceOptions } from "./init.ts";
import { checkMode, type ModeVerdict } from "./mode.ts";
import { installCommand, LIBVIRT_REQUIREMENTS, missingPackages } from "./packages.ts";
import { NETEM_TRIAL } from "./shaping.ts";
import { labUp } from "./up.ts";

export interface Ability {
  readonly name: string;
  readonly ok: boolean;
  /** Without it the lab does not run at all; otherwise a setting or some speed is lost. */
  readonly required: boolean;
  readonly detail: string;
  /** The command that mends it. */
  readonly mend?: string | undefined;
}

/** Bytes that a lab, its guest and a run's captures take with room to spare. */
const DISK_NEEDED = 2 * 2 ** 30;
const NODE_NEEDED = 24;

type Finding = Omit<Ability, "name" | "required">;
const ok = (detail: string): Finding => ({ ok: true, detail });
const lacks = (detail: string, mend?: string): Finding => ({ ok: false, detail, mend });

/** Asks one thing after the other: each would disturb the next. @param onStep told what is being tried. */
export async function findAbilities(onStep?: (step: string) => void): Promise<Ability[]> {
  const abilities: Ability[] = [];
  const ask = async (name: string, required: boolean, question: () => Finding | Promise<Finding>): Promise<void> => {
    onStep?.(name);
    abilities.push({ name, required, ...(await Promise.resolve().then(question).catch(failed)) });
  };
  const mode = await checkMode();
  let image: GuestImage | undefined;
  await ask("node", true, node);
  await ask("packages", true, packages);
  await ask("namespaces", true, () => namespaces(mode));
  await ask("/dev/net/tun", true, () => tun(mode));
  await ask("disk space", true, diskSpace);
  await ask("prober", true, () => prober(mode));
  await ask("guest image", true, async () => {
    image = await ensureGuestImage(onStep ? { onStep } : {});
    return ok(`kernel ${image.kernelVersion}`);
  });
  await ask("lab with SNMP agent", true, lab);
  await ask("without root", false, withoutRoot);
  await ask("lab with libvirt", false, () => libvirtLab(mode));
  await ask("KVM", false, () => kvm(image));
  await ask("netem", false, () => netem(mode));
  await ask("real-time priority", false, () => realTime(mode));
  await ask("post-copy (userfaultfd)", false, () => userfaultfd(mode));
  return abilities;
}

function failed(error: unknown): Finding {
  const known = asMigrascopeError(error);
  return lacks(known.message, known.code === "PACKAGES_MISSING" ? "sudo migrascope doctor" : known.advice);
}

function node(): Finding {
  const { node: version } = process.versions;
  return Number.parseInt(version, 10) >= NODE_NEEDED ? ok(version) : lacks(`this is ${version}`, "npm install");
}

function packages(): Finding {
  const missing = missingPackages();
  if (missing.length === 0) return ok("all installed");
  const names = missing.map((one) => one.package);
  return lacks(`missing: ${names.join(", ")}`, installCommand(names, process.geteuid!() !== 0));
}

function namespaces({ mode, lacks: all }: ModeVerdict): Finding {
  const lack = all.find(({ subject }) => subject === "namespaces");
  if (lack) return lacks(lack.what, lack.mend);
  return ok(mode === "root" ? "as root" : "as this user, in a user namespace");
}

function tun({ lacks: all }: ModeVerdict): Finding {
  const lack = all.find(({ subject }) => subject === "tun");
  return lack ? lacks(lack.what, lack.mend) : ok("may be opened");
}

function diskSpace(): Finding {
  const directory = stateDirectory();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = statfsSync(directory);
  const free = `${((bavail * bsize) / 2 ** 30).toFixed(1)} GiB free in ${directory}`;
  return bavail * bsize >= DISK_NEEDED
    ? ok(free)
    : lacks(`${free}, 2 GiB needed`, "export MIGRASCOPE_STATE=<a larger disk>");
}

/** What the prober says of itself where it will run. */
async function proberCheck(mode: ModeVerdict): Promise<z.infer<typeof ProberCheck>> {
  const { prober } = await nativePrograms();
  const { stdout } = await trial(mode, [prober, "--check"]);
  return ProberCheck.parse(JSON.parse(stdout));
}
const ProberCheck = z.looseObject({ ipv4: z.boolean(), ipv6: z.boolean(), realtime: z.boolean() });

async function prober(mode: ModeVerdict): Promise<Finding> {
  const { ipv4, ipv6 } = await proberCheck(mode);
  if (!ipv4) return lacks("built, but it may not open raw sockets in the lab");
  return ok(`built; it may send ${ipv6 ? "IPv4 and IPv6" : "IPv4, but not IPv6"} in the lab`);
}

/** The proof of all that is required: a lab that comes up, agent and all, and goes. */
async function lab(): Promise<Finding> {
  const name = `doctor-${randomBytes(4).toString("hex")}`;
  try {
    const state = await labUp(LabTestbed.parse({ name }));
    return ok(`came up ${state.mode === "root" ? "as root" : "in a user namespace"}, and its switch answered`);
  } finally {
    await labDown(name);
  }
}

/** Read from the system's settings, so that root can ask for others. */
function withoutRoot(): Finding {
  const file = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8").trim() : undefined);
  if (file("/proc/sys/kernel/unprivileged_userns_clone") === "0")
    return lacks("the system forbids user namespaces", "sudo sysctl kernel.unprivileged_userns_clone=1");
  if (file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === "1")
    return lacks("AppArmor restricts user namespaces", "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0");
  if ((statSync("/dev/net/tun", { throwIfNoEntry: false })?.mode ?? 0o666) % 0o10 < 6)
    return lacks("only root may open /dev/net/tun", "sudo chmod 0666 /dev/net/tun");
  return ok("any user may run a lab");
}

/** Not built for the question: what it needs is named when it does not come up. */
function libvirtLab({ mode }: ModeVerdict): Finding {
  const missing = missingPackages(LIBVIRT_REQUIREMENTS).map((one) => one.package);
  if (missing.length > 0) return lacks(`missing: ${missing.join(", ")}`, installCommand(missing, mode !== "root"));
  return mode === "root" ? ok("all packages installed") : lacks("it needs root", "sudo migrascope lab up");
}

async function kvm(image: GuestImage | undefined): Promise<Finding> {
  if (!image) return lacks("not tried without a guest image; guests will be emulated (TCG)");
  const { accelerator, reason } = await usableAccelerator("auto", image);
  if (accelerator === "kvm") return ok(reason);
  const mend = reason.includes("may not be opened") ? "sudo adduser $USER kvm" : undefined;
  return lacks(`${reason}; guests are emulated (TCG)`, mend);
}

/** Runs a command where the lab would: in fresh namespaces that are gone with it. */
const trial = (mode: ModeVerdict, argv: readonly string[]): Promise<CommandOutput> =>
  localMachine().run(["unshare", ...userNamespaceOptions(mode.mode), "--net", "--", ...argv], {
    env: { PATH: systemPath() },
  });

async function netem(mode: ModeVerdict): Promise<Finding> {
  if (await succeeds(trial(mode, NETEM_TRIAL))) return ok("links can have delay and loss");
  const hasModule = await succeeds(localMachine().run([locate("modprobe") ?? "modprobe", "--dry-run", "sch_netem"]));
  const what = "links cannot have delay or loss: the running kernel has no netem";
  return hasModule ? lacks(what, "sudo modprobe sch_netem") : lacks(`${what}, and no module of it is installed`);
}

const succeeds = (command: Promise<unknown>): Promise<boolean> =>
  command.then(
    () => true,
    () => false,
  );

async function realTime(mode: ModeVerdict): Promise<Finding> {
  if ((await proberCheck(mode)).realtime) return ok("the prober may have it");
  if (mode.mode === "root") return lacks("the prober competes with other processes");
  return lacks(
    "the prober competes with other processes",
    `echo "$USER - rtprio 50" | sudo tee /etc/security/limits.d/migrascope.conf # then log in again`,
  );
}

function userfaultfd({ mode }: ModeVerdict): Finding {
  const setting = "/proc/sys/vm/unprivileged_userfaultfd";
  if (!existsSync(setting)) return lacks("the kernel was built without userfaultfd");
  if (mode === "root" || readFileSync(setting, "utf8").trim() === "1") return ok("permitted");
  return lacks("not permitted to this user", "sudo sysctl vm.unprivileged_userfaultfd=1");
}
