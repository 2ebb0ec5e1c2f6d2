// Map contents as lines of text.
import type { Contents, Entry } from "../lab/index.ts";
import type { Session } from "./session.ts";

const mostShown = 32;

export function mapsText(maps: readonly Contents[], session: Session): string {
  return maps.map((map) => mapText(map, session)).join("");
}

function mapText(map: Contents, session: Session): string {
  const count = map.entries.length + (map.zeros ?? 0);
  const room = map.type === "ringbuf" ? `${map.maxEntries} bytes` : `${count} of ${map.maxEntries}`;
  const head = `${session.paint("bold", map.name)} (${map.type}, ${room})\n`;
  const shown = map.entries.slice(0, session.verbose ? map.entries.length : mostShown);
  const more = map.entries.length - shown.length;
  const zeros =
    map.zeros === undefined ? "" : session.paint("dim", `  ${map.zeros} more ${map.zeros === 1 ? "is" : "are"} zero\n`);
  return `${head}${shown.map(entryText).join("")}${more > 0 ? `  ... ${more} more (--verbose)\n` : ""}${zeros}`;
}

function entryText(entry: Entry): string {
  const value =
    entry.cpus === undefined || entry.cpus.length === 1 ? bytes(entry.value) : entry.cpus.map(bytes).join(" | ");
  const text = entry.map ?? value;
  return entry.key === undefined ? `  ${text}\n` : `  ${bytes(entry.key)} = ${text}\n`;
}

function bytes({ hex, number }: Entry["value"]): string {
  return number ?? hex.replace(/..(?=.)/g, "$& ");
}
