/** How far each host's clock is from ours, and how well we know it. */
import { measureOffset } from "../clock.ts";
import { ROLES } from "../machines.ts";
import { asFinding, type Check, type Finding, ok, warning } from "./finding.ts";

/** Seconds. An uncertainty beyond this blurs the blackout; an offset beyond it is a clock that nobody sets. */
const SHARP = 0.005;
const SET = 1;

export const clocks: Check = {
  name: "clocks",
  essential: false,
  needs: ["SSH"],
  // One after the other: they would disturb each other's round trips.
  run: async ({ hosts, clock }) => {
    const findings: Finding[] = [];
    for (const role of ROLES) {
      const name = `clock ${role}`;
      findings.push(
        await asFinding(name, async () => clockFinding(name, await measureOffset(role, hosts[role], clock))),
      );
    }
    return findings;
  },
};

export function clockFinding(
  name: string,
  { offset, uncertainty, how }: { offset: number; uncertainty: number; how: string },
): Finding {
  const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(3)} ms`;
  const direction = offset < 0 ? "behind" : "ahead of";
  const detail = `${milliseconds(Math.abs(offset))} ${direction} ours, ± ${milliseconds(uncertainty)} (${how})`;
  if (Math.abs(offset) > SET) return warning(name, detail, "run chrony or another NTP client on all machines");
  if (uncertainty > SHARP)
    return warning(
      name,
      `${detail}: the blackout cannot be told more exactly than that`,
      "a nearer or quieter network",
    );
  return ok(name, detail);
}
