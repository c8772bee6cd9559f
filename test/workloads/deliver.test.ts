import { createHash } from "node:crypto";
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MigrascopeError } from "../../src/model/errors.ts";
import { localMachine } from "../../src/remote/local.ts";
import type { CommandOptions, Machine } from "../../src/remote/machine.ts";
import { agentBinary, architectureOf } from "../../src/workloads/binary.ts";
import { deliverAgent } from "../../src/workloads/deliver.ts";

/** This machine, but for the commands that are answered otherwise. */
function machineBut(
  answer: (argv: readonly string[], options?: CommandOptions) => string | undefined,
  commands: string[] = [],
): Machine {
  const real = localMachine("guest");
  return {
    ...real,
    start: (argv, options) => real.start(argv, options),
    run: async (argv, options) => {
      commands.push(argv.slice(0, 3).join(" "));
      const stdout = answer(argv, options);
      return stdout === undefined ? real.run(argv, options) : { stdout, stderr: "" };
    },
  };
}

describe("on this machine", () => {
  const path = async (): Promise<string> => {
    const sha256 = createHash("sha256")
      .update(readFileSync(await agentBinary()))
      .digest("hex");
    return `/var/tmp/migrascope-agent-${sha256.slice(0, 16)}`;
  };
  const clean = async (): Promise<void> => rmSync(await path(), { force: true });
  beforeEach(clean);
  afterEach(clean);

  test("it is copied once, whole, for its owner to run, and then found", async () => {
    const first = await deliverAgent(localMachine());
    expect(first).toMatchObject({ path: await path(), copied: true });
    expect(createHash("sha256").update(readFileSync(first.path)).digest("hex")).toBe(first.sha256);
    expect(statSync(first.path).mode & 0o777).toBe(0o700);
    expect(await deliverAgent(localMachine())).toEqual({ ...first, copied: false });
    const { stdout } = await localMachine().run([first.path, "version"]);
    expect(stdout).toMatch(/^1 \S+\n$/u);
  });

  test("one of the right name and other content is replaced", async () => {
    writeFileSync(await path(), "#!/bin/sh\nexit 0\n");
    chmodSync(await path(), 0o755);
    const delivered = await deliverAgent(localMachine());
    expect(delivered.copied).toBe(true);
    expect(readFileSync(delivered.path)).toEqual(readFileSync(await agentBinary()));
  });

  test("where nothing can be written the guest is refused, with the places that were tried", async () => {
    // A mount namespace of its own, in which every place is read-only.
    const real = localMachine("guest");
    const places = ["/var/tmp", "/tmp", "/run", "/dev/shm"];
    const mounts = places.map((place) => `mount -t tmpfs -o ro none ${place}`).join(" && ");
    const guest: Machine = {
      ...real,
      start: (argv, options) => real.start(argv, options),
      run: (argv, options) =>
        real.run(
          ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", `${mounts} && exec "$@"`, "sh", ...argv],
          options,
        ),
    };
    await expect(deliverAgent(guest)).rejects.toMatchObject({
      code: "WORKLOAD_REFUSED",
      where: "guest",
      message: expect.stringMatching(/could not be written to and run from any of \/var\/tmp \/tmp \/run \/dev\/shm/u),
    });
  });
});

describe("guests that the agent does not exist for are refused before anything is copied", () => {
  test.each([
    ["Linux riscv64", 'the guest is a machine of kind "riscv64"; the agent exists for x86_64 and aarch64 (Linux) only'],
    ["Linux i686", '"i686"'],
    ["FreeBSD amd64", "the guest runs FreeBSD; the agent exists for Linux only"],
  ])("%s", async (uname, message) => {
    const commands: string[] = [];
    const guest = machineBut(() => `${uname}\n`, commands);
    await expect(deliverAgent(guest)).rejects.toMatchObject({
      code: "WORKLOAD_REFUSED",
      message: expect.stringContaining(message),
    });
    expect(commands).toEqual(["uname -s -m"]);
  });
});

test("a guest that does not answer is what it is: no refusal", async () => {
  const guest = machineBut(() => {
    throw new MigrascopeError("COMMAND_FAILED", "no route to host", { where: "guest" });
  });
  await expect(deliverAgent(guest)).rejects.toMatchObject({ code: "COMMAND_FAILED" });
});

test("machines have one name here, whatever their system calls them", () => {
  expect(["x86_64", "amd64"].map(architectureOf)).toEqual(["x86_64", "x86_64"]);
  expect(["aarch64", "arm64"].map(architectureOf)).toEqual(["aarch64", "aarch64"]);
});
