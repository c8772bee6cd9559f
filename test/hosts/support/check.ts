/**
 * Inside a lab: some of the checks of a testbed's file, as JSON. Arguments: the file, names of checks separated by commas.
 * With `lock` instead of a file: takes both hosts twice, and tells what the second one was told.
 */
import { loadHosts } from "../../../src/config/testbed.ts";
import { CHECKS } from "../../../src/hosts/check/all.ts";
import { runChecks } from "../../../src/hosts/check/run.ts";
import { lockHosts } from "../../../src/hosts/lock.ts";
import { openHosts } from "../../../src/hosts/machines.ts";
import { systemClock } from "../../../src/model/time.ts";
import { localMachine } from "../../../src/remote/local.ts";

const [file, what] = process.argv.slice(2) as [string, string];
const testbed = await loadHosts(file);
await using hosts = await openHosts(testbed);
if (what === "lock") {
  const refused = async (): Promise<string> =>
    lockHosts(hosts.machines).then(
      async (lock) => {
        await lock[Symbol.asyncDispose]();
        return "";
      },
      (error: Error) => error.message,
    );
  const lock = await lockHosts(hosts.machines);
  const whileHeld = await refused();
  await lock[Symbol.asyncDispose]();
  process.stdout.write(JSON.stringify({ whileHeld, afterwards: await refused() }));
} else {
  const wanted = what.split(",");
  const findings = await runChecks(
    CHECKS.filter(({ name }) => wanted.includes(name)),
    {
      testbed,
      hosts: hosts.machines,
      benchmark: localMachine("benchmark"),
      clock: systemClock,
      signal: new AbortController().signal,
    },
  );
  process.stdout.write(JSON.stringify(findings));
}
