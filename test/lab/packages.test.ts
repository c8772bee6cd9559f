import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ensurePackages,
  installCommand,
  missingPackages,
  REQUIREMENTS,
  requirementsFor,
} from "../../src/lab/packages.ts";
import { asUnprivileged, inCheckout } from "../support/unprivileged.ts";
import { NODE, Room } from "./support/room.ts";

let room: Room;
const path = process.env.PATH;
beforeEach(() => {
  room = new Room();
});
afterEach(async () => {
  process.env.PATH = path;
  await room[Symbol.asyncDispose]();
});

const ABSENT = [
  { needs: "no-such-command", package: "one-package", why: "a test" },
  { needs: "no-such-command-either", package: "one-package", why: "a test" },
  { needs: "/no/such/file", package: "another-package", why: "another test" },
];

/** Puts a command of ours before all others. */
function command(name: string, script: string): void {
  const bin = join(room.directory, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
  if (!process.env.PATH!.startsWith(bin)) process.env.PATH = `${bin}:${process.env.PATH}`;
}

describe("what is missing", () => {
  test("on this machine: nothing, or no test of the lab could run", () => {
    expect(missingPackages(requirementsFor("libvirt"))).toEqual([]);
  });

  test("names every package once, be it wanted for a command or for a file", () => {
    expect(missingPackages(ABSENT).map((one) => one.package)).toEqual(["one-package", "another-package"]);
  });

  test("every requirement says what it is for", () => {
    for (const { why, package: name } of REQUIREMENTS) expect(why, name).toMatch(/^\S.{5,}$/u);
  });
});

test("the command to run is one line, with sudo for those who need it", () => {
  expect(installCommand(["a", "b"], false)).toBe("apt-get update && apt-get install --yes --no-install-recommends a b");
  expect(installCommand(["a"], true)).toBe(
    "sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends a'",
  );
});

describe("installing, as root", () => {
  test("names the packages first, then asks apt for them without questions", async () => {
    const log = join(room.directory, "log");
    const file = join(room.directory, "installed");
    command("apt-get", `echo "$DEBIAN_FRONTEND $*" >>"${log}"; case "$*" in *install*) touch "${file}";; esac`);
    const steps: string[] = [];
    const requirements = [{ needs: file, package: "some-package", why: "a test" }];
    await ensurePackages({ interactive: false, requirements, onStep: (step) => steps.push(step) });
    expect(steps).toEqual(["installing some-package (a test)"]);
    expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
      "noninteractive update",
      expect.stringMatching(/^noninteractive .*install --yes --no-install-recommends some-package$/u),
    ]);
  });

  test.each([
    ["apt fails", "exit 100"],
    ["apt succeeds and what was needed is still not there", "exit 0"],
  ])("when %s, the error has the command to run", async (_what, script) => {
    command("apt-get", script);
    await expect(ensurePackages({ interactive: false, requirements: ABSENT })).rejects.toMatchObject({
      code: "PACKAGES_MISSING",
      message: expect.stringContaining(installCommand(["one-package", "another-package"], false)),
    });
  });
});

test("without root and without anyone to ask, nothing is tried: the error has the command", async () => {
  chmodSync(room.directory, 0o755);
  const module = inCheckout(room.directory, fileURLToPath(new URL("../../src/lab/packages.ts", import.meta.url)));
  const script = join(room.directory, "ask.mjs");
  writeFileSync(
    script,
    `const { ensurePackages } = await import("${module}");
    await ensurePackages({ interactive: false, requirements: ${JSON.stringify(ABSENT)} }).catch((error) => console.log(error.code, error.message));`,
  );
  const options = { directory: room.directory, user: 54_321, tun: false, home: "/" };
  const { stdout, stderr } = await room.start(
    asUnprivileged(`"${inCheckout(room.directory, NODE)}" "${script}"`, options),
  ).ended;
  expect(stdout, stderr).toContain(
    "PACKAGES_MISSING these packages are missing: one-package (a test), another-package",
  );
  expect(stdout).toContain(installCommand(["one-package", "another-package"], true));
});
