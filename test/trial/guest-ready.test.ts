import { expect, test } from "vitest";
import { MigrascopeError } from "../../src/model/errors.ts";
import type { Machine } from "../../src/remote/machine.ts";
import { awaitGuest } from "../../src/trial/guest-ready.ts";

/** A guest that answers every command as ssh(1) would say it. */
function guestThatSays(words: string): Machine & { asked: number } {
  const guest = {
    name: "vm",
    asked: 0,
    run: () => {
      guest.asked++;
      return Promise.reject(new MigrascopeError("COMMAND_FAILED", `\`true\` exited with 255: ${words}`));
    },
    start: () => Promise.reject(new Error("nothing is started")),
  };
  return guest;
}
const never = new AbortController().signal;

test.each([
  ["Host key verification failed.", /another host key/u],
  ["root@10.77.1.100: Permission denied (publickey).", /refuses our key/u],
])("a guest that will never let us in is not waited for: %s", async (words, expected) => {
  const guest = guestThatSays(words);
  await expect(awaitGuest(guest, 600, never)).rejects.toMatchObject({
    code: "GUEST_UNREACHABLE",
    message: expect.stringMatching(expected),
  });
  expect(guest.asked).toBe(1);
});

test("a guest that is still booting is asked again until the deadline", async () => {
  const guest = guestThatSays("ssh: connect to host 10.77.1.100 port 22: Connection refused");
  await expect(awaitGuest(guest, 0.5, never)).rejects.toMatchObject({ code: "VM_NOT_BOOTED" });
  expect(guest.asked).toBeGreaterThan(1);
});
