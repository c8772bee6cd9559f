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
    due: Nanoseconds,
    end: Nanoseconds,
    requests: z.int(),
    held: z.int(),
  }),
  z.object({
    kind: z.literal("stall"),
    begin: Nanoseconds,
    first: Nanoseconds,
    end: Nanoseconds,
    since: Nanoseconds,
  }),
  z.object({ kind: z.literal("end"), requests: z.int(), answered: z.int(), refused: z.int(), dropped: z.int() }),
]);

/** CLOCK_REALTIME, nanoseconds. */
interface Span {
  readonly begin: bigint;
  readonly end: bigint;
}

export interface TrueOutage extends Span {
  readonly class: OutageClass;
  /** When the script ends it; held requests are released as soon after as the target runs. */
  readonly due: bigint;
}

/**
 * The target itself was slow, by no script: requests that arrived from `begin` on were answered from `first` to `end`.
 * `since`: arrival of the last request before that was answered at once.
 */
export interface Stall extends Span {
  readonly first: bigint;
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
      outages.push({ class: scripted.class, begin: line.begin, due: line.due, end: line.end });
    }
  }
  if (!complete || outages.length !== script.length)
    throw wrong(`it played ${outages.length} of ${script.length} outages`);
  return unite(outages, stalls);
}

const wrong = (what: string): MigrascopeError => new MigrascopeError("BUG", `the echo target: ${what}`);

/**
 * Where the target stalled right after an outage, the service came back with its first answer; where it slept through
 * an outage, nobody was served from the beginning of the stall to that answer. Both without any answer in between, so
 * that no client could tell stall and outage apart. A stall that ends within an outage stays apart: the late answers
 * come in the middle of it, and show that the requests before the outage were served.
 */
function unite(scripted: readonly TrueOutage[], all: readonly Stall[]): Truth {
  let outages = [...scripted];
  const stalls: Stall[] = [];
  let prolonged = 0;
  for (const stall of all) {
    const touched = outages.filter((outage) => stall.since < outage.end && stall.first >= outage.due);
    const [earliest] = touched;
    if (!earliest) {
      stalls.push(stall);
      continue;
    }
    prolonged++;
    // Several, when not even the service between them was served: then they are one.
    let { begin } = earliest;
    let { end } = touched.at(-1)!;
    if (stall.begin < begin) begin = stall.begin;
    if (stall.first > end) end = stall.first;
    outages = outages.flatMap((outage) => {
      if (outage === earliest) return [{ ...earliest, begin, end }];
      return touched.includes(outage) ? [] : [outage];
    });
  }
  return { outages, stalls, prolonged };
}
