/** What a measurement does about signals and about the end of whoever started it. Argument: a file to write then. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { whenOuterDies } from "../../../src/lab/enter.ts";

const child = spawn("sleep", ["600"], { stdio: "ignore" });
let signals = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    signals += 1;
    process.stdout.write(`${signal}\n`);
    // Long enough for a second one to arrive.
    if (signals === 1) setTimeout(end, 400);
  });
}
whenOuterDies().addEventListener("abort", () => {
  writeFileSync(process.argv[2]!, "put in order");
  child.kill();
  process.exit(1);
});
process.stdout.write("ready\n");

function end(): void {
  const alive = child.exitCode === null && child.signalCode === null;
  process.stdout.write(
    `ended after ${signals} signal${signals === 1 ? "" : "s"}, child ${alive ? "alive" : "ended"}\n`,
  );
  process.exit(0);
}
