/** Packet captures: headers only, nanosecond timestamps by the kernel, written by `native/prober`'s capture program. */
import { z } from "zod";
import { MigrascopeError } from "../model/errors.ts";
import type { Machine } from "../remote/machine.ts";
import { nativePrograms } from "./native.ts";

/** Seconds in which a capture must listen, and in which one that was told to stop must have written its last packet. */
const PATIENCE = 20;

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
 * @param file on the machine's file system.
 * @throws MigrascopeError COMMAND_FAILED with the program's own words, PACKAGES_MISSING when it cannot be built.
 */
export async function startCapture(machine: Machine, networkInterface: string, file: string): Promise<Capture> {
  const { capture } = await nativePrograms();
  const command = await machine.start([capture, "--interface", networkInterface, "--output", file]);
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
      const killer = setTimeout(() => command.kill("SIGKILL"), PATIENCE * 1000);
      command.kill("SIGTERM");
      const { exitCode } = await command.ended;
      clearTimeout(killer);
      if (exitCode !== 0 || !summary) throw failed("failed");
      return summary;
    },
  };
}
