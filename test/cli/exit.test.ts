/** How the program ends: its exit codes, and outputs that nobody reads any more. */
import { spawn, spawnSync } from "node:child_process";
import { openSync } from "node:fs";
import { expect, test } from "vitest";
import { exitCodeOf } from "../../src/cli/exit.ts";
import { MigrascopeError } from "../../src/model/errors.ts";
import { PROGRAM } from "../support/sandbox.ts";

test.each([
  [["plan", "baseline"], 0],
  [["lab", "--help"], 0],
  [["plan", "no-such-plan"], 1],
  [["no-such-command"], 2],
  [["run"], 2],
  [["run", "baseline", "another"], 2],
  [["lab", "up", "--no-such-option"], 2],
  [["lab", "up", "--rate", "3"], 2],
  [["lab", "down", "another"], 2],
  [["calibrate", "--interval", "1"], 2],
])("%j ends with %i", (args, code) => {
  const { status, stderr } = spawnSync(PROGRAM, args, { encoding: "utf8" });
  expect(status).toBe(code);
  expect(stderr === "").toBe(code === 0);
});

test("an interrupt is not a failure", () => {
  expect(exitCodeOf(new MigrascopeError("CANCELLED", "interrupted"))).toBe(130);
  expect(exitCodeOf(new MigrascopeError("LAB_BROKEN", "broken"))).toBe(1);
  expect(exitCodeOf(new Error("unforeseen"))).toBe(1);
});

test("output that cannot be written is a failure and is told", () => {
  const { status, stderr } = spawnSync(PROGRAM, ["plan"], {
    stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
    encoding: "utf8",
  });
  expect(stderr).toMatch(/cannot write standard output: ENOSPC/u);
  expect(status).toBe(1);
});

test("a reader that has left is no failure", async () => {
  const child = spawn(PROGRAM, ["plan"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
  expect(stderr).toBe("");
});
