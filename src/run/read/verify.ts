/** Whether a pass's artifacts are still those that were recorded. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactEntry } from "../../model/run.ts";

/** @returns one sentence per artifact that is missing or changed; never throws. */
export async function verifyArtifacts(directory: string, entries: readonly ArtifactEntry[]): Promise<string[]> {
  const findings: string[] = [];
  for (const entry of entries) {
    const finding = await verify(join(directory, entry.name), entry);
    if (finding !== null) findings.push(`${entry.name}: ${finding}`);
  }
  return findings;
}

async function verify(path: string, entry: ArtifactEntry): Promise<string | null> {
  if (!existsSync(path)) return "recorded, but no longer there";
  try {
    const { size } = statSync(path);
    if (size !== entry.bytes) return `changed since it was recorded (${entry.bytes} bytes then, ${size} now)`;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest("hex") === entry.sha256 ? null : "changed since it was recorded (its hash is another)";
  } catch (error) {
    return `could not be checked (${(error as NodeJS.ErrnoException).code ?? "unreadable"})`;
  }
}
