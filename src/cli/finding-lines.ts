/** Findings for a terminal, as `doctor` shows abilities. */
import type { Finding, Verdict } from "../hosts/check/finding.ts";

const WORD: Readonly<Record<Verdict, string>> = { ok: "ok", warning: "warn", failed: "FAILED", skipped: "-" };

export function findingLine({ name, verdict, detail, mend }: Finding): string {
  const head = `${WORD[verdict].padEnd(6)}  ${name.padEnd(20)} ${detail}`;
  return mend !== undefined && verdict !== "ok" ? `${head}\n        → ${mend}` : head;
}

export function verdictLine(findings: readonly Finding[]): string {
  const count = (verdict: Verdict): number => findings.filter((finding) => finding.verdict === verdict).length;
  const warnings = count("warning");
  if (count("failed") > 0) return "this testbed cannot be used: mend what FAILED above";
  if (warnings === 0) return "this testbed can be used";
  return `this testbed can be used; ${warnings} ${warnings === 1 ? "warning says" : "warnings say"} what is lost`;
}
