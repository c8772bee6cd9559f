import { expect, test } from "vitest";
import { Workload } from "../../../src/model/workload.ts";
import { lanesOf, needsPeer } from "../../../src/workloads/peer.ts";

const workloads = [
  Workload.parse({ kind: "cpu" }),
  Workload.parse({ kind: "udp", direction: "receive", rate: "8.192Mb/s" }),
  Workload.parse({
    kind: "tcp",
    trace: [
      { for: "2s", rate: "1MB/s" },
      { for: "500ms", rate: "idle" },
    ],
  }),
  Workload.parse({ kind: "tcp" }),
];

test("lanes keep their numbers in the plan; rates are in their units per second", () => {
  expect(lanesOf(workloads)).toEqual([
    { lane: 1, kind: "udp", direction: "receive", unitBytes: 1024, steps: [{ length: 1e9, rate: 1000 }] },
    {
      lane: 2,
      kind: "tcp",
      direction: "send",
      unitBytes: 1,
      steps: [
        { length: 2e9, rate: 1e6 },
        { length: 5e8, rate: 0 },
      ],
    },
    { lane: 3, kind: "tcp", direction: "send", unitBytes: 1 },
  ]);
});

test("a peer is needed by network workloads only", () => {
  expect(needsPeer(workloads)).toBe(true);
  expect(needsPeer(workloads.slice(0, 1))).toBe(false);
});
