import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { machineOver } from "../../src/remote/command.ts";
import { localMachine } from "../../src/remote/local.ts";

const here = localMachine("here");

test("output and input pass through unchanged", async () => {
  const { stdout } = await here.run(["cat"], { input: "grüße\n" });
  expect(stdout).toBe("grüße\n");
});

test("a non-zero exit names machine, command and what it said", async () => {
  await expect(here.run(["sh", "-c", "echo broken >&2; exit 3"])).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    where: "here",
    message: expect.stringMatching(/exited with 3: broken/u),
  });
});

test("a program that does not exist is a failed command", async () => {
  await expect(here.run(["no-such-program-here"])).rejects.toMatchObject({ code: "COMMAND_FAILED" });
  await expect(here.start(["no-such-program-here"])).rejects.toMatchObject({ code: "COMMAND_FAILED" });
});

test("a command that goes on too long is ended and said to be late", async () => {
  await expect(here.run(["sleep", "1000"], { timeout: 0.05 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
});

test("an aborted command is cancelled, also when it was aborted before", async () => {
  const controller = new AbortController();
  const running = here.run(["sleep", "1000"], { signal: controller.signal });
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  await expect(here.run(["true"], { signal: controller.signal })).rejects.toMatchObject({ code: "CANCELLED" });
});

test("a started command writes to a file, shows its lines and tells how it ended", async () => {
  const directory = mkdtempSync(join(tmpdir(), "migrascope-test-"));
  try {
    const lines: string[] = [];
    const command = await here.start(["sh", "-c", "echo data; echo ready >&2; exec sleep 1000"], {
      stdoutFile: join(directory, "out"),
    });
    await new Promise<void>((resolve) =>
      command.onLine((_, line) => {
        lines.push(line);
        resolve();
      }),
    );
    command.kill();
    expect(await command.ended).toMatchObject({ signal: "SIGTERM" });
    expect(lines).toEqual(["ready"]);
    expect(readFileSync(join(directory, "out"), "utf8")).toBe("data\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
  expect(existsSync(directory)).toBe(false);
});

test("a command that is stopped by closing its input ends when told to", async () => {
  const keeper = machineOver({ name: "far", stopsBy: "closed-input", wrap: (argv) => argv });
  const command = await keeper.start(["cat"]);
  command.kill();
  expect(await command.ended).toMatchObject({ exitCode: 0 });
});

test("a command that goes on too long is not waited for, even when a child of it holds its output", async () => {
  const directory = mkdtempSync(join(tmpdir(), "migrascope-test-"));
  const file = join(directory, "ended");
  try {
    const argv = ["sh", "-c", `(sleep 3; echo > "$1") & wait`, "sh", file];
    await expect(here.run(argv, { timeout: 0.05 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(existsSync(file)).toBe(false);
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("the last words of a started command have been read when it has ended", async () => {
  for (let round = 0; round < 20; round++) {
    const command = await here.start(["sh", "-c", "seq 2000 >&2"]);
    const lines: string[] = [];
    command.onLine((_, line) => lines.push(line));
    await command.ended;
    expect(lines).toHaveLength(2000);
  }
});

test("a started command has ended even when a child of it holds its output", async () => {
  const command = await here.start(["sh", "-c", "sleep 2 & exit 3"]);
  expect(await command.ended).toMatchObject({ exitCode: 3 });
});
