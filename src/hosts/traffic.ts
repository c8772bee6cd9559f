/** Sending a known number of bytes from one machine to another, one way. */
import type { Machine } from "../remote/machine.ts";

/** Bytes of a datagram; with its headers it fits every Ethernet. */
const DATAGRAM = 1400;
/** The discard port: who listens there throws away, and who does not is quiet about most of it (RFC 863, RFC 1812 4.3.2.8). */
const PORT = 9;

/**
 * Datagrams to the discard port, by bash alone. What comes back is a few complaints that nobody listens, whose number the
 * kernel limits: the traffic has a direction, which an echo has not. A complaint makes the next write fail; that is no matter.
 * Arguments: address, number of datagrams.
 */
const SEND = `
exec 3>"/dev/udp/$1/${PORT}" || exit 1
printf -v datagram "%${DATAGRAM}s" ""
for ((n = 0; n < $2; n++)); do printf %s "$datagram" >&3 || :; ((n % 20)) || sleep 0.01; done 2>/dev/null`;

/**
 * @param bytes of payload, at least.
 * @throws MigrascopeError COMMAND_FAILED without bash, or a way there.
 */
export async function sendBytes(machine: Machine, address: string, bytes: number, signal: AbortSignal): Promise<void> {
  const count = Math.ceil(bytes / DATAGRAM);
  await machine.run(["bash", "-c", SEND, "bash", address, String(count)], { signal, env: { LC_ALL: "C" } });
}
