import { describe, expect, test } from "vitest";
import { eventOf, kinds, pairsForTests, SLOW, watched } from "./pair.ts";

const { poweredOn } = pairsForTests();

describe("post-copy", () => {
  test("runs on the destination before the migration is over", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const settings = { postCopy: { afterRound: 1 }, bandwidth: "400Mb/s", downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { observer });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(kinds(observer.events)).toEqual([
      "command source",
      "switch-to-post-copy source",
      "stop source",
      "resume destination",
      "completed source",
    ]);
    expect(outcome.report.postCopyRequests).toBeGreaterThan(0);
    expect(eventOf(observer.events, "switch-to-post-copy").observed.mono).toBeGreaterThan(
      observer.events.find((event) => event.round === 2)!.observed.mono,
    );
    await pair.livesOn("destination");
  });

  test("begins after the time that was asked for", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const settings = { postCopy: { afterTime: "800ms" }, bandwidth: "200Mb/s", downtimeLimit: "1ms" };
    await pair.migrate("source", settings, { observer });
    const [command, asked] = ["command", "switch-to-post-copy"].map(
      (kind) => eventOf(observer.events, kind).observed.mono,
    );
    expect(asked! - command!).toBeGreaterThanOrEqual(795_000);
    expect(asked! - command!).toBeLessThan(1_200_000);
  });

  test("past its deadline is let end, for cancelling would lose the VM", async () => {
    const pair = await poweredOn();
    const settings = { postCopy: { afterTime: "200ms" }, bandwidth: "16MiB/s", downtimeLimit: "1ms" };
    const observer = watched();
    const outcome = await pair.migrate("source", settings, { observer, deadline: 0.7 });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(eventOf(observer.events, "deadline")).toMatchObject({ host: "source", detail: "post-copy" });
    expect(kinds(observer.events)).not.toContain("cancel source");
    await pair.livesOn("destination");
  });

  test("is a timeout when it has not even ended after its grace; the VM is there all the same", async () => {
    const pair = await poweredOn();
    const settings = { postCopy: { afterTime: "200ms" }, bandwidth: SLOW, downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { deadline: 0.5, grace: 0.3 });
    expect(outcome).toMatchObject({ status: "timeout", runsOn: "destination" });
    expect(outcome.reason).toMatch(/deadline of 0\.5 s.*0\.3 s later.*cannot be cancelled.*goes on/u);
    await pair.livesOn("destination");
  });

  test.each([
    ["destination", ["-incoming"]],
    ["source", []],
  ] as const)("without its %s the VM is lost, and that is said", async (victim, containing) => {
    const pair = await poweredOn();
    let killed = false;
    const observer = watched((sample) => {
      if (killed || sample.status !== "postcopy-active") return;
      killed = true;
      const incoming = pair.processes("-incoming");
      const pids = containing.length > 0 ? incoming : pair.processes().filter((pid) => !incoming.includes(pid));
      for (const pid of pids) process.kill(pid, "SIGKILL");
    });
    const settings = { postCopy: { afterTime: "200ms" }, bandwidth: SLOW, downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { observer });
    expect(outcome).toMatchObject({ status: "failed", runsOn: null });
    expect(outcome.reason).toContain(`QEMU on the ${victim} was ended by SIGKILL`);
    expect(await pair.driver.locate()).toBeNull();
    expect(pair.processes()).toEqual([]);
  });
});
