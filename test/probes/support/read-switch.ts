/** Reads a switch once and prints the answer as JSON, from whatever namespace it is started in. Arguments: port, names. */
import { asMigrascopeError } from "../../../src/model/errors.ts";
import { SwitchCounters } from "../../../src/probes/snmp.ts";

const [port, ...names] = process.argv.slice(2);
const counters = new SwitchCounters({ address: "127.0.0.1", port: Number(port), community: "public" }, names);
try {
  process.stdout.write(JSON.stringify({ ports: await counters.read() }));
} catch (error) {
  const { code, message, where } = asMigrascopeError(error);
  process.stdout.write(JSON.stringify({ code, message, where }));
}
counters.close();
