import { afterEach, describe, expect, test } from "vitest";
import type { Pair } from "./pair.ts";
import { eventOf, kinds, pairsForTests, SLOW, watched } from "./pair.ts";
import { Relay } from "./relay.ts";

const { poweredOn } = pairsForTests();
const relays: Relay[] = [];
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.end();
});

/** A VM whose migration goes through a relay. */
async function relayed(): Promise<{ pair: Pair; relay: Relay }> {
  const relay = await Relay.start();
  relays.push(relay);
  const destination = {
    migrationAddress: { ipv4: "127.0.0.2" },
    migrationListen: "127.0.0.1",
    migrationPort: relay.port,
  };
  return { pair: await poweredOn({ destination }), relay };
}

/**
 * Does something up to `times` times, each time that post-copy is under way. That is after the VM runs on the destination: a
 * cut before that, while its devices' state is on the way, ends the destination's QEMU, and nobody can recover it.
 */
function inPostCopy(act: () => void, times = 1) {
  let done = 0;
  const observer = watched((sample) => {
    const count = (kind: string): number => observer.events.filter((event) => event.kind === kind).length;
    if (sample.status !== "postcopy-active" || count("resume") === 0) return;
    if (done === times || done > count("recover")) return;
    done += 1;
    act();
  });
  return observer;
}

describe("a post-copy that is cut", () => {
  test.each([
    ["by a reset", "reset", {}],
    ["by a reset, with a channel for urgent pages", "reset", { preempt: true }],
    ["by a link that swallows everything and tells nobody", "stall", {}],
  ] as const)("%s is connected again, and the VM gets there", async (_how, cut, more) => {
    const { pair, relay } = await relayed();
    const observer = inPostCopy(() => relay[cut]());
    const settings = { postCopy: { afterTime: "200ms", ...more }, bandwidth: "16MiB/s", downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { observer, deadline: 60 });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(eventOf(observer.events, "recover")).toMatchObject({
      host: "source",
      detail: `tcp:127.0.0.2:${relay.port}`,
    });
    const states = observer.events
      .filter(({ kind }) => kind === "status")
      .map(({ host, detail }) => `${host} ${detail}`);
    expect(states).toContain("source postcopy-paused");
    expect(states).toContain("destination postcopy-paused");
    expect(pair.processes()).toHaveLength(1);
    await pair.livesOn("destination");
  });

  test("again and again is connected again each time", async () => {
    const { pair, relay } = await relayed();
    const observer = inPostCopy(() => relay.reset(), 3);
    const settings = { postCopy: { afterTime: "200ms" }, bandwidth: SLOW, downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { observer, deadline: 60 });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(observer.events.filter(({ kind }) => kind === "recover")).toHaveLength(3);
    await pair.livesOn("destination");
  });

  test("while the link is away for a while is connected again when it is back", async () => {
    const { pair, relay } = await relayed();
    const observer = inPostCopy(() => relay.goAway(8));
    const settings = { postCopy: { afterTime: "200ms" }, bandwidth: "16MiB/s", downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { observer, deadline: 60 });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    const at = (kind: string): number => eventOf(observer.events, kind).observed.mono / 1e6;
    expect(at("recover") - at("resume")).toBeGreaterThan(8);
    await pair.livesOn("destination");
  });

  test("is not connected again when the plan says so: the VM is lost, with the evidence", async () => {
    const { pair, relay } = await relayed();
    const observer = inPostCopy(() => relay.reset());
    const settings = { postCopy: { afterTime: "200ms", recover: false }, bandwidth: SLOW, downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { observer });
    expect(outcome).toMatchObject({ status: "failed", runsOn: null });
    expect(outcome.reason).toContain("the plan says not to recover");
    expect(kinds(observer.events)).not.toContain("recover source");
    expect(pair.processes()).toEqual([]);
  });
});
