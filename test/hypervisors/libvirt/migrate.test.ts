/** Giving a migration up, and what is then said of it, with a libvirt that answers as told. */
import { expect, test } from "vitest";
import { Changes } from "../../../src/hypervisors/changes.ts";
import { migrate } from "../../../src/hypervisors/libvirt/migrate.ts";
import type { Migration } from "../../../src/hypervisors/libvirt/migration.ts";
import { Virsh } from "../../../src/hypervisors/libvirt/virsh/virsh.ts";
import { MigrascopeError } from "../../../src/model/errors.ts";
import type { HostRole } from "../../../src/model/machines.ts";
import type { Machine, RunningCommand } from "../../../src/remote/machine.ts";

const failed = (words: string) => new MigrascopeError("COMMAND_FAILED", words, { exitCode: 1 });
const NONE = failed("error: failed to get domain 'vm'");
const NO_JOB = failed("error: Requested operation is not valid: no job is active on the domain");

interface World {
  /** How often libvirt refuses to abort; then the command ends, with `exitCode`. */
  readonly refusals: number;
  readonly exitCode: number;
  /** Where the VM is once the command has ended. */
  readonly ends: HostRole | null;
  readonly interrupted?: boolean;
}

async function attempt({ refusals, exitCode, ends, interrupted = false }: World) {
  const aborting = new AbortController();
  const told: string[] = [];
  const asked: string[] = [];
  let kills = 0;
  let over = false;
  let end = (_code: number): void => {};
  const command: RunningCommand = {
    pid: 1,
    onLine: () => {},
    kill: () => void kills++,
    write: () => {},
    ended: new Promise((resolve) => {
      end = (code) => {
        over = true;
        resolve({ exitCode: code, signal: null, stderrTail: "" });
      };
    }),
  };
  const answer = (role: HostRole, name: string): string | MigrascopeError => {
    if (name === "domjobabort") {
      asked.push(role);
      if (asked.length <= refusals) return NO_JOB;
      end(exitCode);
    }
    if (name !== "domstate") return "";
    const on = over ? ends : "source";
    return on === role ? "running (booted)" : NONE;
  };
  const machine = (name: HostRole): Machine => ({
    name,
    run: async (argv) => {
      const said = answer(name, argv[4]!);
      if (said instanceof MigrascopeError) throw said;
      return { stdout: said, stderr: "" };
    },
    start: async () => command,
  });
  const changes = new Changes();
  const watch = {
    missed: new Set(),
    switched: false,
    resumed: false,
    sourceStatus: "active",
    waitFor: changes.waitFor.bind(changes),
    noted: (change: () => void) => changes.make(change),
    did: (kind: string, detail?: string) => void told.push([kind, detail].filter(Boolean).join(" ")),
    startSampling: () => {},
    commanded: () => {},
    partEnded: () => {},
  };
  const virsh = {
    source: new Virsh({ machine: machine("source") }),
    destination: new Virsh({ machine: machine("destination") }),
  };
  const request = { deadline: 1, grace: 1, atDeadline: "cancel", settings: {}, signal: aborting.signal };
  if (interrupted) aborting.abort();
  const migration = {
    domain: "vm",
    virsh,
    from: "source",
    to: "destination",
    watch,
    request,
    left: 0.1,
    command: ["migrate"],
    said: { words: "" },
  };
  const outcome = await migrate(migration as unknown as Migration);
  return { outcome, told, aborts: asked.length, kills };
}

test("a cancellation that libvirt refuses because nothing has begun yet is asked for again, and the refusal told once", async () => {
  const { outcome, told, aborts } = await attempt({ refusals: 2, exitCode: 1, ends: "source", interrupted: true });
  expect(aborts).toBe(3);
  expect(outcome).toMatchObject({ status: "cancelled", reason: "interrupted on request", runsOn: "source" });
  expect(told).toEqual(["cancel", expect.stringContaining("no job is active")]);
});

test("at its deadline it is cancelled and the outcome is a timeout; what hangs of its command is ended", async () => {
  const { outcome, told, kills } = await attempt({ refusals: 0, exitCode: 1, ends: "source" });
  expect(outcome).toMatchObject({
    status: "timeout",
    reason: "not completed within the deadline of 1 s",
    runsOn: "source",
  });
  expect(told).toEqual(["deadline cancel", "cancel"]);
  expect(kills).toBe(1);
});

test("one that was faster than its cancellation has completed", async () => {
  for (const exitCode of [0, 1]) {
    const { outcome } = await attempt({ refusals: 0, exitCode, ends: "destination" });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
  }
});

test("a VM that is nowhere after a cancellation is lost, and why is not covered up by the deadline", async () => {
  const { outcome } = await attempt({ refusals: 0, exitCode: 1, ends: null });
  expect(outcome).toMatchObject({ status: "failed", runsOn: null });
  expect(outcome.reason).toMatch(/deadline of 1 s.*source: no domain; destination: no domain/u);
});
