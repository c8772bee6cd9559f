/** Readers of JSON files and of files of JSON lines, checked against a schema. */
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { type ErrorCode, MigrascopeError } from "../../model/errors.ts";

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new MigrascopeError("FILE_UNREADABLE", `${path}: ${(cause as Error).message}`, { where: path, cause });
  }
}

/** The first thing that a schema found wrong, with its place in the value. */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) return "invalid";
  const place = issue.path.map(String).join(".");
  return place === "" ? issue.message : `${place}: ${issue.message}`;
}

/**
 * Reads one JSON file. `code` is what a wrong content is called.
 * @throws MigrascopeError FILE_UNREADABLE, or `code` with the path and the place in the value.
 */
export function readJson<S extends z.ZodType>(path: string, schema: S, code: ErrorCode = "RUN_INVALID"): z.output<S> {
  const value = parseJson(textOf(path), path, code);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new MigrascopeError(code, `${path}: ${firstIssue(parsed.error)}`, { where: path });
  return parsed.data;
}

/** As `readJson`, without a schema: to look at a file's version before its shape. */
export function readAnyJson(path: string, code: ErrorCode = "RUN_INVALID"): unknown {
  return parseJson(textOf(path), path, code);
}

function parseJson(text: string, path: string, code: ErrorCode): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MigrascopeError(code, `${path}: ${(cause as Error).message}`, { where: path, cause });
  }
}

export interface JsonLinesContent<T> {
  readonly lines: readonly T[];
  /** The last line was cut, as a crash cuts it; it is left out. Its number, from 1. */
  readonly cutLine: number | null;
}

/**
 * Reads a file with one JSON value per line. Only a last line without its newline may be broken: each line was one write,
 * so a crash cuts no other.
 * @throws MigrascopeError FILE_UNREADABLE, ARTIFACT_INVALID with path and line.
 */
export function readJsonLines<S extends z.ZodType>(path: string, schema: S): JsonLinesContent<z.output<S>> {
  const rows = textOf(path).split("\n");
  const lines: z.output<S>[] = [];
  let cutLine: number | null = null;
  rows.forEach((row, index) => {
    const last = index === rows.length - 1;
    if (last && row === "") return;
    const invalid = (what: string): MigrascopeError =>
      new MigrascopeError("ARTIFACT_INVALID", `${path}, line ${index + 1}: ${what}`, {
        where: `${path}:${index + 1}`,
      });
    let value: unknown;
    try {
      value = JSON.parse(row);
    } catch (cause) {
      if (!last) throw invalid((cause as Error).message);
      cutLine = index + 1;
      return;
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw invalid(firstIssue(parsed.error));
    lines.push(parsed.data);
  });
  return { lines, cutLine };
}
