/**
 * One virsh that stays: its questions and answers go over one connection. A virsh per question would start a process and
 * connect to libvirt anew each time, on the very host that is being measured.
 */
import { MigrascopeError } from "../../../model/errors.ts";
import type { RunningCommand } from "../../../remote/machine.ts";
import { endCommand } from "../end-command.ts";
import type { Virsh } from "./virsh.ts";
import { libvirtWords } from "./virsh.ts";

/** Ends each answer; no answer of libvirt's contains it. */
const MARK = "=migrascope-end-of-answer=";
const PROMPT = "virsh # ";
/** Seconds until an answer that does not come counts as lost. */
const PATIENCE = 20;

interface Question {
  readonly lines: string[];
  resolve(answer: string): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout | undefined;
}

/** @throws RangeError for what a line of virsh's cannot hold. */
function quoted(word: string): string {
  if (/^[\w./:=+,@-]+$/u.test(word)) return word;
  if (/['\n]/u.test(word)) throw new RangeError(`"${word}" cannot be passed to a session of virsh`);
  return `'${word}'`;
}

export class VirshSession {
  readonly #command: RunningCommand;
  /** The host. */
  readonly where: string;
  readonly #waiting: Question[] = [];
  #over: MigrascopeError | undefined;

  private constructor(command: RunningCommand, where: string) {
    this.#command = command;
    this.where = where;
    command.onLine((_stream, line) => this.#onLine(line));
    void command.ended.then(({ stderrTail }) =>
      this.#end(`virsh has ended: ${stderrTail.trim().split("\n").at(-1) || "without a word"}`),
    );
  }

  /** @throws MigrascopeError COMMAND_FAILED when it cannot be started. */
  static async open(virsh: Virsh): Promise<VirshSession> {
    return new VirshSession(await virsh.startSession(), virsh.machine.name);
  }

  get isOpen(): boolean {
    return this.#over === undefined;
  }

  /**
   * Asks after all that was asked before has been answered. virsh splits lines into words itself, as a shell does.
   * @returns what virsh printed. @throws MigrascopeError HYPERVISOR_REFUSED with libvirt's words, HYPERVISOR_LOST; RangeError
   * for a word that no line of virsh's can hold.
   */
  ask(words: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const line = words.map(quoted).join(" ");
      if (this.#over) {
        reject(this.#over);
        return;
      }
      const timer = setTimeout(() => this.#end(`no answer to ${words[0]} within ${PATIENCE} s`), PATIENCE * 1000);
      this.#waiting.push({ lines: [], resolve, reject, timer });
      // virsh ends what it echoes with no newline: the next prompt, with the empty echo, ends the mark's line.
      this.#command.write(`${line}\necho ${MARK}\necho\n`);
    });
  }

  /** Ends it; what was not answered is rejected. Idempotent. */
  close(): void {
    this.#end("the session was closed");
  }

  #onLine(line: string): void {
    const question = this.#waiting[0];
    // virsh prompts, and repeats what it is told, also when nobody sits there.
    if (!question || line.startsWith(PROMPT)) return;
    if (!line.startsWith(MARK)) {
      question.lines.push(line);
      return;
    }
    this.#waiting.shift();
    clearTimeout(question.timer);
    const answer = question.lines.join("\n");
    if (!/^error: /mu.test(answer)) question.resolve(answer);
    else question.reject(new MigrascopeError("HYPERVISOR_REFUSED", libvirtWords(answer), { where: this.where }));
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = new MigrascopeError("HYPERVISOR_LOST", why, { where: this.where });
    void endCommand(this.#command);
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(this.#over);
    }
  }
}
