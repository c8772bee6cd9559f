/** Finds ports of the switch at 127.0.0.1 and prints their names, or the error. Arguments: UDP port, then names or hardware addresses. */
import { resolvePorts } from "../../../src/probes/switch-ports.ts";

const [port, ...wanted] = process.argv.slice(2);
const specs = Object.fromEntries(wanted.map((text) => [text, text.includes(":") ? { mac: text } : { name: text }]));
try {
  const target = { address: "127.0.0.1", port: Number(port), community: "public" };
  process.stdout.write(JSON.stringify({ ports: await resolvePorts(target, specs) }));
} catch (error) {
  const { code, message, where } = error as Error & { code?: string; where?: string };
  process.stdout.write(JSON.stringify({ code, message, where }));
}
