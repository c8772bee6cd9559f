/** The agent, built with sanitizers, and its peer on this machine. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AgentRecord, AgentStatus } from "../../../src/model/agent.ts";
import { Workload } from "../../../src/model/workload.ts";
import { localMachine } from "../../../src/remote/local.ts";
import { type Peer, startPeer } from "../../../src/workloads/peer.ts";

export const execute = promisify(execFile);
const NATIVE = fileURLToPath(new URL("../../../native/guest", import.meta.url));

/** Lane 0 of one side. */
export interface Side {
  readonly done: number;
  readonly how: string;
  readonly records: readonly AgentRecord[];
  readonly found: readonly Extract<AgentRecord, { record: "discontinuity" }>[];
}

const parse = (text: string): AgentRecord[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => AgentRecord.parse(JSON.parse(line)));

function side(records: readonly AgentRecord[]): Side {
  const end = records.find((record) => record.record === "end");
  if (!end) throw new Error("there is no end");
  return {
    records,
    done: end.done,
    how: end.how,
    found: records.filter((record) => record.record === "discontinuity"),
  };
}

export interface World {
  readonly agent: string;
  readonly directory: string;
  startPeer(workload: object, address?: string): Promise<Peer>;
  /** Starts the agent with one workload; resolves when it is at work. */
  start(...words: readonly string[]): Promise<void>;
  status(): Promise<AgentStatus>;
  /** Asks again and again for as long as it does not hold; the test's own timeout is the limit. */
  until(holds: (status: AgentStatus) => boolean | Promise<boolean>): Promise<void>;
  /** Stops the agent, then the peer. */
  end(peer?: Peer): Promise<{ guest: Side; peer: Side | undefined }>;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "migrascope-peer-"));
  // A build of its own: other tests may build at the same time.
  await execute("make", ["-s", "-C", NATIVE, `BUILD=${directory}`, "sanitized"]);
  const agent = join(directory, "sanitized", "agent");
  const name = ["--name", `test-${process.pid}`];
  const output = join(directory, "peer.jsonl");
  const status = async (): Promise<AgentStatus> =>
    AgentStatus.parse(JSON.parse((await execute(agent, ["status", ...name])).stdout));
  const quit = (): Promise<unknown> => execute(agent, ["quit", ...name]).catch(() => {});
  return {
    agent,
    directory,
    startPeer: (workload, address = "127.0.0.1") =>
      startPeer(localMachine(), { address, workloads: [Workload.parse(workload)], window: 0.1, output }),
    start: async (...words) => {
      // By a file: the agent in the background would keep a pipe open.
      await execute("sh", [
        "-c",
        '"$@" >/dev/null 2>"$0"',
        join(directory, "words"),
        agent,
        "start",
        ...name,
        ...words,
      ]).catch(async () => {
        throw new Error(await readFile(join(directory, "words"), "utf8"));
      });
    },
    status,
    until: async (holds) => {
      while (!(await holds(await status()))) await sleep(20);
    },
    end: async (peer) => {
      await execute(agent, ["stop", ...name]);
      const guest = side(parse((await execute(agent, ["fetch", ...name], { maxBuffer: 2 ** 28 })).stdout));
      await quit();
      await peer?.stop();
      return { guest, peer: peer && side(parse(await readFile(output, "utf8"))) };
    },
    close: async () => {
      await quit();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
