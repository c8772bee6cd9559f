import { expect, test } from "vitest";
import { MigrascopeError } from "../../src/model/errors.ts";
import { allOf } from "../../src/trial/together.ts";

const silent = new MigrascopeError("SNMP_SILENT", "the switch is silent", { where: "switch" });

test("all results, in order", async () => {
  expect(await allOf([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2]);
});

test("one failure is thrown as it is, after the others have ended", async () => {
  let ended = false;
  const slow = new Promise<void>((resolve) =>
    setTimeout(() => {
      ended = true;
      resolve();
    }, 20),
  );
  await expect(allOf([Promise.reject(silent), slow])).rejects.toBe(silent);
  expect(ended).toBe(true);
});

test("several failures are told together", async () => {
  const work = [Promise.reject(silent), Promise.reject(new Error("the host is gone")), Promise.reject(silent)];
  await expect(allOf(work)).rejects.toMatchObject({
    code: "SNMP_SILENT",
    message: "the switch is silent; the host is gone",
    where: "switch",
  });
});
