/** What the guest does during a pass, as its scenario says: its workloads from their start to their records. */
import { join } from "node:path";
import { recordedMemory, workloadMemory } from "../guest/statistics.ts";
import type { AgentRecord, GuestClock, LaneRecord } from "../model/agent.ts";
import { ARTIFACT } from "../model/artifacts.ts";
import type { StatisticsSample } from "../model/host.ts";
import type { Instant } from "../model/time.ts";
import { type Workload, workloadsOf } from "../model/workload.ts";
import type { Surroundings } from "../workloads/arguments.ts";
import { compareClocks } from "../workloads/guest-clock.ts";
import { needsPeer, type Peer, startPeer } from "../workloads/peer.ts";
import { invalidReasons, WorkloadSession } from "../workloads/session.ts";
import type { PassOptions } from "./pass-options.ts";
import { allOf } from "./together.ts";

/** From when to when the migration ran, on our clocks. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

export class GuestWork {
  /** Why the pass does not count. */
  readonly invalid: string[] = [];
  readonly clocks: GuestClock[] = [];
  readonly workloads: readonly Workload[];
  readonly #options: PassOptions;
  #session: WorkloadSession | undefined;
  #finishing: Promise<readonly StatisticsSample[]> | undefined;
  #peer: Peer | undefined;

  constructor(options: PassOptions) {
    this.#options = options;
    this.workloads = workloadsOf(options.trial.scenario.workload);
  }

  /** The guest's memory is written to: its dirty rate is worth measuring. */
  get dirtiesMemory(): boolean {
    return this.workloads.some(({ kind }) => kind === "memory-write");
  }

  /** Networks that the guest itself keeps busy while it is migrated: a cold migration ends its workloads first. */
  get keepsBusy(): readonly ("service" | "storage")[] {
    if (this.#options.trial.scenario.migration === "cold") return [];
    const onDisk = this.workloads.some(({ kind }) => kind.startsWith("disk-"));
    return [...(needsPeer(this.workloads) ? (["service"] as const) : []), ...(onDisk ? (["storage"] as const) : [])];
  }

  /**
   * Starts everything and waits until it runs as the plan says.
   * @throws MigrascopeError WORKLOAD_REFUSED, WORKLOAD_FAILED, or what the guest's connection threw.
   */
  async start(signal: AbortSignal): Promise<undefined> {
    const { testbed, trial } = this.#options;
    const { every } = trial.scenario.observe;
    const peer = await this.#startPeer(every);
    this.#session = await WorkloadSession.start({
      guest: testbed.guest,
      workloads: this.workloads,
      every,
      surroundings: { directory: testbed.guestDirectory, peer },
      signal,
    });
    await this.compare("started");
    await this.#session.judge(signal);
  }

  /** Compares the guest's clocks with ours. @throws MigrascopeError COMMAND_FAILED */
  async compare(moment: GuestClock["moment"]): Promise<void> {
    if (!this.#session) return;
    const { testbed, clock } = this.#options;
    this.clocks.push(await compareClocks(testbed.guest, this.#session.agent, moment, clock));
  }

  /** The workloads' own memory now; undefined when none runs. */
  async sample(): Promise<StatisticsSample | undefined> {
    if (!this.#session) return undefined;
    const status = await this.#session.status();
    return workloadMemory(status.lanes, this.#options.clock());
  }

  /** `finish` has been called. */
  get isFinishing(): boolean {
    return this.#finishing !== undefined;
  }

  /** Gives up workloads that are gone with their guest, unless their records have been fetched. */
  abandon(why: string): void {
    if (!this.#session || this.#finishing) return;
    this.#session = undefined;
    this.invalid.push(`${why}: the records of its workloads are gone with it`);
  }

  /**
   * Stops the workloads and keeps their records. A second call comes to what the first one came to.
   * @param migration when known, what the records tell of the guest's memory in the midst of it is returned.
   * @throws what failed, after all of it has been tried.
   */
  finish(migration: Span | undefined): Promise<readonly StatisticsSample[]> {
    this.#finishing ??= this.#finish(migration);
    return this.#finishing;
  }

  async #finish(migration: Span | undefined): Promise<readonly StatisticsSample[]> {
    const fetching = this.#fetch(migration);
    // The peer last: that it goes away would look like a break to a guest that is still at work.
    const stopping = fetching.catch(() => undefined).then(() => this.#stopPeer());
    await allOf<unknown>([fetching, stopping]);
    return await fetching;
  }

  async #fetch(migration: Span | undefined): Promise<readonly StatisticsSample[]> {
    const session = this.#session;
    if (!session) return [];
    this.#session = undefined;
    await session.stop();
    const { testbed, clock, directory } = this.#options;
    this.clocks.push(await compareClocks(testbed.guest, session.agent, "end", clock));
    const records = await session.fetch(join(directory, ARTIFACT.workload));
    this.invalid.push(...invalidReasons(records, this.workloads));
    return migration ? duringMigration(records, this.clocks, migration) : [];
  }

  async #startPeer(window: number): Promise<Surroundings["peer"]> {
    if (!needsPeer(this.workloads)) return undefined;
    const { testbed, trial, directory } = this.#options;
    const address = testbed.benchmarkAddress[trial.scenario.probe.family];
    const output = join(directory, ARTIFACT.peer);
    this.#peer = await startPeer(testbed.benchmark, { address, workloads: this.workloads, window, output });
    return { address, ...this.#peer.ports };
  }

  async #stopPeer(): Promise<void> {
    await this.#peer?.stop();
    this.#peer = undefined;
  }
}

/**
 * The last of the agent's samples of the guest's memory within the migration, and what its workloads then held: that does
 * not change while they run. The guest's clock is taken as it was before the migration, which holds until the VM is stopped.
 */
export function duringMigration(
  records: readonly AgentRecord[],
  clocks: readonly GuestClock[],
  { from, to }: Span,
): StatisticsSample[] {
  const offset = clocks.findLast(({ moment }) => moment === "before" || moment === "started")?.offset;
  if (offset === undefined) return [];
  const samples = records.flatMap((record) =>
    record.record === "memory" ? [{ record, mono: Math.round(record.at.mono - offset * 1e6) }] : [],
  );
  const last = samples.findLast(({ mono }) => mono > from.mono && mono < to.mono);
  if (!last) return [];
  const at = { mono: last.mono, wall: from.wall + (last.mono - from.mono) };
  const ended = new Map(
    records.flatMap((record) => (record.record === "end" ? [[record.lane, record.at.mono] as const] : [])),
  );
  const running = records.filter(
    (record) => record.record === "lane" && (ended.get(record.lane) ?? 0) > last.record.at.mono,
  ) as LaneRecord[];
  return [recordedMemory(last.record, at), workloadMemory(running, at)];
}
