import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NODE, Room, scriptPath } from "./support/room.ts";

const SEED = 20131;
const ROUNDS = { qemu: 30, libvirt: 25 } as const;

let room: Room;
beforeAll(() => {
  room = new Room();
});
afterAll(() => room[Symbol.asyncDispose]());

interface Round {
  attack: string;
  killed: string;
  down: number | null;
  left: string[];
}

test.each([
  ["qemu", ["sleep", "unshare", "snmpd"]],
  ["libvirt", ["sleep", "libvirtd", "ganesha.nfsd"]],
] as const)(
  "a SIGKILL at random moments of a lab for %s leaves nothing that `lab down` does not remove",
  async (hypervisor, victims) => {
    const testbed = join(room.directory, `${hypervisor}.yaml`);
    writeFileSync(testbed, `hypervisor: ${hypervisor}\n`);
    const isolated = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
    // The shell is PID 1 there: it reaps what a killed process leaves behind, as the machine's own would.
    const reaping = ["sh", "-c", '"$@"; exit "$?"', "sh"];
    const worker = [NODE, scriptPath("killer.ts"), String(SEED), String(ROUNDS[hypervisor]), testbed];
    const { code, stdout, stderr } = await room.start([...isolated, ...reaping, ...worker]).ended;
    expect(code, stderr).toBe(0);
    const rounds: Round[] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rounds).toHaveLength(ROUNDS[hypervisor]);
    expect(rounds.filter((round) => round.left.length > 0 || round.down !== 0)).toEqual([]);
    // The rounds must have hit what they were meant to hit.
    const hits = rounds.map((round) => round.killed).join(" ");
    for (const victim of victims) expect(hits).toContain(victim);
  },
);
