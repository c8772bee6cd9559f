/**
 * Quotes one word for a POSIX shell. The only place where this project does: SSH hands a command to the remote user's shell
 * as one string, everything else takes argument vectors.
 * @throws RangeError for a NUL byte, which no shell can pass on.
 */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new RangeError("a command cannot contain a NUL byte");
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
