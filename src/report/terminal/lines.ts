/** What stays on the screen of a run: one line per finished phase, and whatever went wrong. */
import type { RunEvent } from "../../model/events.ts";
import { acceleratorSentence } from "../catalogue.ts";
import { formatValue } from "../format.ts";
import { type Course, courseLines } from "./progress.ts";
import { clean, type Painter, type Style, wrap } from "./text.ts";

const OUTCOMES: Readonly<Record<string, readonly [string, Style]>> = {
  done: ["✓", "green"],
  completed: ["✓", "green"],
  skipped: ["–", "dim"],
  failed: ["✗", "red"],
  timeout: ["✗", "red"],
  interrupted: ["■", "yellow"],
  cancelled: ["■", "yellow"],
};
export const words = (phase: string): string => clean(phase).replaceAll("-", " ");

/** The lines that an event leaves on the screen for good; none for most. `course` is what was known before it. Sentences are broken at `width` columns. */
export function eventLines(event: RunEvent, course: Course, paint: Painter, width: number): string[] {
  const outcome = (name: string): string => {
    const [sign, style] = OUTCOMES[name] ?? ["?", "dim"];
    return paint(style, sign);
  };
  /** A sign and a sentence, the later lines of which stand under its first word. */
  const note = (style: Style, sign: string, text: string): string[] =>
    wrap(clean(text), width - 4).map((line, index) =>
      index === 0 ? `  ${paint(style, sign)} ${line}` : `    ${line}`,
    );
  switch (event.type) {
    case "run-started":
      return [
        `${paint("bold", `run ${clean(event.run)}`)}: plan ${clean(event.plan)}, ${event.trials} ${event.trials === 1 ? "trial" : "trials"}, in ${clean(event.directory)}`,
        ...note("dim", "·", acceleratorSentence(event.accelerator)),
      ];
    case "trial-started":
      return [
        paint("bold", `trial ${event.index} of ${event.of}: ${clean(event.scenario)}, repetition ${event.repetition}`),
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
        ...note("dim", "→", event.failure.advice),
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
