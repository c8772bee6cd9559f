import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSecret } from "../../src/hosts/secrets.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ms-secret-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a secret is the first line of its file, or an environment variable", async () => {
  const file = join(directory, "s");
  writeFileSync(file, "hush\r\nnot this\n");
  expect(await readSecret({ file })).toBe("hush");
  expect(await readSecret({ env: "SECRET" }, { SECRET: "hush" })).toBe("hush");
});

test("one that is not there is told by its place", async () => {
  const file = join(directory, "none");
  await expect(readSecret({ file })).rejects.toMatchObject({
    code: "SECRET_MISSING",
    message: `${file} does not exist`,
  });
  await expect(readSecret({ env: "SECRET" }, {})).rejects.toThrow("the environment variable SECRET is not set");
  await expect(readSecret({ env: "SECRET" }, { SECRET: "" })).rejects.toThrow("is empty");
  writeFileSync(file, "\nsecond line\n");
  await expect(readSecret({ file })).rejects.toThrow("has an empty first line");
});
