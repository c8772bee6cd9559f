import { describe, expect, test } from "vitest";
import { countFates, fatesOf } from "../../src/analysis/fates.ts";
import type { Flights } from "../../src/analysis/flights.ts";
import type { TapView } from "../../src/analysis/taps.ts";

const X = Number.NaN;

/** One probe: round trip, then when its request and reply were seen at either link. */
function fate(
  received: number,
  taps: { source?: [number, number]; destination?: [number, number] } | null,
  { resume = 1, refused = 0, whole = true }: { resume?: number | null; refused?: number; whole?: boolean } = {},
) {
  const flights: Flights = {
    interval: 1e-3,
    length: 1,
    sequence: Float64Array.of(7),
    sent: Float64Array.of(0),
    received: Float64Array.of(received),
    refused: Uint8Array.of(refused),
    missed: 0,
    duplicates: 0,
    reordered: 0,
    strangers: 0,
    unmatched: 0,
    logEnd: 10,
  };
  const view = ([request, reply]: [number, number] = [X, X]): TapView => ({
    request: Float64Array.of(request),
    reply: Float64Array.of(reply),
    whole,
  });
  return fatesOf({
    flights,
    threshold: 0.01,
    resume,
    source: taps && view(taps.source),
    destination: taps && view(taps.destination),
  })[0];
}

describe("the fate of a probe", () => {
  test.each([
    ["answered by the source", fate(0.001, { source: [0, 0.0005] }), "answered-by-source"],
    ["answered by the destination", fate(0.001, { destination: [0, 0.0005] }), "answered-by-destination"],
    [
      "delivered at the source, answered from the destination",
      fate(0.009, { source: [0, X], destination: [X, 0.008] }),
      "held",
    ],
    ["answered, but late", fate(0.5, { source: [0, 0.4] }), "held"],
    ["answered late, seen nowhere", fate(0.5, null), "held"],
    ["answered, without captures", fate(0.001, null), "answered"],
    ["delivered at the source and never answered", fate(X, { source: [0, X] }), "lost-at-source"],
    ["delivered at the destination and never answered", fate(X, { destination: [0, X] }), "lost-at-destination"],
    ["sent both ways before RESUME", fate(X, { source: [0, X], destination: [0.5, X] }), "lost-at-source"],
    ["sent both ways after RESUME", fate(X, { source: [0, X], destination: [1.5, X] }), "lost-at-destination"],
    ["answered, and the reply lost on its way", fate(X, { source: [0, 0.1] }), "lost-elsewhere"],
    [
      "answered, the reply sent both ways",
      fate(0.001, { source: [X, 0.0006], destination: [0, 0.0005] }),
      "answered-by-destination",
    ],
    [
      "answered by the source, the reply sent both ways",
      fate(0.001, { source: [0, 0.0005], destination: [X, 0.0006] }),
      "answered-by-source",
    ],
    ["seen at neither end", fate(X, {}), "lost-elsewhere"],
    ["lost, and a capture breaks off", fate(X, {}, { whole: false }), "lost"],
    ["lost, without captures", fate(X, null), "lost"],
    ["refused by the kernel", fate(X, {}, { refused: 1 }), "not-sent"],
  ])("%s", (_, found, expected) => expect(found).toBe(expected));

  test("is counted only where it occurred; missed ticks were not sent", () => {
    expect(countFates(["lost", "lost", "answered"], 3)).toEqual({ lost: 2, answered: 1, "not-sent": 3 });
  });
});
