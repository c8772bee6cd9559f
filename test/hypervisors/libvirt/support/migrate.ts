/**
 * Inside a lab with libvirt: migrations of a guest of 512 bytes, each with something broken on the way if so asked. Argument: a
 * JSON list of `Attempt`. Prints a JSON list of `Account`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MigrationOutcome } from "../../../../src/hypervisors/contract.ts";
import { LibvirtDriver } from "../../../../src/hypervisors/libvirt/driver.ts";
import { labLibvirtHosts, labStorages } from "../../../../src/lab/driver.ts";
import { insideLab } from "../../../../src/lab/enter.ts";
import { readLabState } from "../../../../src/lab/state.ts";
import type { HostRole } from "../../../../src/model/machines.ts";
import { VmSpec } from "../../../../src/model/machines.ts";
import type { MigrationEvent, MigrationProgress } from "../../../../src/model/migration.ts";
import { ColdOptions, DeadlineAction, DiskOptions, MigrationKind } from "../../../../src/model/movement.ts";
import { MigrationSettings } from "../../../../src/model/settings.ts";
import { writeGuest } from "../../qemu/guest.ts";
import { type Fault, strike } from "./faults.ts";

export interface Attempt {
  readonly kind?: string;
  readonly disk?: object;
  readonly cold?: object;
  readonly settings?: object;
  readonly deadline?: number;
  readonly atDeadline?: string;
  readonly grace?: number;
  /** MiB that the guest dirties without pause. */
  readonly dirtied?: number;
  readonly fault?: Fault;
}

export interface Account {
  readonly outcome: Pick<MigrationOutcome, "status" | "reason" | "runsOn" | "report"> | { readonly error: string };
  /** `kind host detail`, in order, without rounds and states. */
  readonly events: readonly string[];
  readonly states: readonly string[];
  readonly samples: number;
  /** The largest share of vCPU time taken away before the deadline's event, and after it. */
  readonly throttles: { readonly before: number; readonly after: number };
  readonly settings: Readonly<Record<string, unknown>>;
  readonly ports: unknown;
  /** Where libvirt says that the VM runs. */
  readonly located: HostRole | null;
  /** Where the guest was seen to execute, by what it writes to its console. */
  readonly executes: readonly HostRole[];
  /** QEMUs of the VM on all hosts: after the migration, and after `powerOff`. */
  readonly hypervisors: readonly [number, number];
  /** What is left of the VM after `powerOff`: domains. */
  readonly left: readonly string[];
}

const state = readLabState(insideLab()!)!;
const hosts = labLibvirtHosts(state);
const ROLES = ["source", "destination"] as const;
const vm = VmSpec.parse({ name: "vm", memory: "96MiB", disk: "64MiB" });

/** The lab's own view of its processes: this one runs in a namespace of its own. */
const PROCESSES = join(insideLab()!, "proc");
const hypervisors = (): number =>
  readdirSync(PROCESSES).filter((pid) => {
    if (!/^\d+$/u.test(pid)) return false;
    try {
      return readFileSync(join(PROCESSES, pid, "cmdline"), "latin1").includes("guest=vm,");
    } catch {
      return false;
    }
  }).length;

const consoleSize = async (role: HostRole): Promise<number> =>
  Number((await hosts[role].machine.run(["sh", "-c", "wc -c </var/log/libvirt/qemu/vm-console.log || echo 0"])).stdout);

/** Waits a while for the guest to write on either host. */
async function executing(): Promise<HostRole[]> {
  const before = await Promise.all(ROLES.map(consoleSize));
  for (let attempt = 0; attempt < 20; attempt++) {
    await sleep(250);
    const now = await Promise.all(ROLES.map(consoleSize));
    const grown = ROLES.filter((_, index) => now[index]! > before[index]!);
    if (grown.length > 0) return grown;
  }
  return [];
}

async function attempt(asked: Attempt): Promise<Account> {
  const image = join(state.shared, "boot.raw");
  writeGuest(image, (asked.dirtied ?? 16) * 2 ** 20, true);
  const driver = new LibvirtDriver({ hosts, storages: labStorages(state), image, accelerator: "tcg" });
  const kind = MigrationKind.parse(asked.kind ?? "memory");
  const disk = DiskOptions.parse(asked.disk ?? {});
  const settings = MigrationSettings.parse(asked.settings ?? {});
  const signal = new AbortController().signal;
  await driver.powerOn({ host: "source", vm, disk, kind, settings, logDirectory: state.shared, signal });
  if (kind === "storage-incremental") await driver.capabilities.oldCopy!.make(signal);
  const events: MigrationEvent[] = [];
  const samples: MigrationProgress[] = [];
  const mending: Promise<void>[] = [];
  const { fault } = asked;
  let struck = false;
  const watch = (moment: string): void => {
    if (!fault || struck || moment !== fault.at) return;
    struck = true;
    mending.push(strike(hosts, fault, insideLab()!));
  };
  const outcome = await driver
    .migrate({
      from: "source",
      kind,
      cold: ColdOptions.parse(asked.cold ?? {}),
      disk,
      settings,
      deadline: asked.deadline ?? 120,
      atDeadline: DeadlineAction.parse(asked.atDeadline ?? "cancel"),
      grace: asked.grace ?? 60,
      signal,
      observer: {
        event: (event) => {
          events.push(event);
          watch([event.kind, event.host, event.detail].filter(Boolean).join(" "));
        },
        progress: (sample) => void samples.push(sample),
      },
    })
    .catch((error: Error) => ({ error: error.message }));
  await Promise.all(mending);
  const located = await driver.locate();
  const executes = await executing();
  const afterwards = hypervisors();
  await driver.powerOff();
  const left = await Promise.all(
    ROLES.map(async (role) => (await hosts[role].machine.run(["virsh", "list", "--all", "--name"])).stdout.trim()),
  );
  return {
    outcome: "error" in outcome ? outcome : pick(outcome),
    events: events
      .filter((event) => event.kind !== "round" && event.kind !== "status")
      .map((event) => [event.kind, event.host, event.detail].filter(Boolean).join(" ")),
    states: events.filter((event) => event.kind === "status").map((event) => `${event.host} ${event.detail}`),
    samples: samples.length,
    throttles: throttlesIn(samples, events.find((event) => event.kind === "deadline")?.observed.mono),
    settings:
      "settings" in outcome
        ? Object.fromEntries(outcome.settings.map((row) => [`${row.host} ${row.name}`, row.effective]))
        : {},
    ports: "ports" in outcome ? outcome.ports : undefined,
    located,
    executes,
    hypervisors: [afterwards, hypervisors()],
    left: left.filter((name) => name !== ""),
  };
}

const pick = ({ status, reason, runsOn, report }: MigrationOutcome): Account["outcome"] => ({
  status,
  ...(reason !== undefined && { reason }),
  runsOn,
  report,
});

function throttlesIn(samples: readonly MigrationProgress[], deadline = Number.POSITIVE_INFINITY): Account["throttles"] {
  const largest = (of: readonly MigrationProgress[]): number => Math.max(0, ...of.map(({ throttle }) => throttle ?? 0));
  return {
    before: largest(samples.filter(({ at }) => at.mono < deadline)),
    after: largest(samples.filter(({ at }) => at.mono >= deadline)),
  };
}

const accounts: Account[] = [];
for (const asked of JSON.parse(process.argv[2]!) as Attempt[]) {
  process.stderr.write(`${JSON.stringify(asked)}\n`);
  accounts.push(await attempt(asked));
}
process.stdout.write(JSON.stringify(accounts));
process.exit(0);
