import { Command, InvalidArgumentError } from "commander";
import { defaultTestbed, loadLab } from "../config/testbed.ts";
import { labDown } from "../lab/down.ts";
import { requireRoot } from "../lab/libvirt.ts";
import { checkMode } from "../lab/mode.ts";
import { ensurePackages, requirementsFor } from "../lab/packages.ts";
import type { LabState } from "../lab/state.ts";
import { type LabStatus, labNames, labStatus } from "../lab/status.ts";
import { type NetworkName, networksOf } from "../lab/topology.ts";
import { labUp } from "../lab/up.ts";
import { Name } from "../model/machines.ts";
import type { LabTestbed } from "../model/testbed.ts";
import { parseRate } from "../model/units.ts";
import { EXIT, interruptSignal, LEAVE_WITHIN } from "./exit.ts";
import { execCommand } from "./lab-exec.ts";

interface UpOptions {
  name?: string;
  rate?: number;
  testbed?: string;
}

const DEFAULT_NAME = defaultTestbed().name;

/** `migrascope lab`: the testbed on this machine, apart from any run. */
export function labCommand(): Command {
  const command = new Command("lab").description(
    "a whole testbed on this machine: two hosts, a switch, a benchmark server",
  );
  command
    .command("up")
    .description("build the lab, or leave it as it is when it is healthy and has these links")
    .option(
      "--name <name>",
      `several labs run side by side under different names (default: "${DEFAULT_NAME}")`,
      labName,
    )
    .option("--rate <rate>", "rate of every link in each direction, such as 1Gb/s or 97Mb/s", rate)
    .option("--testbed <file>", "take name and links from a testbed file")
    .action(up);
  command
    .command("status")
    .description("how the labs are, and what this user may do")
    .option("--name <name>", "only this one", labName)
    .option("--json", "one JSON document")
    .action(status);
  command
    .command("down")
    .description("end everything in the lab and remove its files, whatever state it is in")
    .option("--name <name>", `default: "${DEFAULT_NAME}"`, labName)
    .option("--all", "every lab of this user")
    .action(down);
  command.addCommand(execCommand(DEFAULT_NAME));
  return command;
}

function labName(text: string): string {
  const parsed = Name.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]!.message);
  return parsed.data;
}

function rate(text: string): number {
  let bitsPerSecond: number;
  try {
    bitsPerSecond = parseRate(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  if (bitsPerSecond > 0) return bitsPerSecond;
  throw new InvalidArgumentError("a rate must be more than zero");
}

async function up(options: UpOptions): Promise<void> {
  const testbed = await testbedFor(options);
  requireRoot(testbed.hypervisor);
  const onStep = (step: string): void => void process.stderr.write(`${step}\n`);
  let building = false;
  const signal = interruptSignal({ patience: () => (building ? LEAVE_WITHIN : 0) });
  try {
    const requirements = requirementsFor(testbed.hypervisor);
    await ensurePackages({ interactive: process.stdin.isTTY === true, requirements, onStep });
  } finally {
    signal.throwIfAborted(); // A terminal's Ctrl-C ends apt as well: that is not its failure.
  }
  building = true;
  await labUp(testbed, { onStep, signal });
  process.stdout.write(`${describe(labStatus(testbed.name))}\n`);
}

async function testbedFor(options: UpOptions): Promise<LabTestbed> {
  const testbed = options.testbed === undefined ? defaultTestbed() : await loadLab(options.testbed);
  const { service, migration, storage } = testbed.links;
  const asked = options.rate === undefined ? {} : { rate: options.rate };
  return {
    ...testbed,
    name: options.name ?? testbed.name,
    links: {
      service: { ...service, ...asked },
      migration: { ...migration, ...asked },
      storage: { ...storage, ...asked },
    },
  };
}

async function status(options: { name?: string; json?: true }): Promise<void> {
  const names = options.name === undefined ? labNames() : [options.name];
  const labs = names.map(labStatus);
  const mode = await checkMode();
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ schema: "migrascope-lab-status/1", labs, ...mode }, null, 2)}\n`);
  } else {
    const here =
      mode.mode === "root"
        ? "this user is root: labs run as root"
        : "this user is not root: labs run in a user namespace";
    const lacks = mode.lacks.map(({ what, mend }) => `  lacks: ${what}\n    → ${mend}`);
    const asRoot =
      mode.lacks.length > 0 && mode.mode === "user-namespace" ? ["  or run it as root: sudo migrascope lab up"] : [];
    const none = labs.length === 0 ? ["no labs"] : [];
    process.stdout.write(`${[...labs.map(describe), ...none, "", here, ...lacks, ...asRoot].join("\n")}\n`);
  }
  if (labs.some((lab) => lab.health === "broken")) process.exitCode = EXIT.failure;
}

async function down(options: { name?: string; all?: true }): Promise<void> {
  const names = options.all ? labNames() : [options.name ?? DEFAULT_NAME];
  if (names.length === 0) process.stdout.write("no labs\n");
  for (const name of names) {
    const { existed, processes } = await labDown(name);
    process.stdout.write(
      existed ? `lab "${name}" removed, ${processes} processes ended\n` : `there was no lab "${name}"\n`,
    );
  }
  const left = labNames();
  // A run that was killed leaves a lab under a name that nobody remembers.
  if (left.length > 0) process.stdout.write(`still there: ${left.join(", ")} (--name <name> or --all removes them)\n`);
}

/** A lab for a reader. */
function describe(lab: LabStatus): string {
  const head = `lab "${lab.name}": ${lab.health}`;
  const problems = lab.problems.map((problem) => `  ${problem}`);
  if (lab.health === "broken") problems.push(`  → migrascope lab down --name ${lab.name}`);
  return [head, ...problems, ...(lab.state ? details(lab.state, lab) : [])].join("\n");
}

function details(state: LabState, lab: LabStatus): string[] {
  const { source, destination, benchmark, nas } = state.machines;
  const address = (
    name: string,
    at: Partial<Record<NetworkName, LabState["machines"]["benchmark"]["service"] | undefined>>,
  ): string =>
    `  ${name.padEnd(12)} ${networksOf(state.hypervisor)
      .flatMap((network) => (at[network] ? [{ network, ...at[network] }] : []))
      .map(({ network, ipv4, ipv6, interface: device }) => `${network} ${ipv4}, ${ipv6} on ${device}`)
      .join("; ")}`;
  const link = (name: NetworkName): string => {
    const { rate: bits, delay, loss } = state.links[name];
    const more = [delay > 0 ? `${delay * 1000} ms delay` : "", loss > 0 ? `${loss * 100} % loss` : ""].filter(Boolean);
    return [`  ${name.padEnd(12)} ${bits / 1e6} Mb/s each way`, ...more].join(", ");
  };
  return [
    `  hypervisor   ${state.hypervisor}`,
    `  mode         ${state.mode === "root" ? "root" : "user namespace, without root"}`,
    `  since        ${state.created}`,
    address("benchmark", benchmark),
    address("source", source),
    address("destination", destination),
    ...(nas ? [address("nas", nas)] : []),
    `  switch       SNMP at ${state.snmp.address}:${state.snmp.port}, ports ${Object.values(state.ports).join(" ")}`,
    ...networksOf(state.hypervisor).map(link),
    ...(state.libvirt && state.storage ? libvirt(state.libvirt, state.storage) : []),
    `  in use by    ${lab.guests.length === 0 ? "nobody" : lab.guests.map(({ command, pid }) => `${command} (${pid})`).join(", ")}`,
    `  directory    ${state.directory}`,
  ];
}

/** Where libvirt's hosts and the NAS are to be found. */
const libvirt = (
  { ssh, images }: NonNullable<LabState["libvirt"]>,
  { nfs, iscsi }: NonNullable<LabState["storage"]>,
): string[] => [
  `  libvirt      SSH as ${ssh.user} with ${ssh.keyFile}, images in ${images}, TLS`,
  `  storage      NFS ${nfs.export}; iSCSI ${iscsi.target}, LUN ${iscsi.lun}`,
];
