/**
 * One virsh that stays: its questions and answers go over one connection. A virsh per question would start a process and
 * connect to libvirt anew each time, on the very host that is being measured.
 */
import { MigrascopeError } from "../../model/errors.ts";
import type { RunningCommand } from "../../remote/machine.ts";
import type { Virsh } from "./virsh.ts";
import { libvirtWords } from "./virsh.ts";

/** Ends each answer; no answer of libvirt's contains it. */
const MARK = "=migrascope-end-of-answer=";
/** Seconds until an answer that does not come counts as lost. */
const PATIENCE = 20;

interface Question {
  readonly lines: string[];
  resolve(answer: string): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout | undefined;
}

export class VirshSession {
  readonly #command: RunningCommand;
  readonly #where: string;
  readonly #waiting: Question[] = [];
  #over: MigrascopeError | undefined;

  private constructor(command: RunningCommand, where: string) {
    this.#command = command;
    this.#where = where;
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
   * Asks after all that was asked before has been answered. Words must be free of blanks and quotes: virsh splits lines itself.
   * @returns what virsh printed. @throws MigrascopeError HYPERVISOR_REFUSED with libvirt's words, HYPERVISOR_LOST.
   */
  ask(words: readonly string[]): Promise<string> {
    const odd = words.find((word) => !/^[\w./:=+,@-]+$/u.test(word));
    if (odd !== undefined) throw new RangeError(`"${odd}" cannot be passed to a session of virsh`);
    return new Promise((resolve, reject) => {
      if (this.#over) {
        reject(this.#over);
        return;
      }
      const timer = setTimeout(() => this.#end(`no answer to ${words[0]} within ${PATIENCE} s`), PATIENCE * 1000);
      this.#waiting.push({ lines: [], resolve, reject, timer });
      this.#command.write(`${words.join(" ")}\necho ${MARK}\n`);
    });
  }

  /** Ends it; what was not answered is rejected. Idempotent. */
  close(): void {
    this.#end("the session was closed");
  }

  #onLine(line: string): void {
    const question = this.#waiting[0];
    if (!question) return;
    // virsh prompts also when nobody sits there.
    const text = line.replace(/^(?:virsh # )+/u, "");
    if (text !== MARK) {
      question.lines.push(text);
      return;
    }
    this.#waiting.shift();
    clearTimeout(question.timer);
    const answer = question.lines.join("\n");
    if (!/^error: /mu.test(answer)) question.resolve(answer);
    else question.reject(new MigrascopeError("HYPERVISOR_REFUSED", libvirtWords(answer), { where: this.#where }));
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = new MigrascopeError("HYPERVISOR_LOST", why, { where: this.#where });
    this.#command.kill();
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(this.#over);
    }
  }
}
