/** From a stream of bytes to the JSON objects in it: QMP sends one object per line. */
import { MigrascopeError } from "../../../model/errors.ts";
import { isObject, type JsonObject } from "./messages.ts";

/** The largest known answer, that to `query-qmp-schema`, has some 300 KB. Bytes. */
export const MESSAGE_LIMIT = 16 * 2 ** 20;

const NEWLINE = 0x0a;

export interface Frame {
  readonly text: string;
  readonly message: JsonObject;
}

/**
 * Collects chunks, however they are split, and gives back whole messages. Lines are decoded only when they are complete,
 * so a character that is split between chunks does no harm.
 */
export class Framing {
  readonly #limit: number;
  #pending: Uint8Array[] = [];
  #size = 0;

  constructor(limit: number = MESSAGE_LIMIT) {
    this.#limit = limit;
  }

  /** @throws MigrascopeError HYPERVISOR_LOST when a line is no JSON object or is longer than the limit. */
  *push(chunk: Uint8Array): Generator<Frame> {
    let start = 0;
    while (start < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, start);
      const piece = chunk.subarray(start, newline === -1 ? chunk.length : newline);
      this.#size += piece.length;
      if (this.#size > this.#limit) {
        throw new MigrascopeError("HYPERVISOR_LOST", `QEMU sent a message of more than ${this.#limit} bytes`);
      }
      this.#pending.push(piece);
      if (newline === -1) return;
      start = newline + 1;
      const text = Buffer.concat(this.#pending).toString("utf8").trim();
      this.#pending = [];
      this.#size = 0;
      if (text !== "") yield { text, message: parse(text) };
    }
  }
}

function parse(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isObject(value)) return value;
  const shown = JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
  throw new MigrascopeError("HYPERVISOR_LOST", `this is not the QEMU Machine Protocol: ${shown}`);
}
