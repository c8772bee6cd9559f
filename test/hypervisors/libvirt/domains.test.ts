/** Where a VM is, whose it is, and what may be done to it, decided from what libvirt says. */
import { describe, expect, test } from "vitest";
import { atHome } from "../../../src/hypervisors/libvirt/adopt.ts";
import { mayHaveRunThere } from "../../../src/hypervisors/libvirt/conclude.ts";
import { MARK } from "../../../src/hypervisors/libvirt/definition.ts";
import {
  described,
  judge,
  patientWhereabouts,
  removeOurs,
  runningOn,
  stateIn,
  type Whereabouts,
} from "../../../src/hypervisors/libvirt/domains.ts";
import { Virsh } from "../../../src/hypervisors/libvirt/virsh/virsh.ts";
import { MigrascopeError } from "../../../src/model/errors.ts";
import type { HostRole } from "../../../src/model/machines.ts";
import type { Machine } from "../../../src/remote/machine.ts";

const SILENT = "no answer";
const of = (words: string): Whereabouts["source"] => {
  if (words === SILENT) return SILENT;
  return words === "none" ? null : stateIn(words);
};
const where = (source: string, destination: string): Whereabouts => ({
  source: of(source),
  destination: of(destination),
});

test.each([
  ["none", "running (migrated)", "moved"],
  ["shut off (migrated)", "running (post-copy)", "moved"],
  ["running (migration canceled)", "none", "stayed"],
  ["running (booted)", "shut off (failed)", "stayed"],
  ["running (booted)", "paused (migrating)", "unsettled"],
  ["paused (migrating)", "paused (migrating)", "unsettled"],
  ["paused (migrating)", "running (migrated)", "unsettled"],
  ["running (booted)", "running (booted)", "unsettled"],
  ["paused (migrating)", "none", "stuck"],
  ["paused (user)", "shut off (failed)", "stuck"],
  ["none", "none", "gone"],
  ["shut off (crashed)", "none", "gone"],
  ["paused (post-copy failed)", "running (post-copy failed)", "post-copy-broken"],
  ["paused (post-copy failed)", "none", "gone"],
  ["shut off (crashed)", "paused (post-copy failed)", "gone"],
  ["running (booted)", SILENT, "unsettled"],
  [SILENT, "running (migrated)", "unsettled"],
  [SILENT, "none", "unsettled"],
])("source %s, destination %s: %s", (source, destination, verdict) => {
  expect(judge(where(source, destination), "source", "destination")).toBe(verdict);
  // The way back is judged alike.
  expect(judge(where(destination, source), "destination", "source")).toBe(verdict);
});

test("a VM runs on a host when it is known to run there and not on the other", () => {
  expect(runningOn(where("running", "none"))).toBe("source");
  expect(runningOn(where(SILENT, "running (migrated)"))).toBe("destination");
  expect(runningOn(where("paused (migrating)", "none"))).toBeNull();
  expect(runningOn(where("running", "running"))).toBeNull();
});

test("whereabouts in words", () => {
  expect(described(where("paused (migrating)", SILENT))).toBe("source: paused (migrating); destination: no answer");
  expect(described(where("running", "none"))).toBe("source: running; destination: no domain");
});

describe("an adopted VM is at home", () => {
  test.each([
    ["running (booted)", "none", "running"],
    ["running (booted)", "shut off (failed)", "running"],
    ["shut off (shutdown)", "none", "off"],
  ])("source %s, destination %s: %s", (source, destination, state) => {
    expect(atHome(where(source, destination))).toBe(state);
  });

  test.each([
    // It comes back, and its disk is still at the destination.
    ["paused (migrating)", "running (booted)"],
    ["paused (post-copy)", "running (post-copy)"],
    ["running (booted)", "paused (migrating)"],
    ["paused (user)", "none"],
    ["none", "running (migrated)"],
    ["shut off (migrated)", "shut off (shutdown)"],
    ["running (booted)", SILENT],
    [SILENT, "none"],
  ])("not with source %s, destination %s", (source, destination) => {
    expect(atHome(where(source, destination))).toBeNull();
  });
});

describe("a VM that stands still on the source may have run at the destination", () => {
  const seen = { resumed: false, switched: false, sourceStatus: "active", missed: new Set<HostRole>() };
  const missed = (...hosts: HostRole[]) => ({ missed: new Set(hosts) });
  const may = (more: Partial<typeof seen>) => mayHaveRunThere({ ...seen, ...more }, "source");

  test("when it was resumed or switched to post-copy there", () => {
    expect(may({ resumed: true })).toBe(true);
    expect(may({ switched: true })).toBe(true);
  });

  test("when nobody heard what happened there after the source had sent everything", () => {
    expect(may({ ...missed("destination"), sourceStatus: "completed" })).toBe(true);
    expect(may({ ...missed("destination", "source") })).toBe(true);
  });

  test("not when everything was heard, or the source is known to have sent only a part", () => {
    expect(may({})).toBe(false);
    expect(may({ sourceStatus: "completed" })).toBe(false);
    expect(may(missed("destination"))).toBe(false);
    expect(may({ ...missed("source"), sourceStatus: "completed" })).toBe(false);
  });
});

/** A host on which virsh answers as told: by the command's name, the last answer for ever. */
function answering(answers: Readonly<Record<string, readonly (string | MigrascopeError)[]>>) {
  const asked: string[] = [];
  const times = new Map<string, number>();
  const machine: Machine = {
    name: "source",
    run: async (argv) => {
      const command = argv[4]!;
      asked.push(command);
      const list = answers[command] ?? [""];
      const time = times.get(command) ?? 0;
      times.set(command, time + 1);
      const answer = list[Math.min(time, list.length - 1)]!;
      if (answer instanceof MigrascopeError) throw answer;
      return { stdout: answer, stderr: "" };
    },
    start: () => Promise.reject(new Error("nothing is started here")),
  };
  return { virsh: new Virsh({ machine }), asked };
}
const failed = (exitCode: number, words: string) => new MigrascopeError("COMMAND_FAILED", words, { exitCode });
const NONE = failed(1, "error: failed to get domain 'vm'");
const OURS = `<domain><metadata><x xmlns='${MARK}'/></metadata></domain>`;

describe("removing a domain", () => {
  test("destroys and undefines ours, and sees that it is gone", async () => {
    const { virsh, asked } = answering({
      domstate: ["running (booted)", "running (booted)", "shut off (destroyed)", NONE],
      dumpxml: [OURS],
    });
    await removeOurs(virsh, "vm");
    expect(asked).toEqual(["domstate", "dumpxml", "domstate", "destroy", "domstate", "undefine", "domstate"]);
  });

  test("destroys it again when it was being started while it was undefined", async () => {
    const { virsh, asked } = answering({
      domstate: ["shut off (failed)", "shut off (failed)", "running (booted)", NONE],
      dumpxml: [OURS],
    });
    await removeOurs(virsh, "vm");
    expect(asked.slice(2)).toEqual(["domstate", "undefine", "domstate", "destroy", "domstate"]);
  });

  test("gives up on one that does not go, and says how it is", async () => {
    const { virsh, asked } = answering({ domstate: ["running (booted)"], dumpxml: [OURS] });
    await expect(removeOurs(virsh, "vm")).rejects.toThrow(/still running after it was removed.*virsh destroy/u);
    expect(asked.length).toBeLessThan(15);
  });

  test.each([
    ["is a stranger's", "<domain><name>vm</name></domain>", /that Migrascope did not make/u],
    ["nobody says whose it is", failed(255, "ssh: connection reset"), /connection reset/u],
    ["libvirt does not say whose it is", failed(1, "error: Timed out during operation"), /Timed out/u],
  ])("leaves it alone when %s", async (_why, definition, words) => {
    const { virsh, asked } = answering({ domstate: ["running (booted)"], dumpxml: [definition] });
    await expect(removeOurs(virsh, "vm")).rejects.toThrow(words);
    expect(asked).toEqual(["domstate", "dumpxml"]);
  });

  test("does nothing when there is none, or when it has gone by itself", async () => {
    const none = answering({ domstate: [NONE] });
    await removeOurs(none.virsh, "vm");
    expect(none.asked).toEqual(["domstate"]);
    const gone = answering({ domstate: ["running (booted)", NONE], dumpxml: [NONE] });
    await removeOurs(gone.virsh, "vm");
    expect(gone.asked).toEqual(["domstate", "dumpxml", "domstate"]);
  });
});

test("a host that does not answer is asked again before anybody says where the VM is", async () => {
  const late = () => answering({ domstate: [failed(255, "ssh: connection reset"), "running (booted)"] }).virsh;
  const none = () => answering({ domstate: [NONE] }).virsh;
  const [there, back] = await Promise.all([
    patientWhereabouts({ source: late(), destination: none() }, "vm"),
    patientWhereabouts({ source: none(), destination: late() }, "vm"),
  ]);
  expect(there).toEqual(where("running (booted)", "none"));
  expect(back).toEqual(where("none", "running (booted)"));
});
