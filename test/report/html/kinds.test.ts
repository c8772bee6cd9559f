/** The report of a run with several kinds of migration. */
import { describe, expect, test } from "vitest";
import { renderReport } from "../../../src/report/html/report.ts";
import { resultTable } from "../../../src/report/terminal/table.ts";
import { kinds } from "../fixture-kinds.ts";

const { result, series } = kinds(2);
const page = renderReport(result, series);
const text = page
  .replace(/<(script|style)\b[\s\S]*?<\/\1>/gu, " ")
  .replace(/<[^>]+>/gu, " ")
  .replace(/&#39;/gu, "'")
  .replace(/\s+/gu, " ");
/** The sentence of the front page about a trial. */
const answerOf = (id: string): string => new RegExp(`${id} \\(.*?(?=[✓!] (?:completed|timeout) )`, "u").exec(text)![0];

describe("the front page", () => {
  test("says what was moved, how, and what became of the disk", () => {
    const said = answerOf("live-storage-1");
    expect(said).toContain("storage migration, disk and memory");
    expect(said).toContain("were disk and 112 MiB memory.");
    expect(said).toContain("The 64.0 MiB of data on the VM's disk were the same afterwards (sha256).");
    expect(said).toContain("the sparse blocks travelled; they are sparse there too.");
  });

  test("has the parts of a cold migration in the place of a blackout", () => {
    const said = answerOf("cold-gzip-1");
    expect(said).toContain("cold migration, compressed with gzip, by scp");
    expect(said).toContain(
      "The VM was shut down and started again: shut down 3.20 s, compress 14.6 s, transfer 1.10 s, decompress 4.20 s, start 900 ms, boot to the first reply 6.20 s.",
    );
    expect(said).not.toContain("vCPUs stood still");
  });

  test("says what happened at the deadline and whether it helped", () => {
    expect(answerOf("late-paused-1")).toContain(
      "It did not end within 8 s: the VM was paused at 8.00 s; the migration then ended 1.90 s later.",
    );
    expect(text).toContain("that did not help, and it was cancelled 60.1 s later.");
  });

  test("puts the kinds beside each other, and says of which trial each bar is", () => {
    expect(text).toContain("Kinds of migration beside each other");
    expect(page).toContain('id="comparison-time"');
    expect(page).toContain('id="comparison-downtime"');
    expect(text).toMatch(/cold-raw cold-raw-1 none none 3\.10 s none 9\.20 s/u);
  });
});

describe("a trial's section", () => {
  test("has the migration's kind, disk and deadline as the plan has them", () => {
    expect(text).toContain("Migration cold migration, not compressed, by scp");
    expect(text).toContain("Disk raw, sparse, with 64 MiB of data to check");
    expect(text).toContain("At the deadline after 8 s the VM is paused, and 60 s later it is cancelled");
  });

  test("draws the parts of each pass, and the course of the disk beside that of the memory", () => {
    expect(page).toContain('id="trial-5-parts-probed"');
    expect(page).toContain("disk remaining, MiB");
    expect(page).toContain("disk transferred, MiB");
  });

  test("says why a cold migration has no rounds", () => {
    expect(text).toContain("A cold migration has no rounds");
  });

  test("says that a quiet pass counts no flows", () => {
    expect(text).toContain("unknown: a quiet pass counts no flows");
  });

  test("has no id twice", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/gu)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test("a disk that was changed is flagged", () => {
  const changed = structuredClone(result);
  const [pass] = changed.trials[2]!.passes;
  pass!.diskCheck = { ...pass!.diskCheck!, same: false, after: "cd".repeat(32) };
  expect(renderReport(changed, [])).toMatch(/<strong class="flag">⚠ the 64\.0 MiB of data [^<]*were not the same/u);
});

test("the terminal's table says the same in fewer words", () => {
  const table = resultTable(result, { width: 110, color: false });
  expect(table).toContain("cold-gzip-1: cold-gzip, repetition 1, cold migration, compressed with gzip, by scp");
  expect(table).toMatch(/^ {2}Compress\n {4}14\.6 s$/mu);
  expect(table.replace(/\s+/gu, " ")).toContain(
    "both passes: it did not end within 8 s: the VM was paused at 8.00 s; the migration then ended 1.90 s later",
  );
});
