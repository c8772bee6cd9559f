/**
 * A machine on which commands run: this one, one inside a namespace, or one behind SSH.
 * Commands are argument vectors; no caller ever quotes for a shell.
 */

export interface CommandOptions {
  /** Written to the command's standard input, which is then closed. Without it the input is empty. */
  readonly input?: string | Uint8Array;
  /** Seconds until the command is killed and DEADLINE_EXCEEDED is thrown. Default 30. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on until it is stopped: a prober, a capture, a hypervisor. */
export interface RunningCommand {
  readonly pid: number;
  /** Lines of standard error as they arrive; standard output too, unless it went to a file. */
  onLine(listener: (stream: "stdout" | "stderr", line: string) => void): void;
  kill(signal?: NodeJS.Signals): void;
  /** Writes to the standard input of a command that was started as `interactive`. */
  write(text: string): void;
  /** Resolves when it has ended, never rejects. */
  readonly ended: Promise<{
    readonly exitCode: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly stderrTail: string;
  }>;
}

export interface StartOptions {
  /** A file of the benchmark server that receives standard output. */
  readonly stdoutFile?: string;
  /** It reads its standard input, and ends by itself when that is closed, as `kill` then does. */
  readonly interactive?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Machine {
  /** As people know it: "source", "benchmark", a host name. */
  readonly name: string;
  /** Its files are not the benchmark server's. */
  readonly elsewhere?: true;
  /** Runs a command to its end. @throws MigrascopeError COMMAND_FAILED with machine, command and output. */
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandOutput>;
  /** Starts a command that runs on. @throws MigrascopeError COMMAND_FAILED when it cannot be started. */
  start(argv: readonly string[], options?: StartOptions): Promise<RunningCommand>;
}
