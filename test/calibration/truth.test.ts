import { expect, test } from "vitest";
import type { ScriptedOutage } from "../../src/calibration/script.ts";
import { readTruth } from "../../src/calibration/truth.ts";

const script: ScriptedOutage[] = [{ class: "two in a row", kind: "hold", begin: 2, length: 1 }];
const READY = '{"ready":true,"realtime":true}';
const HOLD = '{"kind":"hold","begin":"1795394359351845528","end":"1795394359602565646","requests":251,"held":251}';
const END = '{"kind":"end","requests":2000,"answered":1958,"refused":0,"dropped":0}';
const stall = (since: string, begin: string, end: string): string =>
  JSON.stringify({ kind: "stall", since: `1795394359${since}`, begin: `1795394359${begin}`, end: `1795394359${end}` });

test("nanoseconds since 1970 are kept to the last digit", () => {
  const { outages } = readTruth([READY, HOLD, END], script);
  expect(outages).toEqual([{ class: "two in a row", begin: 1795394359351845528n, end: 1795394359602565646n }]);
});

test("a stall with answers between it and the outage stays apart", () => {
  const apart = stall("610000000", "611000000", "613000000");
  const truth = readTruth([READY, HOLD, apart, END], script);
  expect(truth.outages[0]!.end).toBe(1795394359602565646n);
  expect(truth.stalls).toHaveLength(1);
  expect(truth.prolonged).toBe(0);
});

test("a stall before the first answer after an outage prolongs it", () => {
  const truth = readTruth([READY, HOLD, stall("351000000", "602600000", "607000000"), END], script);
  expect(truth.outages[0]).toMatchObject({ begin: 1795394359351845528n, end: 1795394359607000000n });
  expect(truth).toMatchObject({ stalls: [], prolonged: 1 });
});

test("a stall that the outage follows without an answer between makes it begin earlier", () => {
  const truth = readTruth([READY, HOLD, stall("349000000", "350000000", "352000000"), END], script);
  expect(truth.outages[0]).toMatchObject({ begin: 1795394359350000000n, end: 1795394359602565646n });
});

test.each([
  ["without its end, the truth is not whole", [READY, HOLD]],
  ["without an outage of the script", [READY, END]],
  ["with another kind than scripted", [READY, HOLD.replace("hold", "loss"), END]],
  ["when packets passed the target by", [READY, HOLD, END.replace('"dropped":0', '"dropped":3')]],
])("%s it is refused", (_, lines) => {
  expect(() => readTruth(lines, script)).toThrow(/echo target/u);
});
