/** The parts that testbeds are made of: links, the VM, the switch. */
import { z } from "zod";
import { Duration, Rate, Share, Size } from "./units.ts";

/** What a link of the lab is shaped to, in each direction. */
export const Link = z.strictObject({
  rate: Rate.default(1e9).describe("bits per second"),
  delay: Duration.default(0).describe("one way, seconds; needs netem in the kernel"),
  loss: Share.default(0).describe("share of packets lost; needs netem in the kernel"),
});
export type Link = z.infer<typeof Link>;

/** A name that is safe in file names, interface names and host names. */
export const Name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/u, "use lower-case letters, digits and dashes, at most 32");

export const VmSpec = z.strictObject({
  name: Name.default("vm"),
  memory: Size.default(2 * 2 ** 30).describe("configured memory, bytes"),
  vcpus: z.int().min(1).max(64).default(1),
  disk: Size.default(40 * 2 ** 30).describe("virtual size of its disk, bytes"),
  swap: Size.default(0).describe("swap on that disk, bytes; 0: none"),
  hugePages: z.boolean().default(false).describe("its memory is in the host's huge pages"),
  mac: z
    .string()
    .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/u, "write a MAC address as 52:54:00:00:00:01")
    .default("52:54:00:4d:53:01"),
  ipv4: z.cidrv4().default("10.77.1.100/24").describe("address on the service network with its prefix length"),
  ipv6: z.cidrv6().default("fd77:1::100/64").describe("address on the service network with its prefix length"),
});
export type VmSpec = z.infer<typeof VmSpec>;

export const SwitchSpec = z.strictObject({
  community: z.string().min(1).default("public"),
  sampleEvery: Duration.default(1).describe("seconds between readings of the counters during a pass"),
  settle: Duration.default(4).describe("seconds that the counters must stand still before a reading counts as settled"),
});
export type SwitchSpec = z.infer<typeof SwitchSpec>;

/** The two ends of a migration. */
export type HostRole = "source" | "destination";
/** The end that this one is not. */
export const other = (role: HostRole): HostRole => (role === "source" ? "destination" : "source");
