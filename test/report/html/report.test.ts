import { describe, expect, test } from "vitest";
import { renderReport } from "../../../src/report/html/report.ts";
import { fixture } from "../fixture.ts";

const render = (options: Parameters<typeof fixture>[0] = {}): string => {
  const { result, series } = fixture(options);
  return renderReport(result, series);
};
/** The words of the page, without scripts, styles and tags. */
const words = (page: string): string =>
  page
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/gu, " ")
    .replace(/<[^>]+>/gu, " ")
    .replace(/&#39;/gu, "'")
    .replace(/\s+/gu, " ");

describe("the report of a completed trial", () => {
  const page = render();
  const text = words(page);

  test("has the same bytes each time", () => {
    expect(render()).toBe(page);
  });

  test("puts warnings before the answer and the answer before everything else", () => {
    const order = [
      "Before you trust a number",
      "The answer",
      "Four times, four numbers",
      "What was tested",
      "Ping pattern",
    ];
    const places = order.map((heading) => text.indexOf(heading));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  test("says in sentences how long, how dark and how much", () => {
    expect(text).toContain("A client could not reach the VM for 168.0 ms [167.0 … 169.0] .");
    expect(text).toContain("Its vCPUs stood still for 127.0 ms [126.6 … 127.4] .");
    expect(text).toContain("qemu itself reports a downtime of 87.0 ms .");
  });

  test("says that emulation is not hardware", () => {
    expect(text).toContain("The absolute times are not those of hardware");
  });

  test("labels the four times apart", () => {
    for (const label of ["Total time", "Downtime", "Blackout", "Reported downtime"])
      expect(page).toContain(`>${label}</abbr>`);
  });

  test("flags what disagrees and what was not set as asked", () => {
    expect(text).toContain("the host counted 6.3 % less than the switch");
    expect(text).toContain("not what was asked for");
  });

  test("says once what is doubtful for the same reason in several passes", () => {
    const { result, series } = fixture({ trials: 3 });
    const doubt = "the counters had not settled";
    for (const { passes } of result.trials) for (const pass of passes) pass.warnings.push(doubt);
    result.trials[1]!.passes[0]!.warnings.push("only here");
    const front = words(renderReport(result, series)).split("The answer")[0]!;
    expect(front.split(doubt)).toHaveLength(2);
    expect(front).toContain(`${doubt} (all trials, both passes)`);
    expect(front).toContain("only here ( baseline-2 , quiet pass)");
    expect(front.split("the host counted 6.3 % less than the switch")).toHaveLength(2);
  });

  test("names a pass's status once", () => {
    const { result, series } = fixture({ status: "timeout" });
    for (const pass of result.trials[0]!.passes) pass.failures[0]!.message = "timeout: not completed within 3 s";
    const text = words(renderReport(result, series));
    expect(text).toContain("both passes, timeout : not completed within 3 s.");
    expect(text).toContain("the migration did not complete: not completed within 3 s.");
  });

  test("does not say again as a port's what is a warning already", () => {
    const { result, series } = fixture();
    for (const pass of result.trials[0]!.passes)
      pass.warnings.push(...pass.ports.flatMap(({ disagreement }) => disagreement ?? []));
    const front = words(renderReport(result, series)).split("The answer")[0]!;
    expect(front.split("the host counted 6.3 % less than the switch")).toHaveLength(2);
  });

  test("says why a number is unknown", () => {
    expect(text).toContain("unknown: the quiet pass sends no probes");
    expect(text).toContain("unknown: the SNMP agent did not answer");
  });

  test("shows a negative segment and what is unexplained", () => {
    expect(text).toContain("−3.10 ms until first announcement");
    expect(text).toContain("33.4 ms of it is unexplained");
  });

  test("refers to nothing outside of itself", () => {
    const markup = page.replace(/<script>[\s\S]*?<\/script>/gu, "");
    expect(markup).not.toMatch(/(src|href|action|srcset)="(?!#)/u);
    expect(markup).not.toMatch(/url\((?!#)|@import/u);
    expect(page).toContain("default-src &#39;none&#39;");
  });

  test("has no id twice", () => {
    const ids = [...page.replace(/<script[\s\S]*?<\/script>/gu, "").matchAll(/\sid="([^"]+)"/gu)].map(([, id]) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});

describe.each(["failed", "timeout", "cancelled"] as const)("a trial that %s", (status) => {
  const page = words(render({ trials: 2, status }));

  test("is shown as such, in the warnings, the answer and its own section", () => {
    expect(page.split(`, ${status}`).length + page.split(` ${status} `).length).toBeGreaterThan(5);
    expect(page).toContain("the migration did not complete");
    expect(page).toContain("This trial did not go as planned.");
  });

  test("has no number where there is none", () => {
    expect(page).toContain("unknown: the migration did not complete");
    expect(page).not.toMatch(/NaN|undefined|null|Infinity/u);
  });
});

describe("what the guest itself saw", () => {
  const text = words(render());

  test("stands below the migration's rounds, a group per workload, with the workload in words where a trial is named", () => {
    const section = text.slice(text.indexOf("The migration, round by round"));
    const places = ["What the guest itself saw", "Numbers of memory-write", "Numbers of udp", "All measurements"].map(
      (heading) => section.indexOf(heading),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(text).toContain("The guest's workload: memory-write, 64 MiB, random, 20 MB/s + udp, send, 64 Mb/s");
  });

  test("has every number of both passes, bounds and reasons included", () => {
    expect(text).toContain("Rate during 15.8 MB/s [15.6 … 16.0] 15.8 MB/s [15.6 … 16.0]");
    expect(text).toContain("Work lost 5.53 MiB 5.53 MiB");
    expect(text).toContain("Broken connections unknown: datagrams have no connection");
    expect(text).toContain("How it ended stopped when it was told to");
  });

  test("flags stale pages and a workload that died", () => {
    const { result, series } = fixture();
    const [workload] = result.trials[0]!.passes[1]!.workloads;
    workload!.stale = { value: 3, unit: "count", source: "workload.jsonl" };
    workload!.end = { how: "died", reason: "killed by signal 9" };
    const flagged = words(renderReport(result, series));
    expect(flagged).toContain("Stale pages 0 ⚠ 3");
    expect(flagged).toContain("⚠ died: killed by signal 9");
    expect(text).not.toContain("⚠ died");
  });

  test("lists a few network events, and folds many of them", () => {
    expect(text).toContain("What broke on the network, probed pass");
    expect(text).not.toContain("network events of the probed pass");
    const { result, series } = fixture();
    const network = result.trials[0]!.passes[1]!.workloads[1]!.network!;
    network.events = Array.from({ length: 200 }, () => network.events[0]!);
    network.omitted = 41;
    expect(words(renderReport(result, series))).toContain(
      "200 network events of the probed pass, 41 more are not in the list",
    );
  });

  test("says that an idle guest ran nothing, and that a workload's records are missing", () => {
    expect(words(render({ busy: false }))).toContain("The guest ran no workload.");
    const { result, series } = fixture();
    for (const pass of result.trials[0]!.passes) pass.workloads = [];
    expect(words(renderReport(result, series))).toContain("unknown: no record of the workload came back (memory-write");
  });

  test("compares the hypervisor's account of dirtied memory with the guest's", () => {
    expect(text).toMatch(/dirty-bitmap −2\.5000 s .*98\.5 % 10\.0 % ✓ agrees/u);
    expect(text).toMatch(/round 2 of the migration .*78\.4 % 10\.0 % ⚠ differs/u);
  });
});

describe("memory and disk", () => {
  const text = words(render());

  test("have each category at each moment, with who told it and when", () => {
    expect(text).toMatch(/Memory used 103 MiB guest, source, at −7\.9000 s unknown: nobody told 103 MiB guest, dest/u);
    expect(text).toContain("176 MiB host, source, at 0.3000 s 41.0 MiB host, destination, at 0.3200 s");
  });

  test("say whether the order holds, and what explains it if not", () => {
    expect(text).toContain("Memory: does the order hold? ✓ it holds ✓ it holds ✓ it holds");
    expect(text).toMatch(/≠ violated, explained: used blocks .* unknown: the guest was not asked .* ⚠ violated: used/u);
  });
});

describe("a migration that does not converge", () => {
  const page = words(render({ status: "timeout" }));

  test("is said so in the answer and beside its rounds, with evidence", () => {
    const evidence = "It does not converge : over 38 rounds 61.0 MiB remained each time";
    expect(page.slice(page.indexOf("The answer"), page.indexOf("Four times"))).toContain(evidence);
    expect(page).toContain("⚠ It does not converge: over 38 rounds");
    expect(page).toContain("May be left at STOP 977 KiB");
  });

  test("is not said of one that does", () => {
    expect(words(render())).not.toContain("does not converge");
    expect(words(render())).toContain("It converged: what remained fell");
  });
});

test("a trial that does not count says so before its numbers, with its reasons", () => {
  const { result, series } = fixture({ trials: 2 });
  result.trials[1]!.passes[1]!.invalid.push("memory-write died: killed by signal 9.");
  const text = words(renderReport(result, series));
  const [front, rest] = text.split("Four times, four numbers");
  expect(front).toContain("baseline-2 , probed pass: does not count : memory-write died: killed by signal 9.");
  expect(front!.split("The answer")[1]).toMatch(/64 Mb\/s\) does not count : the migration took/u);
  expect(rest).toContain("⚠ This trial does not count:");
  expect(rest).toMatch(/baseline-2 baseline; memory migration probed ✓ completed does not count 1\.0/u);
  expect(words(render())).not.toContain("does not count");
});

test("a run without trials is still a report", () => {
  const { result } = fixture({ trials: 0 });
  expect(words(renderReport({ ...result, run: { ...result.run, state: "interrupted" } }, []))).toContain(
    "This run is interrupted",
  );
});

test("a result whose series are lost still has its tables", () => {
  const text = words(renderReport(fixture().result, []));
  expect(text).toContain("unknown: this trial has no probes to draw");
  expect(text).toContain("All outages of the probed pass");
});

test("markup in names is text", () => {
  const page = render({ name: `<script>window.hacked=1</script><img src=x onerror="window.hacked=1">'"` });
  expect(page).not.toContain("<script>window.hacked");
  expect(page.replace(/<script>[\s\S]*?<\/script>/gu, "")).not.toContain("<img");
});

test("stays small: outages of 20 s at 1 ms, and ten trials of a minute", { timeout: 60_000 }, () => {
  expect(Buffer.byteLength(render({ trials: 3, length: 60, blackout: 20 }))).toBeLessThan(5e6);
  expect(Buffer.byteLength(render({ trials: 10, length: 60 }))).toBeLessThan(5e6);
});
