/** A made-up but realistic result: what one migration of a 256 MiB guest looks like, and the ways in which it can fail. */
import { type PassSeries, RESULT_SCHEMA, type Result, type TrialResult } from "../../src/model/result.ts";
import { passOf } from "./fixture-pass.ts";
import type { FixtureOptions } from "./fixture-probes.ts";
import { WORKLOADS } from "./fixture-workloads.ts";

export interface Fixture {
  readonly result: Result;
  readonly series: PassSeries[];
}

export function fixture(given: FixtureOptions = {}): Fixture {
  const options: Required<FixtureOptions> = {
    trials: 1,
    status: "completed",
    name: "",
    accelerator: "tcg",
    interval: 0.001,
    length: 5,
    blackout: 0.127,
    busy: true,
    ...given,
  };
  const series: PassSeries[] = [];
  const trials = Array.from({ length: options.trials }, (_, index): TrialResult => {
    const seed = index + 1;
    const status = seed === options.trials ? options.status : "completed";
    const passes = (["quiet", "probed"] as const).map((kind) => passOf(kind, options, status, seed));
    series.push(...passes.map((pass) => pass.series));
    const probed = passes[1]!.pass;
    return {
      id: passes[0]!.trial,
      scenario: `baseline${options.name}`,
      definition: {
        name: "baseline",
        migration: "memory",
        cold: { compression: "none", copy: "scp" },
        disk: { format: "raw", allocation: "sparse", data: 0 },
        atDeadline: "cancel",
        grace: 60,
        workload: options.busy ? WORKLOADS : "idle",
        observe: { every: 0.1 },
        settings: {},
        vm: {},
        probe: { interval: options.interval, family: "ipv4" },
        deadline: 120,
        bootDeadline: 120,
      },
      repetition: seed,
      hypervisor: `qemu${options.name}`,
      accelerator: options.accelerator,
      status,
      passes: passes.map(({ pass }) => pass),
      measurements: probed.measurements,
    };
  });
  const result: Result = {
    schema: RESULT_SCHEMA,
    run: {
      id: `20260801-120000-baseline${options.name}`,
      state: "finished",
      plan: `baseline${options.name}`,
      description: `An idle guest, as in the paper's 4.2.1 ${options.name}`,
      started: "2026-08-01T12:00:00Z",
      tool: "migrascope 0.1.0",
      testbed: `default${options.name}`,
      environment: { kernel: "6.1.0-37-cloud-amd64", node: "v24.21.0", lab: "user namespace", note: options.name },
      links: { service: { rate: 1e9, delay: 0, loss: 0 }, migration: { rate: 1e9, delay: 0, loss: 0 } },
      vm: { memory: 268_435_456, vcpus: 1, disk: 42_949_672_960 },
    },
    warnings: options.trials > 0 ? [`The destination's clock differs by 3.1 µs ${options.name}`] : [],
    trials,
  };
  return { result, series };
}
