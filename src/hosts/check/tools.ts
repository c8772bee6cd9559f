/** The commands that a host needs, and what each costs that it lacks. */
import { ROLES } from "../machines.ts";
import { type Check, type Finding, failed, ok, warning } from "./finding.ts";

interface Tool {
  readonly command: string;
  readonly required: boolean;
  readonly package: string;
  /** What cannot be done without it. */
  readonly cost: string;
}

const TOOLS: readonly Tool[] = [
  { command: "virsh", required: true, package: "libvirt-clients", cost: "nothing can be migrated" },
  { command: "ip", required: true, package: "iproute2", cost: "interfaces cannot be read" },
  { command: "flock", required: true, package: "util-linux", cost: "two runs could use the hosts at once" },
  { command: "sha256sum", required: true, package: "coreutils", cost: "files cannot be compared" },
  { command: "qemu-img", required: true, package: "qemu-utils", cost: "disks cannot be made or read" },
  { command: "qemu-io", required: false, package: "qemu-utils", cost: "network storage cannot be checked by writing" },
  { command: "ping", required: false, package: "iputils-ping", cost: "the migration network's MTU cannot be tried" },
  {
    command: "bash",
    required: false,
    package: "bash",
    cost: "the switch's ports cannot be checked, and the clock offset is less exact",
  },
  { command: "scp", required: false, package: "openssh-client", cost: "no cold migration with copy: scp" },
  { command: "rsync", required: false, package: "rsync", cost: "no cold migration with copy: rsync" },
  { command: "gzip", required: false, package: "gzip", cost: "no cold migration with compression: gzip" },
  { command: "zstd", required: false, package: "zstd", cost: "no cold migration with compression: zstd" },
];

/** Prints those of its arguments that are no commands here. */
const MISSING = 'for tool; do command -v "$tool" >/dev/null || echo "$tool"; done';

export const tools: Check = {
  name: "tools",
  essential: true,
  needs: ["SSH"],
  run: async ({ hosts }) => {
    const found = await Promise.all(
      ROLES.map(async (role) => {
        const { stdout } = await hosts[role].run(["sh", "-c", MISSING, "sh", ...TOOLS.map(({ command }) => command)]);
        return toolFindings(`tools ${role}`, stdout.split("\n").filter(Boolean));
      }),
    );
    return found.flat();
  },
};

/** One finding for what must be there, one for what only costs something. */
export function toolFindings(name: string, missing: readonly string[]): Finding[] {
  const lacking = TOOLS.filter(({ command }) => missing.includes(command));
  if (lacking.length === 0) return [ok(name, `all there: ${TOOLS.map(({ command }) => command).join(" ")}`)];
  return [true, false].flatMap((required) => {
    const these = lacking.filter((tool) => tool.required === required);
    if (these.length === 0) return [];
    const detail = these.map(({ command, cost }) => `no ${command}: ${cost}`).join("; ");
    const mend = `apt-get install ${[...new Set(these.map((tool) => tool.package))].join(" ")}`;
    return [required ? failed(name, detail, mend) : warning(name, detail, mend)];
  });
}
