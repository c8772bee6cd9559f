import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunEvent, RunEventBody } from "../../../src/model/events.ts";
import { liveView } from "../../../src/report/terminal/live.ts";
import { screenOf } from "./screen.ts";

const at = { wall: 0, mono: 0 };
const event = (body: RunEventBody): RunEvent => ({ at, ...body }) as RunEvent;
const here = { trial: "baseline-1", pass: "probed" } as const;
const started = event({ type: "phase-started", ...here, phase: "migrate" });
const progress = event({
  type: "migration-progress",
  ...here,
  progress: {
    at,
    status: "active",
    round: 2,
    remaining: 64 * 2 ** 20,
    total: 256 * 2 ** 20,
    throughput: 937e6,
    dirtyRate: 20e6,
  },
});
const probes = event({ type: "probe-progress", ...here, sent: 1234, answered: 1200 });
const finished = event({ type: "phase-finished", ...here, phase: "migrate", outcome: "done", seconds: 1.04 });

function stage(options: { isTTY?: boolean; columns?: number; env?: Record<string, string> } = {}) {
  const written: string[] = [];
  const stream = {
    write: (text: string) => written.push(text),
    isTTY: options.isTTY ?? true,
    columns: options.columns ?? 100,
  };
  const view = liveView(stream, { env: options.env ?? {}, now: () => Date.now() });
  return { view, text: () => written.join(""), screen: () => screenOf(written.join("")), writes: written };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("on a terminal", () => {
  test("the running phase shows its time, the migration's progress and the probes", () => {
    const { view, screen } = stage();
    for (const one of [started, progress, probes]) view.listener(one);
    vi.advanceTimersByTime(2300);
    expect(screen()).toEqual([
      "  ◌ migrate  2.3 s",
      "    round 2  ████████████░░░░  64.0 MiB remaining  937 Mb/s  dirtied at 20.0 MB/s",
      "    probes: 1,234 sent, 34 unanswered so far",
    ]);
    view.close();
  });

  test("a disk that is copied has a line of its own", () => {
    const { view, screen } = stage();
    view.listener(started);
    const disk = { diskRemaining: 256 * 2 ** 20, diskTotal: 1024 * 2 ** 20 };
    view.listener(event({ type: "migration-progress", ...here, progress: { at, status: "active", ...disk } }));
    vi.advanceTimersByTime(300);
    expect(screen()).toContain("    disk  ████████████░░░░  256 MiB of it remaining");
    view.close();
  });

  test("a finished phase collapses to one line that stays", () => {
    const { view, screen } = stage();
    for (const one of [started, progress, probes]) view.listener(one);
    vi.advanceTimersByTime(500);
    view.listener(finished);
    view.listener(event({ type: "phase-started", ...here, phase: "stop-prober" }));
    expect(screen()).toEqual([
      "  ✓ migrate              1.04 s",
      "  ◌ stop prober  0.0 s",
      "    probes: 1,234 sent, 34 unanswered so far",
    ]);
    view.close();
    expect(screen()).toEqual(["  ✓ migrate              1.04 s"]);
  });

  test("no line is wider than the terminal, or erasing would miss a part of it", () => {
    const { view, screen } = stage({ columns: 40 });
    for (const one of [started, progress, probes]) view.listener(one);
    vi.advanceTimersByTime(100);
    expect(Math.max(...screen().map((line) => [...line].length))).toBeLessThan(40);
    view.close();
  });

  test("the cursor is never hidden, and after closing nothing more is written", () => {
    const { view, text, writes } = stage();
    view.listener(started);
    view.close();
    view.close();
    const before = writes.length;
    view.listener(finished);
    vi.advanceTimersByTime(1000);
    expect(writes.length).toBe(before);
    expect(text()).not.toContain("\x1b[?25l");
  });

  test("NO_COLOR takes the colour, not the view", () => {
    const plain = stage({ env: { NO_COLOR: "1" } });
    const coloured = stage();
    for (const { view } of [plain, coloured]) {
      view.listener(started);
      view.close();
    }
    expect(plain.text()).not.toContain("\x1b[36m");
    expect(coloured.text()).toContain("\x1b[36m");
  });

  test("an escape sequence in a message does not reach the terminal", () => {
    const { view, text } = stage({ env: { NO_COLOR: "1" } });
    view.listener(event({ type: "warning", message: "clock\x1b[2J\x1b]0;owned\x07 stepped\r\nby 1 s" }));
    view.close();
    expect(text()).toBe("  ! clock stepped by 1 s\n");
  });
});

describe("elsewhere", () => {
  test("each phase is one plain line, and failures say what to do", () => {
    const { view, text } = stage({ isTTY: false });
    const failure = {
      code: "SNMP_SILENT",
      message: "no answer in 5 s",
      advice: "Check that its agent runs.",
      where: "switch",
    };
    for (const one of [started, progress, probes, finished, event({ type: "failure", failure })]) view.listener(one);
    vi.advanceTimersByTime(5000);
    view.close();
    expect(text()).toBe(
      "  ✓ migrate              1.04 s\n  ✗ SNMP_SILENT: no answer in 5 s (switch)\n  → Check that its agent runs.\n",
    );
  });

  test("a phase that did not end well is not shown as one that did", () => {
    const { view, text } = stage({ isTTY: false });
    view.listener(
      event({ type: "phase-finished", ...here, phase: "settle", outcome: "skipped", seconds: 0, note: "interrupted" }),
    );
    view.listener(event({ type: "trial-finished", trial: "baseline-1", status: "timeout" }));
    expect(text()).toBe("  – settle                  0 s  skipped  interrupted\n✗ trial baseline-1: timeout\n");
  });
});
