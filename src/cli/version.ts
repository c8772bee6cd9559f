import { readFile } from "node:fs/promises";

/** The tool's version, from its own package.json. */
export async function toolVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
