/** What executes the guest's instructions on real hosts: KVM only where a guest has really booted under it. */
import { type GuestImage, READY_LINE } from "../guest/image.ts";
import { attribute, descend, readXml, textOf } from "../hypervisors/libvirt/virsh/xml.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { HostsTestbed } from "../model/hosts.ts";
import { type HostRole, VmSpec } from "../model/machines.ts";
import type { Machine } from "../remote/machine.ts";
import { deliverGuest, type GuestFiles } from "./guest-files.ts";
import { perHostAsync, ROLES } from "./machines.ts";
import { virsh } from "./virsh.ts";

/** Seconds that a guest gets to boot under KVM. It needs two; one that hangs never ends. */
const DEADLINE = 20;

export interface KvmVerdict {
  readonly usable: boolean;
  readonly reason: string;
}

export interface Accelerator {
  readonly accelerator: "kvm" | "tcg";
  readonly reason: string;
}

/**
 * @throws MigrascopeError KERNEL_LACKS when KVM is asked for and one of the hosts cannot use it.
 */
export async function hostsAccelerator(
  asked: HostsTestbed["accelerator"],
  machines: Readonly<Record<HostRole, Machine>>,
  image: GuestImage,
): Promise<Accelerator> {
  if (asked === "tcg") return { accelerator: "tcg", reason: "asked for" };
  const verdicts = await kvmVerdicts(machines, image);
  const unable = ROLES.find((role) => !verdicts[role].usable);
  if (unable === undefined) return { accelerator: "kvm", reason: verdicts.source.reason };
  const reason = `KVM cannot be used on the ${unable}: ${verdicts[unable].reason}`;
  if (asked === "auto") return { accelerator: "tcg", reason };
  throw new MigrascopeError("KERNEL_LACKS", reason, { where: unable });
}

/** @throws MigrascopeError COMMAND_FAILED when a host does not answer. */
export async function kvmVerdicts(
  machines: Readonly<Record<HostRole, Machine>>,
  image: GuestImage,
): Promise<Record<HostRole, KvmVerdict>> {
  const emulators = await perHostAsync((role) => kvmEmulator(machines[role]));
  // Nothing is copied to hosts without KVM.
  if (ROLES.every((role) => "reason" in emulators[role]))
    return perHostAsync(async (role) => emulators[role] as KvmVerdict);
  const files = await deliverGuest(machines, image);
  return perHostAsync(async (role) => {
    const found = emulators[role];
    return "reason" in found ? found : bootUnderKvm(machines[role], found.path, image, files);
  });
}

/** The path of the host's QEMU for KVM, as libvirt would start it. */
async function kvmEmulator(machine: Machine): Promise<{ path: string } | KvmVerdict> {
  const no = (reason: string): KvmVerdict => ({ usable: false, reason });
  const { stdout } = await machine.run(["sh", "-c", "[ -e /dev/kvm ] && echo there || echo absent"]);
  if (stdout.trim() === "absent")
    return no("there is no /dev/kvm: virtualization is off in the firmware, or kvm's module is not loaded");
  const text = await virsh(machine, ["domcapabilities", "--virttype", "kvm"]).catch(() => undefined);
  const capabilities = text === undefined ? undefined : descend(readXml(text), "domainCapabilities");
  const path = textOf(descend(capabilities, "path"));
  if (path === undefined) return no("libvirt knows no QEMU for it");
  if (attribute(descend(capabilities, "cpu", "mode"), "name") === undefined) return no("libvirt knows no CPU for it");
  return { path };
}

/**
 * Prints `booted` when the guest has said that it is ready. What it starts ends with it. Arguments: deadline, line of a
 * guest that is ready, command.
 */
const BOOT = `
deadline=$1 ready=$2; shift 2
log=$(mktemp) || exit 1
trap 'kill -KILL "$qemu" 2>/dev/null; rm -f "$log"' EXIT
"$@" </dev/null >"$log" 2>&1 & qemu=$!
n=0
while [ "$n" -lt $((deadline * 10)) ]; do
  grep -q "$ready" "$log" && { echo booted; exit 0; }
  kill -0 "$qemu" 2>/dev/null || { echo ended; tail -n 1 "$log"; exit 0; }
  sleep 0.1; n=$((n + 1))
done
echo late`;

async function bootUnderKvm(
  machine: Machine,
  emulator: string,
  image: GuestImage,
  files: GuestFiles,
): Promise<KvmVerdict> {
  const qemu = [
    ...[emulator, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...["-machine", "q35", "-accel", "kvm", "-cpu", "qemu64", "-m", "256"],
    ...["-kernel", files.kernel, "-initrd", files.initrd, "-append", image.commandLine(VmSpec.parse({}))],
  ];
  const argv = ["sh", "-c", BOOT, "sh", String(DEADLINE), READY_LINE, ...qemu];
  const { stdout } = await machine.run(argv, { timeout: 3 * DEADLINE });
  const [word, ...said] = stdout.trim().split("\n");
  if (word === "booted") return { usable: true, reason: "a guest has booted under KVM" };
  if (word === "late") return { usable: false, reason: `a guest did not boot under it within ${DEADLINE} s` };
  return { usable: false, reason: `QEMU ended under it (${said.join("; ") || "without a word"})` };
}
