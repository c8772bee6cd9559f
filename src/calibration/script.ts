/** Drawing outages: what the echo target is asked to do. Pure, and the same for the same seed. */

export const OUTAGE_KINDS = ["loss", "hold", "replies"] as const;
/** loss: requests are dropped. hold: they are answered at the end. replies: they arrive, only their replies are dropped. */
export type OutageKind = (typeof OUTAGE_KINDS)[number];
/** What an outage is judged under: its kind, or `two in a row` with any kinds. */
export type OutageClass = OutageKind | "two in a row";
export const OUTAGE_CLASSES: readonly OutageClass[] = [...OUTAGE_KINDS, "two in a row"];

/** Seconds. `begin` counts from the arrival of the first probe. */
export interface ScriptedOutage {
  readonly class: OutageClass;
  readonly kind: OutageKind;
  readonly begin: number;
  readonly length: number;
}

const SHORTEST = 1e-3;
const LONGEST = 2;
/** Seconds without outages at the beginning: what round trips usually take is learned there, as in a trial. */
export const LEAD = 2;
const SERVICE = { least: 0.1, most: 0.25 };
const SERVICE_IN_A_PAIR = { least: 0.02, most: 0.06 };

/** Random numbers in [0, 1): mulberry32 (Tommy Ettinger, public domain), enough for drawing and the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * `count` outages with log-uniform lengths from 1 ms to 2 s and 100 to 250 ms of service between them. Classes take
 * turns; of two in a row both count, with 20 to 60 ms between them.
 */
export function drawScript(count: number, seed: number): ScriptedOutage[] {
  const random = generator(seed);
  const between = (low: number, high: number): number => low + random() * (high - low);
  const length = (): number => SHORTEST * (LONGEST / SHORTEST) ** random();
  const anyKind = (): OutageKind => OUTAGE_KINDS[Math.floor(random() * OUTAGE_KINDS.length)]!;
  const script: ScriptedOutage[] = [];
  let now = LEAD;
  const add = (of: OutageClass, kind: OutageKind, after: { least: number; most: number }): void => {
    if (script.length === count) return;
    now += between(after.least, after.most);
    const outage = { class: of, kind, begin: now, length: length() };
    script.push(outage);
    now += outage.length;
  };
  for (let turn = 0; script.length < count; turn++) {
    const of = OUTAGE_CLASSES[turn % OUTAGE_CLASSES.length]!;
    add(of, of === "two in a row" ? anyKind() : of, SERVICE);
    if (of === "two in a row") add(of, anyKind(), SERVICE_IN_A_PAIR);
  }
  return script;
}

/** Seconds from the first probe until the last outage is over. */
export function scriptLength(script: readonly ScriptedOutage[]): number {
  const last = script.at(-1);
  return last ? last.begin + last.length : 0;
}

/** In the echo target's language. */
export function scriptText(script: readonly ScriptedOutage[]): string {
  const ns = (seconds: number): string => Math.round(seconds * 1e9).toFixed(0);
  return script.map((outage) => `${outage.kind} ${ns(outage.begin)} ${ns(outage.length)}\n`).join("");
}
