/** What the echo target says it did: the truth that measurements are held against. */
import { z } from "zod";
import { MigrascopeError } from "../model/errors.ts";
import type { OutageClass, ScriptedOutage } from "./script.ts";

/** Wall clock nanoseconds exceed what a JSON number holds, so they come as text. */
const Nanoseconds = z.string().regex(/^\d+$/u).transform(BigInt);

const Line = z.discriminatedUnion("kind", [
  z.object({
    kind: z.enum(["loss", "hold", "replies"]),
    begin: Nanoseconds,
    end: Nanoseconds,
    requests: z.int(),
    held: z.int(),
  }),
  z.object({ kind: z.literal("stall"), begin: Nanoseconds, end: Nanoseconds, since: Nanoseconds }),
  z.object({ kind: z.literal("end"), requests: z.int(), answered: z.int(), refused: z.int(), dropped: z.int() }),
]);

/** CLOCK_REALTIME, nanoseconds. */
interface Span {
  readonly begin: bigint;
  readonly end: bigint;
}

export interface TrueOutage extends Span {
  readonly class: OutageClass;
}

/** The target itself did not answer for a while, by no script. `since`: arrival of the last request answered before. */
export interface Stall extends Span {
  readonly since: bigint;
}

export interface Truth {
  readonly outages: readonly TrueOutage[];
  /** Stalls that touch no scripted outage. */
  readonly stalls: readonly Stall[];
  /** Scripted outages that a stall prolonged; the truth above has the whole. */
  readonly prolonged: number;
}

/**
 * @param lines the target's standard output.
 * @throws MigrascopeError BUG when it is incomplete, does not match the script, or packets passed the target by.
 */
export function readTruth(lines: readonly string[], script: readonly ScriptedOutage[]): Truth {
  const outages: TrueOutage[] = [];
  const stalls: Stall[] = [];
  let complete = false;
  for (const text of lines) {
    if (text.startsWith('{"ready"')) continue;
    const line = Line.parse(JSON.parse(text));
    if (line.kind === "stall") stalls.push(line);
    else if (line.kind === "end") {
      complete = true;
      if (line.dropped > 0) throw wrong(`${line.dropped} packets passed it by, so it does not know the truth`);
    } else {
      const scripted = script[outages.length];
      if (scripted?.kind !== line.kind) throw wrong(`outage ${outages.length} is ${line.kind}, not as scripted`);
      outages.push({ class: scripted.class, begin: line.begin, end: line.end });
    }
  }
  if (!complete || outages.length !== script.length)
    throw wrong(`it played ${outages.length} of ${script.length} outages`);
  return unite(outages, stalls);
}

const wrong = (what: string): MigrascopeError => new MigrascopeError("BUG", `the echo target: ${what}`);

/**
 * A stall with no answer at once between it and an outage is part of that outage: no client could tell them apart, and
 * the service was out for the whole of it.
 */
function unite(scripted: readonly TrueOutage[], all: readonly Stall[]): Truth {
  const outages = [...scripted];
  const stalls: Stall[] = [];
  let prolonged = 0;
  for (const stall of all) {
    const touched = outages.findIndex((outage) => stall.since <= outage.end && stall.end >= outage.begin);
    if (touched < 0) {
      stalls.push(stall);
      continue;
    }
    const outage = outages[touched]!;
    const earlier = stall.begin < outage.begin;
    const later = stall.end > outage.end;
    if (earlier || later) prolonged++;
    if (earlier) outages[touched] = { ...outage, begin: stall.begin };
    if (later) outages[touched] = { ...outages[touched]!, end: stall.end };
  }
  return { outages, stalls, prolonged };
}
