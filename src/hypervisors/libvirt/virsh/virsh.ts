/** libvirt's own client on one host. */
import { MigrascopeError } from "../../../model/errors.ts";
import type { CommandOptions, Machine, RunningCommand } from "../../../remote/machine.ts";
import type { LibvirtHost } from "../host.ts";

/** Answers are read by programs: one language, and no colours or pagers. */
const ENVIRONMENT = { LC_ALL: "C" } as const;
/** What the remote end of a broken SSH connection exits with, see persistent.ts: not the hypervisor's refusal. */
const CONNECTION_FAILED = 255;

export class Virsh {
  readonly machine: Machine;
  readonly #uri: string;

  constructor({ machine, uri = "qemu:///system" }: Pick<LibvirtHost, "machine" | "uri">) {
    this.machine = machine;
    this.#uri = uri;
  }

  /**
   * Runs one command of virsh. @returns what it printed.
   * @throws MigrascopeError HYPERVISOR_REFUSED with libvirt's words; COMMAND_FAILED when the host does not answer;
   * DEADLINE_EXCEEDED; CANCELLED.
   */
  async run(args: readonly string[], options: Omit<CommandOptions, "env"> = {}): Promise<string> {
    try {
      return (await this.machine.run(this.#argv(args), { ...options, env: ENVIRONMENT })).stdout;
    } catch (error) {
      throw this.#refusal(args, error);
    }
  }

  /** Starts one that goes on until it is stopped. */
  start(args: readonly string[]): Promise<RunningCommand> {
    return this.machine.start(this.#argv(args), { env: ENVIRONMENT });
  }

  /**
   * Starts one that reads its commands from its standard input. Complaints come in order, among the answers; without stdbuf
   * virsh would keep answers back until there are 4 KiB of them.
   */
  startSession(): Promise<RunningCommand> {
    const argv = ["sh", "-c", 'exec stdbuf --output=L "$@" 2>&1', "sh", ...this.#argv([])];
    // It repeats its commands as if on a screen, and a line longer than that in pieces.
    return this.machine.start(argv, { interactive: true, env: { ...ENVIRONMENT, COLUMNS: "4000" } });
  }

  #argv = (args: readonly string[]): readonly string[] => ["virsh", "--quiet", "--connect", this.#uri, ...args];

  #refusal(args: readonly string[], error: unknown): unknown {
    if (!(error instanceof MigrascopeError) || error.code !== "COMMAND_FAILED") return error;
    if (error.exitCode === undefined || error.exitCode === CONNECTION_FAILED) return error;
    return new MigrascopeError("HYPERVISOR_REFUSED", `virsh ${args[0]}: ${libvirtWords(error.message)}`, {
      where: this.machine.name,
      cause: error,
    });
  }
}

/** libvirt's own words in what virsh has printed: its lines that begin with `error: `, without the general ones. */
export function libvirtWords(output: string): string {
  const lines = [...output.matchAll(/^.*?error: (.*)$/gmu)].map((match) => match[1]!.trim());
  // "Failed to start domain 'vm'" comes first; why is in the line after it.
  const telling = lines.filter((line, index) => !(index === 0 && lines.length > 1 && /^Failed to /u.test(line)));
  return telling.length > 0 ? telling.join("; ") : output.trim();
}

/** No domain of this name is there: what virsh says of it, in every command. */
export const isNoDomain = (error: unknown): boolean =>
  error instanceof MigrascopeError &&
  error.code === "HYPERVISOR_REFUSED" &&
  /failed to get domain|Domain not found|no domain with matching/iu.test(
    `${error.message} ${(error.cause as Error | undefined)?.message ?? ""}`,
  );
