import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anatomyOf } from "../../src/analysis/anatomy.ts";
import { assembleFlights } from "../../src/analysis/flights.ts";
import { judgeLateness } from "../../src/analysis/lateness.ts";
import type { Moments } from "../../src/analysis/moments.ts";
import { findOutages } from "../../src/analysis/outages.ts";
import { originAt, probeLog } from "./world.ts";

const MS = 1e6;
const log = probeLog({
  interval: MS,
  ticks: 3000,
  outages: [{ begin: 2000 * MS, end: 2100 * MS, kind: "loss" }],
  there: () => 0.2 * MS,
  back: () => 0.2 * MS,
});
const flights = assembleFlights(log, originAt(1));
const lateness = judgeLateness(flights, 0);
const [outage] = findOutages(flights, lateness);

const mark = (t: number | null) => (t === null ? null : { t, uncertainty: 0, source: "migration.jsonl" });
function anatomy(stop: number | null, resume: number | null, announced: number | null, delivered: number | null) {
  const moments: Moments = {
    stop: mark(stop),
    resume: mark(resume),
    resumeSource: null,
    end: null,
    deadline: null,
    paused: false,
  };
  const column = new Float64Array(flights.length).fill(Number.NaN);
  return anatomyOf({
    flights,
    outage: outage!,
    usual: lateness.median,
    source: null,
    destination: delivered === null ? null : { request: column.with(5, delivered), reply: column, whole: true },
    moments,
    announcements: announced === null ? [] : [{ t: announced, kind: "rarp", seenAt: "destination" }],
  });
}

describe("the anatomy of an outage", () => {
  test("adds up to the total to the last nanosecond, whatever is known and in whatever order", () => {
    const moment = fc.option(fc.double({ min: 0.9, max: 1.2, noNaN: true }));
    fc.assert(
      fc.property(moment, moment, moment, moment, (...moments) => {
        const { segments, total, marks } = anatomy(...moments);
        const sum = segments.reduce((all, { seconds }) => all + Math.round(seconds * 1e9), 0);
        expect(sum).toBe(Math.round(total * 1e9));
        const known = marks.filter(({ t }) => t !== null);
        expect(Math.round(total * 1e9)).toBe(Math.round(known.at(-1)!.t! * 1e9) - Math.round(known[0]!.t! * 1e9));
      }),
    );
  });

  test("spans from the last reply before to the first reply after", () => {
    expect(anatomy(1, 1.09, 1.095, 1.1).total).toBeCloseTo(outage!.replyGap!, 9);
  });

  test("shows what came out of order as negative", () => {
    const { segments } = anatomy(1.05, 1.04, null, null);
    expect(segments.find(({ from }) => from === "stop")).toEqual({
      from: "stop",
      to: "resume",
      seconds: expect.closeTo(-0.01, 9),
    });
  });

  test("does not know what is unexplained where the request or the reply was not seen", () => {
    expect(anatomy(1, 1.05, 1.06, null).unexplained).toBeNull();
  });

  test("of a migration that came to nothing goes on at the source, whose later replies are not the last", () => {
    const request = flights.sent.map((t) => t + 0.0002);
    const reply = request.map((t, i) => (Number.isNaN(flights.received[i]!) ? Number.NaN : t));
    const { marks, segments } = anatomyOf({
      flights,
      outage: outage!,
      usual: lateness.median,
      source: { request, reply, whole: true },
      destination: null,
      moments: { stop: mark(1), resume: null, resumeSource: mark(1.09), end: null, deadline: null, paused: false },
      announcements: [],
    });
    expect(marks.map(({ t }) => t)).toEqual([
      expect.closeTo(0.9992, 3),
      1,
      1.09,
      null,
      expect.closeTo(1.0902, 3),
      expect.closeTo(outage!.end.high, 9),
    ]);
    expect(marks[2]!.label).toBe("RESUME: they run on the source again");
    expect(segments.every(({ seconds }) => seconds >= 0)).toBe(true);
  });

  test("says what a usual round trip does not explain", () => {
    const { segments, unexplained } = anatomy(1, 1.05, 1.06, 1.07);
    expect(unexplained).toBeCloseTo(segments.at(-1)!.seconds - lateness.median, 9);
    expect(anatomy(1, 1.09, 1.095, 1.1004).unexplained).toBe(0);
  });
});
