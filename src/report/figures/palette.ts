/**
 * Colours by meaning, from the palette of Okabe and Ito (2008), which stays apart under every kind of colour blindness;
 * a few are darkened on light ground, and lightened on dark, to keep a contrast of 3:1; `whole` is a violet beside it. Cold colours answer, warm ones
 * are trouble, and every fate has a shape of its own besides.
 *
 * Figures are described in the light palette. Each of its colours occurs once, so that whoever draws (the static SVG,
 * the page's script) can exchange it for a CSS variable or for its dark counterpart.
 */
export type Ink =
  | "ground"
  | "text"
  | "muted"
  | "grid"
  | "band"
  | "source"
  | "destination"
  | "held"
  | "lost"
  | "lost-there"
  | "lost-elsewhere"
  | "downtime"
  | "blackout"
  | "negative"
  | "neutral"
  | "whole"
  | "start";

export const LIGHT: Readonly<Record<Ink, string>> = {
  ground: "#fefefe",
  text: "#1a1c20",
  muted: "#55585f",
  grid: "#e1e4e8",
  band: "#d9dbe1",
  source: "#0072b2",
  destination: "#008f68",
  held: "#b97a00",
  lost: "#d55e00",
  "lost-there": "#b5578a",
  "lost-elsewhere": "#26282d",
  downtime: "#d45d01",
  blackout: "#44474e",
  negative: "#b5568b",
  neutral: "#0071b1",
  whole: "#6a51a3",
  start: "#7d7000",
};

export const DARK: Readonly<Record<Ink, string>> = {
  ground: "#16181c",
  text: "#eceef1",
  muted: "#a9adb6",
  grid: "#2c3037",
  band: "#363b45",
  source: "#56b4e9",
  destination: "#1fc296",
  held: "#e69f00",
  lost: "#f0752b",
  "lost-there": "#dd8fba",
  "lost-elsewhere": "#dfe1e6",
  downtime: "#f0752c",
  blackout: "#b9bdc6",
  negative: "#dd8fbb",
  neutral: "#56b4ea",
  whole: "#b3a2e0",
  start: "#f0e442",
};

export const INKS = Object.keys(LIGHT) as Ink[];
/** The name of the CSS variable that holds an ink in a page. */
export const variableOf = (ink: Ink): string => `--fig-${ink}`;
