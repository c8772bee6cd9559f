/**
 * A testbed without a hypervisor: its VM is a word that says where it runs, its guest is this machine's shell in a directory
 * of its own. Nothing but what happens between the driver and the harness is real.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Capabilities, HypervisorDriver, MigrationRequest } from "../../src/hypervisors/contract.ts";
import { MigrascopeError } from "../../src/model/errors.ts";
import { type HostRole, VmSpec } from "../../src/model/machines.ts";
import type { PlannedTrial, Scenario } from "../../src/model/plan.ts";
import { Plan } from "../../src/model/plan.ts";
import type { PassKind } from "../../src/model/run.ts";
import { LabTestbed } from "../../src/model/testbed.ts";
import { systemClock } from "../../src/model/time.ts";
import { localMachine } from "../../src/remote/local.ts";
import type { Machine } from "../../src/remote/machine.ts";
import { runPass } from "../../src/trial/pass.ts";
import { runPlan } from "../../src/trial/run.ts";
import type { LiveTestbed } from "../../src/trial/testbed.ts";

/** What a migration comes to. `damaged`: it completes, and the file on the disk is another. */
export type Fate = "completed" | "failed" | "lost" | "damaged" | "shut-down" | "shut-down-for-good";

const silent: Machine = {
  name: "benchmark",
  run: () => Promise.reject(new MigrascopeError("COMMAND_FAILED", "there is no such machine")),
  start: () => Promise.reject(new MigrascopeError("COMMAND_FAILED", "there is no such machine")),
};

export class FakeWorld implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "migrascope-trial-"));
  /** Where the VM runs; null: nowhere, though it may be left behind. */
  vm: HostRole | null = null;
  /** A VM that was lost leaves this behind until it is powered off. */
  wreck = false;
  /** What became of the migrations to come; when it is empty they complete. */
  readonly fates: Fate[] = [];
  /** What happened, in order. */
  readonly log: string[] = [];
  capabilities: Capabilities = {};
  migrations: HypervisorDriver["migrations"] = ["memory", "cold", "storage-incremental"];
  deadlineActions: HypervisorDriver["deadlineActions"] = ["cancel", "cold"];

  readonly guest: Machine = {
    name: "vm",
    run: (argv, options) => {
      if (this.vm === null)
        return Promise.reject(new MigrascopeError("COMMAND_FAILED", "connection refused", { exitCode: 1 }));
      // This machine is never idle.
      if (argv[0] === "head") return Promise.resolve({ stdout: `cpu 0 0 0 ${process.uptime()}`, stderr: "" });
      // Nor is it one that workloads run on.
      if (argv[0] === "uname") return Promise.resolve({ stdout: "Nothing none", stderr: "" });
      return localMachine().run(argv, options);
    },
    start: () => Promise.reject(new Error("nothing is started here")),
  };

  driver(): HypervisorDriver {
    const { log } = this;
    return {
      name: "fake",
      migrations: this.migrations,
      deadlineActions: this.deadlineActions,
      capabilities: this.capabilities,
      describe: () => Promise.reject(new MigrascopeError("COMMAND_FAILED", "there is no such host")),
      powerOn: async ({ host }) => {
        log.push("power-on");
        if (this.vm !== null || this.wreck)
          throw new MigrascopeError("HYPERVISOR_REFUSED", "a VM of that name is there");
        this.vm = host;
      },
      powerOff: async () => {
        log.push("power-off");
        this.vm = null;
        this.wreck = false;
      },
      statistics: async () => ({ at: systemClock(), source: "hypervisor", memory: { configured: 1 }, disk: {} }),
      migrate: (request) => this.#migrate(request),
      effectiveSettings: async () => [],
      locate: async () => this.vm,
    };
  }

  live(): LiveTestbed {
    return {
      driver: this.driver(),
      vm: VmSpec.parse({}),
      benchmark: silent,
      guest: this.guest,
      guestDirectory: this.directory,
      benchmarkAddress: { ipv4: "127.0.0.1", ipv6: "::1" },
      captures: [],
      flows: [],
      interfaces: [],
      clockOffsets: async () => [],
    };
  }

  /** One pass of a scenario as a plan writes it. */
  async pass(scenario: object, kind: PassKind = "quiet"): ReturnType<typeof runPass> {
    const [whole] = Plan.parse({ name: "p", scenarios: [{ name: "s", ...scenario }] }).scenarios as [Scenario];
    const trial: PlannedTrial = { id: "001-s", scenario: whole, repetition: 1 };
    return await runPass({
      trial,
      kind,
      testbed: this.live(),
      directory: this.directory,
      interrupt: new AbortController().signal,
      clock: systemClock,
      emit: () => {},
    });
  }

  /** A whole run of scenarios as a plan writes them. */
  async run(scenarios: readonly object[], repetitions = 1): ReturnType<typeof runPlan> {
    return await runPlan({
      plan: Plan.parse({ name: "p", repetitions, scenarios }),
      testbed: LabTestbed.parse({}),
      live: () => this.live(),
      directory: this.runDirectory,
      id: "r",
      toolVersion: "0",
      environment: {},
      accelerator: "none",
      interrupt: new AbortController().signal,
      clock: systemClock,
      listener: () => {},
    });
  }

  get runDirectory(): string {
    return join(this.directory, "run");
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #migrate({ from, observer, beforeShutDown }: MigrationRequest): ReturnType<HypervisorDriver["migrate"]> {
    const to = from === "source" ? "destination" : "source";
    const fate = this.fates.shift() ?? "completed";
    this.log.push(`migrate ${fate}`);
    observer.event({ kind: "command", host: from, observed: systemClock() });
    const ended = { report: {}, settings: [], ports: { memory: [49152], disk: [] } };
    if (fate === "failed") return { ...ended, status: "failed", reason: "refused", runsOn: from };
    if (fate === "lost") {
      this.vm = null;
      this.wreck = true;
      return { ...ended, status: "failed", reason: "both hosts let go of it", runsOn: null };
    }
    if (fate === "damaged") writeFileSync(join(this.directory, "migrascope-data"), "something else");
    if (fate === "shut-down" || fate === "shut-down-for-good") {
      await beforeShutDown?.();
      observer.event({ kind: "part", host: from, observed: systemClock(), detail: "shut-down" });
      this.vm = null;
      // It boots for a while after the driver has started it.
      if (fate === "shut-down") setTimeout(() => (this.vm = to), 600);
    } else this.vm = to;
    observer.event({ kind: "completed", host: from, observed: systemClock() });
    return { ...ended, status: "completed", runsOn: to };
  }
}
