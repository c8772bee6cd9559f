/** Packet captures: headers only, nanosecond timestamps by the kernel, written by `native/prober`'s capture program. */
import { z } from "zod";
import { MigrascopeError } from "../model/errors.ts";
import type { Machine } from "../remote/machine.ts";
import { nativePrograms } from "./native.ts";
import { programThere } from "./program-there.ts";

/** Seconds in which a capture must listen, and in which one that was told to stop must have written its last packet. */
const PATIENCE = 20;
/** Seconds in which one on another machine must have sent its file, after that. */
const SENDING = 300;

/**
 * A capture on a machine whose files are not ours: it writes a file there, so that what it captures is not mixed with its own
 * transport, and sends that when it is told to stop. Nothing is left there, also when the connection breaks.
 * Arguments: program, interface.
 */
const CAPTURE_AND_SEND = `
file=$(mktemp /var/tmp/migrascope-capture-XXXXXX) || exit 1
trap 'rm -f "$file"' EXIT
trap 'kill "$child"' TERM
"$1" --interface "$2" --output "$file" & child=$!
wait "$child"; status=$?
# A wait that a signal has interrupted tells of the signal; the next one of the program.
[ "$status" -gt 128 ] && { wait "$child"; status=$?; }
trap : TERM
[ "$status" -eq 0 ] && cat "$file"
exit "$status"`;

export interface Capture {
  /**
   * Ends the capture; every packet that had been on the interface by then is in the file.
   * @throws MigrascopeError COMMAND_FAILED when it had died or could not write.
   */
  stop(): Promise<CaptureSummary>;
}

const Summary = z.object({ captured: z.int().min(0), dropped: z.int().min(0) });
/** `dropped`: packets that the kernel had no room for. Each is missing from the file. */
export type CaptureSummary = z.infer<typeof Summary>;

/**
 * Starts a capture of everything on an Ethernet interface and returns when it listens.
 * @param file on this machine. What another machine captures is there when the capture has been stopped.
 * @throws MigrascopeError COMMAND_FAILED with the program's own words, PACKAGES_MISSING when it cannot be built.
 */
export async function startCapture(machine: Machine, networkInterface: string, file: string): Promise<Capture> {
  const capture = await programThere(machine, (await nativePrograms()).capture);
  const command = machine.elsewhere
    ? await machine.start(["sh", "-c", CAPTURE_AND_SEND, "sh", capture, networkInterface], { stdoutFile: file })
    : await machine.start([capture, "--interface", networkInterface, "--output", file]);
  const words: string[] = [];
  let summary: CaptureSummary | undefined;
  const failed = (what: string): MigrascopeError =>
    new MigrascopeError(
      "COMMAND_FAILED",
      `the capture on ${networkInterface} ${what}: ${words.join("; ") || "without a word"}`,
      {
        where: machine.name,
      },
    );
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      command.kill("SIGKILL");
      reject(failed(`did not listen within ${PATIENCE} s`));
    }, PATIENCE * 1000);
    command.onLine((_, line) => {
      if (line === '{"ready":true}') {
        clearTimeout(timer);
        resolve();
      } else if (line.startsWith("{")) summary = Summary.safeParse(JSON.parse(line)).data;
      else words.push(line);
    });
    void command.ended.then(() => {
      clearTimeout(timer);
      reject(failed("did not start"));
    });
  });
  return {
    stop: async () => {
      const patience = PATIENCE + (machine.elsewhere ? SENDING : 0);
      const killer = setTimeout(() => command.kill("SIGKILL"), patience * 1000);
      command.kill("SIGTERM");
      const { exitCode } = await command.ended;
      clearTimeout(killer);
      if (exitCode !== 0 || !summary) throw failed("failed");
      return summary;
    },
  };
}
