/**
 * Quantities as people write them (`1ms`, `256MiB`, `1Gb/s`, `0.5%`) and as the program keeps them:
 * durations in seconds, sizes in bytes, rates in bits per second, shares between 0 and 1.
 *
 * A quantity without a unit is refused: "1000" of what is the question that makes benchmarks lie.
 */
import { z } from "zod";

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  min: 60,
  h: 3600,
};
const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
/** `b/s` counts bits, `B/s` counts bytes: the case of the letter is the unit. */
const RATE_UNITS: Readonly<Record<string, number>> = Object.fromEntries([
  ["b/s", 1],
  ["kb/s", 1e3],
  ["Mb/s", 1e6],
  ["Gb/s", 1e9],
  ...Object.entries(SIZE_UNITS).map(([unit, bytes]) => [`${unit}/s`, bytes * 8] as const),
]);

const QUANTITY = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(\S+)$/u;

function parseQuantity(text: string, units: Readonly<Record<string, number>>, what: string, example: string): number {
  const match = QUANTITY.exec(text.trim());
  const known = Object.keys(units).join(", ");
  if (!match)
    throw new RangeError(`"${text}" is not a ${what}: write a number and a unit, such as ${example} (units: ${known})`);
  const factor = units[match[2]!];
  if (factor === undefined)
    throw new RangeError(`"${text}": unknown unit "${match[2]}" for a ${what} (units: ${known})`);
  return Number(match[1]) * factor;
}

/** @returns seconds. @throws RangeError naming the accepted units. */
export const parseDuration = (text: string): number => parseQuantity(text, DURATION_UNITS, "duration", "300ms");
/** @returns bytes. @throws RangeError naming the accepted units. */
export const parseSize = (text: string): number => parseQuantity(text, SIZE_UNITS, "size", "256MiB");
/** @returns bits per second. @throws RangeError naming the accepted units. */
export const parseRate = (text: string): number => parseQuantity(text, RATE_UNITS, "rate", "1Gb/s");
/** @returns a share between 0 and 1. @throws RangeError when there is no percent sign or it exceeds 100 %. */
export function parseShare(text: string): number {
  const share = parseQuantity(text, { "%": 0.01 }, "share", "0.5%");
  if (share > 1) throw new RangeError(`"${text}" is more than 100%`);
  return share;
}

const quantity = (parse: (text: string) => number, write: (value: number) => string, example: string) =>
  z.codec(
    z.string({
      error: (issue) => `expected a quantity with its unit, such as "${example}", not ${JSON.stringify(issue.input)}`,
    }),
    z.number(),
    {
      decode: (text, context) => {
        try {
          return parse(text);
        } catch (error) {
          context.issues.push({ code: "custom", message: (error as Error).message, input: text });
          return z.NEVER;
        }
      },
      encode: write,
    },
  );

/** Enough digits to read the same number back, without the noise of binary fractions. */
const plain = (value: number): string => String(Number(value.toPrecision(15)));

/** Schema of a duration in a file (`300ms`); its value is in seconds. */
export const Duration = quantity(parseDuration, (seconds) => `${seconds}s`, "300ms");
/** Schema of a size in a file (`256MiB`); its value is in bytes. */
export const Size = quantity(parseSize, (bytes) => `${bytes}B`, "256MiB").refine(
  Number.isInteger,
  "a size must come to whole bytes",
);
/** Schema of a rate in a file (`1Gb/s`); its value is in bits per second. */
export const Rate = quantity(parseRate, (bits) => `${plain(bits)}b/s`, "1Gb/s").refine(
  (rate) => rate > 0,
  "a rate must be more than zero",
);
/** Schema of a share in a file (`0.5%`); its value lies between 0 and 1. */
export const Share = quantity(parseShare, (share) => `${plain(share * 100)}%`, "0.5%");
