import { describe, expect, test } from "vitest";
import { Plan } from "../../src/model/plan.ts";

const problem = (scenario: object): string => {
  const parsed = Plan.safeParse({ name: "p", scenarios: [{ name: "a", ...scenario }] });
  return parsed.success
    ? "accepted"
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
};

describe("post-copy in a plan", () => {
  test("must begin at some moment", () => {
    expect(problem({ settings: { postCopy: {} } })).toMatch(
      /^scenarios\.0\.settings\.postCopy: say when: afterRound, afterTime or/u,
    );
  });
  test.each([
    [{ settings: { postCopy: { afterRound: 0 } } }],
    [{ settings: { postCopy: { afterTime: "5s" } } }],
    [{ settings: { postCopy: { bandwidth: "1Gb/s" } }, atDeadline: "post-copy" }],
  ])("may be %j", (scenario) => expect(problem(scenario)).toBe("accepted"));
});
