/** The workloads of one pass in one guest: started, watched, stopped, and their records fetched. */
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentRecord, AgentStatus } from "../model/agent.ts";
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";
import type { Workload } from "../model/workload.ts";
import type { Machine } from "../remote/machine.ts";
import { persistently } from "../remote/persistent.ts";
import { type Surroundings, startArguments } from "./arguments.ts";
import { deliverAgent } from "./deliver.ts";

/** Seconds that starting may take (a guest fills gigabytes of memory, or a file), and that fetching may. */
const START_TIMEOUT = 300;
const ASK_TIMEOUT = 120;

/**
 * Seconds over which the rate is judged before the migration, the share of it that must be reached, and how often it may be
 * missed before that is the verdict: starting, and being asked, cost an emulated guest a part of its only vCPU.
 */
const JUDGED_OVER = 4;
const REACHED = 0.95;
const ATTEMPTS = 5;

export interface SessionOptions {
  readonly guest: Machine;
  readonly workloads: readonly Workload[];
  /** Seconds of a window. */
  readonly every: number;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

export class WorkloadSession {
  /** The agent's path in the guest. */
  readonly agent: string;
  readonly #guest: Machine;

  private constructor(guest: Machine, agent: string) {
    this.#guest = guest;
    this.agent = agent;
  }

  /**
   * Delivers the agent and starts the workloads; returns when all of them are at work.
   * @throws MigrascopeError WORKLOAD_REFUSED with the agent's words; what `deliverAgent` throws.
   */
  static async start({ guest, workloads, every, surroundings, signal }: SessionOptions): Promise<WorkloadSession> {
    const { path } = await persistently(() => deliverAgent(guest, signal));
    const session = new WorkloadSession(guest, path);
    const argv = [path, "start", ...startArguments(workloads, every, surroundings)];
    // One that an earlier, broken session left in a guest that was not started anew would keep the name.
    await session.#ask("quit").catch(() => {});
    await guest.run(argv, { signal, timeout: START_TIMEOUT }).catch((error: unknown) => {
      const { code, message } = asMigrascopeError(error);
      const words = /migrascope-agent: ([^\n]+)/u.exec(message)?.[1];
      if (code !== "COMMAND_FAILED" || words === undefined) throw error;
      throw new MigrascopeError("WORKLOAD_REFUSED", words, { where: guest.name, cause: error });
    });
    return session;
  }

  /** @throws MigrascopeError COMMAND_FAILED when guest or agent do not answer. */
  async status(): Promise<AgentStatus> {
    return AgentStatus.parse(JSON.parse(await this.#ask("status")));
  }

  /**
   * Watches the workloads until all of them have kept their rate for a while.
   * @throws MigrascopeError WORKLOAD_FAILED when one has died or does not reach its rate, with the figures.
   */
  async judge(signal: AbortSignal): Promise<void> {
    let reasons: string[] = [];
    for (let attempt = 0, before = await this.status(); attempt < ATTEMPTS; attempt++) {
      await sleep(JUDGED_OVER * 1000, undefined, { signal });
      const after = await this.status();
      reasons = after.lanes.flatMap((lane, index) => shortcoming(before.lanes[index]!, lane));
      if (reasons.length === 0) return;
      if (after.lanes.some(({ state }) => state === "died")) break;
      before = after;
    }
    throw new MigrascopeError("WORKLOAD_FAILED", reasons.join("; "), { where: this.#guest.name });
  }

  /** Stops the workloads; their records stay. @throws MigrascopeError COMMAND_FAILED */
  async stop(): Promise<void> {
    await this.#ask("stop");
  }

  /**
   * Fetches the records into a file, and ends the agent.
   * @returns the records. @throws MigrascopeError COMMAND_FAILED, FILE_UNWRITABLE.
   */
  async fetch(file: string): Promise<AgentRecord[]> {
    const text = await this.#ask("fetch");
    await writeFile(file, text).catch((cause: Error) => {
      throw new MigrascopeError("FILE_UNWRITABLE", `cannot keep the workload's records: ${cause.message}`, {
        where: file,
        cause,
      });
    });
    const records = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => AgentRecord.parse(JSON.parse(line)));
    await this.#ask("quit");
    return records;
  }

  async #ask(word: "status" | "stop" | "fetch" | "quit"): Promise<string> {
    const ask = () => this.#guest.run([this.agent, word], { timeout: ASK_TIMEOUT });
    return (await persistently(ask)).stdout;
  }
}

type LaneStatus = AgentStatus["lanes"][number];

/** What is wrong with a lane between two looks, in words; empty: nothing. */
export function shortcoming(before: LaneStatus, after: LaneStatus): string[] {
  const name = `workload ${after.lane} (${after.kind})`;
  if (after.state === "died") return [`${name} died: ${after.reason ?? "no reason given"}`];
  if (after.state !== "running") return [`${name} is ${after.state}`];
  const done = after.done - before.done;
  if (after.asked === null || before.asked === null)
    return done > 0 || after.done > 0 ? [] : [`${name} has done nothing yet`];
  const asked = after.asked - before.asked;
  // Of a handful of units, one more or less says nothing about a rate.
  if (done >= asked * REACHED - 2) return [];
  const share = ((done / asked) * 100).toFixed(0);
  const stalled = (after.stalled - before.stalled) / 1e9;
  // A guest that is not given its vCPUs is another fault than a workload that is too much for them.
  const stood = stalled > 0.1 ? `; it stood still for ${stalled.toFixed(1)} s of about ${JUDGED_OVER} s` : "";
  return [
    `${name} reaches only ${share} % of its rate: ${done} units where ${Math.round(asked)} were asked for${stood}`,
  ];
}

/** Why the records say that the pass does not count; empty: it does. */
export function invalidReasons(records: readonly AgentRecord[], workloads: readonly Workload[]): string[] {
  return workloads.flatMap(({ kind }, lane) => {
    const end = records.find((record) => record.record === "end" && record.lane === lane);
    if (end?.record !== "end") return [`workload ${lane} (${kind}) left no account of its end`];
    return end.how === "died" ? [`workload ${lane} (${kind}) died: ${end.reason ?? "no reason given"}`] : [];
  });
}
