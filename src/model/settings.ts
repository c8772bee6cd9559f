/** The migration's settings: what a hypervisor is asked for. */
import { z } from "zod";
import { Duration, Rate, Share, Size } from "./units.ts";

/** The levels that a compression of multifd has, least and most. */
const LEVELS: Readonly<Record<string, readonly [number, number]>> = { zlib: [0, 9], zstd: [0, 20], qatzip: [1, 9] };

/**
 * The same names for every driver; a driver refuses by name what its version lacks. What is left out stays at the
 * hypervisor's own default and is read back all the same.
 */
export const MigrationSettings = z.strictObject({
  bandwidth: Rate.optional().describe("bits per second at most"),
  downtimeLimit: Duration.optional().describe("seconds of blackout that the hypervisor may plan"),
  autoConverge: z
    .strictObject({ initial: Share.optional(), increment: Share.optional(), maximum: Share.optional() })
    .optional()
    .describe("slow the vCPUs down until the migration converges"),
  dirtyLimit: z
    .strictObject({
      rate: Rate.optional().describe("what each vCPU may dirty"),
      period: Duration.optional().describe("how often it is checked"),
    })
    .optional()
    .describe("slow down only vCPUs that dirty more than this; needs KVM's dirty ring"),
  postCopy: z
    .strictObject({
      afterRound: z.int().min(0).optional().describe("0: from the start"),
      afterTime: Duration.optional(),
      bandwidth: Rate.optional().describe("bits per second at most once it runs there; default: as `bandwidth`"),
      preempt: z.boolean().optional().describe("pages asked for overtake the others on a channel of their own"),
      recover: z.boolean().default(true).describe("connect again when the connection breaks, rather than lose the VM"),
    })
    .optional()
    .describe("run on the destination before all of the memory is there; without a time: at the deadline"),
  pause: z
    .strictObject({
      afterRound: z.int().min(0).optional().describe("0: from the start"),
      afterTime: Duration.optional(),
    })
    .refine(
      (value) => value.afterRound !== undefined || value.afterTime !== undefined,
      "say when: afterRound or afterTime",
    )
    .optional()
    .describe("stop the vCPUs, so that nothing dirties memory any more; they run again on the destination"),
  xbzrle: z.strictObject({ cache: Size.optional() }).optional().describe("send differences of pages sent before"),
  multifd: z
    .strictObject({
      channels: z.int().min(1).max(255).optional(),
      compression: z.enum(["none", "zlib", "zstd", "qpl", "uadk", "qatzip"]).optional(),
      level: z.int().min(0).max(20).optional().describe("of zlib (0 to 9), zstd (0 to 20) or qatzip (1 to 9)"),
    })
    .refine(({ compression, level }) => {
      const [least, most] = LEVELS[compression ?? "none"] ?? [1, 0];
      return level === undefined || (level >= least && level <= most);
    }, "a level belongs to a compression that has levels: zlib (0 to 9), zstd (0 to 20), qatzip (1 to 9)")
    .optional()
    .describe("several connections at once; libvirt calls it parallel"),
  zeroCopy: z
    .boolean()
    .optional()
    .describe("pages are not copied before they are sent; needs multifd, without compression and without tls"),
  transport: z
    .enum(["tcp", "tls", "ssh"])
    .optional()
    .describe("tcp: plain; tls: encrypted by the hypervisor; ssh: tunnelled through the management connection"),
  path: z
    .enum(["peer-to-peer", "direct"])
    .optional()
    .describe("who speaks to the destination's management: the source's, or the client that asked"),
  family: z.enum(["ipv4", "ipv6"]).optional().describe("of the migration's own connection"),
});
export type MigrationSettings = z.infer<typeof MigrationSettings>;
