/** The data that a scenario puts on the VM's disk: written before the migration, read again after it, then taken away. */
import { join } from "node:path";
import { diskPatience, fillFile, removeFile, sumOfFile } from "../guest/disk-data.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { DiskCheck } from "../model/run.ts";
import { persistently } from "../remote/persistent.ts";
import type { PassOptions } from "./pass-options.ts";

const NAME = "migrascope-data";
/** Seconds that the VM gets to remove the file when nobody has checked it: it may not answer any more. */
const REMOVAL = 10;

export class DiskData {
  readonly bytes: number;
  readonly #options: PassOptions;
  readonly #path: string;
  #before: string | undefined;
  #after: string | undefined;
  #written = false;

  constructor(options: PassOptions) {
    this.#options = options;
    this.bytes = options.trial.scenario.disk.data;
    this.#path = join(options.testbed.guestDirectory, NAME);
  }

  /** Seconds that filling and checking may take. */
  get patience(): number {
    return 2 * diskPatience(this.bytes);
  }

  /** Why there is nothing to check. */
  get unchecked(): string | undefined {
    if (this.bytes === 0) return "the scenario puts no data on the disk";
    return this.#before === undefined ? "no data was put on the disk" : undefined;
  }

  /** For `pass.json`. */
  get record(): DiskCheck | undefined {
    if (this.#before === undefined) return undefined;
    const after = this.#after ?? null;
    return {
      path: this.#path,
      bytes: this.bytes,
      algorithm: "sha256",
      before: this.#before,
      after,
      same: after === null ? null : after === this.#before,
    };
  }

  /** @throws as `fillFile` and `sumOfFile`. */
  async fill(signal: AbortSignal): Promise<undefined> {
    const { guest } = this.#options.testbed;
    this.#written = true;
    await persistently(() => fillFile(guest, this.#path, this.bytes, signal));
    this.#before = await persistently(() => sumOfFile(guest, this.#path, this.bytes, signal));
  }

  /** @throws MigrascopeError DISK_DIFFERS, or what `sumOfFile` throws. */
  async check(signal: AbortSignal): Promise<string> {
    const { guest } = this.#options.testbed;
    this.#after = await persistently(() => sumOfFile(guest, this.#path, this.bytes, signal));
    if (this.#after !== this.#before)
      throw new MigrascopeError(
        "DISK_DIFFERS",
        `the migration changed the content of the VM's disk: ${this.#path} had SHA-256 ${this.#before} before it and ${this.#after} after it`,
        { where: guest.name },
      );
    await this.remove();
    return `${this.bytes} bytes are what they were`;
  }

  /** Takes the file away, if it may be there. @throws MigrascopeError when the guest does not answer. */
  async remove(): Promise<void> {
    if (!this.#written) return;
    this.#written = false;
    await removeFile(this.#options.testbed.guest, this.#path, REMOVAL);
  }
}
