/** What a host's own interfaces counted, asked by netlink so that the answer is the machine's namespace's. */
import { z } from "zod";
import type { InterfaceReading } from "../model/artifacts.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { Clock } from "../model/time.ts";
import type { Machine } from "../remote/machine.ts";

/** An interface whose bytes are counted, and what it is in the testbed. */
export interface CountedInterface {
  readonly host: InterfaceReading["host"];
  readonly network: InterfaceReading["network"];
  readonly interface: string;
  readonly machine: Machine;
}

const counter = z.object({ bytes: z.int().min(0) });
const LinkStatistics = z.array(
  z.object({ ifname: z.string().optional(), stats64: z.object({ rx: counter, tx: counter }).optional() }),
);

/** Reads one interface now. @throws MigrascopeError COMMAND_FAILED when the host does not answer or has no such interface. */
export async function readInterface(
  { machine, host, network, interface: name }: CountedInterface,
  moment: InterfaceReading["moment"],
  clock: Clock,
): Promise<InterfaceReading> {
  const { stdout } = await machine.run(["ip", "-json", "-statistics", "link", "show", "dev", name]);
  const link = LinkStatistics.safeParse(JSON.parse(stdout)).data?.find((entry) => entry.ifname === name);
  if (!link?.stats64) {
    throw new MigrascopeError("COMMAND_FAILED", `\`ip -s link\` gave no statistics of ${name}`, {
      where: machine.name,
    });
  }
  return {
    at: clock(),
    moment,
    host,
    interface: name,
    network,
    rxBytes: link.stats64.rx.bytes,
    txBytes: link.stats64.tx.bytes,
  };
}
