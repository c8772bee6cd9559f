/** Each port of the switch moves when its machine sends or receives, and no port of the other network does. */
import { setTimeout as sleep } from "node:timers/promises";
import type { HostsTestbed } from "../../model/hosts.ts";
import { type PortOctets, resolvePorts, SwitchPorts } from "../../probes/switch-ports.ts";
import type { Machine } from "../../remote/machine.ts";
import { switchAddress } from "../switch.ts";
import { sendBytes } from "../traffic.ts";
import { asFinding, type Check, type CheckContext, type Finding, failed, ok, skipped, warning } from "./finding.ts";

/** Bytes sent one way. The other way gets twice as much, so that swapped ports are seen. */
const BYTES = 400_000;
/** Of what was sent: less has not moved. */
const MOST = 0.9;
/** Seconds beyond `settle` that a switch may take to count. */
const PATIENCE = 10;
const LOOK_EVERY = 0.5;

interface Flow {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

export const portsMove: Check = {
  name: "ports",
  essential: false,
  needs: ["SSH", "routes", "switch"],
  run: async (context) => {
    const { switch: spec } = context.testbed;
    if (!spec) return [skipped("ports", "there is no switch")];
    const findings: Finding[] = [];
    for (const network of ["migration", "service"] as const) {
      const name = `ports ${network}`;
      findings.push(await asFinding(name, () => watch(name, network, spec, context)));
    }
    return findings;
  },
};

async function watch(
  name: string,
  network: "migration" | "service",
  spec: NonNullable<HostsTestbed["switch"]>,
  context: CheckContext,
): Promise<Finding> {
  const target = await switchAddress(spec);
  const ports = await resolvePorts(target, spec.ports);
  const flows = flowsOf(network, context);
  using conversation = new SwitchPorts(target);
  const before = await conversation.read();
  for (const { machine, address, bytes } of flows) await sendBytes(machine, address, bytes, context.signal);
  const began = performance.now();
  for (;;) {
    const moved = movement(before, await conversation.read());
    const finding = movementFinding(name, network, ports, flows, moved);
    if (finding.verdict === "ok" || performance.now() - began > (spec.settle + PATIENCE) * 1000) return finding;
    await sleep(LOOK_EVERY * 1000, undefined, { signal: context.signal });
  }
}

/** Between the hosts, both ways; on the service network from this machine too. */
function flowsOf(
  network: "migration" | "service",
  { testbed, hosts, benchmark }: CheckContext,
): (Flow & { machine: Machine; address: string })[] {
  const flow = (from: string, machine: Machine, to: "source" | "destination", bytes: number) => {
    const { ipv4, ipv6 } = testbed.hosts[to][network];
    const address = ipv4 ?? ipv6;
    return address === undefined ? [] : [{ from, machine, to, address, bytes }];
  };
  return [
    ...flow("source", hosts.source, "destination", BYTES),
    ...flow("destination", hosts.destination, "source", 2 * BYTES),
    ...(network === "service" ? flow("benchmark", benchmark, "source", 4 * BYTES) : []),
  ];
}

/** Octets since then, by the port's name. A counter that wrapped is taken as 32 bits wide. */
export function movement(before: readonly PortOctets[], after: readonly PortOctets[]): Map<string, PortOctets> {
  const since = (one: bigint, two: bigint): bigint => (two >= one ? two - one : two + 2n ** 32n - one);
  const earlier = new Map(before.map((port) => [port.name, port]));
  return new Map(
    after.flatMap((port) => {
      const then = earlier.get(port.name);
      return then
        ? [[port.name, { name: port.name, in: since(then.in, port.in), out: since(then.out, port.out) }]]
        : [];
    }),
  );
}

/** What the ports have counted against what was sent: each role's port, and none of the other network. */
export function movementFinding(
  name: string,
  network: "migration" | "service",
  ports: Readonly<Record<string, string>>,
  flows: readonly Flow[],
  moved: ReadonlyMap<string, PortOctets>,
): Finding {
  const machines = [...new Set(flows.flatMap(({ from, to }) => [from, to]))];
  const expected = machines.map((machine) => ({
    role: `${network}.${machine}`,
    in: sum(flows.filter(({ from }) => from === machine)),
    out: sum(flows.filter(({ to }) => to === machine)),
  }));
  const named = expected.filter(({ role }) => ports[role] !== undefined);
  if (named.length === 0) return warning(name, `no port of the ${network} network is named`, "switch.ports");
  const fits = (port: PortOctets | undefined, wanted: { in: number; out: number }): boolean =>
    port !== undefined && Number(port.in) >= MOST * wanted.in && Number(port.out) >= MOST * wanted.out;
  const wrong = named.filter((wanted) => !fits(moved.get(ports[wanted.role]!), wanted));
  if (wrong.length > 0)
    return failed(name, wrong.map((wanted) => complaint(wanted, ports, moved, fits)).join("; "), "switch.ports");
  const other = network === "migration" ? "service" : "migration";
  const stray = Object.entries(ports).filter(([role, port]) => {
    const seen = role.startsWith(`${other}.`) ? moved.get(port) : undefined;
    // Only what looks like the flows themselves: a service network is never quite still.
    return seen !== undefined && expected.some((wanted) => wanted.in > 0 && fits(seen, wanted));
  });
  if (network === "migration" && stray.length > 0)
    return failed(
      name,
      `what was sent over the migration network moved ${stray.map(([role, port]) => `${role} (${port})`).join(", ")} too`,
      "switch.ports, or a migration network of its own",
    );
  return ok(
    name,
    named
      .map(({ role }) => `${role} (${ports[role]})`)
      .join(", ")
      .concat(" moved as was sent"),
  );
}

const sum = (flows: readonly Flow[]): number => flows.reduce((total, { bytes }) => total + bytes, 0);

function complaint(
  wanted: { role: string; in: number; out: number },
  ports: Readonly<Record<string, string>>,
  moved: ReadonlyMap<string, PortOctets>,
  fits: (port: PortOctets | undefined, wanted: { in: number; out: number }) => boolean,
): string {
  const port = ports[wanted.role]!;
  const seen = moved.get(port);
  const counted = seen ? `counted ${seen.in} in and ${seen.out} out` : "was not counted";
  // The one that moved like it, and no more than it had to.
  const [better] = [...moved.values()]
    .filter((one) => one.name !== port && fits(one, wanted))
    .sort((a, b) => Number(a.in + a.out - b.in - b.out));
  const advice = better ? `, but ${better.name} moved as ${wanted.role} should` : "";
  return `${wanted.role} (${port}) ${counted} of ${wanted.in} in and ${wanted.out} out${advice}`;
}
