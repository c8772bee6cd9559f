/** Text on a terminal: colour when wanted, widths, and nothing that a name could do to the screen. */
import { stripVTControlCharacters, styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];
/** Paints or, without colour, passes the text on as it is. */
export type Painter = (style: Style, text: string) => string;
export const painter =
  (color: boolean): Painter =>
  (style, text) =>
    color ? styleText(style, text, { validateStream: false }) : text;

/** Names and messages come from files and other programs: an escape sequence in them must not reach the terminal. */
export const clean = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/gu, " ");

export const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;
export const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));

/** Cuts plain text so that it fits; the sign of it is an ellipsis. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** Breaks plain text at spaces; a word longer than the line is left whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
