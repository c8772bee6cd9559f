/** The migration of a pass, there and back, and what is known of it afterwards. */
import type { MigrationObserver, MigrationOutcome } from "../hypervisors/contract.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { HostRole } from "../model/machines.ts";
import type { MigrationEvent } from "../model/migration.ts";
import type { PassRecord } from "../model/run.ts";
import { awaitReply } from "./guest-ready.ts";
import type { Span } from "./guest-work.ts";
import type { PassFiles } from "./pass-files.ts";
import type { PassOptions } from "./pass-options.ts";

const ignore: MigrationObserver = { event: () => {}, progress: () => {} };

export class Moving {
  /** What is worth a warning. */
  readonly warnings: string[] = [];
  readonly #options: PassOptions;
  readonly #files: PassFiles;
  #outcome: MigrationOutcome | undefined;
  #span: Span | undefined;
  #back: PassRecord["back"];
  #wasShutDown = false;
  #unheard: string | undefined;

  constructor(options: PassOptions, files: PassFiles) {
    this.#options = options;
    this.#files = files;
  }

  /** Undefined: it was not tried, or not even begun. */
  get outcome(): MigrationOutcome | undefined {
    return this.#outcome;
  }

  /** From the migrate command to the end, or to now; undefined before the command. */
  get span(): Span | undefined {
    return this.#span && { ...this.#span, to: this.#outcome ? this.#span.to : this.#options.clock() };
  }

  get back(): PassRecord["back"] {
    return this.#back;
  }

  /** Why the guest cannot be asked any more, if it cannot. */
  get lost(): string | undefined {
    return this.#outcome?.runsOn === null ? "the VM is lost" : this.#unheard;
  }

  /** The guest's system was shut down on the way: nothing that ran in it runs any more. */
  get wasShutDown(): boolean {
    return this.#wasShutDown;
  }

  /**
   * There. A guest that was shut down on the way is waited for until it answers.
   * @throws MigrascopeError MIGRATION_FAILED unless it completed; VM_NOT_BOOTED; what the driver threw before it began.
   */
  async there(signal: AbortSignal, beforeShutDown: () => Promise<void>): Promise<undefined> {
    const { trial, kind, emit, clock } = this.#options;
    const observer: MigrationObserver = {
      event: (event) => this.#observe(event),
      progress: (progress) => {
        this.#files.migration.append({ record: "progress", ...progress });
        emit({ type: "migration-progress", trial: trial.id, pass: kind, progress });
      },
    };
    const outcome = await this.#move("source", signal, observer, beforeShutDown);
    if (this.#span) this.#span = { ...this.#span, to: clock() };
    this.#outcome = outcome;
    this.#files.migration.append({ record: "report", ...outcome.report });
    this.warnings.push(...(outcome.warnings ?? []));
    if (this.#wasShutDown && outcome.runsOn) await this.#awaitFirstReply(outcome.runsOn, signal);
    if (outcome.status === "completed") return;
    const where = outcome.runsOn === null ? "the VM is lost" : `the VM runs on the ${outcome.runsOn}`;
    throw new MigrascopeError(
      "MIGRATION_FAILED",
      `${outcome.status}: ${outcome.reason ?? "no reason given"}; ${where}`,
    );
  }

  /** @throws MigrascopeError MIGRATION_FAILED unless it completed. */
  async backAgain(signal: AbortSignal): Promise<undefined> {
    const { clock } = this.#options;
    const began = clock();
    const { status, reason } = await this.#move("destination", signal, ignore);
    const seconds = (clock().mono - began.mono) / 1e6;
    this.#back = { status, ...(status === "completed" ? { totalTime: seconds } : {}) };
    if (status !== "completed") throw new MigrascopeError("MIGRATION_FAILED", `back: ${reason ?? status}`);
  }

  #move(
    from: HostRole,
    signal: AbortSignal,
    observer: MigrationObserver,
    beforeShutDown?: () => Promise<void>,
  ): Promise<MigrationOutcome> {
    const { scenario } = this.#options.trial;
    return this.#options.testbed.driver.migrate({
      from,
      kind: scenario.migration,
      cold: scenario.cold,
      disk: scenario.disk,
      settings: scenario.settings,
      deadline: scenario.deadline,
      atDeadline: scenario.atDeadline,
      grace: scenario.grace,
      signal,
      observer,
      ...(beforeShutDown && { beforeShutDown }),
    });
  }

  #observe(event: MigrationEvent): void {
    this.#files.migration.append({ record: "event", ...event });
    if (event.kind === "command") this.#span = { from: event.observed, to: event.observed };
    if (event.kind === "part" && event.detail === "shut-down") this.#wasShutDown = true;
  }

  /**
   * The part of a cold migration that no driver sees: the guest's system boots, until it answers over SSH. Its SSH server's
   * start and the login are in it: a prober knows the network's first reply.
   */
  async #awaitFirstReply(host: HostRole, signal: AbortSignal): Promise<void> {
    const { trial, testbed, clock } = this.#options;
    const tell = (kind: "part" | "part-end"): void =>
      this.#observe({ kind, host, observed: clock(), detail: "first-reply" });
    tell("part");
    try {
      await testbed.dropGuestConnection?.();
      await awaitReply(testbed.guest, trial.scenario.bootDeadline, signal);
    } catch (error) {
      this.#unheard = `the guest did not answer after it was started on the ${host}`;
      throw error;
    }
    tell("part-end");
  }
}
