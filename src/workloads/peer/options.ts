/** What the peer is told when it is started: one argument, JSON. */
import { z } from "zod";

/** A rate for a while; units are those of the lane: bytes of TCP, datagrams of UDP. */
const Step = z.strictObject({
  length: z.number().positive().describe("ns"),
  rate: z.number().min(0).describe("units per second"),
});
export type Step = z.infer<typeof Step>;

const PeerLane = z.strictObject({
  lane: z.int().min(0).describe("number of the workload in the plan"),
  kind: z.enum(["tcp", "udp"]),
  direction: z.enum(["send", "receive"]).describe("as the guest sees it"),
  unitBytes: z.int().min(1).describe("1, or the payload of a datagram"),
  steps: z
    .array(Step)
    .min(1)
    .optional()
    .describe("the rate, again from the start after its end; left out: what the guest's hello says"),
});
export type PeerLane = z.infer<typeof PeerLane>;

export const PeerOptions = z.strictObject({
  address: z.union([z.ipv4(), z.ipv6()]).describe("to listen at"),
  output: z.string().min(1).describe("the file that becomes `peer.jsonl`"),
  windowLength: z.int().min(1000).describe("µs"),
  lanes: z.array(PeerLane).min(1),
});
export type PeerOptions = z.infer<typeof PeerOptions>;

/** What the peer says on standard output when the guest may connect. Port null: no lane needs it. */
export const PeerReady = z.strictObject({
  ready: z.literal(true),
  tcp: z.int().nullable(),
  udp: z.int().nullable(),
});
export type PeerReady = z.infer<typeof PeerReady>;
