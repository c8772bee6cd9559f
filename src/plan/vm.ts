import type { VmSpec } from "../model/machines.ts";
import type { Scenario } from "../model/plan.ts";

/** The VM of a scenario: the testbed's, with what the scenario says differently. */
export function scenarioVm(vm: VmSpec, { vm: different }: Pick<Scenario, "vm">): VmSpec {
  return {
    ...vm,
    memory: different.memory ?? vm.memory,
    vcpus: different.vcpus ?? vm.vcpus,
    disk: different.disk ?? vm.disk,
    swap: different.swap ?? vm.swap,
    hugePages: different.hugePages ?? vm.hugePages,
  };
}
