/** Watches both ends of one migration: tells the observer what happens, and the driver when something has. */
import { type HostRole, other } from "../../model/machines.ts";
import type { MigrationEvent, MigrationPart, MigrationProgress } from "../../model/migration.ts";
import type { Clock } from "../../model/time.ts";
import { Changes, type Limits } from "../changes.ts";
import type { MigrationObserver } from "../contract.ts";
import { parseJob, toProgress } from "./progress.ts";
import { type EventStream, listenForEvents, type QemuEvent } from "./virsh/events.ts";
import { VirshSession } from "./virsh/session.ts";
import type { Virsh } from "./virsh/virsh.ts";

/** Milliseconds between samples. */
const SAMPLE_EVERY = 50;
/** Milliseconds before a session that has broken is opened again. */
const REOPEN_AFTER = 1000;

export interface WatchRequest {
  readonly virsh: Readonly<Record<HostRole, Virsh>>;
  readonly domain: string;
  readonly from: HostRole;
  readonly observer: MigrationObserver;
  readonly clock: Clock;
  /** The disk is copied before the memory: by the same command, or by one before it. */
  readonly copiesDisk: boolean;
}

export class MigrationWatch {
  sourceStatus = "none";
  destinationStatus = "none";
  /** vCPUs were seen to stand still on the source, and to start on the destination. */
  stopped = false;
  resumed = false;
  /** Post-copy was asked for: from then on the migration may not be cancelled any more. */
  switched = false;
  /** It has really begun: the VM's memory is on both sides. */
  inPostCopy = false;
  /** Number of the pass over memory that runs now. */
  round = 0;

  latest: MigrationProgress | undefined;
  /** Hosts whose events went unheard for a while: what QEMU did there meanwhile is not known. */
  readonly missed = new Set<HostRole>();

  readonly #request: WatchRequest;
  readonly #changes = new Changes();
  readonly #streams = new Set<EventStream>();
  readonly #parts = new Set<MigrationPart>();
  readonly #over = new Set<MigrationPart>();
  #commanded = false;
  #ended = false;

  /** For questions while it runs: an answer in milliseconds, on a connection that is there already. */
  readonly sessions: Record<HostRole, VirshSession>;

  private constructor(request: WatchRequest, sessions: Record<HostRole, VirshSession>) {
    this.#request = request;
    this.sessions = sessions;
  }

  /** Listens on both hosts from now on. @throws MigrascopeError HYPERVISOR_LOST, COMMAND_FAILED. */
  static async start(request: WatchRequest): Promise<MigrationWatch> {
    const watch = new MigrationWatch(request, await opened(request.virsh));
    const listening = await Promise.allSettled([watch.#listen(request.from), watch.#listen(other(request.from))]);
    const failed = listening.find((each) => each.status === "rejected");
    if (!failed) return watch;
    await watch.end();
    throw failed.reason;
  }

  /** @throws as `listenForEvents` */
  async #listen(host: HostRole): Promise<void> {
    const { virsh, domain, from } = this.#request;
    const stream = await listenForEvents(virsh[host], domain, (event) =>
      host === from ? this.#onSource(event) : this.#onDestination(event),
    );
    this.#streams.add(stream);
    void stream.lost.then((why) => this.#listenAgain(host, stream, why));
    if (this.#ended) await stream.stop();
  }

  /** libvirt was perhaps started anew, or our connection to the host broke. */
  async #listenAgain(host: HostRole, lost: EventStream, why: string): Promise<void> {
    this.#streams.delete(lost);
    if (this.#ended) return;
    this.missed.add(host);
    this.did("status", `QEMU's events on the ${host} are not heard any more: ${why}`);
    for (let heard = false; !heard && !this.#ended; ) {
      await pause(REOPEN_AFTER);
      if (this.#ended) return;
      heard = await this.#listen(host).then(
        () => true,
        () => false,
      );
    }
  }

  waitFor(condition: () => boolean, limits: Limits): Promise<"met" | "timeout" | "aborted"> {
    return this.#changes.waitFor(condition, limits);
  }

  /** Something that others found out has changed. */
  noted(change: () => void): void {
    this.#changes.make(change);
  }

  /** Samples from now on, until `end`. A host that does not answer costs samples, nothing else. */
  startSampling(): void {
    void this.#sample();
  }

  async #sample(): Promise<void> {
    const { virsh, domain, from, observer, clock } = this.#request;
    while (!this.#ended) {
      const session = this.sessions[from];
      if (!session.isOpen) {
        await pause(REOPEN_AFTER);
        // libvirt is perhaps being started anew.
        if (!this.#ended) this.sessions[from] = await VirshSession.open(virsh[from]).catch(() => session);
        if (this.#ended) this.sessions[from].close();
        continue;
      }
      const asked = performance.now();
      // Between two jobs, or when the domain has gone, there is no answer.
      const job = parseJob(await session.ask(["domjobinfo", domain, "--rawstats"]).catch(() => ""));
      if (job.size > 0 && !this.#ended) {
        const progress = toProgress(job, this.sourceStatus, clock());
        observer.progress(progress);
        this.#changes.make(() => (this.latest = progress));
        if ((job.get("disk_total") ?? 0) > 0 && this.#request.copiesDisk) this.partBegan("disk-copy");
      }
      await pause(SAMPLE_EVERY - (performance.now() - asked));
    }
  }

  /** The migrate command, or what comes before it of a migration in several steps: told once. */
  commanded(): void {
    if (!this.#commanded) this.did("command");
    this.#commanded = true;
  }

  /** Tells the observer of something that we did. */
  did(
    kind: "command" | "completed" | "switch-to-post-copy" | "cancel" | "status" | "deadline" | "recover",
    detail?: string,
  ): void {
    const { from, observer, clock } = this.#request;
    observer.event({ kind, host: from, observed: clock(), ...(detail !== undefined && { detail }) });
  }

  /** A part of a migration in several steps; each begins once. */
  partBegan(part: MigrationPart): void {
    if (this.#parts.has(part)) return;
    this.#parts.add(part);
    this.#part("part", part);
  }

  partEnded(part: MigrationPart): void {
    if (this.#parts.has(part) && !this.#over.has(part)) this.#part("part-end", part);
    this.#over.add(part);
  }

  #part(kind: "part" | "part-end", detail: MigrationPart): void {
    const { from, observer, clock } = this.#request;
    observer.event({ kind, host: from, observed: clock(), detail });
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** No more is told to the observer after this. */
  async end(): Promise<void> {
    this.#changes.make(() => (this.#ended = true));
    for (const session of Object.values(this.sessions)) session.close();
    await Promise.all([...this.#streams].map((stream) => stream.stop()));
  }

  #onSource(event: QemuEvent): void {
    const { from } = this.#request;
    if (event.name === "STOP") {
      this.#tell("stop", from, event);
      this.#changes.make(() => (this.stopped = true));
    } else if (event.name === "RESUME") {
      this.#tell("resume-source", from, event);
      this.#changes.make(() => (this.stopped = false));
    } else if (event.name === "MIGRATION_PASS") {
      const round = Number(event.data.pass);
      this.#tell("round", from, event, { round });
      this.#changes.make(() => (this.round = round));
    } else if (event.name === "MIGRATION") {
      const status = String(event.data.status);
      if (status === "active" && this.#request.copiesDisk) {
        this.partEnded("disk-copy");
        this.partBegan("memory");
      }
      this.#tell("status", from, event, { detail: status });
      // It is completed when libvirt says so, see `issue`: only then is the VM's domain where it belongs.
      if (status === "failed" || status === "cancelled") this.#tell(status, from, event);
      this.#changes.make(() => this.#setStatus("sourceStatus", status));
    }
  }

  #onDestination(event: QemuEvent): void {
    const to = other(this.#request.from);
    if (event.name === "RESUME") {
      this.#tell("resume", to, event);
      this.#changes.make(() => (this.resumed = true));
    } else if (event.name === "MIGRATION") {
      const status = String(event.data.status);
      this.#tell("status", to, event, { detail: status });
      this.#changes.make(() => this.#setStatus("destinationStatus", status));
    }
  }

  #setStatus(whose: "sourceStatus" | "destinationStatus", status: string): void {
    this[whose] = status;
    if (!status.startsWith("postcopy")) return;
    this.inPostCopy = true;
    // Also when the answer to the command that asked for it was lost.
    this.switched = true;
  }

  #tell(
    kind: MigrationEvent["kind"],
    host: HostRole,
    event: QemuEvent,
    more: Pick<MigrationEvent, "detail" | "round"> = {},
  ): void {
    if (this.#ended) return;
    const { observer, clock } = this.#request;
    observer.event({ kind, host, observed: clock(), reported: event.reported, ...more });
  }
}

async function opened(virsh: WatchRequest["virsh"]): Promise<Record<HostRole, VirshSession>> {
  const source = await VirshSession.open(virsh.source);
  try {
    return { source, destination: await VirshSession.open(virsh.destination) };
  } catch (error) {
    source.close();
    throw error;
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, Math.max(0, milliseconds)));
