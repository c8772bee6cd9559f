/** Whatever dies in whatever phase of a migration: afterwards the VM runs on exactly one host, or it is said to be lost. */
import { afterEach, expect, test } from "vitest";
import type { HostRole } from "../../../src/model/machines.ts";
import { eventOf, type Pair, pairsForTests, type Watched, watched } from "./pair.ts";
import { Relay } from "./relay.ts";

const { poweredOn } = pairsForTests();
const relays: Relay[] = [];
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.end();
});

type Phase = "setup" | "active" | "switchover" | "post-copy";
type Victim = HostRole | "link";

/** What is known to be true afterwards: a list where it depends on what the kernel had already passed on. */
const AFTERWARDS: Readonly<Record<Victim, Readonly<Record<Phase, readonly (HostRole | null)[]>>>> = {
  destination: { setup: ["source"], active: ["source"], switchover: ["source", null], "post-copy": [null] },
  source: { setup: [null], active: [null], switchover: ["destination", null], "post-copy": [null] },
  link: { setup: ["source"], active: ["source"], switchover: ["source", "destination"], "post-copy": ["destination"] },
};

/** Calls `act` once, when that phase has begun. */
function at(phase: Phase, act: () => void): Watched {
  let done = false;
  const once = (): void => {
    if (done) return;
    done = true;
    act();
  };
  const observer = watched((sample) => {
    if (phase === "active" && (sample.transferred ?? 0) > 2 ** 20) once();
    if (phase === "post-copy" && sample.status === "postcopy-active" && eventOf(observer.events, "resume")) once();
  });
  const event = observer.event.bind(observer);
  observer.event = (each) => {
    event(each);
    if (phase === "setup" && each.detail === "setup" && each.host === "source") once();
    if (phase === "switchover" && each.kind === "stop") once();
  };
  return observer;
}

function kill(pair: Pair, victim: HostRole): void {
  const incoming = pair.processes("-incoming");
  const pids = victim === "destination" ? incoming : pair.processes().filter((pid) => !incoming.includes(pid));
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

const PHASES = ["setup", "active", "switchover", "post-copy"] as const;
const VICTIMS = ["destination", "source", "link"] as const;

test.each(VICTIMS.flatMap((victim) => PHASES.map((phase) => [victim, phase] as const)))(
  "the %s, in phase %s",
  async (victim, phase) => {
    const relay = await Relay.start();
    relays.push(relay);
    const destination = {
      migrationAddress: { ipv4: "127.0.0.2" },
      migrationListen: "127.0.0.1",
      migrationPort: relay.port,
    };
    const pair = await poweredOn({ destination });
    const observer = at(phase, () => (victim === "link" ? relay.reset() : kill(pair, victim)));
    const settings =
      phase === "switchover"
        ? { bandwidth: "64MiB/s", downtimeLimit: "1s" }
        : {
            bandwidth: "8MiB/s",
            downtimeLimit: "1ms",
            ...(phase === "post-copy" && { postCopy: { afterTime: "200ms" } }),
          };
    const { runsOn, status, reason } = await pair.migrate("source", settings, { observer });
    expect(AFTERWARDS[victim][phase]).toContain(runsOn);
    expect(await pair.driver.locate()).toBe(runsOn);
    expect(pair.processes()).toHaveLength(runsOn === null ? 0 : 1);
    if (runsOn !== null) await pair.livesOn(runsOn);
    if (runsOn !== "destination") expect(status).toBe("failed");
    if (victim !== "link" && runsOn !== "destination")
      expect(reason).toContain(`QEMU on the ${victim} was ended by SIGKILL`);
  },
);
