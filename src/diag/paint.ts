// The few colours of the renderer, by what they stand for. Apart because the command line paints with them too.

const codes = {
  error: "1;31",
  warning: "1;33",
  note: "1;36",
  help: "1;36",
  gutter: "34",
  primary: "1;31",
  secondary: "34",
  added: "32",
  removed: "31",
  good: "1;32",
  dim: "2",
  bold: "1",
} as const;

export type Tone = keyof typeof codes;
export type Paint = (tone: Tone, text: string) => string;

/** A function that colours text, or leaves it alone. */
export function painter(color: boolean): Paint {
  if (!color) return (_, text) => text;
  return (tone, text) => (text === "" ? "" : `\u001b[${codes[tone]}m${text}\u001b[0m`);
}

/** What every part of the renderer needs to know. */
export interface Style {
  readonly paint: Paint;
  readonly unicode: boolean;
  readonly width: number;
}
