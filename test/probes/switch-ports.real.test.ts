/** Ports of a switch by name and by hardware address, against net-snmp's own agent with the tables of a switch. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openNamespace } from "../../src/calibration/namespace.ts";
import type { RunningCommand } from "../../src/remote/machine.ts";

const FINDER = fileURLToPath(new URL("support/find-ports.ts", import.meta.url));
const PORT = 1164;
const IF_NAME = "1.3.6.1.2.1.31.1.1.1.1";
const IF_PHYS_ADDRESS = "1.3.6.1.2.1.2.2.1.6";
const FDB_PORT = "1.3.6.1.2.1.17.4.3.1.2";
const BASE_PORT_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2";
const VLAN_FDB_PORT = "1.3.6.1.2.1.17.7.1.2.2.1.2";

/** The switch: three ports, and what it has learned. Port 0 is heard of, not known where. */
const TABLES: readonly (readonly [string, string, string])[] = [
  [`${IF_NAME}.101`, "octet_str", "gi1"],
  [`${IF_NAME}.102`, "octet_str", "gi2"],
  [`${IF_NAME}.103`, "octet_str", "gi3"],
  [`${IF_PHYS_ADDRESS}.103`, "octet_str", "0x020000000301"],
  [`${FDB_PORT}.2.0.0.0.0.17`, "integer", "1"],
  [`${FDB_PORT}.2.0.0.0.0.153`, "integer", "0"],
  [`${VLAN_FDB_PORT}.20.2.0.0.0.0.18`, "integer", "2"],
  [`${BASE_PORT_IF_INDEX}.1`, "integer", "101"],
  [`${BASE_PORT_IF_INDEX}.2`, "integer", "102"],
];

let directory: string;
let namespace: Awaited<ReturnType<typeof openNamespace>>;
let agent: RunningCommand;

async function find(...wanted: string[]): Promise<{ ports?: Record<string, string>; code?: string; message?: string }> {
  const { stdout } = await namespace.machine.run([process.execPath, FINDER, String(PORT), ...wanted]);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-test-"));
  namespace = await openNamespace("switch");
  await namespace.machine.run(["ip", "link", "set", "lo", "up"]);
  const configuration = join(directory, "snmpd.conf");
  const rows = TABLES.map(([oid, type, value]) => `override .${oid} ${type} ${value}`);
  writeFileSync(configuration, ["rocommunity public", ...rows, ""].join("\n"));
  agent = await namespace.machine.start(
    ["snmpd", "-f", "-Le", "-C", "-c", configuration, "-I", "override,vacm_conf,vacm_vars", `udp:127.0.0.1:${PORT}`],
    { env: { MIBS: "", SNMP_PERSISTENT_DIR: directory } },
  );
});
afterAll(async () => {
  agent.kill("SIGKILL");
  await agent.ended;
  await namespace.close();
  rmSync(directory, { recursive: true, force: true });
});

test("a port is found by its name, by what it has learned, by what a VLAN of it has, and by its own address", async () => {
  expect(await find("gi2", "02:00:00:00:00:11", "02:00:00:00:00:12", "02:00:00:00:03:01")).toEqual({
    ports: {
      gi2: "gi2",
      "02:00:00:00:00:11": "gi1",
      "02:00:00:00:00:12": "gi2",
      "02:00:00:00:03:01": "gi3",
    },
  });
});

test.each(["02:00:00:00:00:99", "02:00:00:00:00:77"])(
  "%s, which the switch has not heard of or not learned, is told",
  async (address) => {
    expect(await find(address)).toMatchObject({
      code: "SNMP_SILENT",
      message: `the switch has not learned ${address} on any port: let that machine send something, or give the port's name`,
    });
  },
);

test("a name that no port has is told with those that there are", async () => {
  expect((await find("gi9")).message).toBe('the switch has no port "gi9"; it names: gi1, gi2, gi3');
});
