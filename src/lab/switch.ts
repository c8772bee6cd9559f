/** The managed switch's SNMP agent: net-snmp's snmpd in the switch's namespace, serving IF-MIB. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../model/errors.ts";
import { type BareLab, runOn } from "./init.ts";
import { outsideFile } from "./outside.ts";
import { SNMP_ADDRESS, SNMP_PORT } from "./topology.ts";

/** Seconds until an agent that does not listen counts as failed. */
const DEADLINE = 15;

/** Only what answers for interfaces, and what reads and keeps the access rules (VACM): the agent then neither scans processes nor disks, and costs next to nothing. */
const MODULES = ["ifTable", "ifXTable", "system_mib", "snmp_mib", "vacm_conf", "vacm_vars"];

/** snmpd's own configuration language: `"` encloses a string that may contain spaces. */
const configuration = (community: string): string =>
  [
    `rocommunity "${community}" default 1.3.6.1.2.1`,
    "sysName switch",
    "sysDescr the lab's managed switch",
    "sysServices 2",
    "master no",
    "",
  ].join("\n");

/** Starts the agent and waits until it listens. @throws MigrascopeError SNMP_SILENT with the end of its log. */
export async function startAgent(lab: BareLab, community: string): Promise<void> {
  if (/["\\\s]/u.test(community))
    throw new MigrascopeError("CONFIG_INVALID", "an SNMP community of the lab has no quotes, backslashes or spaces");
  const directory = join(lab.directory, "snmp");
  mkdirSync(directory, { recursive: true });
  const file = (name: string): string => join(directory, name);
  writeFileSync(file("snmpd.conf"), configuration(community));
  const environment = [
    `SNMPCONFPATH=${directory}`,
    `SNMP_PERSISTENT_DIR=${file("persistent")}`,
    `SNMP_PERSISTENT_FILE=${file("persistent/snmpd.conf")}`,
    "MIBS=",
  ];
  // Without -f: the agent detaches itself and becomes a child of the lab's init process.
  const agent = ["snmpd", "-C", "-c", file("snmpd.conf"), "-Lf", file("snmpd.log"), "-p", file("snmpd.pid")];
  const listen = `udp:${SNMP_ADDRESS}:${SNMP_PORT}`;
  await runOn(lab, "switch", ["env", ...environment, ...agent, "-I", MODULES.join(","), listen]);
  const deadline = performance.now() + DEADLINE * 1000;
  while (!agentListens(lab)) {
    if (performance.now() > deadline) {
      throw new MigrascopeError("SNMP_SILENT", `the switch's agent does not listen: ${logEnd(file("snmpd.log"))}`, {
        where: listen,
      });
    }
    await sleep(10);
  }
}

function logEnd(file: string): string {
  try {
    return readFileSync(file, "utf8").trim().slice(-1000);
  } catch {
    return "it has written no log";
  }
}

/** Whether something listens at the agent's address in the switch's namespace. Reads files only; called from outside. */
export function agentListens(lab: Pick<BareLab, "directory" | "init" | "machines">): boolean {
  const [a, b, c, d] = SNMP_ADDRESS.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  const port = SNMP_PORT.toString(16).padStart(4, "0");
  // The kernel prints the address as one number in the machine's byte order.
  const local = `${d}${c}${b}${a}:${port}`.toUpperCase();
  return (outsideFile(lab, lab.machines.switch, "net/udp") ?? "").includes(` ${local} `);
}
