/** The agent as a file for a kind of guest, built when it has to be. */
import { fileURLToPath } from "node:url";
import { MigrascopeError } from "../model/errors.ts";
import { build, programPath, type Recipe } from "../native/build.ts";

const DIRECTORY = fileURLToPath(new URL("../../native/guest", import.meta.url));

/** As the Makefile and `uname -m` name them. */
export type Architecture = "x86_64" | "aarch64";

const NAMES: Readonly<Record<string, Architecture>> = {
  x86_64: "x86_64",
  amd64: "x86_64",
  aarch64: "aarch64",
  arm64: "aarch64",
};
const OURS = process.arch === "arm64" ? "aarch64" : "x86_64";

/** @param machine as `uname -m` says in the guest. @throws MigrascopeError WORKLOAD_REFUSED for one that we have no agent for. */
export function architectureOf(machine: string): Architecture {
  const known = NAMES[machine];
  if (known !== undefined) return known;
  throw new MigrascopeError(
    "WORKLOAD_REFUSED",
    `the guest is a machine of kind "${machine}"; the agent exists for x86_64 and aarch64 (Linux) only`,
  );
}

const recipeFor = (architecture: Architecture): Recipe => {
  const programs = [`agent-${architecture}`];
  const common = { directory: DIRECTORY, programs, what: "the agent", failure: "WORKLOAD_REFUSED" } as const;
  if (architecture === OURS)
    return {
      ...common,
      tools: { make: "make", cc: "a C compiler (cc)" },
      install: "sudo apt-get install make gcc libc6-dev",
    };
  if (architecture === "x86_64")
    throw new MigrascopeError("WORKLOAD_REFUSED", "the agent for x86_64 guests is built on x86_64 machines only");
  return {
    ...common,
    target: "arm64",
    tools: { make: "make", "aarch64-linux-gnu-gcc": "a compiler for arm64 (aarch64-linux-gnu-gcc)" },
    install: "sudo apt-get install make gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
  };
};

/** @returns the file's path. @throws MigrascopeError PACKAGES_MISSING, WORKLOAD_REFUSED. */
export async function agentBinary(architecture: Architecture = OURS): Promise<string> {
  const recipe = recipeFor(architecture);
  await build(recipe);
  return programPath(recipe, `agent-${architecture}`);
}
