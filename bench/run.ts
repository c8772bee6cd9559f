/** Every benchmark, one after the other, each in its own process: `npm run bench`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

let failed = false;
const NAMES = [
  ...["prober-against-ping", "capture-against-tshark", "trial-overhead"],
  ...["agent-against-stress-ng", "agent-exactness", "agent-memory"],
];
for (const name of NAMES) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: "inherit" });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
