/** The names of the lab's machines, where there are names: with libvirt. */
import { type Cable, cables, ipv4, ipv6, type Station } from "./topology.ts";

/** The plain name is the machine's address on the service network; elsewhere it is `<machine>-<network>`. */
export const nameOn = ({ network, station }: Cable): string =>
  network === "service" ? station : `${station}-${network}`;

const LIBVIRT = cables("libvirt");

/** /etc/hosts of every machine. */
export const hostsFile = (): string =>
  [
    "127.0.0.1 localhost",
    "::1 localhost",
    ...LIBVIRT.flatMap((cable) =>
      [ipv4, ipv6].map((address) => `${address(cable.network, cable.station)} ${nameOn(cable)}`),
    ),
    "",
  ].join("\n");

/** Every name of the machine. */
export const namesOf = (station: Station): string[] => cablesOf(station).map(nameOn);

/** Every address of the machine, both families. */
export const addressesOf = (station: Station): string[] =>
  cablesOf(station).flatMap(({ network }) => [ipv4(network, station), ipv6(network, station)]);

const cablesOf = (station: Station): readonly Cable[] => LIBVIRT.filter((cable) => cable.station === station);
