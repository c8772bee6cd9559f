/** What a testbed cannot do is refused by name before anything is started. */
import type { HypervisorDriver } from "../hypervisors/contract.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { VmSpec } from "../model/machines.ts";
import type { Scenario } from "../model/plan.ts";
import { scenarioVm } from "../plan/vm.ts";
import type { TestbedFactory } from "./testbed.ts";

/** What a driver has that says nothing of disks. */
const PLAIN: NonNullable<HypervisorDriver["capabilities"]["disks"]> = {
  formats: ["raw"],
  allocations: ["sparse"],
  storages: [],
};

/** What the driver cannot do of a scenario, a sentence each, with what it can. */
export function unsupported(driver: HypervisorDriver, scenario: Scenario): string[] {
  const { disk, migration, atDeadline } = scenario;
  const { disks = PLAIN, oldCopy } = driver.capabilities;
  const among = (key: string, asked: string | undefined, possible: readonly string[]): string[] =>
    asked === undefined || possible.includes(asked)
      ? []
      : [`${driver.name} cannot do \`${key}: ${asked}\`; it can do: ${possible.join(", ") || "none"}`];
  const kind = among("migration", migration, driver.migrations);
  const copies = kind.length === 0 && migration === "storage-incremental" && !oldCopy;
  return [
    ...kind,
    ...(copies ? [`${driver.name} cannot put an old copy of the disk at the destination`] : []),
    ...among("atDeadline", atDeadline, driver.deadlineActions),
    ...among("disk.format", disk.format, disks.formats),
    ...among("disk.allocation", disk.allocation, disks.allocations),
    ...among("disk.storage", disk.storage, disks.storages),
    ...among("disk.to", disk.to, disks.storages),
  ];
}

/**
 * Checks every scenario against the testbed on which it is to run.
 * @throws MigrascopeError SETTING_UNSUPPORTED naming all that the driver cannot do, CONFIG_INVALID when a scenario's data does
 * not fit on its disk.
 */
export function requireSupport(scenarios: readonly Scenario[], vm: VmSpec, live: TestbedFactory): void {
  const refused: string[] = [];
  for (const scenario of scenarios) {
    const own = scenarioVm(vm, scenario);
    requireDataFits(scenario, own);
    const { driver } = live(own);
    refused.push(...unsupported(driver, scenario).map((sentence) => `scenario "${scenario.name}": ${sentence}`));
  }
  if (refused.length > 0) throw new MigrascopeError("SETTING_UNSUPPORTED", refused.join("\n"));
}

/** The guest's file system takes some of the disk too: whether the rest is enough, only the guest can say. */
function requireDataFits({ name, disk: { data } }: Scenario, { disk, swap }: VmSpec): void {
  if (data === 0 || data + swap < disk) return;
  const also = swap > 0 ? ` beside ${swap} bytes of swap` : "";
  throw new MigrascopeError("CONFIG_INVALID", `disk.data: ${data} bytes do not fit on a disk of ${disk} bytes${also}`, {
    where: `scenario ${name}`,
  });
}
