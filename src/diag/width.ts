// How wide text is on a terminal, and how to break it. Source text is foreign: tabs, control characters and wide
// characters must neither shift the carets nor reach the terminal as commands.

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const combining = /\p{Mn}|\u200b|\u200d|\ufe0f/u;

/** Columns one code point takes. */
function columns(point: string): number {
  if (point < "\u0300") return 1;
  return combining.test(point) ? 0 : wide.test(point) ? 2 : 1;
}

export function displayWidth(text: string): number {
  let sum = 0;
  for (const point of text) sum += columns(point);
  return sum;
}

/** Text that is safe to show on one line: a tab becomes four spaces, a control character a visible mark. */
export function printable(text: string): string {
  return (
    text
      .replace(/\t/g, "    ")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this line is about
      .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd")
      .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
  );
}

/** Breaks at spaces; a word longer than the room is broken where the room ends. Always at least one line. */
export function wrap(text: string, room: number): string[] {
  const most = Math.max(room, 20);
  const safe = printable(text);
  if (safe.length <= most) return [safe];
  const lines: string[] = [];
  let line = "";
  for (const word of safe.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
    while (line.length > most) {
      lines.push(line.slice(0, most));
      line = line.slice(most);
    }
  }
  if (line !== "") lines.push(line);
  // A message is prose: what does not fit in a few lines is somebody's megabyte of input quoted back.
  return lines.length > 12 ? [...lines.slice(0, 11), "…"] : lines;
}
