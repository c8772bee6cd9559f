import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { asUnprivileged, bindCheckout, inCheckout, inOwnMounts } from "../support/unprivileged.ts";
import { CLI, type Ended, NODE, Room } from "./support/room.ts";

/** A user that this machine does not have; its PATH is the one that Debian gives to users. */
const UID = 54_321;

let room: Room;
beforeEach(() => {
  room = new Room();
  chmodSync(room.directory, 0o755);
  mkdirSync(room.state);
  execFileSync("chown", [String(UID), room.state]);
});
afterEach(() => room[Symbol.asyncDispose]());

/** Runs a shell script as the user; `lab` is the lab's commands. */
function asUser(script: string, { tun }: { tun: boolean }): Promise<Ended> {
  const lab = `lab() { "${inCheckout(room.directory, NODE)}" "${inCheckout(room.directory, CLI)}" "$@"; }`;
  const options = { directory: room.directory, user: UID, tun, home: room.state };
  return room.start(asUnprivileged(`${lab}; ${script}`, options)).ended;
}

test("the lab runs without root", async () => {
  const { code, stdout, stderr } = await asUser(
    `lab lab up --name mine
     lab lab up --name mine
     lab lab status
     lab enter mine sh -euc 'ping -c1 -W5 10.77.2.12; ping -c1 -W5 fd77:1::11; ip -brief link show svc0'
     lab lab down --name mine`,
    { tun: true },
  );
  expect(stderr).not.toMatch(/migrascope:/u);
  expect(stdout).toContain("user namespace, without root");
  expect(stdout).toContain("this user is not root: labs run in a user namespace");
  expect(stdout.match(/1 received/gu)).toHaveLength(2);
  expect(stdout).toMatch(/lab "mine" removed/u);
  expect(code).toBe(0);
  expect(readdirSync(room.state)).toEqual([]);
});

test("without a /dev/net/tun that it may open, it says what is needed and leaves nothing", async () => {
  const { code, stderr } = await asUser("lab lab up --name mine", { tun: false });
  expect(code).toBe(1);
  expect(stderr).toMatch(/\/dev\/net\/tun may not be opened by this user: sudo chmod 0666 \/dev\/net\/tun/u);
  expect(stderr).toMatch(/or run it as root/u);
  expect(readdirSync(room.state)).toEqual([]);
});

test("where the system allows no user namespaces, it says so and what would allow them", async () => {
  // A user namespace with a limit of its own and the machine's users in it: forbidding more inside changes nothing outside.
  const go = join(room.directory, "go");
  const cli = `"${inCheckout(room.directory, NODE)}" "${inCheckout(room.directory, CLI)}"`;
  const script = `
    ${bindCheckout(room.directory)}
    mkfifo "${go}"
    unshare --user --keep-caps sh -euc '
      read -r _ <"${go}"
      echo 0 >/proc/sys/user/max_user_namespaces
      exec setpriv --reuid=${UID} --regid=${UID} --clear-groups --inh-caps=-all --ambient-caps=-all ${cli} lab up' &
    sleep 0.3
    echo "0 0 100000" >/proc/$!/uid_map
    echo "0 0 100000" >/proc/$!/gid_map
    echo go >"${go}"
    wait $!`;
  const { code, stderr } = await room.start(inOwnMounts(script)).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/users may not make namespaces here .*sudo sysctl user\.max_user_namespaces=10000/u);
});
