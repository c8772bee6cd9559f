/** The C programs of `native/prober`: where they are, built when they have to be. */
import { fileURLToPath } from "node:url";
import { build, isBuilt, programPath, type Recipe } from "../native/build.ts";

const DIRECTORY = fileURLToPath(new URL("../../native/prober", import.meta.url));

const recipeIn = (directory: string): Recipe => ({
  directory,
  programs: ["prober", "capture", "flows", "echo-target"],
  tools: { make: "make", cc: "a C compiler (cc)" },
  install: "sudo apt-get install make gcc libc6-dev",
  what: "the prober",
  failure: "PROBER_FAILED",
});

export interface NativePrograms {
  /** Sends the probes. Needs CAP_NET_RAW. */
  readonly prober: string;
  /** Copies the headers of packets into a pcap file. Needs CAP_NET_RAW. */
  readonly capture: string;
  /** Counts bytes on an interface by flow. Needs CAP_NET_RAW. */
  readonly flows: string;
  /** Answers them, with outages of known length; for calibration. Needs CAP_NET_RAW. */
  readonly echoTarget: string;
}

let building: Promise<NativePrograms> | undefined;

/**
 * The programs, ready to run; built at most once per process.
 * @throws MigrascopeError PACKAGES_MISSING without make or compiler, PROBER_FAILED when the build fails.
 */
export function nativePrograms(): Promise<NativePrograms> {
  building ??= buildNative().catch((error: unknown) => {
    building = undefined;
    throw error;
  });
  return building;
}

/** True when all programs of a directory exist and nothing that they are made of is newer. */
export const nativeIsBuilt = (directory: string = DIRECTORY): Promise<boolean> => isBuilt(recipeIn(directory));

/**
 * Builds the programs of a directory unless they are built.
 * @param env the environment of make and the compiler.
 * @throws as `nativePrograms`.
 */
export async function buildNative(directory: string = DIRECTORY, env = process.env): Promise<NativePrograms> {
  const recipe = recipeIn(directory);
  await build(recipe, env);
  return {
    prober: programPath(recipe, "prober"),
    capture: programPath(recipe, "capture"),
    flows: programPath(recipe, "flows"),
    echoTarget: programPath(recipe, "echo-target"),
  };
}
