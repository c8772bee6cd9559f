/** What a person sees while a run goes on: the phase, its time, the migration's progress. */
import type { EventListener } from "../../model/events.ts";
import { eventLines, words } from "./lines.ts";
import { type Course, courseLines, follow } from "./progress.ts";
import { clean, cut, painter } from "./text.ts";

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
  const width = (): number => Math.max(20, (stream.columns ?? 80) - 1);
  /** One write for erasing and drawing: nothing flickers, and nothing is half drawn. */
  function draw(permanent: readonly string[]): void {
    const passing = live && phase ? runningLines(phase, width()) : [];
    const lines = [...permanent, ...passing];
    const text = erase() + lines.map((line) => `${line}\n`).join("");
    drawn = passing.length;
    if (text !== "") stream.write(text);
  }
  function runningLines({ name, since }: NonNullable<typeof phase>, columns: number): string[] {
    const head = cut(`  ◌ ${words(name)}  ${((now() - since) / 1000).toFixed(1)} s`, columns);
    return [
      paint("cyan", head),
      ...courseLines(course).map((line) => paint("dim", cut(`    ${clean(line)}`, columns))),
    ];
  }
  const timer = live ? setInterval(() => phase && draw([]), every) : undefined;
  timer?.unref();
  return {
    listener: (event) => {
      if (closed) return;
      const lines = eventLines(event, course, paint, live ? width() : Number.POSITIVE_INFINITY);
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
