/** `migrascope calibrate`: parsing and printing. */
import { Command, InvalidArgumentError, Option } from "commander";
import { calibrate } from "../calibration/calibrate.ts";
import type { Calibration } from "../calibration/summary.ts";
import { parseDuration } from "../model/units.ts";
import { EXIT, interruptSignal } from "./exit.ts";

interface Options {
  readonly outages: number;
  readonly interval: number;
  readonly family: "ipv4" | "ipv6";
  readonly seed: number;
  readonly parallel: number;
  readonly keep?: string;
  readonly json?: true;
}

export function calibrateCommand(): Command {
  return new Command("calibrate")
    .description("measure outages of known length, and say how far the measurements are from the truth")
    .option("--outages <count>", "how many", whole(1, 1_000_000), 1000)
    .option("--interval <duration>", "between probes, 100us to 10s", interval, 1e-3)
    .addOption(new Option("--family <family>", "which echo").choices(["ipv4", "ipv6"]).default("ipv4"))
    .option("--seed <number>", "the same seed draws the same outages", whole(0, 1_000_000), 1)
    .option("--parallel <count>", "probers and targets side by side", whole(1, 250), 4)
    .option("--keep <directory>", "keep scripts, truths and probe logs in this existing directory")
    .option("--json", "print one JSON document")
    .action(async (options: Options) => {
      process.exitCode = await run(options);
    });
}

/** @returns the exit code: the bar is met, or it is missed. @throws MigrascopeError. */
async function run(options: Options): Promise<number> {
  const live = process.stderr.isTTY === true && !options.json;
  const onProgress = ({ done, of, secondsLeft }: { done: number; of: number; secondsLeft: number }): void => {
    if (live) process.stderr.write(`\r${done} of ${of} outages, about ${Math.ceil(secondsLeft)} s left \x1b[K`);
  };
  try {
    const result = await calibrate({ ...options, keep: options.keep, signal: interruptSignal(), onProgress });
    process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : text(result));
    return result.met ? EXIT.ok : EXIT.failure;
  } finally {
    if (live) process.stderr.write("\r\x1b[K");
  }
}

function text(result: Calibration): string {
  const ms = (seconds: number): string => (seconds * 1000).toFixed(3);
  const header = ["", "outages", "unseen", "within", "median", "p90", "p99", "max", "bias", "width"];
  const rows = result.distributions.map((of) => [
    of.class,
    String(of.outages),
    String(of.unseen),
    String(of.within),
    ...[of.median, of.p90, of.p99, of.max, of.bias, of.width].map(ms),
  ]);
  const lines = [
    "Error of the measured outages (absolute; bias: signed mean; width: median of upper less lower bound), ms",
    ...table([header, ...rows]),
    "",
    `probe interval ${ms(result.interval)} ms; ${result.sent} probes sent, ${result.missed} ticks missed`,
    `not scripted: ${result.stalls} stalls of the target itself, ${result.unexplained} outages of unknown cause; ` +
      `${result.prolonged} scripted ones prolonged by such stalls`,
    ...result.outside.map(
      ({ class: of, truth, measured }) =>
        `outside its bounds: ${of}, true ${ms(truth.duration)} ms, measured ${ms(measured.value)} ms ` +
        `[${ms(measured.low)}, ${ms(measured.high)}], ${truth.begin.toFixed(6)} s after the start`,
    ),
    result.met
      ? "met: the bounds contain the truth in all outages, and the error at the 99th percentile is at most one interval"
      : "MISSED: the bounds must contain the truth in all outages, and the error at the 99th percentile may be one interval",
  ];
  return `${lines.join("\n")}\n`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}

function whole(low: number, high: number): (text: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/u.test(value) || number < low || number > high)
      throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}.`);
    return number;
  };
}

function interval(value: string): number {
  let seconds: number;
  try {
    seconds = parseDuration(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  if (seconds < 100e-6 || seconds > 10) throw new InvalidArgumentError("The interval lies between 100us and 10s.");
  return seconds;
}
