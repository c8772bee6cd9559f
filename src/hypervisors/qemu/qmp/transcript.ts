/** A raw record of everything that was said over QMP, for whoever doubts a result. */
import { createWriteStream } from "node:fs";
import type { Clock } from "../../../model/time.ts";

export interface Transcript {
  /** `text` is one JSON object as it went over the socket. */
  write(direction: "sent" | "received", text: string): void;
  /** Resolves when all of it is in the file. */
  end(): Promise<void>;
}

/**
 * JSON lines `{"at": Instant, "direction": "sent"|"received", "message": …}`, appended to `path`. Cheap enough to be
 * always on: the message is not serialised again. A file that cannot be written ends the transcript and nothing else:
 * a full disk must not end a migration.
 */
export function transcriptFile(path: string, clock: Clock): Transcript {
  const stream = createWriteStream(path, { flags: "a" });
  let broken = false;
  stream.on("error", () => {
    broken = true;
  });
  return {
    write(direction, text) {
      if (broken) return;
      const { wall, mono } = clock();
      stream.write(`{"at":{"wall":${wall},"mono":${mono}},"direction":"${direction}","message":${text}}\n`);
    },
    end: () =>
      new Promise((resolve) => {
        if (broken || stream.closed) resolve();
        else stream.once("close", resolve).end();
      }),
  };
}

export const noTranscript: Transcript = { write: () => {}, end: () => Promise.resolve() };
