import { expect, test } from "vitest";
import type { ScriptedOutage } from "../../src/calibration/script.ts";
import { readTruth } from "../../src/calibration/truth.ts";

const script: ScriptedOutage[] = [{ class: "two in a row", kind: "hold", begin: 2, length: 1 }];
const READY = '{"ready":true,"realtime":true}';
const HOLD =
  '{"kind":"hold","begin":"1795394359351845528","due":"1795394359602545528","end":"1795394359602565646","requests":251,"held":251}';
const END = '{"kind":"end","requests":2000,"answered":1958,"refused":0,"dropped":0}';
const at = (fraction: string): string => `1795394359${fraction}`;
const stall = (since: string, begin: string, first: string, end: string): string =>
  JSON.stringify({ kind: "stall", since: at(since), begin: at(begin), first: at(first), end: at(end) });
const whole = { class: "two in a row", begin: 1795394359351845528n, end: 1795394359602565646n };

test("nanoseconds since 1970 are kept to the last digit", () => {
  const { outages } = readTruth([READY, HOLD, END], script);
  expect(outages).toEqual([{ ...whole, due: 1795394359602545528n }]);
});

test("a stall with an answer at once between it and the outage stays apart", () => {
  const truth = readTruth([READY, HOLD, stall("610000000", "611000000", "612000000", "613000000"), END], script);
  expect(truth).toMatchObject({ outages: [whole], prolonged: 0 });
  expect(truth.stalls).toHaveLength(1);
});

test("after an outage that nobody answered since, the service is back with the first answer, however slow the next", () => {
  const truth = readTruth([READY, HOLD, stall("351000000", "602600000", "607000000", "609000000"), END], script);
  expect(truth).toMatchObject({
    outages: [{ begin: whole.begin, end: 1795394359607000000n }],
    stalls: [],
    prolonged: 1,
  });
});

test("a target that slept through the whole outage was out from the beginning of its sleep", () => {
  const truth = readTruth([READY, HOLD, stall("349000000", "350000000", "602550000", "603000000"), END], script);
  expect(truth.outages).toMatchObject([{ begin: 1795394359350000000n, end: whole.end }]);
});

test("a stall that ends within an outage stays apart: its answers show that the requests before were served", () => {
  const truth = readTruth([READY, HOLD, stall("349000000", "350000000", "352000000", "352000000"), END], script);
  expect(truth).toMatchObject({ outages: [whole], prolonged: 0 });
});

test("two outages with a stall over all of the service between them are one", () => {
  const two = [...script, { class: "two in a row", kind: "loss", begin: 3.02, length: 0.01 }] as ScriptedOutage[];
  const loss = `{"kind":"loss","begin":"${at("622545528")}","due":"${at("632545528")}","end":"${at("632545528")}","requests":9,"held":0}`;
  const over = stall("351000000", "602600000", "634000000", "634100000");
  const truth = readTruth([READY, HOLD, loss, over, END], two);
  expect(truth.outages).toMatchObject([{ begin: whole.begin, end: 1795394359634000000n }]);
});

test.each([
  ["without its end, the truth is not whole", [READY, HOLD]],
  ["without an outage of the script", [READY, END]],
  ["with another kind than scripted", [READY, HOLD.replace("hold", "loss"), END]],
  ["when packets passed the target by", [READY, HOLD, END.replace('"dropped":0', '"dropped":3')]],
])("%s it is refused", (_, lines) => {
  expect(() => readTruth(lines, script)).toThrow(/echo target/u);
});
