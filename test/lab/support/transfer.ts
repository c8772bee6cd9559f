/**
 * Inside the lab: sends bytes over TCP from one machine to another and prints what was seen as JSON: bits per second of
 * payload between the first and the last byte, and the switch's counters of both ports before and after.
 * Arguments: network, sender, receiver, megabytes, whether to read the counters.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { insideLab } from "../../../src/lab/enter.ts";
import { labMachines } from "../../../src/lab/machines.ts";
import { readLabState } from "../../../src/lab/state.ts";
import type { NETWORKS, STATIONS } from "../../../src/lab/topology.ts";
import { SwitchCounters } from "../../../src/probes/snmp.ts";

const [network, from, to, megabytes, counted] = process.argv.slice(2) as [
  (typeof NETWORKS)[number],
  (typeof STATIONS)[number],
  (typeof STATIONS)[number],
  string,
  string,
];
const state = readLabState(insideLab()!)!;
const machines = labMachines(state);
const address = state.machines[to][network].ipv4;

const RECEIVE = `
  let first, last, bytes = 0;
  require("net").createServer((socket) => {
    socket.on("data", (chunk) => { last = process.hrtime.bigint(); first ??= last; bytes += chunk.length; });
    socket.on("end", () => { console.log(JSON.stringify({ bytes, rate: bytes * 8e9 / Number(last - first) })); process.exit(); });
  }).listen(5001, "${address}", () => console.log("listening"));`;
const SEND = `
  const socket = require("net").connect(5001, "${address}");
  const block = Buffer.alloc(1e6);
  let left = ${megabytes};
  const more = () => { while (left-- > 0) if (!socket.write(block)) return socket.once("drain", more); socket.end(); };
  more();`;

const ports = [from, to].map((station) => state.ports[`${network}.${station}`]!);
const counters = new SwitchCounters(state.snmp, ports);
/** The agent's counters can be some seconds old. */
const settledReading = async (): Promise<Awaited<ReturnType<SwitchCounters["read"]>>> => {
  await sleep(5000);
  return counters.read();
};

const before = counted === "counted" ? await settledReading() : [];
const receiver = await machines[to].start([process.execPath, "--eval", RECEIVE]);
const lines: string[] = [];
const listening = new Promise<void>((resolve) =>
  receiver.onLine((stream, line) => {
    if (stream === "stdout") lines.push(line);
    if (line === "listening") resolve();
  }),
);
await listening;
await machines[from].run([process.execPath, "--eval", SEND], { timeout: 120 });
await receiver.ended;
const after = counted === "counted" ? await settledReading() : [];
counters.close();
process.stdout.write(JSON.stringify({ ...JSON.parse(lines.at(-1)!), before, after }));
