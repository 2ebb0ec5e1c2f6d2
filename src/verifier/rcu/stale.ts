// What happens to protected pointers when their section ends (rules E3 and E4), and what a stale one may still do.
import { type Operand, reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import type { Value } from "../state/value.ts";

/** Every live protected pointer, in registers and spill slots of all frames, loses its protection. */
export function die(state: State, at: number): void {
  state.mapValues((value) => (value.protection === "live" ? value.with({ protection: "stale", diedAt: at }) : value));
}

/** What a pointer is called in messages. */
export function nameOf(value: Value): string {
  const map = value.map === null ? "" : `\`${value.map.name}\` `;
  if (value.kind === "mapPtr") return `inner map of ${map.trim() === "" ? "a map" : map.trim()}`;
  if (value.kind === "mapKey") return `${map}key`;
  return `${map}value`;
}

/** Refuses a use that needs a live pointer; anything that is not stale passes. */
export function requireLive(state: State, reg: number, value: Value, operand: Operand, use: string): void {
  if (value.protection !== "stale") return;
  reject({
    code: "L0601",
    state,
    operand,
    culprit: reg,
    text: `${nameOf(value)} used after its RCU section ended`,
    label: `${use} \`r${reg}\`, which lost its protection`,
    kernel: null,
  });
}
