/** The switch's counters against net-snmp's own agent, in a namespace of their own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeLink, openNamespace } from "../../src/calibration/namespace.ts";
import type { CounterReading } from "../../src/model/artifacts.ts";
import type { Machine, RunningCommand } from "../../src/remote/machine.ts";

const NODE = process.execPath;
const READER = fileURLToPath(new URL("support/read-switch.ts", import.meta.url));
/** UDP ports: an agent with everything, one without 64-bit counters, and one where nobody listens. */
const WIDE = 1161;
const NARROW = 1162;
const SILENT = 1163;
const IF_HC_OCTETS = ["1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.2.1.31.1.1.1.10"];

let directory: string;
let namespace: Awaited<ReturnType<typeof openNamespace>>;
const agents: RunningCommand[] = [];

/** @param without object identifiers that the agent does not show. */
async function startAgent(machine: Machine, port: number, without: readonly string[]): Promise<RunningCommand> {
  const configuration = join(directory, `${port}.conf`);
  const view = without.map((oid) => `view shown excluded ${oid}`);
  writeFileSync(
    configuration,
    ["view shown included .1", ...view, "rocommunity public default -V shown", ""].join("\n"),
  );
  return machine.start(
    [
      "snmpd",
      "-f",
      "-Le",
      "-C",
      "-c",
      configuration,
      "-I",
      "ifTable,ifXTable,vacm_conf,vacm_vars",
      `udp:127.0.0.1:${port}`,
    ],
    { env: { MIBS: "", SNMP_PERSISTENT_DIR: join(directory, String(port)) } },
  );
}

interface Answer {
  readonly ports?: CounterReading["ports"];
  readonly code?: string;
  readonly message?: string;
  readonly where?: string;
}
async function read(port: number, ...names: string[]): Promise<Answer> {
  const { stdout } = await namespace.machine.run([NODE, READER, String(port), ...names]);
  return JSON.parse(stdout) as Answer;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-test-"));
  namespace = await openNamespace("switch");
  await makeLink(namespace.machine, 0, "ipv4");
  await namespace.machine.run(["ip", "link", "set", "lo", "up"]);
  agents.push(await startAgent(namespace.machine, WIDE, []));
  agents.push(await startAgent(namespace.machine, NARROW, IF_HC_OCTETS));
});
afterAll(async () => {
  for (const agent of agents) {
    agent.kill("SIGKILL");
    await agent.ended;
  }
  await namespace.close();
  rmSync(directory, { recursive: true, force: true });
});

test("64-bit counters of the ports named, in the order asked for", async () => {
  const { ports } = await read(WIDE, "p0", "lo");
  expect(ports!.map(({ name, width }) => `${name} ${width}`)).toEqual(["p0 64", "lo 64"]);
  for (const { inOctets, outOctets } of ports!) {
    expect(inOctets).toMatch(/^\d+$/u);
    expect(outOctets).toMatch(/^\d+$/u);
  }
});

test("an agent without 64-bit counters is read with 32 bits, and says so", async () => {
  const { ports } = await read(NARROW, "p0");
  expect(ports).toEqual([
    expect.objectContaining({ name: "p0", width: 32, inOctets: expect.stringMatching(/^\d+$/u) }),
  ]);
});

test("a port that the switch does not have is named, with those that it has", async () => {
  const answer = await read(WIDE, "p0", "p7");
  expect(answer).toMatchObject({ code: "SNMP_SILENT", where: `127.0.0.1:${WIDE}` });
  expect(answer.message).toMatch(/has no port "p7"; it names: .*p0/u);
});

test("an agent that is silent is an error, not a wait without end", async () => {
  expect(await read(SILENT, "p0")).toMatchObject({
    code: "SNMP_SILENT",
    message: expect.stringMatching(/did not answer/u),
  });
});
