import { describe, expect, test } from "vitest";
import { machineOver } from "../../src/remote/command.ts";
import { KEEPER } from "../../src/remote/ssh.ts";

/** What an SSH server does with a long-lived command, without the network. */
const far = (shell: readonly string[]) =>
  machineOver({ name: "far", stopsBy: "closed-input", wrap: (argv) => [...shell, "-c", KEEPER, "keeper", ...argv] });

// The guest's shell is BusyBox's; other machines have dash or bash.
describe.each([[["dash"]], [["bash"]], [["busybox", "sh"]]])("a command kept by %s", (shell) => {
  test("lives as long as the connection's input is open, and ends with it", async () => {
    const command = await far(shell).start(["sh", "-c", "echo up; exec sleep 1000"]);
    let ended = false;
    void command.ended.then(() => {
      ended = true;
    });
    await new Promise<void>((resolve) => command.onLine(() => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ended).toBe(false);
    command.kill();
    expect(await command.ended).toMatchObject({ exitCode: 143 });
  });

  test("tells its own exit code when it ends by itself", async () => {
    const command = await far(shell).start(["sh", "-c", "sleep 0.2; exit 7"]);
    expect(await command.ended).toMatchObject({ exitCode: 7 });
  });
});
