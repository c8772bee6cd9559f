/** What a terminal shows after all that was written to it: enough of one for cursor up, carriage return and erase below. */
export function screenOf(text: string): string[] {
  const lines: string[] = [""];
  let row = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what it interprets
  for (const [token, count] of text.matchAll(/\x1b\[(\d*)[A-Za-z]|\n|\r|[^\x1b\n\r]+/gu)) {
    if (token === "\n") {
      row++;
      lines[row] ??= "";
    } else if (token === "\r") continue;
    else if (token.endsWith("A") && token.startsWith("\x1b")) row -= Number(count || 1);
    else if (token === "\x1b[J") lines.splice(row, Number.POSITIVE_INFINITY, "");
    else if (!token.startsWith("\x1b")) lines[row] += token;
  }
  return lines.slice(0, lines.at(-1) === "" ? -1 : undefined);
}
