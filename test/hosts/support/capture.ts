/**
 * Inside a lab: captures packets on a host, and tells how many and what is left there. Arguments: the testbed's file, the file
 * of the packets. With `abandon` as a third one it ends in the middle, as if it were killed.
 */
import { loadHosts } from "../../../src/config/testbed.ts";
import { openHosts } from "../../../src/hosts/machines.ts";
import { startCapture } from "../../../src/probes/capture.ts";

const [file, output, abandon] = process.argv.slice(2) as [string, string, string | undefined];
const testbed = await loadHosts(file);
await using hosts = await openHosts(testbed);
const { source, destination } = hosts.machines;
const capture = await startCapture(source, testbed.hosts.source.migration.interface, output);
await destination.run(["ping", "-c", "5", "-i", "0.2", testbed.hosts.source.migration.ipv4!]);
if (abandon !== undefined) process.kill(process.pid, "SIGKILL");
process.stdout.write(JSON.stringify(await capture.stop()));
