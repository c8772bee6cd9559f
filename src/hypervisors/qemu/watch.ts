/** Watches both ends of one migration: tells the observer what happens, and the driver when something has. */
import type { HostRole } from "../../model/machines.ts";
import type { MigrationEvent, MigrationProgress } from "../../model/migration.ts";
import type { Clock } from "../../model/time.ts";
import { Changes, type Limits } from "../changes.ts";
import type { MigrationObserver } from "../contract.ts";
import type { Instance } from "./instance.ts";
import { statusOf, toProgress } from "./progress.ts";
import type { QmpEvent } from "./qmp/messages.ts";

/** Milliseconds between samples: leaves a margin below the promised 50. */
const SAMPLE_EVERY = 30;

/** States in which the source does nothing more. */
const FINAL = new Set(["completed", "failed", "cancelled"]);
/** Post-copy that lost its connection pauses instead of failing. */
const CUT = "postcopy-paused";
/** Seconds without a byte sent after which a post-copy counts as cut, though nobody has noticed. */
const STALLED_AFTER = 10;

export interface WatchRequest {
  readonly source: Instance;
  readonly destination: Instance;
  readonly observer: MigrationObserver;
  readonly clock: Clock;
}

export class MigrationWatch {
  sourceStatus = "none";
  destinationStatus = "none";
  /** vCPUs were seen to start on the destination. */
  resumed = false;
  /** Post-copy was asked for: from then on the migration may not be cancelled any more. */
  switched = false;
  /** It has really begun: the VM's memory is on both sides. */
  inPostCopy = false;
  /** We stopped the vCPUs on the source: they run again only when they are told to. */
  paused = false;
  /** The guest has shut down on the source. */
  shutDown = false;
  /** Why a cut post-copy was not connected again. */
  notRecovered: string | undefined;
  /** The last sample. */
  latest: MigrationProgress | undefined;
  lostSource = false;
  lostDestination = false;
  /** Number of the pass over memory that runs now. */
  round = 0;

  readonly #request: WatchRequest;
  readonly #undo: (() => void)[] = [];
  readonly #changes = new Changes();
  #ended = false;
  #sampling = false;
  #sampleAgain = false;
  #movedAt = performance.now();
  #shutDownEvent: QmpEvent | undefined;

  constructor(request: WatchRequest) {
    this.#request = request;
    const { source, destination } = request;
    this.#undo.push(
      source.qmp.onEvent((event) => this.#onSource(event)),
      destination.qmp.onEvent((event) => this.#onDestination(event)),
    );
    void source.qmp.closed.then(() => this.#changes.make(() => (this.lostSource = true)));
    void destination.qmp.closed.then(() => this.#changes.make(() => (this.lostDestination = true)));
  }

  /** The source is through with the migration, one way or the other, or cannot go on by itself. */
  get isOver(): boolean {
    return FINAL.has(this.sourceStatus) || this.isCut || this.lostSource;
  }

  /** Post-copy has lost its connection, and QEMU knows. */
  get isCut(): boolean {
    return this.sourceStatus === CUT;
  }

  /** Post-copy sends nothing any more, though it is not over. */
  get isStalled(): boolean {
    return this.sourceStatus === "postcopy-active" && performance.now() - this.#movedAt > STALLED_AFTER * 1000;
  }

  /** Begins anew to wait for a stall. */
  moved(): void {
    this.#movedAt = performance.now();
  }

  /** Samples from now on, until `end`. */
  startSampling(): void {
    const timer = setInterval(() => void this.sample(), SAMPLE_EVERY);
    this.#undo.push(() => clearInterval(timer));
  }

  /** One sample now. If QEMU has not answered the last one yet, the next follows at once when it has. */
  async sample(): Promise<void> {
    if (this.#sampling) {
      this.#sampleAgain = true;
      return;
    }
    this.#sampling = true;
    try {
      const { qmp } = this.#request.source;
      const answer = await qmp.execute("query-migrate");
      if (this.#ended) return;
      this.#changes.make(() => this.#note(toProgress(answer, this.#request.clock())));
      const status = statusOf(answer);
      if (FINAL.has(status) && status !== this.sourceStatus) {
        // The event travels on the same connection: after one more answer it is here, unless it was never sent.
        await qmp.execute("query-status");
        if (!this.#ended) this.#changes.make(() => this.#setStatus("sourceStatus", status));
      }
    } catch {
      // A lost or mute source is noticed by `closed` and by the deadline; there is no sample to be had.
    } finally {
      this.#sampling = false;
      if (this.#sampleAgain && !this.#ended) {
        this.#sampleAgain = false;
        void this.sample();
      }
    }
  }

  #note(progress: MigrationProgress): void {
    if (progress.transferred !== this.latest?.transferred || progress.status !== this.latest?.status) this.moved();
    this.latest = progress;
    this.#request.observer.progress(progress);
  }

  /** Tells the observer of something that we did. */
  did(
    kind: "command" | "switch-to-post-copy" | "cancel" | "status" | "deadline" | "recover" | "part" | "part-end",
    detail?: string,
  ): void {
    this.#tell(kind, this.#request.source.role, this.#now(), detail === undefined ? {} : { detail });
  }

  /** Tells the observer that the VM stands still for good on the source: it has shut down, or was switched off. */
  stopped(): void {
    this.#tell("stop", this.#request.source.role, this.#shutDownEvent ?? this.#now());
  }

  /** Tells the observer that the VM, booted anew, runs on a host. */
  started(host: HostRole): void {
    const there = host === this.#request.destination.role;
    this.#tell(there ? "resume" : "resume-source", host, this.#now());
  }

  #now(): Pick<QmpEvent, "observed" | "reported"> {
    return { observed: this.#request.clock() };
  }

  waitFor(condition: () => boolean, limits: Limits): Promise<"met" | "timeout" | "aborted"> {
    return this.#changes.waitFor(condition, limits);
  }

  /** No more is told to the observer after this. */
  end(): void {
    this.#ended = true;
    for (const undo of this.#undo) undo();
  }

  #setStatus(whose: "sourceStatus" | "destinationStatus", status: string): void {
    this[whose] = status;
    if (status.startsWith("postcopy")) this.inPostCopy = true;
  }

  #onSource(event: QmpEvent): void {
    const { role } = this.#request.source;
    if (event.name === "STOP") this.#tell("stop", role, event);
    else if (event.name === "RESUME") this.#tell("resume-source", role, event);
    else if (event.name === "SHUTDOWN") {
      this.#shutDownEvent = event;
      this.#changes.make(() => (this.shutDown = true));
    } else if (event.name === "MIGRATION_PASS") {
      const round = Number(event.data.pass);
      this.#tell("round", role, event, { round });
      this.#changes.make(() => (this.round = round));
      void this.sample();
    } else if (event.name === "MIGRATION") {
      const status = String(event.data.status);
      this.#tell("status", role, event, { detail: status });
      if (status === "completed" || status === "failed" || status === "cancelled") this.#tell(status, role, event);
      this.#changes.make(() => this.#setStatus("sourceStatus", status));
    }
  }

  #onDestination(event: QmpEvent): void {
    const { role } = this.#request.destination;
    if (event.name === "RESUME") {
      this.#tell("resume", role, event);
      this.#changes.make(() => (this.resumed = true));
    } else if (event.name === "MIGRATION") {
      const status = String(event.data.status);
      this.#tell("status", role, event, { detail: status });
      this.#changes.make(() => this.#setStatus("destinationStatus", status));
    }
  }

  #tell(
    kind: MigrationEvent["kind"],
    host: HostRole,
    { observed, reported }: Pick<QmpEvent, "observed" | "reported">,
    more: Pick<MigrationEvent, "detail" | "round"> = {},
  ): void {
    this.#request.observer.event({ kind, host, observed, ...(reported !== undefined && { reported }), ...more });
  }
}
