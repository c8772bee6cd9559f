/**
 * Numbers for people. Bytes are written in binary units (1 MiB = 1,048,576 bytes) everywhere, memory and wire alike, so
 * that the two can be compared; rates are decimal, of bits (1 Mb/s = 1,000,000 b/s) and of bytes (1 MB/s = 8 Mb/s), as on
 * data sheets.
 */
import type { Measurement } from "../model/result.ts";

export const UNITS_NOTE =
  "Bytes are binary (1 MiB = 1,048,576 bytes), rates decimal (1 Mb/s = 1,000,000 bits per second, 1 MB/s = 1,000,000 bytes per second). [a … b] bounds the true value.";

interface Scale {
  readonly unit: string;
  readonly factor: number;
}
const scales = (...pairs: readonly (readonly [string, number])[]): readonly Scale[] =>
  pairs.map(([unit, factor]) => ({ unit, factor }));

const BINARY = scales(["B", 1], ["KiB", 2 ** 10], ["MiB", 2 ** 20], ["GiB", 2 ** 30], ["TiB", 2 ** 40]);
/** From small to large; the first is used for what is smaller still. */
const SCALES: Readonly<Record<Measurement["unit"], readonly Scale[]>> = {
  s: scales(["µs", 1e-6], ["ms", 1e-3], ["s", 1]),
  bytes: BINARY,
  "bytes/s": scales(["B/s", 1], ["kB/s", 1e3], ["MB/s", 1e6], ["GB/s", 1e9]),
  "bits/s": scales(["b/s", 1], ["kb/s", 1e3], ["Mb/s", 1e6], ["Gb/s", 1e9]),
  count: scales(["", 1]),
  share: scales(["%", 0.01]),
};

/** The unit that leaves one to four digits before the point: 1.04 s, 175 ms. */
function scaleFor(magnitude: number, unit: Measurement["unit"]): Scale {
  const known = SCALES[unit];
  if (magnitude === 0) return known.find((scale) => scale.factor === 1) ?? known[0]!;
  return known.findLast((scale) => magnitude >= scale.factor * 0.9995) ?? known[0]!;
}

/** Decimals for about three significant digits, never finer than what was counted in whole units. */
function decimalsFor(scaled: number, whole: boolean): number {
  if (whole || scaled === 0) return 0;
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(scaled)) + 1e-9)));
}

const group = (text: string): string => text.replace(/^(-?\d+)/u, (digits) => digits.replace(/\B(?=(\d{3})+$)/gu, ","));
const fixed = (value: number, decimals: number): string => {
  const text = group(value.toFixed(decimals));
  return Number(value.toFixed(decimals)) === 0 ? text.replace("-", "") : text.replace("-", "−");
};
const withUnit = (text: string, unit: string): string => (unit === "" ? text : `${text} ${unit}`);

/** `value` in the unit's base (seconds, bytes, …) as text: `175 ms`. */
export function formatValue(value: number, unit: Measurement["unit"]): string {
  if (!Number.isFinite(value)) return "unknown";
  const scale = scaleFor(Math.abs(value), unit);
  const scaled = value / scale.factor;
  const whole = (unit === "count" && Number.isInteger(value)) || scale.unit === "B";
  return withUnit(fixed(scaled, decimalsFor(scaled, whole)), scale.unit);
}

/** A value that somebody chose, such as a link's rate: the same without the zeros that would claim a precision. */
export const formatChosen = (value: number, unit: Measurement["unit"]): string =>
  formatValue(value, unit)
    .replace(/(\.\d*?)0+(?=\D|$)/u, "$1")
    .replace(/\.(?=\D|$)/u, "");

/**
 * A value with its bounds in one unit: `175 ms [171 … 178]`. The bounds are rounded outwards and never hide that the
 * truth may lie anywhere between them; the digits shown are those that the bounds' distance supports.
 */
export function formatBounded(value: number, unit: Measurement["unit"], low: number, high: number): string {
  const scale = scaleFor(Math.max(Math.abs(value), Math.abs(low), Math.abs(high)), unit);
  const width = (high - low) / scale.factor;
  const usual = decimalsFor(value / scale.factor, unit === "count");
  // However narrow the bounds, one digit beyond the usual three is all that a reader can use.
  const decimals = width > 0 ? Math.min(usual + 1, Math.max(0, -Math.floor(Math.log10(width / 4)))) : usual;
  const step = 10 ** decimals;
  // A hair of tolerance, or 171.0 stored as 170.99999999999997 would be rounded outwards to 170.
  const down = Math.floor((low / scale.factor) * step + 1e-9) / step;
  const up = Math.ceil((high / scale.factor) * step - 1e-9) / step;
  const text = fixed(value / scale.factor, decimals);
  return `${withUnit(text, scale.unit)} [${fixed(down, decimals)} … ${fixed(up, decimals)}]`;
}

/** A measurement as text; unknown is said with its reason, never as a zero or a blank. */
export function formatMeasurement(measurement: Measurement | undefined): string {
  if (measurement === undefined) return "unknown: not measured";
  const { value, unit, low, high } = measurement;
  if (value === null) {
    // Unknown and yet not without bounds: a migration that was given up had lasted so long already.
    // Nothing that is measured here is less than nothing: that would be no bound.
    const least = low === undefined || low === 0 ? [] : [`at least ${formatValue(low, unit)}`];
    const most = high === undefined ? [] : [`at most ${formatValue(high, unit)}`];
    const bounds = [...least, ...most].join(", ");
    return `unknown: ${measurement.unknown ?? "no reason was recorded"}${bounds && ` (${bounds})`}`;
  }
  // Counted exactly: rounded outwards, bounds would claim a doubt that there is not.
  if (low === high && (low === undefined || low === value)) return formatValue(value, unit);
  if (low !== undefined && high !== undefined) return formatBounded(value, unit, low, high);
  return low === undefined
    ? `${formatValue(value, unit)} (at most ${formatValue(high!, unit)})`
    : `${formatValue(value, unit)} (at least ${formatValue(low, unit)})`;
}

/** With its sign always written, for differences: `+3.1 ms`, `−12 KiB`. */
export function formatDifference(value: number, unit: Measurement["unit"]): string {
  const text = formatValue(value, unit);
  return value > 0 ? `+${text}` : text;
}

/** Seconds since the migrate command, to the tenth of a millisecond: `1.0323 s`. */
export const formatMoment = (seconds: number | null): string =>
  seconds === null ? "unknown" : `${fixed(seconds, 4)} s`;
