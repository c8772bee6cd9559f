/** What a person sees while a run goes on: the phase, its time, the migration's progress. */
import type { EventListener, RunEvent } from "../../model/events.ts";
import { acceleratorSentence } from "../catalogue.ts";
import { formatValue } from "../format.ts";
import { type Course, courseLines, follow } from "./progress.ts";
import { clean, fit, painter, type Style } from "./text.ts";

/** The part of a stream that a live view needs; `process.stderr` is one. */
export interface ViewStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface LiveOptions {
  /** Default: on a terminal, unless NO_COLOR is set (https://no-color.org). */
  readonly color?: boolean | undefined;
  /** Milliseconds of any steady clock. */
  readonly now?: (() => number) | undefined;
  /** Milliseconds between two drawings of the running phase. */
  readonly every?: number | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface LiveView {
  readonly listener: EventListener;
  /** Leaves the screen as plain lines. May be called twice; what arrives later is ignored. */
  close(): void;
}

const OUTCOMES: Readonly<Record<string, readonly [string, Style]>> = {
  done: ["✓", "green"],
  completed: ["✓", "green"],
  skipped: ["–", "dim"],
  failed: ["✗", "red"],
  timeout: ["✗", "red"],
  interrupted: ["■", "yellow"],
  cancelled: ["■", "yellow"],
};
const words = (phase: string): string => clean(phase).replaceAll("-", " ");

/**
 * On a terminal the running phase is redrawn in place and collapses to one line when it ends; elsewhere each phase is one
 * plain line. The cursor is never hidden, so that no end, however sudden, can leave it hidden.
 */
export function liveView(stream: ViewStream, options: LiveOptions = {}): LiveView {
  const { now = () => performance.now(), every = 100, env = process.env } = options;
  const live = stream.isTTY === true && env.TERM !== "dumb";
  const paint = painter(options.color ?? (live && !env.NO_COLOR));
  let drawn = 0;
  let phase: { readonly name: string; readonly since: number } | undefined;
  let course: Course = {};
  let closed = false;

  const erase = (): string => (drawn > 0 ? `\x1b[${drawn}A\r\x1b[J` : "");
  /** One write for erasing and drawing: nothing flickers, and nothing is half drawn. */
  function draw(permanent: readonly string[]): void {
    const width = Math.max(20, (stream.columns ?? 80) - 1);
    const passing = live && phase ? runningLines(phase, width) : [];
    const lines = [...permanent, ...passing];
    const text = erase() + lines.map((line) => `${line}\n`).join("");
    drawn = passing.length;
    if (text !== "") stream.write(text);
  }
  function runningLines({ name, since }: NonNullable<typeof phase>, width: number): string[] {
    const head = fit(`  ◌ ${words(name)}  ${((now() - since) / 1000).toFixed(1)} s`, width);
    return [paint("cyan", head), ...courseLines(course).map((line) => paint("dim", fit(`    ${clean(line)}`, width)))];
  }
  function permanentLines(event: RunEvent): string[] {
    const outcome = (name: string): string => {
      const [sign, style] = OUTCOMES[name] ?? ["?", "dim"];
      return paint(style, sign);
    };
    const note = (style: Style, sign: string, text: string): string[] => [`  ${paint(style, sign)} ${clean(text)}`];
    switch (event.type) {
      case "run-started":
        return [
          `${paint("bold", `run ${clean(event.run)}`)}: plan ${clean(event.plan)}, ${event.trials} ${event.trials === 1 ? "trial" : "trials"}, in ${clean(event.directory)}`,
          `  ${clean(acceleratorSentence(event.accelerator))}`,
        ];
      case "trial-started":
        return [
          paint(
            "bold",
            `trial ${event.index} of ${event.of}: ${clean(event.scenario)}, repetition ${event.repetition}`,
          ),
        ];
      case "pass-started":
        return [`${clean(event.pass)} pass`];
      case "phase-finished": {
        const unanswered =
          event.phase === "stop-prober" && course.probes ? `  ${courseLines({ probes: course.probes })[0]}` : "";
        const not = event.outcome === "done" ? "" : `  ${event.outcome}`;
        return [
          `  ${outcome(event.outcome)} ${words(event.phase).padEnd(18)} ${formatValue(event.seconds, "s").padStart(8)}${not}${event.note ? `  ${clean(event.note)}` : ""}${unanswered}`,
        ];
      }
      case "warning":
        return note("yellow", "!", event.message);
      case "failure":
        return [
          ...note(
            "red",
            "✗",
            `${event.failure.code}: ${event.failure.message}${event.failure.where ? ` (${event.failure.where})` : ""}`,
          ),
          `    ${clean(event.failure.advice)}`,
        ];
      case "pass-finished":
        return event.status === "completed" ? [] : [`  ${outcome(event.status)} ${event.pass} pass: ${event.status}`];
      case "trial-finished":
        return [`${outcome(event.status)} trial ${clean(event.trial)}: ${event.status}`];
      case "run-finished":
        return [
          `${outcome(event.status)} run ${event.status} after ${formatValue(event.seconds, "s")}: ${clean(event.directory)}`,
        ];
      default:
        return [];
    }
  }

  const timer = live ? setInterval(() => phase && draw([]), every) : undefined;
  timer?.unref();
  return {
    listener: (event) => {
      if (closed) return;
      const lines = permanentLines(event);
      course = follow(course, event);
      if (event.type === "phase-started") phase = { name: event.phase, since: now() };
      // Whatever ends a phase, a pass or the run: nothing is running any more.
      else if (event.type.endsWith("-finished")) phase = undefined;
      const passing = event.type === "migration-progress" || event.type === "probe-progress";
      // Progress comes faster than eyes: the timer draws it.
      if (!passing) draw(lines);
    },
    close: () => {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      phase = undefined;
      draw([]);
    },
  };
}
