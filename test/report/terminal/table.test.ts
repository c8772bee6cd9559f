import { describe, expect, test } from "vitest";
import { resultTable } from "../../../src/report/terminal/table.ts";
import { fixture } from "../fixture.ts";

const print = (options: Parameters<typeof fixture>[0] = {}, width = 120, color = false): string =>
  resultTable(fixture(options).result, { width, color });

describe("the table of a result", () => {
  test("has quiet and probed pass side by side, with units and bounds", () => {
    expect(print()).toMatch(/^ +quiet +probed$/mu);
    expect(print()).toMatch(/^ {2}Downtime +unknown: the quiet pass sends no probes +168\.0 ms \[167\.0 … 169\.0\]$/mu);
    expect(print()).toMatch(/^ {2}Reported downtime +87\.0 ms +87\.0 ms$/mu);
  });

  test("says first what makes its numbers doubtful", () => {
    const text = print();
    expect(text.indexOf("TCG is emulation")).toBeLessThan(text.indexOf("Total time"));
    expect(text.indexOf("3 ticks of the prober were missed")).toBeLessThan(text.indexOf("Total time"));
    expect(text).toContain("the host counted 6.3 % less than the switch");
  });

  test("names every outage when there is more than one", () => {
    expect(print()).toContain("2 outages: 168.0 ms [167.0 … 169.0] at 906 ms; 15.0 ms [14.0 … 16.0] at 3.60 s");
  });

  test("shows a failed trial as failed, with the advice and without numbers", () => {
    const text = print({ trials: 1, status: "timeout" }, 200);
    expect(text).toMatch(/under tcg {2}timeout$/mu);
    expect(text.replace(/\s+/gu, " ")).toContain("(DEADLINE_EXCEEDED). Raise the deadline in the plan");
    expect(text).not.toMatch(/Total time +\d/u);
  });

  test.each([50, 80, 120])("fits into %d columns", (width) => {
    const lines = print({ trials: 2, status: "failed" }, width).split("\n");
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width);
  });

  test("says so when there is nothing yet", () => {
    expect(print({ trials: 0 })).toContain("unknown: no trial has a result yet");
  });

  test("is coloured only on request, and names cannot colour it", () => {
    expect(print({ name: "\x1b[31mred\x1b[0m" })).not.toContain("\x1b");
    expect(print({}, 120, true)).toContain("\x1b[1m");
  });

  test("has what the migration did to each workload, and stale pages only when there are any", () => {
    const text = print();
    expect(text).toMatch(
      /^ {2}memory-write, 64 MiB, random, 20 MB\/s\n {2}Rate before +19\.9 MB\/s +19\.9 MB\/s\n {2}Rate during +15\.8 MB\/s \[/mu,
    );
    expect(text).toMatch(/^ {2}Below 50 % +200 ms \[100 … 300\] /mu);
    expect(text).toMatch(/^ {2}Peak latency +131 ms +131 ms$/mu);
    expect(text).not.toContain("Stale pages");
    const { result } = fixture();
    result.trials[0]!.passes[1]!.workloads[0]!.stale = { value: 3, unit: "count", source: "" };
    expect(resultTable(result, { width: 120, color: false })).toMatch(/^ {2}Stale pages +0 +3$/mu);
  });

  test("says of a workload that only one pass recorded that the other did not", () => {
    const { result } = fixture();
    result.trials[0]!.passes[0]!.workloads = [];
    expect(resultTable(result, { width: 120, color: false })).toMatch(
      /^ {2}Rate before +unknown: not recorded +19\.9/mu,
    );
  });

  test("says what does not count and what does not converge", () => {
    const { result } = fixture({ status: "timeout" });
    result.trials[0]!.passes[1]!.invalid.push("memory-write never reached its rate");
    const text = resultTable(result, { width: 300, color: false });
    expect(text).toMatch(/timeout\n {2}does not count\n/u);
    expect(text).toContain("✗ probed pass does not count: memory-write never reached its rate");
    expect(text).toContain("! it does not converge: over 38 rounds");
    expect(print()).not.toMatch(/does not (count|converge)/u);
    const { passes } = result.trials[0]!;
    for (const pass of passes) pass.warnings.push(`the migration was not converging: ${pass.convergence!.evidence}`);
    expect(resultTable(result, { width: 300, color: false }).split("over 38 rounds")).toHaveLength(2);
  });
});
